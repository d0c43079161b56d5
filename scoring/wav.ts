/** RIFF/WAVE, mono: PCM of 16 bits and 32-bit float, both ways. */
import { err, ok, type Result } from '../protocol/result.js';
import type { Audio } from './audio.js';

export type WavFormat = 'pcm16' | 'float32';

export const WAV_SIZE_BYTES_MAX = 64 * 1024 * 1024;
const SAMPLE_RATE_HZ_MAX = 192_000;
const HEADER_BYTES = 44;
const CODE = { pcm: 1, float: 3, extensible: 0xfffe } as const;
const PCM16_PEAK = 32_767;

export function encodeWav(audio: Audio, format: WavFormat = 'pcm16'): Uint8Array {
  const width = format === 'pcm16' ? 2 : 4;
  const bytes = new Uint8Array(HEADER_BYTES + audio.samples.length * width);
  const view = new DataView(bytes.buffer);
  const text = (at: number, value: string) => bytes.set(new TextEncoder().encode(value), at);
  text(0, 'RIFF');
  view.setUint32(4, bytes.length - 8, true);
  text(8, 'WAVEfmt ');
  view.setUint32(16, 16, true);
  view.setUint16(20, format === 'pcm16' ? CODE.pcm : CODE.float, true);
  view.setUint16(22, 1, true);
  view.setUint32(24, audio.sampleRateHz, true);
  view.setUint32(28, audio.sampleRateHz * width, true);
  view.setUint16(32, width, true);
  view.setUint16(34, width * 8, true);
  text(36, 'data');
  view.setUint32(40, audio.samples.length * width, true);
  audio.samples.forEach((sample, index) => {
    const at = HEADER_BYTES + index * width;
    if (format === 'float32') view.setFloat32(at, sample, true);
    else view.setInt16(at, Math.round(Math.max(-1, Math.min(1, sample)) * PCM16_PEAK), true);
  });
  return bytes;
}

interface Layout {
  readonly format: WavFormat;
  readonly channels: number;
  readonly sampleRateHz: number;
}

/** Shape: file bytes → audio; several channels are mixed into one. Errors: what is wrong, in words. Limit: WAV_SIZE_BYTES_MAX. */
export function decodeWav(bytes: Uint8Array): Result<Audio, string> {
  if (bytes.length > WAV_SIZE_BYTES_MAX) return err(`at most ${WAV_SIZE_BYTES_MAX} bytes, this has ${bytes.length}`);
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const name = (at: number) => String.fromCharCode(...bytes.subarray(at, at + 4));
  if (bytes.length < 12 || name(0) !== 'RIFF' || name(8) !== 'WAVE') return err('not a RIFF/WAVE file');
  let layout: Layout | undefined;
  for (let at = 12; at + 8 <= bytes.length; ) {
    const size = view.getUint32(at + 4, true);
    const body = at + 8;
    if (name(at) === 'fmt ') {
      if (size < 16 || body + size > bytes.length) return err('the fmt chunk is cut off');
      const read = layoutOf(view, body, size);
      if (!read.ok) return read;
      layout = read.value;
    }
    if (name(at) === 'data') {
      if (layout === undefined) return err('data before fmt');
      return ok(samplesOf(view, body, Math.min(size, bytes.length - body), layout));
    }
    at = body + size + (size % 2);
  }
  return err('no data chunk');
}

function layoutOf(view: DataView, at: number, size: number): Result<Layout, string> {
  const declared = view.getUint16(at, true);
  const code = declared === CODE.extensible && size >= 26 ? view.getUint16(at + 24, true) : declared;
  const channels = view.getUint16(at + 2, true);
  const sampleRateHz = view.getUint32(at + 4, true);
  const bits = view.getUint16(at + 14, true);
  if (channels < 1 || channels > 8) return err(`${channels} channels`);
  if (sampleRateHz < 1 || sampleRateHz > SAMPLE_RATE_HZ_MAX) return err(`${sampleRateHz} Hz`);
  if (code === CODE.pcm && bits === 16) return ok({ format: 'pcm16', channels, sampleRateHz });
  if (code === CODE.float && bits === 32) return ok({ format: 'float32', channels, sampleRateHz });
  return err(`format ${code} with ${bits} bits; 16-bit PCM or 32-bit float is read`);
}

function samplesOf(view: DataView, at: number, size: number, layout: Layout): Audio {
  const width = layout.format === 'pcm16' ? 2 : 4;
  const samples = new Float32Array(Math.floor(size / (width * layout.channels)));
  for (let n = 0; n < samples.length; n += 1) {
    // Negative zero adds nothing, not even to negative zero: one channel comes back bit for bit.
    let sum = -0;
    for (let channel = 0; channel < layout.channels; channel += 1) {
      const from = at + (n * layout.channels + channel) * width;
      sum += layout.format === 'pcm16' ? view.getInt16(from, true) / PCM16_PEAK : view.getFloat32(from, true);
    }
    samples[n] = sum / layout.channels;
  }
  return { samples, sampleRateHz: layout.sampleRateHz };
}
