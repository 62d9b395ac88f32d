/** The library: the same functions that the command line calls. Nothing here prints, exits or reads the environment. */
declare global {
  // The types of Node and of browsers define these two. Declared here so that nobody has to install either for them.
  interface AbortSignal {}
  interface URL {}
}

export { type Connection, connect } from './api/connect.ts';
export type { ConnectOptions } from './api/open-server.ts';
export { type Steered, steer } from './api/steer.ts';
export type { Completions, SteerFeature, SteerOptions, SteerRequest } from './api/steer-request.ts';
export { AppError, type ErrorCode } from './errors.ts';
export type { TensorFile } from './formats/format.ts';
export { openTensorFile } from './formats/open.ts';
export type { Inspection } from './inspect/inspect.ts';
export { type InspectOptions, inspectPath } from './library/inspect-path.ts';
export { type Row, type RowsOptions, readRows } from './library/rows.ts';
export type { RunOptions } from './library/run-options.ts';
export type { SaeEnd, SaeHooks, SaeUpload } from './library/sae-upload.ts';
export { uploadSae } from './library/upload-sae.ts';
export {
  type ProbeUpload,
  uploadProbe,
  uploadVector,
  type VectorEnd,
  type VectorHooks,
  type VectorSource,
  type VectorUpload,
} from './library/upload-vector.ts';
export type { Tensor } from './tensor/tensor.ts';
export type { Attributes } from './upload/attributes.ts';
export type { UploadEvent } from './upload/events.ts';
export type { PreparedSae } from './upload/kinds/prepared-sae.ts';
export type { PreparedVector } from './upload/kinds/vector.ts';
export type { JobReport } from './upload/run.ts';
export type { Server } from './upload/server.ts';
