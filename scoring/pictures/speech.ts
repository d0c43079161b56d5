/** One utterance to look at: waveform, spectrogram and pitch over the same seconds, as the judge hears them. */
import { type Audio, durationSeconds } from '../audio.js';
import { ACTIVITY_HOP, activityOf, secondsOf } from '../dsp/activity.js';
import { peakOf, SILENCE_PEAK } from '../dsp/loudness.js';
import { melodyOf, pitchTrack } from '../dsp/pitch.js';
import { resample } from '../dsp/resample.js';
import { decibels, HEARING_RATE_HZ, powerSpectra } from '../dsp/spectrum.js';
import { type Colour, encodePng } from './png.js';
import { type Box, escapeText, frame, round, secondTicks, type Tick, valueAxis } from './svg.js';

/** Longer audio is drawn up to here; the picture says so. */
export const PICTURE_SECONDS_MAX = 60;
const LEFT = 62;
const WIDTH = 760;
const PLOT_WIDTH = WIDTH - LEFT - 14;
const TOP = 26;
const GAP = 26;
const HEIGHTS = { wave: 76, spectrogram: 168, pitch: 92 } as const;
const HEIGHT = TOP + HEIGHTS.wave + HEIGHTS.spectrogram + HEIGHTS.pitch + 2 * GAP + 40;
const SHOWN_DB = 65;
/** Power of the loudest cell below which there is nothing to see: digital silence. */
const NOTHING_DB = -70;
const SPECTROGRAM_TOP_HZ = HEARING_RATE_HZ / 2;
const PITCH_HZ = { low: 60, high: 420 } as const;
const PITCH_TICKS_HZ = [75, 100, 150, 200, 300, 400];
/** Fewer frames than this in a row are hardly a tone: drawn pale. */
const TONE_FRAMES = 3;
/** Voiced frames further apart than this, semitones, are not joined by a line. */
const JUMP_SEMITONES = 5;
const SHADES = 64;
const KEY_CELLS = 25;
/** Half of the 25 ms that a spectrum looks at, in samples. */
const WINDOW_MIDDLE = 200;
/** From nothing to loud: light to dark, and in this order also for eyes that do not tell red from green. */
const SHADE_STOPS: readonly Colour[] = [
  [255, 255, 255],
  [232, 238, 246],
  [168, 199, 226],
  [86, 140, 190],
  [60, 71, 140],
  [38, 20, 66],
  [8, 4, 18],
];
const STYLE = `text{font:11px system-ui,-apple-system,"Segoe UI",Roboto,"DejaVu Sans",sans-serif;fill:#1c2330}.tick{font-size:10.5px;fill:#3d4757}.head{font-weight:600;font-size:12px}.note{fill:#3d4757;font-size:11px}.grid{stroke:#dfe4ea;stroke-width:1}.frame{fill:none;stroke:#8b95a3;stroke-width:1}.wave{fill:#2b5c8f}.outside{fill:#eceff3}.pitch{fill:none;stroke:#b3401f;stroke-width:2;stroke-linecap:round;stroke-linejoin:round}.stray{stroke:#dba695}`;

export interface SpeechPicture {
  /** A whole SVG document. */
  readonly svg: string;
  /** The same in words, for who cannot see it. */
  readonly words: string;
}

