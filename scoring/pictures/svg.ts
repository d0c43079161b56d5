/** What every picture is made of: text that cannot break out, axes, numbers as short as they can be. */

/** Everything that comes from elsewhere goes through here before it stands in SVG or HTML. */
export function escapeText(text: string): string {
  return text.replace(/[&<>"']/g, (sign) => `&#${sign.charCodeAt(0)};`);
}

/** At most two digits after the point: a tenth of a pixel is enough for every eye. */
export function round(value: number): string {
  return String(Math.round(value * 100) / 100);
}

/** A place on an axis and what stands there. */
export interface Tick {
  readonly at: number;
  readonly label: string;
}

const STEPS = [0.1, 0.2, 0.5, 1, 2, 5, 10, 20];

/** Round seconds, about `wanted` of them. Shape: length of the axis in seconds → ticks in seconds. */
export function secondTicks(seconds: number, wanted = 9): readonly Tick[] {
  const step = STEPS.find((each) => seconds / each <= wanted) ?? STEPS.at(-1)!;
  const digits = step < 1 ? 1 : 0;
  return Array.from({ length: Math.floor(seconds / step + 1e-9) + 1 }, (_, n) => ({ at: n * step, label: (n * step).toFixed(digits) }));
}

/** A rectangle of the picture, in pixels. */
export interface Box {
  readonly x: number;
  readonly y: number;
  readonly width: number;
  readonly height: number;
}

/** Lines across a panel with their labels at its left. */
export function valueAxis(box: Box, ticks: readonly Tick[]): string {
  return ticks
    .map(({ at, label }) => {
      const y = round(at);
      return `<line class="grid" x1="${box.x}" x2="${box.x + box.width}" y1="${y}" y2="${y}"/><text class="tick" x="${box.x - 6}" y="${y}" dy="0.35em" text-anchor="end">${escapeText(label)}</text>`;
    })
    .join('');
}

export function frame({ x, y, width, height }: Box): string {
  return `<rect class="frame" x="${x}" y="${y}" width="${width}" height="${height}"/>`;
}
