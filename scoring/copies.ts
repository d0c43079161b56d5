import type { Hotkey, ModelDigest } from '../protocol/names.js';

/** Output distance below which two models are the same voice, ppm of the fingerprint scale. */
export const COPY_DISTANCE_PPM = 50_000;
/** Tensors in common, percent of all tensors of both (each counted once). Windows and filter banks alone do not make a copy. */
export const COPY_TENSOR_PERCENT = 50;

export interface Claimant {
  readonly hotkey: Hotkey;
  readonly model: ModelDigest;
  readonly commitmentBlock: number;
  readonly tensorDigests: readonly string[];
  /** Same-seed output picture; empty when the model made no valid audio. */
  readonly fingerprint: string;
}

export interface CopyFinding {
  readonly copy: Hotkey;
  readonly original: Hotkey;
  readonly because: 'same package' | 'same tensors' | 'same output';
  /** For tensors: percent shared. For output: distance in ppm. For the same package: 0. */
  readonly measure: number;
}

/** Earlier commitment first; within one block the smaller hotkey text, so that everybody agrees. */
export function byCommitment(a: { commitmentBlock: number; hotkey: Hotkey }, b: { commitmentBlock: number; hotkey: Hotkey }): number {
  return a.commitmentBlock - b.commitmentBlock || (a.hotkey < b.hotkey ? -1 : a.hotkey > b.hotkey ? 1 : 0);
}

/**
 * Who copied whom. Each claimant is held against the originals committed before it; the first kind of likeness that is found names it a
 * copy of that original. A copy is never an original for a third one.
 */
export function findCopies(claimants: readonly Claimant[], distancePpm: (a: string, b: string) => number): readonly CopyFinding[] {
  const originals: Claimant[] = [];
  const findings: CopyFinding[] = [];
  for (const claimant of [...claimants].sort(byCommitment)) {
    const finding = originals.map((original) => likeness(claimant, original, distancePpm)).find((found) => found !== null);
    if (finding) findings.push(finding);
    else originals.push(claimant);
  }
  return findings;
}

function likeness(copy: Claimant, original: Claimant, distancePpm: (a: string, b: string) => number): CopyFinding | null {
  const pair = { copy: copy.hotkey, original: original.hotkey };
  if (copy.model === original.model) return { ...pair, because: 'same package', measure: 0 };
  const percent = sharedPercent(copy.tensorDigests, original.tensorDigests);
  if (percent >= COPY_TENSOR_PERCENT) return { ...pair, because: 'same tensors', measure: percent };
  if (copy.fingerprint === '' || original.fingerprint === '') return null;
  const distance = distancePpm(copy.fingerprint, original.fingerprint);
  return distance < COPY_DISTANCE_PPM ? { ...pair, because: 'same output', measure: distance } : null;
}

/** Jaccard index of the two multisets, percent, rounded down. */
function sharedPercent(a: readonly string[], b: readonly string[]): number {
  if (a.length === 0 || b.length === 0) return 0;
  const counts = new Map<string, number>();
  for (const digest of a) counts.set(digest, (counts.get(digest) ?? 0) + 1);
  let shared = 0;
  for (const digest of b) {
    const left = counts.get(digest) ?? 0;
    if (left > 0) {
      counts.set(digest, left - 1);
      shared++;
    }
  }
  return Math.floor((shared * 100) / (a.length + b.length - shared));
}
