/** The library: the same functions that the command line calls. Nothing here prints, exits or reads the environment. */
export { type Connection, type ConnectOptions, connect } from './api/connect.ts';
export { type Completions, type Steered, type SteerRequest, steer } from './api/steer.ts';
export { AppError, type ErrorCode } from './errors.ts';
export type { TensorFile } from './formats/format.ts';
export { openTensorFile } from './formats/open.ts';
export { type Inspection, type InspectOptions, inspectPath } from './inspect/inspect.ts';
export { type Direction, type DirectionOptions, readDirection } from './layouts/direction.ts';
export { findSaes } from './layouts/find.ts';
export { type Probe, type ProbeOptions, readProbe } from './layouts/probe.ts';
export type { Sae } from './layouts/sae.ts';
export { type RowBlock, rowBlocks } from './tensor/row-blocks.ts';
export { type Matrix, matrixOf, type Tensor } from './tensor/tensor.ts';
export type { Attributes } from './upload/attributes.ts';
export type { UploadEvent } from './upload/events.ts';
export { type PreparedSae, prepareSae, type SaeOptions } from './upload/kinds/sae.ts';
export { type SendLimits, sendSae } from './upload/kinds/send-sae.ts';
export { sendVector } from './upload/kinds/send-vector.ts';
export {
  type PreparedVector,
  prepareVector,
  type VectorOptions,
} from './upload/kinds/vector.ts';
export type { JobReport, UploadRun } from './upload/run-job.ts';
export type { Server } from './upload/server.ts';
