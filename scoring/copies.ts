import type { Hotkey, ModelDigest } from '../protocol/names.js';

/** Output distance below which two models are the same voice, ppm of the fingerprint scale. Calibrated in docs/scoring.md, "Copies". */
export const COPY_DISTANCE_PPM = 100_000;
/** Below this one was made from the other. */
export const DERIVATIVE_DISTANCE_PPM = 250_000;
/** Tensors in common, percent of all tensors of both (each counted once). Windows and filter banks alone make no kinship. */
export const COPY_TENSOR_PERCENT = 90;
export const DERIVATIVE_TENSOR_PERCENT = 50;

export interface Claimant {
  readonly hotkey: Hotkey;
  readonly model: ModelDigest;
  readonly commitmentBlock: number;
  readonly tensorDigests: readonly string[];
  /** Same-seed output picture; empty when the model made no valid audio, or was not heard in this round. */
  readonly fingerprint: string;
  /** What its hotkey offered earlier: others may be its copies, it is none itself. */
  readonly past?: boolean;
}

/**
 * How a model is kin to an earlier one of another hotkey. `copy`: the same voice, it earns nothing. `derivative`: made from it, it earns only in its
 * place, when it is better by a full epsilon.
 */
export interface Kinship {
  readonly kind: 'copy' | 'derivative';
  readonly of: Hotkey;
  readonly model: ModelDigest;
  readonly because: 'same package' | 'same tensors' | 'same output';
  readonly tensorsPercent: number;
  /** Null: the two were not heard in the same round. */
  readonly distancePpm: number | null;
}

/** Earlier commitment first; within one block the smaller hotkey text, so that everybody agrees. */
export function byCommitment(a: { commitmentBlock: number; hotkey: Hotkey }, b: { commitmentBlock: number; hotkey: Hotkey }): number {
  return a.commitmentBlock - b.commitmentBlock || (a.hotkey < b.hotkey ? -1 : a.hotkey > b.hotkey ? 1 : 0);
}

/**
 * Who made his model from whose. Each claimant is held against what was committed before it by others; it is a copy of the first one that it copies, or
 * else a derivative of the first one that it derives from. A copy is never an original for a third one.
 *
 * `remembered`: what was found in the round before. It stands where two models were not heard together in this one, so that silence frees no copy.
 *
 * Shape: claimants in any order → kinship by hotkey, for those that have one. Source: docs/scoring.md, "Copies".
 */
export function findKinships(
  claimants: readonly Claimant[],
  distancePpm: (a: string, b: string) => number,
  remembered: (claimant: Claimant) => Kinship | null = () => null,
): ReadonlyMap<Hotkey, Kinship> {
  const originals: Claimant[] = [];
  const kinships = new Map<Hotkey, Kinship>();
  for (const claimant of [...claimants].sort((a, b) => byCommitment(a, b) || (a.model < b.model ? -1 : 1))) {
    const others = originals.filter(({ hotkey }) => hotkey !== claimant.hotkey && !descends(hotkey, claimant.hotkey, kinships));
    const found = others.flatMap((original) => kinshipOf(claimant, original, distancePpm, remembered(claimant)) ?? []);
    const kinship = found.find(({ kind }) => kind === 'copy') ?? found[0];
    if (kinship !== undefined && claimant.past !== true) kinships.set(claimant.hotkey, kinship);
    if (kinship?.kind !== 'copy') originals.push(claimant);
  }
  return kinships;
}

/** Was this one's voice made from the other's, over any number of steps? Then the other one's next model is no child of it. */
function descends(hotkey: Hotkey, from: Hotkey, kinships: ReadonlyMap<Hotkey, Kinship>): boolean {
  const parent = kinships.get(hotkey)?.of;
  return parent !== undefined && (parent === from || descends(parent, from, kinships));
}

function kinshipOf(
  child: Claimant,
  parent: Claimant,
  distancePpm: (a: string, b: string) => number,
  before: Kinship | null,
): Kinship | null {
  const tensorsPercent = sharedPercent(child.tensorDigests, parent.tensorDigests);
  const heard = child.fingerprint !== '' && parent.fingerprint !== '';
  const distance = heard ? distancePpm(child.fingerprint, parent.fingerprint) : null;
  const of = { of: parent.hotkey, model: parent.model, tensorsPercent, distancePpm: distance };
  if (child.model === parent.model) return { ...of, kind: 'copy', because: 'same package' };
  if (tensorsPercent >= COPY_TENSOR_PERCENT) return { ...of, kind: 'copy', because: 'same tensors' };
  if (distance !== null && distance < COPY_DISTANCE_PPM) return { ...of, kind: 'copy', because: 'same output' };
  if (distance === null && before !== null && before.of === parent.hotkey && before.model === parent.model) return before;
  if (tensorsPercent >= DERIVATIVE_TENSOR_PERCENT) return { ...of, kind: 'derivative', because: 'same tensors' };
  if (distance !== null && distance < DERIVATIVE_DISTANCE_PPM) return { ...of, kind: 'derivative', because: 'same output' };
  return null;
}

/** In words, for people. */
export function kinshipEvidence({ kind, because, tensorsPercent, distancePpm }: Kinship): string {
  if (because === 'same package') return 'the package is the same';
  const limit = kind === 'copy' ? COPY_DISTANCE_PPM : DERIVATIVE_DISTANCE_PPM;
  const tensors = `${tensorsPercent} % of the tensors are the same`;
  if (because === 'same tensors') return distancePpm === null ? tensors : `${tensors}; its sound is ${distancePpm} ppm away`;
  return `the same prompts sound ${kind === 'copy' ? 'the same' : 'alike'} (${distancePpm} ppm apart, below ${limit}); ${tensors}`;
}

/** Jaccard index of the two multisets, percent, rounded down. */
export function sharedPercent(a: readonly string[], b: readonly string[]): number {
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
