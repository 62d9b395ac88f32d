// Type-checks a script strictly against the installed package, without other types and then with Node's or a browser's, and
// the README's script with Node's.
// node test/package/types.mjs FOLDER: FOLDER/node_modules holds the package.
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import ts from 'typescript';

const folder = process.argv[2];
const script = join(folder, 'consumer.mts');
writeFileSync(
  script,
  `import { AppError, connect, inspectPath, openTensorFile, type ProbeUpload, readRows, type RefusedSae, type SaeEnd, type SaeUpload, steer, type UploadEvent, uploadProbe, uploadSae, uploadVector, type VectorEnd } from 'neuronpedia-cli';

const file = await openTensorFile('W_dec.npy');
let sum = 0;
for await (const { row, values } of readRows(file, { orientation: 'columns' })) sum += row + values.length;
const { server, http, close } = await connect({ url: 'http://localhost:3000', key: 'a-key', env: { HTTPS_PROXY: '' } });
const run = { server, stateDir: './state', onEvent: (event: UploadEvent) => { if (event.type === 'progress') sum += event.confirmed; } };
const ends: readonly SaeEnd[] = await uploadSae(['a', 'b'], { ...run, saeId: 'mine', layers: [[0, 12]], limits: { rows: 100 } });
const end = await uploadVector(new Float32Array(64), { ...run, model: 'gpt2-small', layer: 6, name: 'Refusal' });
const probe = await uploadProbe('probe.npz', { ...run, model: 'gpt2-small', layer: 6, name: 'Probe', concept: 'truth' });
const id: string | undefined = end.id ?? probe.id ?? ends[0]?.report?.ids.get(0);
const { errors }: { errors?: AppError } = {};
// @ts-expect-error saeId is missing
await uploadSae('a', run);
// With \`declaration\`, each inferred type has to be one that the package exports.
const inspected = await inspectPath('a');
const steered = await steer(http, { modelId: 'm', features: [{ modelId: 'm', layer: '1-x', index: 0, strength: 1 }], prompt: 'x' });
export const [report, held, prepared] = [ends[0]?.report, ends[0]?.held, ends[0]?.prepared];
export const ofReport = { end: report?.end, stored: report?.stored, first: report?.stored[0], ids: report?.ids };
export const ofPrepared = { ...prepared, hook: prepared?.place.hook, tensor: prepared?.sae.decoder, dtype: prepared?.sae.decoder.dtype };
export const ofVector = { ...end.prepared, at: end.prepared.destination };
export const ofServer = { ...server, model: await server.getModel('m'), set: await server.getSourceSet('m', 's'), rows: await server.rows.read([], 0) };
export const ofHttp = { ...http, answer: await http.request({ method: 'GET', path: '/' }), stream: await http.stream({ method: 'GET', path: '/' }) };
export const ofInspection = { ...inspected, sae: inspected.saes[0], vector: inspected.vectors[0], finding: inspected.findings[0], tensor: inspected.files[0]?.tensors[0], ofSae: { ...inspected.saes[0] } };
export const planned: Parameters<typeof uploadVector>[2] = { planned: async (vector, direction, to) => vector.name !== '' && direction.values.length > 0 && to.id !== '' };
export const open = file;
export const tensors = [...file.tensors.values()].map((tensor) => ({ ...tensor }));
export const onEvent = (event: UploadEvent) => (event.type === 'progress' ? event.quota : undefined);
export const options = (upload: SaeUpload) => ({ ...upload });
export const optionsOfProbe = (upload: ProbeUpload) => ({ ...upload });
export const refused = (error: AppError) => ({ code: error.code, saes: error.details.failed as readonly RefusedSae[] });
const maybe: VectorEnd | undefined = await uploadVector('a.npy', { ...run, model: 'm', layer: 1, name: 'x' }, { planned: async () => false });
// @ts-expect-error a hook may have ended the upload
maybe.id;
await close();
export { maybe, steered, errors, http, id, inspectPath, steer, sum };
`,
);
const readme = join(folder, 'readme.mts');
const [, sample = ''] =
  /## As a library[\s\S]*?```js\n([\s\S]*?)```/.exec(
    readFileSync(join(import.meta.dirname, '../../README.md'), 'utf8'),
  ) ?? [];
if (sample === '') throw new Error('the README has no script');
writeFileSync(readme, sample);
const kinds = {
  node16: { module: ts.ModuleKind.Node16, moduleResolution: ts.ModuleResolutionKind.Node16 },
  nodenext: { module: ts.ModuleKind.NodeNext, moduleResolution: ts.ModuleResolutionKind.NodeNext },
  bundler: { module: ts.ModuleKind.ESNext, moduleResolution: ts.ModuleResolutionKind.Bundler },
};
const typeRoots = [join(import.meta.dirname, '../../node_modules/@types')];
const others = {
  'with the types of Node': { ...kinds.nodenext, typeRoots, types: ['node'], skipLibCheck: true },
  "the README's": {
    ...{ ...kinds.nodenext, typeRoots, types: ['node'], skipLibCheck: true },
    ...{ noUncheckedIndexedAccess: true, exactOptionalPropertyTypes: true },
  },
  'with those of a browser': { ...kinds.bundler, lib: ['lib.es2023.d.ts', 'lib.dom.d.ts'] },
};
const strict = {
  strict: true,
  skipLibCheck: false,
  noEmit: true,
  declaration: true,
  types: [],
  lib: ['lib.es2023.d.ts'],
};
for (const [name, kind] of Object.entries({ ...kinds, ...others })) {
  const program = ts.createProgram([name === "the README's" ? readme : script], {
    ...strict,
    target: ts.ScriptTarget.ES2023,
    ...kind,
  });
  const faults = ts.getPreEmitDiagnostics(program);
  const host = { getCanonicalFileName: (path) => path, getCurrentDirectory: () => folder, getNewLine: () => '\n' };
  if (faults.length > 0) console.error(`${name}:\n${ts.formatDiagnostics(faults, host)}`);
  if (faults.length > 0) process.exitCode = 1;
}
