import { describe, expect, onTestFinished, test, vi } from 'vitest';
import { cutMiddle, widthOf, wrapNote } from '../../src/cli/display-text.ts';
import { formatMoment } from '../../src/cli/moment.ts';
import { createOutput, type OutputOptions } from '../../src/cli/output.ts';
import { createPace } from '../../src/cli/pace.ts';
import { loadProgress } from '../../src/cli/progress.ts';
import { barLine, etaText, factsLine } from '../../src/cli/progress-line.ts';
import { type TestTerminal, testTerminal } from './terminal.ts';

// biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what must not occur
const control = /[\r\x1b]/;

const plain = { json: false, quiet: false, verbose: false, color: false, colorResults: false, progress: true };

function outputOn(stderr: NodeJS.WriteStream, options: Partial<OutputOptions> = {}) {
  return createOutput({ stdout: stderr, stderr }, { ...plain, cursor: true, unicode: true, ...options });
}

/** Returns a stream that is not a terminal. */
function pipe(): TestTerminal {
  const terminal = testTerminal(80, 24);
  return { ...terminal, stream: Object.assign(terminal.stream, { isTTY: false, columns: undefined }) };
}

/** Reports an upload of `seconds` on fake timers: rows are confirmed at an even rate, then progress is stopped. */
async function upload(terminal: TestTerminal, options: Partial<OutputOptions> = {}, seconds = 60): Promise<void> {
  const startProgress = await loadProgress(outputOn(terminal.stream, options));
  vi.useFakeTimers();
  try {
    const progress = startProgress(6000, 1000);
    for (let s = 1; s <= seconds; s++) {
      vi.advanceTimersByTime(1000);
      progress.update(1000 + Math.round((5000 * s) / seconds));
    }
    progress.stop();
  } finally {
    vi.useRealTimers();
  }
}

