import { describe, expect, it } from 'vitest';
import { safeText, widthOf, wrapText } from '../../src/cli/display-text.ts';
import { createOutput } from '../../src/cli/output.ts';
import { openSteerView } from '../../src/cli/steer-view.ts';
import { type TestTerminal, testTerminal } from './terminal.ts';

const settings = { json: false, quiet: false, verbose: false, color: true, colorResults: true, unicode: true };

function openOn(terminal: TestTerminal, more: object = {}) {
  const streams = { stdout: terminal.stream, stderr: terminal.stream };
  const out = createOutput(streams, { ...settings, progress: true, cursor: true, ...more });
  return { out, view: openSteerView(out) };
}

const long = (word: string) => Array.from({ length: 120 }, (_, i) => `${word}${i}`).join(' ');
const finished = { plain: long('plain'), steered: long('steered') };

function grow(view: ReturnType<typeof openSteerView>, step: number) {
  for (let end = step; end < finished.steered.length; end += step) {
    view.update({
      plain: finished.plain.slice(0, Math.max(0, end - 9)) || null,
      steered: finished.steered.slice(0, end),
    });
  }
}

/** Returns the words of a column, in order. */
const wordsOf = (lines: string[], side: 0 | 1) =>
  lines.slice(1).flatMap((line) => (line.split('│')[side] ?? '').trim().split(/\s+/).filter(Boolean));

describe('the view of two completions', () => {
  for (const [columns, rows] of [
    [80, 24],
    [200, 50],
    [60, 10],
  ] as const) {
    it(`ends with each text shown once, side by side, on ${columns} × ${rows}`, () => {
      const terminal = testTerminal(columns, rows);
      const { view } = openOn(terminal);
      grow(view, 7);
      view.finish(finished, true);
      const lines = terminal.lines();
      expect(lines[0]).toMatch(/^default +│ steered$/);
      expect(wordsOf(lines, 0).join(' ')).toBe(finished.plain);
      expect(wordsOf(lines, 1).join(' ')).toBe(finished.steered);
      expect(Math.max(...lines.map((line) => line.length))).toBeLessThan(columns);
      // The cursor is visible again.
      expect(terminal.written().lastIndexOf('\x1b[?25h')).toBeGreaterThan(terminal.written().lastIndexOf('\x1b[?25l'));
    });
  }

  it('puts one text below the other on a narrow terminal', () => {
    const terminal = testTerminal(40, 24);
    const { view } = openOn(terminal);
    grow(view, 50);
    view.finish(finished, true);
    const lines = terminal.lines();
    const middle = lines.indexOf('steered');
    expect(lines[0]).toBe('default');
    expect(
      lines
        .slice(1, middle - 1)
        .join(' ')
        .replaceAll(/\s+/g, ' '),
    ).toBe(finished.plain);
    expect(
      lines
        .slice(middle + 1)
        .join(' ')
        .replaceAll(/\s+/g, ' '),
    ).toBe(finished.steered);
  });

  it('keeps other messages above it', () => {
    const terminal = testTerminal(80, 24);
    const { out, view } = openOn(terminal);
    view.update({ plain: 'one', steered: 'two' });
    out.note('stopping');
    view.finish({ plain: 'one', steered: 'two' }, false);
    expect(terminal.lines()).toEqual([
      'stopping',
      expect.stringMatching(/^default/),
      expect.stringMatching(/^one +│ two$/),
    ]);
  });

  it('is written only once without progress, or on a terminal that cannot be drawn on', () => {
    for (const more of [{ progress: false }, { cursor: false, color: false, colorResults: false }]) {
      const terminal = testTerminal(80, 24);
      const { view } = openOn(terminal, more);
      grow(view, 50);
      view.finish(finished, true);
      expect(terminal.written().split('\n').length).toBe(terminal.lines().length + 1);
      for (const sign of ['\r', '\x1b[K', '\x1b[?25l']) expect(terminal.written()).not.toContain(sign);
      expect(wordsOf(terminal.lines(), 1).join(' ')).toBe(finished.steered);
    }
  });

  it('shows no control sequence that a server sends, and no key', () => {
    const terminal = testTerminal(80, 24);
    const { out, view } = openOn(terminal);
    out.hide('np-secret-key');
    const evil = { plain: '\x1b]0;title\x07\x1b[2J\u202eabc', steered: 'np-secret-key\r\b\x9b1m' };
    view.update(evil);
    view.finish(evil, true);
    for (const sign of ['\x1b]', '\x1b[2J', '\x07', '\b', '\x9b', '\u202e', 'secret']) {
      expect(terminal.written()).not.toContain(sign);
    }
    expect(terminal.lines()[1]).toContain('␛]0;title');
  });
});

describe('text', () => {
  it('is wrapped by its display width', () => {
    const text = '日本語の文字列 and é\u0301 👩‍🔬 words that_are_longer_than_a_line_can_be\n  indented';
    for (const width of [4, 10, 23]) {
      const lines = wrapText(text, width);
      expect(Math.max(...lines.map(widthOf))).toBeLessThanOrEqual(width);
      expect(lines.join('').replaceAll(' ', '')).toBe(text.replaceAll(/\s/g, ''));
    }
    expect(wrapText(text, 23).at(-1)).toBe('  indented');
    expect(wrapText('', 10)).toEqual(['']);
  });

  it('keeps harmless characters, and normalises line ends and tabs', () => {
    expect(safeText('a\r\nb\tc — é')).toBe('a\nb    c — é');
  });
});
