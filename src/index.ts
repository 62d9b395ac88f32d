/** The library: the same functions that the command line calls. Nothing here prints, exits or reads the environment. */
declare global {
  // The types of Node and of browsers define these two. Declared here so that nobody has to install either for them.
  interface AbortSignal {}
  interface URL {}
}

export { type Connection, connect } from './api/connect.ts';
// Every type that the ones above are made of, so that a program can name what it got or passes on.
export type { Elements } from './api/elements.ts';
export type { Answer, Http, HttpRequest, StreamedAnswer } from './api/http.ts';
export type { ConnectOptions } from './api/open-server.ts';
export type { ProxyEnv } from './api/proxy.ts';
export { type Steered, steer } from './api/steer.ts';
export type { Completions, SteerFeature, SteerOptions, SteerRequest } from './api/steer-request.ts';
export type { Activation, Dashboard, DashboardSource, Logit } from './dashboards/dashboard.ts';
export { AppError, type ErrorCode } from './errors.ts';
export type { FeatureData, FeatureFacts, SparsityScale } from './feature-data/feature-data.ts';
export type { TensorFile } from './formats/format.ts';
export { openTensorFile } from './formats/open.ts';
export type { DashboardReport } from './inspect/dashboards.ts';
export type { SaeReport } from './inspect/dictionary.ts';
export type { FileReport, TensorReport } from './inspect/file-report.ts';
export type { Finding, FindingCode } from './inspect/findings.ts';
export type { Firing } from './inspect/firing.ts';
export type { Inspection } from './inspect/inspect.ts';
export type { ModelWidth } from './inspect/settle.ts';
export type { RowSurvey, Watch } from './inspect/survey-rows.ts';
export type { UploadCost } from './inspect/upload-cost.ts';
export type { VectorReport } from './inspect/vector.ts';
export type { Direction } from './layouts/direction.ts';
export type { Probe } from './layouts/probe.ts';
export type { Known, Sae, SaeKind } from './layouts/sae.ts';
export { type InspectOptions, inspectPath } from './library/inspect-path.ts';
export { type Row, type RowsOptions, readRows } from './library/rows.ts';
export type { RunOptions } from './library/run-options.ts';
export type { Held, SaeEnd, SaeHooks, SaeUpload } from './library/sae-upload.ts';
export { type RefusedSae, uploadSae } from './library/upload-sae.ts';
export {
  type ProbeUpload,
  uploadProbe,
  uploadVector,
  type VectorEnd,
  type VectorHooks,
  type VectorSource,
  type VectorUpload,
} from './library/upload-vector.ts';
export type { ByteSource } from './tensor/byte-source.ts';
export type { Dtype } from './tensor/dtype.ts';
export type { Indices } from './tensor/indices.ts';
export type { Range, Ranges } from './tensor/ranges.ts';
export type { Matrix, Orientation, Tensor } from './tensor/tensor.ts';
export type { RequireUnchanged } from './tensor/unchanged.ts';
export type { Attributes } from './upload/attributes.ts';
export type { BodyFormat, Delivery, Reopening } from './upload/delivery.ts';
export type { Place } from './upload/destination.ts';
export type { OnEvent, QuotaAhead, UploadEvent } from './upload/events.ts';
export type { HeadPlace } from './upload/head-place.ts';
export type { PreparedSae } from './upload/kinds/prepared-sae.ts';
export type { SaeFacts } from './upload/kinds/sae-facts.ts';
export type { PreparedVector } from './upload/kinds/vector.ts';
export type { JobIdentity, JobReport, SendLimits, SendResult, Typed } from './upload/run.ts';
export type {
  Account,
  Capabilities,
  FeatureDestination,
  Made,
  ModelRecord,
  Quota,
  RowAccess,
  RowContent,
  RowHash,
  Server,
  SourceSet,
  VectorDestination,
} from './upload/server.ts';
export type { Shard } from './upload/shard.ts';
