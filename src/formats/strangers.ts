/** A kind of file often found in place of a weight file but not read as one, recognised by its first bytes. */
interface Stranger {
  readonly what: string;
  readonly hint: string;
  matches(head: Buffer): boolean;
}

/**
 * Returns the line of Python that converts what torch.save wrote: a tensor, tensors by name, or a checkpoint that holds
 * these. Tied and transposed weights need a copy of their own.
 */
export function convertTorch(source: string): string {
  const target = `${source.replace(/\.[^.]+$/, '')}.safetensors`;
  return [
    `x = torch.load("${source}", map_location="cpu", weights_only=True)`,
    'x = x if isinstance(x, dict) else {"vector": x}',
    'x = x.get("state_dict", x.get("ae", x))',
    `safetensors.torch.save_file({str(k): v.clone().contiguous() for k, v in x.items() if torch.is_tensor(v)}, "${target}")`,
  ].join('; ');
}

const neverLoaded = 'pickles are never loaded; where it was made, in Python:';
const toSafetensors = `${neverLoaded} ${convertTorch('FILE.pt')}`;

const saveArrays =
  'np.savez("weights.npz", **({str(k): v for k, v in x.items()} if isinstance(x, dict) else {"vector": x}))';
const saveProbe =
  'save the arrays: np.savez("probe.npz", coef=clf.coef_, intercept=clf.intercept_); if there is a StandardScaler, add mean=scaler.mean_, scale=scaler.scale_ to the call';

/** The number that torch.save of before 1.6 begins with, as a pickle writes it. */
const oldTorch = [0x8a, 0x0a, 0x6c, 0xfc, 0x9c, 0x46, 0xf9, 0x20, 0x6a, 0xa8, 0x50, 0x19];

const strangers: readonly Stranger[] = [
  {
    what: 'a git-lfs pointer, not the weights themselves',
    hint: 'fetch the real file with: git lfs pull',
    matches: (head) => head.toString('latin1').startsWith('version https://git-lfs'),
  },
  {
    what: 'a web page (HTML), not weights',
    hint: 'the download returned a web page, often a log-in or error page; download the file itself',
    matches: (head) => /^\s*<(!doctype|html|head|\?xml)/i.test(head.toString('latin1')),
  },
  {
    what: 'a zip archive made by torch.save, which holds a pickle',
    hint: toSafetensors,
    matches: (head) =>
      startsWith(head, [0x50, 0x4b, 3, 4]) && /data\.pkl|archive\/|\.pkl/.test(head.toString('latin1')),
  },
  {
    what: 'a pickle of scikit-learn',
    hint: `pickles are never loaded; ${saveProbe}`,
    matches: (head) => isPickle(head) && head.toString('latin1').includes('sklearn'),
  },
  {
    what: 'a pickle of numpy arrays',
    hint: `${neverLoaded} x = pickle.load(open("FILE", "rb")); ${saveArrays}`,
    matches: (head) => isPickle(head) && /^(?!.*joblib).*numpy/s.test(head.toString('latin1')),
  },
  {
    what: 'a pickle of joblib',
    hint: `${neverLoaded} x = joblib.load("FILE"); ${saveArrays}`,
    matches: (head) => isPickle(head) && head.toString('latin1').includes('joblib'),
  },
  {
    what: 'a pickle made by torch.save',
    hint: toSafetensors,
    matches: (head) => isPickle(head) && startsWith(head.subarray(2), oldTorch),
  },
  {
    what: 'a Python pickle',
    hint: `${neverLoaded} x = pickle.load(open("FILE", "rb")); ${saveArrays}`,
    matches: isPickle,
  },
  {
    what: 'zlib data, most likely a compressed pickle of joblib',
    hint: `pickles are never loaded; load it with joblib.load("FILE"); if it is a probe of scikit-learn, ${saveProbe}`,
    matches: (head) => head[0] === 0x78 && [0x01, 0x5e, 0x9c, 0xda].includes(head[1] ?? 0),
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
    what: 'a Parquet file',
    hint: 'save the table as Arrow: pyarrow.feather.write_feather(pyarrow.parquet.read_table("FILE"), "FILE.arrow")',
    matches: (head) => startsWith(head, [0x50, 0x41, 0x52, 0x31]),
  },
  {
    what: 'a GGUF file',
    hint: 'in Python: np.savez("vectors.npz", **{t.name: t.data for t in gguf.GGUFReader("FILE").tensors}); then choose one with --tensor',
    matches: (head) => startsWith(head, [0x47, 0x47, 0x55, 0x46]),
  },
];

/** Only for names that claim no format: under any other name, text may be damaged JSON. */
const textStranger: Stranger = {
  what: 'plain text, not an array',
  hint: 'save numbers as an array: np.save("v.npy", np.loadtxt("FILE", delimiter=",")); save facts about features as JSON lines: pandas.read_csv("FILE").to_json("facts.jsonl", orient="records", lines=True)',
  matches: isText,
};

function isPickle(head: Buffer): boolean {
  return head[0] === 0x80 && (head[1] ?? 0) >= 2 && (head[1] ?? 0) <= 5;
}

/** Whether the bytes are printable ASCII that does not begin like JSON. */
function isText(head: Buffer): boolean {
  const isPrinted = (byte: number) => (byte >= 0x20 && byte < 0x7f) || (byte >= 0x09 && byte <= 0x0d);
  return head.every(isPrinted) && !/^\s*[[{]/.test(head.toString('latin1'));
}

function startsWith(head: Buffer, bytes: readonly number[]): boolean {
  return bytes.every((byte, i) => head[i] === byte);
}

/** Says what a file that is not read is, and what to do instead; undefined if its first bytes are not recognised. */
export function nameStranger(head: Uint8Array, isNameless = false): { what: string; hint: string } | undefined {
  const bytes = Buffer.from(head.buffer, head.byteOffset, head.length);
  return [...strangers, ...(isNameless ? [textStranger] : [])].find((stranger) => stranger.matches(bytes));
}
