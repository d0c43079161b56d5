/** Two pictures of an utterance: an exact one that validators compare, and a coarse one that shows copies. */
import { sha256Hex } from '../protocol/digest.js';
import type { Rows } from './dsp/spectrum.js';

const DIGEST_STEP_DB = 0.5;
/** Quieter than this below the loudest cell is not looked at: rounding noise lives there. */
const DIGEST_RANGE_DB = 60;

/** Shape: log-mel rows in dB → sha-256 over their half-decibel steps. Source: docs/scoring.md, "Digest and fingerprint". */
export function audioDigest(mel: Rows): string {
  const top = loudest(mel.data);
  const steps = Uint8Array.from(mel.data, (level) => Math.round(Math.max(0, level - top + DIGEST_RANGE_DB) / DIGEST_STEP_DB));
  return sha256Hex('voxd/audio/1', `${mel.count}x${mel.width}`, steps);
}

export const FINGERPRINT_BANDS = 10;
export const FINGERPRINT_SEGMENTS = 48;
/** Hex digits of one utterance's fingerprint. */
export const FINGERPRINT_HEX = FINGERPRINT_BANDS * FINGERPRINT_SEGMENTS * 2;
/** Utterances whose fingerprints make up a model's: what one record has room for. */
export const FINGERPRINT_UTTERANCES = 4;
/** What lies deeper is noise, which a thief may add. */
const PICTURE_RANGE_DB = 30;
const BLANK = '0'.repeat(FINGERPRINT_HEX);

/** Shape: log-mel rows of 40 bands → 10 bands by 48 time segments, one byte each, as hex; 255 is the loudest cell, 0 is 30 dB below. */
export function fingerprintOf(mel: Rows): string {
  const cells = new Float64Array(FINGERPRINT_BANDS * FINGERPRINT_SEGMENTS);
  const bandsPerCell = mel.width / FINGERPRINT_BANDS;
  for (let segment = 0; segment < FINGERPRINT_SEGMENTS; segment++) {
    const from = Math.floor((segment * mel.count) / FINGERPRINT_SEGMENTS);
    const to = Math.max(from + 1, Math.floor(((segment + 1) * mel.count) / FINGERPRINT_SEGMENTS));
    for (let band = 0; band < FINGERPRINT_BANDS; band++) {
      let sum = 0;
      for (let row = from; row < to; row++) {
        for (let k = 0; k < bandsPerCell; k++) sum += mel.data[Math.min(row, mel.count - 1) * mel.width + band * bandsPerCell + k]!;
      }
      cells[segment * FINGERPRINT_BANDS + band] = sum / ((to - from) * bandsPerCell);
    }
  }
  const top = loudest(cells);
  const scale = 255 / PICTURE_RANGE_DB;
  return Buffer.from(Uint8Array.from(cells, (level) => Math.round(Math.max(0, level - top + PICTURE_RANGE_DB) * scale))).toString('hex');
}

/** The fingerprint of a model from those of its first utterances; one that failed leaves a blank. Empty when all failed. */
export function joinFingerprints(fingerprints: readonly string[]): string {
  const first = fingerprints.slice(0, FINGERPRINT_UTTERANCES);
  return first.every((one) => one === '') ? '' : first.map((one) => one || BLANK).join('');
}

/**
 * How far two models' pictures of the same prompts lie apart: 0 the same, 1,000,000 as far as two different texts. Each band is taken about its mean, so
 * that an equaliser hides nothing, and time as a share of the utterance, so that pace does not. Utterances that one of them failed are left out.
 * Shape: two fingerprints → ppm. Source: docs/scoring.md, "Digest and fingerprint".
 */
export function fingerprintDistance(a: string, b: string): number {
  let [difference, spread] = [0, 0];
  for (let at = 0; at + FINGERPRINT_HEX <= Math.min(a.length, b.length); at += FINGERPRINT_HEX) {
    const [one, other] = [a.slice(at, at + FINGERPRINT_HEX), b.slice(at, at + FINGERPRINT_HEX)];
    if (one === BLANK || other === BLANK) continue;
    const [left, right] = [aboutMeans(Buffer.from(one, 'hex')), aboutMeans(Buffer.from(other, 'hex'))];
    for (let n = 0; n < left.length; n++) {
      difference += Math.abs(left[n]! - right[n]!);
      spread += (Math.abs(left[n]!) + Math.abs(right[n]!)) / 2;
    }
  }
  if (spread === 0) return 1_000_000;
  return Math.min(1_000_000, Math.round((1_000_000 * difference) / spread));
}

/** Whole numbers, so that every machine has the same: cells less the mean of their band, times the number of segments. */
function aboutMeans(cells: Uint8Array): Int32Array {
  const sums = new Int32Array(FINGERPRINT_BANDS);
  for (let n = 0; n < cells.length; n++) sums[n % FINGERPRINT_BANDS] = sums[n % FINGERPRINT_BANDS]! + cells[n]!;
  return Int32Array.from(cells, (cell, n) => FINGERPRINT_SEGMENTS * cell - sums[n % FINGERPRINT_BANDS]!);
}

function loudest(levels: Float64Array): number {
  return levels.reduce((top, level) => Math.max(top, level), Number.NEGATIVE_INFINITY);
}
