// Preloaded into the real binary with `--import`. Logs every file operation below a folder and every request sent and
// answered in one log, in order; each line is written before the tool continues, so kill -9 loses none. On request it
// makes operations fail, skips fsync, or ends the process with SIGKILL at a given line.
// TEST_FILE_OPERATIONS: {"log", "folder", "killAt"?, "noSync"?, "fullAfter"?, "refuse"?, "failSync"?}
import diagnostics from 'node:diagnostics_channel';
import fs from 'node:fs';
import { syncBuiltinESMExports } from 'node:module';
import { resolve } from 'node:path';
import { crc32 } from 'node:zlib';

const settings = JSON.parse(process.env.TEST_FILE_OPERATIONS);
const real = { ...fs.promises };
const writeSync = fs.writeSync;
const log = fs.openSync(settings.log, 'a');
let lines = 0;
let left = settings.fullAfter ?? Number.POSITIVE_INFINITY;
let syncs = 0;

function note(event) {
  writeSync(log, `${JSON.stringify({ n: lines, ...event })}\n`);
  if (lines++ === settings.killAt) process.kill(process.pid, 'SIGKILL');
}

const isOurs = (path) => path === settings.folder || path.startsWith(`${settings.folder}/`);
const inode = (path) => fs.lstatSync(path).ino;
const existing = (path) => fs.lstatSync(path, { throwIfNoEntry: false });
const fault = (code, what) => Object.assign(new Error(`${code}: ${what}`), { code });

function mayChange(what, path) {
  if (settings.refuse) throw fault(settings.refuse, `${what} '${path}'`);
}

/** Returns the part of some bytes that still fits on the disk; ENOSPC is for the rest. */
function fitting(data) {
  const bytes = Buffer.from(data);
  const kept = bytes.subarray(0, Math.min(bytes.length, left));
  left -= kept.length;
  return { kept, isFull: kept.length < bytes.length };
}

const handles = new WeakMap();
/** Paths of opened files by inode. */
const inodes = new Map();
const probe = await real.open(settings.log, 'r');
const prototype = Object.getPrototypeOf(probe);
await probe.close();

const openFile = fs.promises.open;
fs.promises.open = async (path, flags = 'r', ...rest) => {
  const full = resolve(String(path));
  if (!isOurs(full)) return openFile(path, flags, ...rest);
  const writes = flags !== 'r';
  if (writes) mayChange('open', full);
  const before = existing(full);
  const handle = await openFile(path, flags, ...rest);
  const { ino } = fs.fstatSync(handle.fd);
  handles.set(handle, { path: full, ino });
  inodes.set(ino, full);
  if (!before) note({ op: 'create', path: full, ino });
  else note({ op: 'open', path: full, ino });
  if (before && flags.startsWith('w')) note({ op: 'truncate', ino, length: 0 });
  return handle;
};

const writeFile = prototype.writeFile;
prototype.writeFile = async function (data, ...rest) {
  const known = handles.get(this);
  if (!known) return writeFile.call(this, data, ...rest);
  const { kept, isFull } = fitting(data);
  await writeFile.call(this, kept, ...rest);
  note({ op: 'write', ino: known.ino, data: kept.toString('base64') });
  if (isFull) throw fault('ENOSPC', `no space left on device, write '${known.path}'`);
};

const appendFile = fs.appendFileSync;
fs.appendFileSync = (fd, data, ...rest) => {
  const { ino } = typeof fd === 'number' ? fs.fstatSync(fd) : {};
  const path = inodes.get(ino);
  if (!path) return appendFile(fd, data, ...rest);
  const { kept, isFull } = fitting(data);
  appendFile(fd, kept, ...rest);
  note({ op: 'write', ino, data: kept.toString('base64') });
  if (isFull) throw fault('ENOSPC', `no space left on device, write '${path}'`);
};

for (const name of ['sync', 'datasync']) {
  const sync = prototype[name];
  prototype[name] = async function () {
    const known = handles.get(this);
    if (!known) return sync.call(this);
    if (settings.noSync) return undefined;
    const id = syncs++;
    note({ op: 'sync-begin', ...known, id });
    await sync.call(this);
    if (name === 'datasync' && settings.failSync === id) throw fault('EIO', `i/o error, fsync '${known.path}'`);
    note({ op: 'sync-end', ...known, id });
    return undefined;
  };
}

const truncate = prototype.truncate;
prototype.truncate = async function (length = 0) {
  const known = handles.get(this);
  await truncate.call(this, length);
  if (known) note({ op: 'truncate', ino: known.ino, length });
};

/** Wraps an operation on paths; `what` builds its log line once it is done. */
function wrap(name, pathsOf, what) {
  const original = fs.promises[name];
  fs.promises[name] = async (...args) => {
    const paths = pathsOf(args).map((path) => resolve(String(path)));
    if (!paths.some(isOurs)) return original(...args);
    mayChange(name, paths[0]);
    const result = await original(...args);
    note(what(paths, args, result));
    return result;
  };
}

const makeFolder = fs.mkdirSync;
fs.mkdirSync = (path, ...rest) => {
  const full = resolve(String(path));
  if (!isOurs(full) || existing(full)) return makeFolder(path, ...rest);
  mayChange('mkdir', full);
  const result = makeFolder(path, ...rest);
  note({ op: 'mkdir', path: full, first: full });
  return result;
};
wrap(
  'rename',
  ([from, to]) => [from, to],
  ([from, to]) => ({ op: 'rename', from, to }),
);
wrap(
  'link',
  ([from, to]) => [from, to],
  ([from, to]) => ({ op: 'link', from, to }),
);
wrap(
  'unlink',
  ([path]) => [path],
  ([path]) => ({ op: 'unlink', path }),
);

const writeWhole = fs.promises.writeFile;
fs.promises.writeFile = async (path, data, ...rest) => {
  const full = typeof path === 'object' ? '' : resolve(String(path));
  if (!isOurs(full)) return writeWhole(path, data, ...rest);
  mayChange('open', full);
  const { kept, isFull } = fitting(data);
  await writeWhole(path, kept, ...rest);
  note({ op: 'create', path: full, ino: inode(full) });
  note({ op: 'write', ino: inode(full), data: kept.toString('base64') });
  if (isFull) throw fault('ENOSPC', `no space left on device, write '${full}'`);
};
syncBuiltinESMExports();

// As in the journal, except for bodies over 64 KiB, of which the journal hashes only parts.
const digest = (body) => (body ? `${body.length}-${crc32(body).toString(16).padStart(8, '0')}` : '');
const bodies = new WeakMap();
diagnostics.subscribe('undici:client:sendHeaders', ({ request }) => {
  const hash = digest(request.body);
  bodies.set(request, hash);
  note({ op: 'send', path: request.path, hash });
});
diagnostics.subscribe('undici:request:trailers', ({ request }) => {
  note({ op: 'answer', path: request.path, hash: bodies.get(request) ?? '' });
});
