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

export const FINGERPRINT_BANDS = 20;
export const FINGERPRINT_SEGMENTS = 24;
/** Hex digits of one utterance's fingerprint. */
export const FINGERPRINT_HEX = FINGERPRINT_BANDS * FINGERPRINT_SEGMENTS * 2;
/** Utterances whose fingerprints make up a model's: what one record has room for. */
export const FINGERPRINT_UTTERANCES = 4;
const PICTURE_RANGE_DB = 60;
const BLANK = '0'.repeat(FINGERPRINT_HEX);

/** Shape: log-mel rows of 40 bands → 20 bands by 24 time segments, one byte each, as hex; 255 is the loudest cell, 0 is 60 dB below. */
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
 * How far two models' pictures of the same prompts lie apart: 0 the same, 1,000,000 as far as two different texts. Utterances that one of
 * them failed are left out. Shape: two fingerprints → ppm. Source: docs/scoring.md, "Digest and fingerprint".
 */
export function fingerprintDistance(a: string, b: string): number {
  let [difference, spread] = [0, 0];
  for (let at = 0; at + FINGERPRINT_HEX <= Math.min(a.length, b.length); at += FINGERPRINT_HEX) {
    const [one, other] = [a.slice(at, at + FINGERPRINT_HEX), b.slice(at, at + FINGERPRINT_HEX)];
    if (one === BLANK || other === BLANK) continue;
    const [left, right] = [Buffer.from(one, 'hex'), Buffer.from(other, 'hex')];
    for (let n = 0; n < left.length; n++) difference += Math.abs(left[n]! - right[n]!);
    spread += (spreadOf(left) + spreadOf(right)) / 2;
  }
  if (spread === 0) return 1_000_000;
  return Math.min(1_000_000, Math.round((1_000_000 * difference) / spread));
}

function spreadOf(bytes: Uint8Array): number {
  const mean = bytes.reduce((sum, value) => sum + value, 0) / bytes.length;
  return bytes.reduce((sum, value) => sum + Math.abs(value - mean), 0);
}

function loudest(levels: Float64Array): number {
  return levels.reduce((top, level) => Math.max(top, level), Number.NEGATIVE_INFINITY);
}
