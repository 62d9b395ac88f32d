/** What is often found under the name of a weight file but is none, told by its first bytes. */
interface Stranger {
  readonly what: string;
  readonly hint: string;
  matches(head: Buffer): boolean;
}

const toSafetensors =
  'load it where it was made and save the tensors: safetensors.torch.save_file(state_dict, "weights.safetensors")';

const strangers: readonly Stranger[] = [
  {
    what: 'a git-lfs pointer, not the weights themselves',
    hint: 'fetch the real file with: git lfs pull',
    matches: (head) => head.toString('latin1').startsWith('version https://git-lfs'),
  },
  {
    what: 'a web page (HTML), not weights',
    hint: 'the download was answered with a page, often a log-in or an error page; download the file itself',
    matches: (head) => /^\s*<(!doctype|html|head|\?xml)/i.test(head.toString('latin1')),
  },
  {
    what: 'a zip archive made by torch.save, which holds a pickle',
    hint: `pickles are never loaded; ${toSafetensors}`,
    matches: (head) =>
      startsWith(head, [0x50, 0x4b, 3, 4]) && /data\.pkl|archive\/|\.pkl/.test(head.toString('latin1')),
  },
  {
    what: 'a Python pickle',
    hint: `pickles are never loaded; ${toSafetensors}`,
    matches: (head) => head[0] === 0x80 && (head[1] ?? 0) >= 2 && (head[1] ?? 0) <= 5,
  },
  {
    what: 'a gzip file',
    hint: 'unpack it first: gunzip FILE',
    matches: (head) => startsWith(head, [0x1f, 0x8b]),
  },
  {
    what: 'an HDF5 file',
    hint: 'save the array as .npy: np.save("weights.npy", h5file["name"][:])',
    matches: (head) => startsWith(head, [0x89, 0x48, 0x44, 0x46]),
  },
  {
    what: 'a GGUF file',
    hint: 'convert the direction to .npy or .safetensors',
    matches: (head) => startsWith(head, [0x47, 0x47, 0x55, 0x46]),
  },
];

function startsWith(head: Buffer, bytes: readonly number[]): boolean {
  return bytes.every((byte, i) => head[i] === byte);
}

/** Names a file that is known not to be weights, with a way on; undefined where its first bytes say nothing. */
export function nameStranger(head: Uint8Array): { what: string; hint: string } | undefined {
  const bytes = Buffer.from(head.buffer, head.byteOffset, head.length);
  return strangers.find((stranger) => stranger.matches(bytes));
}