/** Shape: audio that the judge would listen to, and a line above the picture → SVG. Pure; the same audio gives the same bytes. */
export function speechPicture(audio: Audio, title = ''): SpeechPicture {
  const seconds = Math.min(PICTURE_SECONDS_MAX, durationSeconds(audio));
  const shown = { ...audio, samples: audio.samples.subarray(0, Math.floor(seconds * audio.sampleRateHz)) };
  const heard = resample(shown.samples, shown.sampleRateHz, HEARING_RATE_HZ);
  const boxes = layout();
  const xOf = (second: number) => LEFT + (Math.min(second, seconds) / Math.max(seconds, 1e-9)) * PLOT_WIDTH;
  const silent = peakOf(shown.samples) < SILENCE_PEAK;
  const activity = activityOf(heard);
  const spoken = silent ? null : { from: secondsOf(activity.first), to: secondsOf(activity.end) };
  const pitch = drawPitch(heard, activity.speaking, boxes.pitch, xOf);
  const spokenWords = spoken === null ? 'silence' : `speech from ${spoken.from.toFixed(2)} to ${spoken.to.toFixed(2)} s`;
  const length = `${durationSeconds(audio).toFixed(2)} s at ${audio.sampleRateHz.toLocaleString('en-US')} Hz`;
  const words = `${length}; ${spokenWords}; ${pitch.words}`;
  const parts = [
    `<text class="head" x="${LEFT}" y="15">${escapeText(title)}</text>`,
    `<text class="note" x="${WIDTH - 14}" y="15" text-anchor="end">${escapeText(`${length}, ${spokenWords}`)}</text>`,
    ...(spoken === null ? [] : [outside(boxes.wave, xOf, spoken, seconds), outside(boxes.pitch, xOf, spoken, seconds)]),
    drawWave(shown, boxes.wave),
    drawSpectrogram(heard, boxes.spectrogram, seconds),
    `<text class="head" x="${LEFT}" y="${boxes.pitch.y - 8}">Pitch</text><text class="note" x="${WIDTH - 14}" y="${boxes.pitch.y - 8}" text-anchor="end">${escapeText(pitch.words)}</text>`,
    pitch.svg,
    timeAxis(boxes.pitch, secondTicks(seconds), xOf),
  ];
  const svg = `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${WIDTH} ${HEIGHT}" width="${WIDTH}" height="${HEIGHT}" role="img" aria-label="${escapeText(words)}"><style>${STYLE}</style><rect width="${WIDTH}" height="${HEIGHT}" fill="#fff"/>${parts.join('')}</svg>`;
  return { svg, words };
}

function layout(): Readonly<Record<keyof typeof HEIGHTS, Box>> {
  const box = (y: number, height: number): Box => ({ x: LEFT, y, width: PLOT_WIDTH, height });
  const spectrogramY = TOP + HEIGHTS.wave + GAP;
  return {
    wave: box(TOP, HEIGHTS.wave),
    spectrogram: box(spectrogramY, HEIGHTS.spectrogram),
    pitch: box(spectrogramY + HEIGHTS.spectrogram + GAP, HEIGHTS.pitch),
  };
}

/** Where nobody speaks, before and behind. */
function outside(
  box: Box,
  xOf: (second: number) => number,
  spoken: { readonly from: number; readonly to: number },
  seconds: number,
): string {
  const strip = (from: number, to: number) =>
    `<rect class="outside" x="${round(xOf(from))}" y="${box.y}" width="${round(Math.max(0, xOf(to) - xOf(from)))}" height="${box.height}"/>`;
  return strip(0, spoken.from) + strip(spoken.to, seconds);
}

/** Least and greatest sample of every pixel column. */
function drawWave({ samples }: Audio, box: Box): string {
  const middle = box.y + box.height / 2;
  const yOf = (value: number) => middle - (Math.max(-1, Math.min(1, Number.isFinite(value) ? value : 0)) * box.height) / 2;
  const columns = Math.min(PLOT_WIDTH, Math.max(1, samples.length));
  const [upper, lower]: [string[], string[]] = [[], []];
  for (let column = 0; column < columns; column += 1) {
    const from = Math.floor((column * samples.length) / columns);
    const to = Math.max(from + 1, Math.floor(((column + 1) * samples.length) / columns));
    let [least, greatest] = [Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY];
    for (let n = from; n < to; n += 1) {
      least = Math.min(least, samples[n] ?? 0);
      greatest = Math.max(greatest, samples[n] ?? 0);
    }
    const x = round(box.x + ((column + 0.5) * box.width) / columns);
    // A quiet stretch is still a line.
    upper.push(`${x},${round(yOf(greatest) - 0.4)}`);
    lower.push(`${x},${round(yOf(least) + 0.4)}`);
  }
  const ticks: readonly Tick[] = [
    { at: box.y, label: '1.0' },
    { at: middle, label: '0' },
    { at: box.y + box.height, label: '−1.0' },
  ];
  return `${valueAxis(box, ticks)}<polygon class="wave" points="${upper.join(' ')} ${lower.reverse().join(' ')}"/>${frame(box)}`;
}