describe('the progress bar on a terminal', () => {
  for (const columns of [20, 40, 60, 80, 200]) {
    test(`of ${columns} columns starts at the job's progress, fits its width, and restores the cursor`, async () => {
      const terminal = testTerminal(columns, 24);
      await upload(terminal);
      expect(terminal.written()).toContain('16 %');
      expect(terminal.lines().at(-1)).toContain('100 %');
      for (const line of terminal.lines()) expect(widthOf(line)).toBeLessThan(columns);
      const cursor = [...terminal.written().split('\x1b[?25').slice(1)];
      expect(cursor.at(-1)?.[0]).toBe('h');
    });
  }

  test('is drawn in ASCII if the locale has no Unicode', async () => {
    const terminal = testTerminal(80, 24);
    await upload(terminal, { unicode: false });
    expect(terminal.written()).toMatch(/##+-+ {2}/);
    expect([...terminal.written()].every((sign) => sign < '\x7f')).toBe(true);
  });

  test('keeps notes above it intact, and leaves no copy of itself between them', async () => {
    const terminal = testTerminal(60, 24);
    const out = outputOn(terminal.stream);
    const progress = (await loadProgress(out))(100, 0);
    progress.update(50);
    out.note('waiting 3 s before another try');
    progress.update(100);
    progress.stop();
    const lines = terminal.lines();
    expect(lines.filter((line) => line.includes('%'))).toHaveLength(1);
    expect(lines.filter((line) => line.includes('waiting 3 s before another try'))).toHaveLength(1);
  });

  test('is never drawn if the cursor cannot be moved', async () => {
    const terminal = testTerminal(80, 24);
    await upload(terminal, { cursor: false });
    expect(terminal.written()).not.toMatch(control);
    expect(terminal.lines().at(-1)).toContain('100 %');
  });
});

describe('progress on a pipe', () => {
  test('takes at most seven lines for a minute, without colours or carriage returns', async () => {
    const { stream, lines, written } = pipe();
    await upload({ stream, lines, written });
    expect(written()).not.toMatch(control);
    expect(lines().length).toBeGreaterThan(1);
    expect(lines().length).toBeLessThanOrEqual(7);
    expect(lines().at(-1)).toMatch(/^100 % {2}6,000\/6,000 rows {2}\d+ rows\/s {2}done in 1:00$/);
  });

  test('takes one line for a short upload, and none with --quiet', async () => {
    const { stream, lines, written } = pipe();
    await upload({ stream, lines, written }, {}, 2);
    expect(lines()).toHaveLength(1);
    const silent = pipe();
    await upload(silent, { quiet: true });
    expect(silent.written()).toBe('');
  });
});

describe('the estimated end of an upload', () => {
  test('is based on minutes, not on the last second', () => {
    const pace = createPace(0, 0);
    for (let s = 1; s <= 100; s++) pace.mark(s * 100, s * 1000);
    expect(pace.leftMs(6000, 100_000)).toBe(60_000);
    pace.mark(10_900, 100_100);
    expect(pace.leftMs(6000, 100_100)).toBeGreaterThan(50_000);
    // After a minute of silence the server counts as slower, even though no new row count has come.
    expect(pace.leftMs(6000, 160_000)).toBeGreaterThan(80_000);
  });

  test('ignores the hours spent waiting for a quota', () => {
    const pace = createPace(0, 0);
    pace.mark(1000, 10_000);
    pace.pause();
    pace.mark(1100, 36_001_000);
    pace.mark(1200, 36_002_000);
    expect(pace.rate(36_002_000)).toBe(200);
  });

  test('follows from the rate limit once requests are spread out', () => {
    const pace = createPace(0, 0);
    pace.mark(1000, 1000);
    pace.spread(7_200_000, 1000);
    expect(pace.leftMs(5, 3_601_000)).toBe(3_600_000);
  });

  test('is a time of day if it is an hour or more away, with the date if it is not today', () => {
    const noon = new Date(2026, 10, 22, 12, 0);
    expect(etaText(65_000, noon)).toBe('ETA 1:05');
    expect(etaText(2 * 3_600_000, noon)).toBe('done about 14:00');
    expect(etaText(13 * 3_600_000, noon)).toBe('done about 2026-11-23 01:00');
    expect(etaText(undefined, noon)).toBe('');
  });

  test('is given in local time first, with the date if it is not today, and in UTC', () => {
    onTestFinished(() => void vi.unstubAllEnvs());
    const noon = new Date('2026-11-22T11:00:00Z');
    const [hour, day] = [new Date('2026-11-22T12:00:00Z'), new Date('2026-11-23T11:00:00Z')];
    vi.stubEnv('TZ', 'Europe/Berlin');
    expect(formatMoment(hour, noon)).toBe('13:00 (12:00 UTC)');
    expect(formatMoment(day, noon)).toBe('12:00 on 2026-11-23 (2026-11-23 11:00 UTC)');
    // There it is already the next day.
    vi.stubEnv('TZ', 'Pacific/Auckland');
    expect(formatMoment(hour, noon)).toBe('01:00 (2026-11-22 12:00 UTC)');
    vi.stubEnv('TZ', 'UTC');
    expect([formatMoment(hour, noon), formatMoment(day, noon)]).toEqual(['12:00 UTC', '2026-11-23 11:00 UTC']);
  });
});

test('the progress line drops facts on a narrow terminal, but never the percentage', () => {
  const facts = { confirmed: 488, total: 1024, rate: 312, end: 'ETA 0:02' };
  expect(factsLine(facts)).toBe(' 47 %  488/1,024 rows  312 rows/s  ETA 0:02');
  expect(factsLine(facts, 30)).toBe(' 47 %  ETA 0:02');
  for (let columns = 8; columns < 120; columns++) {
    const line = barLine(facts, columns, (full, empty) => '#'.repeat(full) + '-'.repeat(empty));
    expect(line.length).toBeLessThan(columns);
    expect(line).toContain('47 %');
  }
});

test('notes wrap between words, count wide characters as two columns, and keep commands on one line', () => {
  const lines = wrapNote('server   embedded sandbox (層層層層層層), account bulk, tier bulk without a daily limit', 40);
  for (const line of lines) expect(widthOf(line)).toBeLessThanOrEqual(40);
  expect(lines.slice(1).every((line) => line.startsWith('         '))).toBe(true);
  const painted = wrapNote('\u001b[1mnorms    \u001b[22mmin 1.000, median 1.000, mean 1.000, max 1.000', 40);
  expect(painted.slice(1)).toEqual(['         1.000, max 1.000']);
  const command = `go on with: neuronpedia upload-sae ${'x'.repeat(100)} --sae-id y`;
  expect(wrapNote(command, 40)).toEqual(['go on with:', `  ${command.slice('go on with: '.length)}`]);
  const hint = 'neuronpedia: hint: nothing is overwritten, take the old ones back: neuronpedia delete a/b/1';
  expect(wrapNote(hint, 50)).toEqual([
    'neuronpedia: hint: nothing is overwritten, take',
    '  the old ones back: neuronpedia delete a/b/1',
  ]);
});

test('a long path is shortened in the middle', () => {
  const cut = cutMiddle(`checking /data/${'層'.repeat(50)}/layer_12`, 40, '…');
  expect(widthOf(cut)).toBeLessThanOrEqual(40);
  expect(cut).toMatch(/^checking .*….*layer_12$/);
});
