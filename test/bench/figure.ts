/** What was measured for a file of one size. */
export interface Point {
  readonly megabytes: number;
  readonly rowsASecond: number;
  readonly peakMb: number;
}

type Curves = Readonly<Record<'ours' | 'naive', readonly Point[]>>;

const [panelWidth, panelHeight, gap] = [330, 220, 80];
const colors = { ours: '#2563eb', naive: '#9ca3af' } as const;
const names = { ours: 'upload-sae', naive: 'readFile, JSON.stringify, fetch' } as const;

/** Draws rows per second and peak memory over the file size, as two panels side by side with logarithmic axes. */
export function drawGrowth(curves: Curves): string {
  const all = [...curves.ours, ...curves.naive];
  const sizes = axisOf(all.map(({ megabytes }) => megabytes));
  const panels = [
    panel(curves, sizes, ({ rowsASecond }) => rowsASecond, 'rows/s'),
    panel(curves, sizes, ({ peakMb }) => peakMb, 'peak memory, MB'),
  ];
  const width = 2 * panelWidth + 2 * gap;
  const body = panels.map((text, i) => `<g transform="translate(${60 + i * (panelWidth + gap)} 40)">${text}</g>`);
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${panelHeight + 90}" font-family="sans-serif" font-size="12">`,
    '<title>Rows a second and peak memory over the size of the file</title>',
    '<rect width="100%" height="100%" fill="#ffffff"/>',
    ...body,
    '</svg>\n',
  ].join('\n');
}

interface Axis {
  readonly low: number;
  readonly high: number;
}

/** Returns the whole powers of ten that enclose some values, as exponents. */
function axisOf(values: readonly number[]): Axis {
  return { low: Math.floor(Math.log10(Math.min(...values))), high: Math.ceil(Math.log10(Math.max(...values))) };
}

const place = (value: number, { low, high }: Axis, length: number) =>
  ((Math.log10(value) - low) / (high - low)) * length;

function panel(curves: Curves, sizes: Axis, of: (point: Point) => number, title: string): string {
  const axis = axisOf([...curves.ours, ...curves.naive].map(of));
  const x = ({ megabytes }: Point) => place(megabytes, sizes, panelWidth).toFixed(1);
  const y = (point: Point) => (panelHeight - place(of(point), axis, panelHeight)).toFixed(1);
  const lines = (['naive', 'ours'] as const).map((name, i) => {
    const points = curves[name];
    const path = points.map((point) => `${x(point)},${y(point)}`).join(' ');
    const dots = points.map((point) => `<circle cx="${x(point)}" cy="${y(point)}" r="3" fill="${colors[name]}"/>`);
    const label = `<text x="${panelWidth}" y="${-8 - 14 * i}" text-anchor="end" fill="${colors[name]}">${names[name]}</text>`;
    return `<polyline points="${path}" fill="none" stroke="${colors[name]}" stroke-width="2"/>${dots.join('')}${label}`;
  });
  return [
    `<text x="0" y="-8" font-weight="bold">${title}</text>`,
    ...ticks(sizes).map(([value, at]) => tick((at * panelWidth).toFixed(1), value)),
    ...ticks(axis).map(([value, at]) => rule((panelHeight - at * panelHeight).toFixed(1), value)),
    `<text x="${panelWidth / 2}" y="${panelHeight + 36}" text-anchor="middle">file, MB</text>`,
    ...lines,
  ].join('\n');
}

function ticks({ low, high }: Axis): [value: number, at: number][] {
  return Array.from({ length: high - low + 1 }, (_, i) => [10 ** (low + i), i / (high - low)]);
}

const tick = (x: string, value: number) =>
  `<text x="${x}" y="${panelHeight + 18}" text-anchor="middle" fill="#6b7280">${value.toLocaleString('en-US')}</text>`;

const rule = (y: string, value: number) =>
  `<line x1="0" x2="${panelWidth}" y1="${y}" y2="${y}" stroke="#e5e7eb"/><text x="-6" y="${Number(y) + 4}" text-anchor="end" fill="#6b7280">${value.toLocaleString('en-US')}</text>`;