function drawSpectrogram(heard: Float64Array, box: Box, seconds: number): string {
  const hop = Math.max(16, Math.ceil(heard.length / PLOT_WIDTH));
  const { count, width: bins, data } = powerSpectra(heard, hop);
  const height = box.height;
  const levels = new Float64Array(count * height);
  let loudest = Number.NEGATIVE_INFINITY;
  for (let row = 0; row < height; row += 1) {
    const [from, to] = binsOf(row, height, bins);
    for (let column = 0; column < count; column += 1) {
      let sum = 0;
      for (let bin = from; bin < to; bin += 1) sum += data[column * bins + bin]!;
      const level = decibels(sum / (to - from));
      levels[row * count + column] = level;
      loudest = Math.max(loudest, level);
    }
  }
  const pixels = Uint8Array.from(levels, (level) => Math.round((SHADES - 1) * Math.max(0, Math.min(1, 1 + (level - loudest) / SHOWN_DB))));
  const png = encodePng({ width: count, height, pixels, palette: PALETTE });
  // A column stands for the middle of its window.
  const shift = round(box.x + (box.width * Math.max(0, WINDOW_MIDDLE - hop / 2)) / Math.max(1, seconds * HEARING_RATE_HZ));
  const drawnWidth = round((box.width * count * hop) / Math.max(1, seconds * HEARING_RATE_HZ));
  const ticks = [0, 1, 2, 3, 4, 5, 6, 7, 8].map((kilohertz) => ({
    at: box.y + box.height * (1 - (kilohertz * 1000) / SPECTROGRAM_TOP_HZ),
    label: `${kilohertz}`,
  }));
  const axis = ticks
    .map(
      ({ at, label }) =>
        `<line x1="${box.x - 4}" x2="${box.x}" y1="${at}" y2="${at}" stroke="#8b95a3"/><text class="tick" x="${box.x - 6}" y="${at}" dy="0.35em" text-anchor="end">${label}</text>`,
    )
    .join('');
  const image = `<image x="${shift}" y="${box.y}" width="${drawnWidth}" height="${box.height}" preserveAspectRatio="none" href="data:image/png;base64,${Buffer.from(png).toString('base64')}"/>`;
  return `<text class="head" x="${LEFT}" y="${box.y - 8}">Spectrogram</text>${unit(box, 'kHz')}${loudest < NOTHING_DB ? '' : image}${axis}${frame(box)}${shadeKey(box)}`;
}

/** Bins of one pixel row, highest frequency first. */
function binsOf(row: number, height: number, bins: number): readonly [from: number, to: number] {
  const from = Math.floor(((height - 1 - row) * (bins - 1)) / height);
  return [from, Math.max(from + 1, Math.floor(((height - row) * (bins - 1)) / height))];
}

const PALETTE: readonly Colour[] = Array.from({ length: SHADES }, (_, n) => {
  const place = (n / (SHADES - 1)) * (SHADE_STOPS.length - 1);
  const low = Math.min(SHADE_STOPS.length - 2, Math.floor(place));
  const mix = (channel: 0 | 1 | 2) =>
    Math.round(SHADE_STOPS[low]![channel] + (SHADE_STOPS[low + 1]![channel] - SHADE_STOPS[low]![channel]) * (place - low));
  return [mix(0), mix(1), mix(2)];
});

