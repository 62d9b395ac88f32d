import { expect, it } from 'vitest';
import { matrixOf } from '../../src/tensor/tensor.ts';
import { checkRows } from '../../src/upload/check-rows.ts';
import { opened } from '../fixtures.ts';
import { npyOf } from '../inspect/looking.ts';

it('where every row is bad, leaving them out is no way on', async () => {
  const { tensors } = await opened(await npyOf([[Number.NaN, 1]]));
  const [tensor] = tensors.values();
  const matrix = matrixOf(tensor as never, 'rows');
  const check = (skipBad: boolean) => checkRows(matrix, [[0, 1]], () => undefined, { skipBad });
  await expect(check(false)).rejects.toMatchObject({ hints: [expect.stringContaining('with --skip-bad-rows, or')] });
  await expect(check(true)).rejects.toMatchObject({
    hints: [expect.stringContaining('--skip-bad-rows leaves nothing')],
  });
});
