import { mkdirSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { decodeJournal } from '../../src/upload/journal-records.ts';
import type { FileEvent } from './file-log.ts';

/** Everything below a folder: content by path, null for a folder. */
export type Tree = ReadonlyMap<string, Buffer | null>;

interface Node {
  readonly isFolder: boolean;
  content: Buffer;
  durable: Buffer;
}

/** A simulated disk below one folder: what programs see, and what a power cut would leave. */
export interface Disk {
  apply(event: FileEvent): void;
  /** Returns what a power cut now would leave for certain: only contents and names that an fsync made durable. */
  afterPowerCut(): Tree;
}

/** Reads everything below a folder. */
export function readTree(folder: string): Tree {
  const tree = new Map<string, Buffer | null>();
  for (const name of readdirSync(folder, { recursive: true }) as string[]) {
    const path = join(folder, name);
    tree.set(path, statSync(path).isDirectory() ? null : readFileSync(path));
  }
  return tree;
}

/** Replaces the content of a folder with this tree. */
export function writeTree(folder: string, tree: Tree): void {
  rmSync(folder, { recursive: true, force: true });
  mkdirSync(folder, { recursive: true });
  for (const [path, content] of [...tree].sort(([a], [b]) => a.localeCompare(b))) {
    if (content === null) mkdirSync(path, { recursive: true });
    else writeFileSync(path, content);
  }
}

const folderNode = (): Node => ({ isFolder: true, content: Buffer.alloc(0), durable: Buffer.alloc(0) });
const fileNode = (content: Buffer = Buffer.alloc(0)): Node => ({ isFolder: false, content, durable: content });

/** Creates a disk with what was there before, all of it durable. */
export function createDisk(before: Tree): Disk {
  const nodes = [...before].map(
    ([path, content]) => [path, content === null ? folderNode() : fileNode(content)] as const,
  );
  const names = new Map<string, Node>(nodes);
  const durableNames = new Map<string, Node>(nodes);
  const byInode = new Map<number, Node>();
  const begun = new Map<number, () => void>();
  return {
    apply: (event) => applyEvent(event, { names, durableNames, byInode, begun }),
    afterPowerCut: () => {
      const left = [...durableNames].map(([path, node]) => [path, node.isFolder ? null : node.durable] as const);
      return withoutOrphans(new Map(left), new Set([...names.keys(), ...durableNames.keys()]));
    },
  };
}

/** Drops names that cannot be reached because the name of a folder above them is lost. */
function withoutOrphans(tree: Map<string, Buffer | null>, known: ReadonlySet<string>): Tree {
  const reachable = (path: string): boolean => {
    const parent = dirname(path);
    return !known.has(parent) || (tree.has(parent) && reachable(parent));
  };
  return new Map([...tree].filter(([path]) => reachable(path)));
}

interface State {
  readonly names: Map<string, Node>;
  readonly durableNames: Map<string, Node>;
  readonly byInode: Map<number, Node>;
  /** For each fsync in progress, what makes its content durable once it ends. */
  readonly begun: Map<number, () => void>;
}

function applyEvent(event: FileEvent, state: State): void {
  const { names, byInode, begun } = state;
  switch (event.op) {
    case 'create': {
      const node = fileNode();
      names.set(event.path, node);
      byInode.set(event.ino, node);
      break;
    }
    case 'open': {
      const node = names.get(event.path);
      if (node) byInode.set(event.ino, node);
      break;
    }
    case 'write': {
      const node = byInode.get(event.ino) as Node;
      node.content = Buffer.concat([node.content, Buffer.from(event.data, 'base64')]);
      break;
    }
    case 'truncate': {
      const node = byInode.get(event.ino);
      if (node) node.content = node.content.subarray(0, event.length);
      break;
    }
    case 'mkdir':
      for (let path = event.path; path.length >= event.first.length; path = dirname(path))
        names.set(path, folderNode());
      break;
    case 'rename':
    case 'link':
      names.set(event.to, names.get(event.from) as Node);
      if (event.op === 'rename') names.delete(event.from);
      break;
    case 'unlink':
      names.delete(event.path);
      break;
    case 'sync-begin':
      begun.set(event.id, durableFrom(state, event.path, event.ino));
      break;
    case 'sync-end':
      begun.get(event.id)?.();
      break;
  }
}

/** Captures what is there when an fsync is called, which is all that it promises; the result makes that durable. */
function durableFrom({ names, durableNames, byInode }: State, path: string, ino: number): () => void {
  // A folder may have the inode number of a file that no longer exists.
  const file = names.get(path)?.isFolder ? undefined : byInode.get(ino);
  if (file) {
    const { content } = file;
    return () => {
      file.durable = content;
    };
  }
  const entries = [...names].filter(([name]) => dirname(name) === path);
  return () => {
    for (const name of durableNames.keys()) if (dirname(name) === path) durableNames.delete(name);
    for (const [name, node] of entries) durableNames.set(name, node);
  };
}

/** Returns uploads that were sent while a power cut could still have lost their intent; there must be none. */
export function unannouncedSends(before: Tree, events: readonly FileEvent[], uploads: readonly string[]): FileEvent[] {
  const disk = createDisk(before);
  return events.filter((event) => {
    disk.apply(event);
    if (event.op !== 'send' || !uploads.includes(event.path)) return false;
    return !intentsIn(disk.afterPowerCut()).has(event.hash);
  });
}

function intentsIn(tree: Tree): Set<string> {
  const journals = [...tree].filter(([path]) => path.endsWith('.journal')).map(([, content]) => content as Buffer);
  const records = journals.flatMap((content) => decodeJournal(content).records);
  return new Set(records.flatMap((record) => (record.t === 'intent' ? [record.hash] : [])));
}