/** What light and dark mean. */
function shadeKey(box: Box): string {
  const [width, y] = [100, box.y - 16];
  const x = box.x + box.width - width - 34;
  const cells = Array.from({ length: KEY_CELLS }, (_, n) => {
    const [red, green, blue] = PALETTE[Math.round((n / (KEY_CELLS - 1)) * (SHADES - 1))]!;
    const place = round(x + (n * width) / KEY_CELLS);
    return `<rect x="${place}" y="${y}" width="${round(width / KEY_CELLS + 0.3)}" height="10" fill="rgb(${red},${green},${blue})"/>`;
  });
  const label = (at: number, anchor: string, text: string) =>
    `<text class="note" x="${at}" y="${y + 9}" text-anchor="${anchor}">${text}</text>`;
  return `${label(x - 6, 'end', `−${SHOWN_DB} dB`)}${cells.join('')}<rect class="frame" x="${x}" y="${y}" width="${width}" height="10"/>${label(x + width + 6, 'start', '0 dB')}`;
}

function unit(box: Box, text: string): string {
  return `<text class="tick" x="14" y="${box.y + box.height / 2}" transform="rotate(-90 14 ${box.y + box.height / 2})" text-anchor="middle">${text}</text>`;
}

function drawPitch(heard: Float64Array, speaking: readonly boolean[], box: Box, xOf: (second: number) => number) {
  const track = pitchTrack(heard);
  const span = Math.log2(PITCH_HZ.high / PITCH_HZ.low);
  const yOf = (hertz: number) => box.y + box.height * (1 - Math.log2(hertz / PITCH_HZ.low) / span);
  const lines: string[][] = [];
  let last = 0;
  const tones: number[] = [];
  track.hertz.forEach((found, at) => {
    const hertz = speaking[at] ? Math.max(PITCH_HZ.low, Math.min(PITCH_HZ.high, found)) : 0;
    const voiced = found > 0 && hertz > 0;
    if (voiced) {
      tones.push(found);
      if (last === 0 || Math.abs(12 * Math.log2(hertz / last)) > JUMP_SEMITONES) lines.push([]);
      lines.at(-1)!.push(`${round(xOf((at * ACTIVITY_HOP) / HEARING_RATE_HZ + 0.015))},${round(yOf(hertz))}`);
    }
    last = voiced ? hertz : 0;
  });
  const melody = melodyOf(track, speaking);
  const median = tones.sort((a, b) => a - b)[tones.length >> 1];
  const words =
    median === undefined
      ? 'no pitch found'
      : `median ${Math.round(median)} Hz, spread ${melody.spreadSemitones.toFixed(1)} semitones, voiced ${Math.round(melody.voicedShare * 100)} % of the speech`;
  const ticks = PITCH_TICKS_HZ.map((hertz) => ({ at: yOf(hertz), label: String(hertz) }));
  // One point alone is drawn as a line of no length: its round ends make it a dot.
  const paths = lines.map((points) => {
    const kind = points.length < TONE_FRAMES ? 'pitch stray' : 'pitch';
    return `<polyline class="${kind}" points="${points.length === 1 ? `${points[0]} ${points[0]}` : points.join(' ')}"/>`;
  });
  return { svg: `${valueAxis(box, ticks)}${unit(box, 'Hz')}${paths.join('')}${frame(box)}`, words };
}

function timeAxis(box: Box, ticks: readonly Tick[], xOf: (second: number) => number): string {
  const bottom = box.y + box.height;
  const marks = ticks.map(
    ({ at, label }) =>
      `<line x1="${round(xOf(at))}" x2="${round(xOf(at))}" y1="${bottom}" y2="${bottom + 4}" stroke="#8b95a3"/><text class="tick" x="${round(xOf(at))}" y="${bottom + 16}" text-anchor="middle">${label}</text>`,
  );
  return `${marks.join('')}<text class="tick" x="${box.x + box.width / 2}" y="${bottom + 32}" text-anchor="middle">seconds</text>`;
}
