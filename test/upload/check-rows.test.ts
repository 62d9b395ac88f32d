import { expect, it } from 'vitest';
import { matrixOf } from '../../src/tensor/tensor.ts';
import { checkRows } from '../../src/upload/check-rows.ts';
import { opened } from '../fixtures.ts';
import { npyOf } from '../inspect/looking.ts';

it('if every row is bad, --skip-bad-rows is refused, as it would leave nothing to send', async () => {
  const { tensors } = await opened(await npyOf([[Number.NaN, 1]]));
  const [tensor] = tensors.values();
  const matrix = matrixOf(tensor as never, 'rows');
  const check = (skipBad: boolean) => checkRows(matrix, [[0, 1]], () => undefined, { skipBad });
  await expect(check(false)).rejects.toMatchObject({ hints: [expect.stringContaining('with --skip-bad-rows, or')] });
  await expect(check(true)).rejects.toMatchObject({
    hints: [expect.stringContaining('--skip-bad-rows would leave nothing to send')],
  });
});

it('if every row is too large, --skip-bad-rows is refused, as it would leave nothing to send', async () => {
  const { tensors } = await opened(await npyOf([[1, 2]]));
  const [tensor] = tensors.values();
  const sizes = async () => new Map([[0, 'its texts take 9 MB']]);
  const check = (skipBad: boolean) =>
    checkRows(matrixOf(tensor as never, 'rows'), [[0, 1]], () => undefined, { skipBad, sizes });
  await expect(check(false)).rejects.toMatchObject({ hints: [expect.stringContaining('out with --skip-bad-rows')] });
  await expect(check(true)).rejects.toMatchObject({
    hints: [expect.stringContaining('--skip-bad-rows would leave nothing to send')],
  });
});

it('the check finds non-finite values anywhere in rows of 1 to 9 values, and nothing else', async () => {
  const check = async (rows: readonly (readonly number[])[]) => {
    const { tensors } = await opened(await npyOf(rows));
    const [tensor] = tensors.values();
    const found = checkRows(matrixOf(tensor as never, 'rows'), [[0, rows.length]], () => undefined, { skipBad: true });
    return [...(await found).bad.keys()];
  };
  const largest = 3.4028234663852886e38;
  const good = [largest, -largest, 1.401298464324817e-45, -0, 1, -1e-40, 0, largest, largest];
  for (let width = 1; width <= good.length; width++) {
    const rows: number[][] = [good.slice(0, width)];
    for (const bad of [Number.NaN, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY]) {
      for (let column = 0; column < width; column++) rows.push(good.slice(0, width).with(column, bad));
    }
    expect(await check(rows), `width ${width}`).toEqual(rows.map((_, row) => row).slice(1));
  }
});
