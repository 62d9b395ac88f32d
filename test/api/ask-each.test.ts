import { expect, onTestFinished, test } from 'vitest';
import * as z from 'zod/mini';
import { postJson } from '../../src/api/ask.ts';
import { askEach } from '../../src/api/ask-each.ts';
import { openServer } from '../../src/api/connect.ts';
import { errorOf } from '../fixtures.ts';
import { answerServer, type Said } from './answer-server.ts';

const key = 'secret-of-a-test';
const one = z.looseObject({ name: z.string(), values: z.array(z.number()) });

/** Asks a server for `things`, and keeps the names of those that have values. The server's nth answer is `answers(nth)`. */
async function namesFrom(answers: (nth: number) => string | Said): Promise<string[]> {
  const server = await answerServer((_, nth) => {
    const said = answers(nth);
    return typeof said === 'string' ? { body: said } : said;
  });
  const http = openServer({ url: server.url, key, userAgent: 'test', insecure: false });
  onTestFinished(async () => {
    await http.close();
    await server.close();
  });
  const keep = ({ name, values }: z.infer<typeof one>) => (values.length > 0 ? name : undefined);
  return askEach(http, postJson('/things'), { key: 'things', one, keep }, 'asking');
}

const thing = (name: string, values = '1') => `{"name":"${name}","values":[${values}]}`;
const listOf = (...things: readonly string[]) => `{"before":[0],"things":[${things.join(',')}],"after":{"things":[1]}}`;

test('of a list with more values than an answer may have, what is wanted of each element is kept', async () => {
  const many = Array.from({ length: 700 }, (_, i) => thing(`n${i}`, i % 350 === 5 ? '1' : ''));
  const wide = thing('wide', `${'0.5,'.repeat(8000)}1`);
  const names = await namesFrom(() => listOf(...many.flatMap((small) => [small, wide])));
  expect(names.filter((name) => name !== 'wide')).toEqual(['n5', 'n355']);
  expect(names).toHaveLength(702);
});

test.each([
  ['cut off within the list', listOf(thing('lost')).slice(0, 40)],
  ['cut off behind the list', listOf(thing('lost')).slice(0, -4)],
  ['with an element that is not JSON', listOf(thing('lost'), '{"name":}')],
  ['with a comma behind the last element', listOf(thing('lost'), '')],
])('an answer %s is asked for again, and nothing of it counts', async (_, broken) => {
  expect(await namesFrom((nth) => (nth === 0 ? broken : listOf(thing('a'), thing('b'))))).toEqual(['a', 'b']);
});

test.each([
  ['an element does not fit', listOf(thing('a'), '{"name":3}'), 'at things.1.name'],
  ['there is no such list', '{"items":[]}', 'at things'],
  ['the list is something else', '{"things":3}', 'at things'],
  ['it is an array', '[1]', 'expected object'],
])('it makes no sense where %s', async (_, body, found) => {
  const error = await errorOf(namesFrom(() => body));
  expect([error.code, error.message]).toEqual(['not_neuronpedia', expect.stringContaining(found)]);
});

test('a key that is said back is taken out of elements too', async () => {
  expect(await namesFrom(() => listOf(thing(`it is ${key}`)))).toEqual(['it is [key]']);
});

test.each([
  ['an element', listOf(thing('a', `${'1,'.repeat(5 << 20)}1`))],
  ['what is around them', `{"things":[],"more":[${'1,'.repeat(5 << 20)}1]}`],
])('%s of too many values is too large', async (_, body) => {
  const error = await errorOf(namesFrom(() => body));
  expect([error.details, error.message]).toMatchObject([{ tooLarge: true }, expect.stringContaining('larger than')]);
});

test('a refusal is read like any other', async () => {
  const error = await errorOf(namesFrom(() => ({ status: 403, body: '{"message":"not yours"}' })));
  expect(error.message).toContain('not yours');
});
