import { canonicalJson, sha256Hex } from '../protocol/digest.js';
import type { Audio } from './audio.js';
import type { Prompt } from './prompts.js';

/** Parts of a prompt's score, integer ppm. */
export interface PromptScore {
  /** Named parts of this profile, each 0..1_000_000. */
  readonly parts: Readonly<Record<string, number>>;
  readonly scorePpm: number;
  /** sha-256 of the quantised log-mel spectrum, 64 hex digits: what two validators compare. */
  readonly audioDigest: string;
  /** Compact log-mel picture for copy detection, hex; empty where the audio was invalid. */
  readonly fingerprint: string;
  /** Code of the fault that made it 0 (`scoring.*`), or null. */
  readonly fault: string | null;
}

export interface Profile {
  readonly id: string;
  /** Changes with every change of code that can move a score. */
  readonly codeVersion: number;
}

export const BUILTIN_PROFILE: Profile = { id: 'builtin-1', codeVersion: 1 };

/** Shape: profile and engine identity → 64 hex digits. Scores of different scorer digests are never mixed. */
export function scorerDigest(of: { readonly profile: Profile; readonly engineId: string }): string {
  return sha256Hex('voxd/scorer/1', canonicalJson(of));
}

/** STUB being replaced. Pure function of its arguments; never throws on any audio. */
export function judgeUtterance(_prompt: Prompt, _audio: Audio): PromptScore {
  return { parts: { content: 500_000 }, scorePpm: 500_000, audioDigest: '0'.repeat(64), fingerprint: '', fault: null };
}

/** The score of a prompt on which the model itself failed. */
export function faultScore(fault: string): PromptScore {
  return { parts: {}, scorePpm: 0, audioDigest: '', fingerprint: '', fault };
}

/** STUB being replaced. Shape: all prompts of a model → ppm. A fault counts 0, never dropped. */
export function combinePrompts(scores: readonly PromptScore[]): number {
  if (scores.length === 0) return 0;
  return Math.floor(scores.reduce((sum, { scorePpm }) => sum + scorePpm, 0) / scores.length);
}

/** STUB being replaced. Shape: two fingerprints → distance 0..1_000_000 ppm. */
export function fingerprintDistance(a: string, b: string): number {
  return a === b ? 0 : 1_000_000;
}
