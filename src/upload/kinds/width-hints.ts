/** Returns what a wrong width most likely means: those of the known mistakes that fit the numbers. */
export function widthHints(
  found: number | undefined,
  expected: number,
  modelId: string,
  shape: readonly number[],
  isDirection: boolean,
): string[] {
  const lengths = found === undefined ? shape : [found];
  const hints: string[] = [];
  if (modelId.startsWith('gemma-2-2b') && lengths.includes(2048)) {
    hints.push(
      "gemma-2-2b is 2304 wide; 2048 is the width of gemma-2b, and of gemma-2-2b's attention z: wrong model or hook",
    );
  }
  if (lengths.includes(expected + 1)) {
    hints.push(
      `${expected + 1} is one more than the width: the last value looks like a bias or intercept; leave it out of the vector`,
    );
  }
  if (found !== undefined && found !== expected && shape.includes(expected)) {
    const other = shape.at(-1) === found ? 'columns' : 'rows';
    const way = isDirection ? 'save it the other way round: np.save("rows.npy", W.T)' : `try --orientation ${other}`;
    hints.push(`another axis has ${expected} values: the matrix looks transposed; ${way}`);
  }
  return hints.length > 0 ? hints : ['check --model and --hook, or choose the right tensor with --tensor'];
}
