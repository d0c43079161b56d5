/** PNG with a palette, which is all that a spectrogram needs. */
import { crc32, deflateSync } from 'node:zlib';

export const PNG_SIDE_MAX = 4_096;
const SIGNATURE = Uint8Array.of(0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a);
const BIT_DEPTH = 8;
const INDEXED_COLOUR = 3;

export type Colour = readonly [red: number, green: number, blue: number];

/**
 * Shape: rows of palette places from the top, left to right → file bytes. Errors: throws RangeError for a size that is no picture.
 * Source: W3C, Portable Network Graphics (second edition), sections 5 and 11.
 */
export function encodePng(of: {
  readonly width: number;
  readonly height: number;
  readonly pixels: Uint8Array;
  readonly palette: readonly Colour[];
}): Uint8Array {
  const { width, height, pixels, palette } = of;
  const fits = [width, height].every((side) => Number.isInteger(side) && side >= 1 && side <= PNG_SIDE_MAX);
  if (!fits || pixels.length !== width * height || palette.length < 1 || palette.length > 256) {
    throw new RangeError(`no picture: ${width} by ${height} with ${pixels.length} pixels in ${palette.length} colours`);
  }
  const header = new Uint8Array(13);
  const view = new DataView(header.buffer);
  view.setUint32(0, width);
  view.setUint32(4, height);
  header.set([BIT_DEPTH, INDEXED_COLOUR], 8);
  // Each line begins with its filter: 0, none.
  const lines = new Uint8Array(height * (width + 1));
  for (let row = 0; row < height; row += 1) lines.set(pixels.subarray(row * width, (row + 1) * width), row * (width + 1) + 1);
  const chunks = [
    SIGNATURE,
    chunk('IHDR', header),
    chunk('PLTE', Uint8Array.from(palette.flat())),
    chunk('IDAT', deflateSync(lines, { level: 9 })),
    chunk('IEND', new Uint8Array(0)),
  ];
  return Uint8Array.from(Buffer.concat(chunks));
}

function chunk(type: string, data: Uint8Array): Uint8Array {
  const bytes = new Uint8Array(data.length + 12);
  const view = new DataView(bytes.buffer);
  view.setUint32(0, data.length);
  bytes.set(new TextEncoder().encode(type), 4);
  bytes.set(data, 8);
  view.setUint32(data.length + 8, crc32(bytes.subarray(4, data.length + 8)));
  return bytes;
}
