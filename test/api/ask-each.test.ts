import { describe, expect, onTestFinished, test } from 'vitest';
import * as z from 'zod/mini';
import { answerText } from '../../src/api/answer.ts';
import { postJson } from '../../src/api/ask.ts';
import { askEach } from '../../src/api/ask-each.ts';
import { AnswerTooLarge } from '../../src/api/no-answer.ts';
import { openServer } from '../../src/api/open-server.ts';
import { errorOf } from '../fixtures.ts';
import { answerServer, type Said } from './answer-server.ts';

const key = 'secret-of-a-test';
const one = z.looseObject({ name: z.string(), values: z.array(z.number()) });

/** Asks a server for `things` and returns the names of those that have values. Its nth answer is `answers(nth)`. */
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
  const collect = () => {
    const names: string[] = [];
    const take = ({ name, values }: z.infer<typeof one>) => {
      if (values.length > 0) names.push(name);
    };
    return { take, result: () => names };
  };
  return askEach(http, postJson('/things'), { key: 'things', one, collect }, 'asking');
}

const thing = (name: string, values = '1') => `{"name":"${name}","values":[${values}]}`;
const listOf = (...things: readonly string[]) => `{"before":[0],"things":[${things.join(',')}],"after":{"things":[1]}}`;

test('a list with more values than one answer may have is read element by element', async () => {
  const many = Array.from({ length: 700 }, (_, i) => thing(`n${i}`, i % 350 === 5 ? '1' : ''));
  const wide = thing('wide', `${'0.5,'.repeat(8000)}1`);
  const names = await namesFrom(() => listOf(...many.flatMap((small) => [small, wide])));
  expect(names.filter((name) => name !== 'wide')).toEqual(['n5', 'n355']);
  expect(names).toHaveLength(702);
});

test.each([
  ['cut off within the list', listOf(thing('lost')).slice(0, 40)],
  ['cut off after the list', listOf(thing('lost')).slice(0, -4)],
  ['with an element that is not JSON', listOf(thing('lost'), '{"name":}')],
  ['with a comma after the last element', listOf(thing('lost'), '')],
])('an answer %s is requested again, and nothing of it is kept', async (_, broken) => {
  expect(await namesFrom((nth) => (nth === 0 ? broken : listOf(thing('a'), thing('b'))))).toEqual(['a', 'b']);
});

test.each([
  ['an element has the wrong type', listOf(thing('a'), '{"name":3}'), 'at things.1.name'],
  ['the list is missing', '{"items":[]}', 'at things'],
  ['the list is not an array', '{"things":3}', 'at things'],
  ['the answer is an array', '[1]', 'expected object'],
])('an answer is rejected as not Neuronpedia if %s', async (_, body, found) => {
  const error = await errorOf(namesFrom(() => body));
  expect([error.code, error.message]).toEqual(['not_neuronpedia', expect.stringContaining(found)]);
});

test('an API key echoed by the server is redacted in elements too', async () => {
  expect(await namesFrom(() => listOf(thing(`it is ${key}`)))).toEqual(['it is [key]']);
});

test.each([
  ['an element', listOf(thing('a', `${'1,'.repeat(5 << 20)}1`))],
  ['the rest of the answer', `{"things":[],"more":[${'1,'.repeat(5 << 20)}1]}`],
])('%s with too many values is too large', async (_, body) => {
  const error = await errorOf(namesFrom(() => body));
  expect([error.details, error.message]).toMatchObject([{ tooLarge: true }, expect.stringContaining('larger than')]);
});

test('a list whose key is written with escapes is read with the rest of the answer', async () => {
  const escaped = listOf(thing('a'), thing('b')).replace('"things"', '"th\\u0069ngs"');
  expect(await namesFrom(() => escaped)).toEqual(['a', 'b']);
});

describe('the text of an answer around a list', () => {
  const reading = () => {
    const found: unknown[] = [];
    const body = answerText({ key: 'things', begin: () => (element) => found.push(element) });
    return { body, found };
  };

  test('is complete without the elements, whatever pieces it arrives in', () => {
    const { body, found } = reading();
    const text = listOf(thing('a'), thing('b'));
    for (const byte of Buffer.from(text)) body.take(Uint8Array.of(byte));
    expect(found).toMatchObject([{ name: 'a' }, { name: 'b' }]);
    expect([JSON.parse(body.text()), body.size]).toEqual([{ ...JSON.parse(text), things: [] }, text.length]);
  });

  test('is refused as soon as it has too many values, not at its end', () => {
    const { body } = reading();
    const piece = Buffer.from('[],'.repeat(1 << 18));
    body.take(Buffer.from('{"more":['));
    const pieces = Array.from({ length: 20 }, () => piece);
    expect(() => pieces.forEach(body.take)).toThrow(/larger than/);
    expect(body.size).toBeLessThan(10 * piece.length);
  });

  test('is refused for too many values also if the key comes again and again', () => {
    const { body } = reading();
    body.take(Buffer.from('{"things":[]'));
    const piece = Buffer.from(`,"x":[${'[],'.repeat(1 << 18)}[]],"things":[1]`);
    expect(() => Array.from({ length: 30 }, () => body.take(piece))).toThrow(/larger than/);
    expect(body.size).toBeLessThan(10 * piece.length);
  });

  test('that takes too long counts as too large only after more than an answer usually has', () => {
    const { body, found } = reading();
    const late = new DOMException('took too long', 'TimeoutError');
    body.take(Buffer.from('{"things":['));
    expect(body.failure(late)).toBe(late);
    const element = Buffer.from(`"${'x'.repeat(1 << 20)}",`);
    for (let i = 0; i < 64; i++) body.take(element);
    expect(found).toHaveLength(64);
    expect(body.failure(late)).toBeInstanceOf(AnswerTooLarge);
    const lost = new Error('lost');
    expect(body.failure(lost)).toBe(lost);
  });
});

test('a refusal is reported with the message of the server', async () => {
  const error = await errorOf(namesFrom(() => ({ status: 403, body: '{"message":"not yours"}' })));
  expect(error.message).toContain('not yours');
});
