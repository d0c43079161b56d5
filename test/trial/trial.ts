/** What every phase of a trial works with. */
import { setTimeout as delay } from 'node:timers/promises';
import type { Check } from '../../node/devnet/result.js';
import type { Node } from './cast.js';
import type { Ground } from './ground.js';
import { networkOf } from './look.js';
import { type RoundSeen, type Rounds, weightsText } from './rounds.js';
import type { World } from './world.js';

export const PHASES = ['baseline', 'partition', 'restart', 'attack'] as const;
export type PhaseName = (typeof PHASES)[number];

export type Figure = readonly [what: string, value: string | number | null];

export interface PhaseResult {
  readonly phase: PhaseName;
  readonly ok: boolean;
  readonly seconds: number;
  readonly figures: readonly Figure[];
  readonly checks: readonly Check[];
}

export interface Trial {
  readonly world: World;
  readonly ground: Ground;
  readonly rounds: Rounds;
  readonly attackMinutes: number;
  readonly apartMsMin: number;
  /** How long a round takes. */
  readonly roundMs: number;
  readonly signal: AbortSignal;
  readonly tell: (line: string) => void;
  /** Honest nodes that have been started. */
  running(): readonly Node[];
  enter(node: Node): void;
  /** There is a partition, and who comes then is not there before. */
  readonly cuts: boolean;
}

const LOOK_MS = 500;

/** Shape: ms until it was so; null: not in time. */
export async function waitUntil(trial: Trial, isTrue: () => Promise<boolean> | boolean, timeoutMs: number): Promise<number | null> {
  const startedAtMs = Date.now();
  for (;;) {
    trial.signal.throwIfAborted();
    if (await isTrue()) return Date.now() - startedAtMs;
    if (Date.now() - startedAtMs > timeoutMs) return null;
    await delay(LOOK_MS, undefined, { signal: trial.signal });
  }
}

/** Of the given nodes, those that this one is connected with by proof. */
export async function connected(trial: Trial, node: Node, among: readonly Node[]): Promise<readonly Node[]> {
  const view = await networkOf(node);
  const hotkeys = new Set(view?.peers.map(({ hotkey }) => hotkey));
  return among.filter((other) => other !== node && hotkeys.has(trial.world.hotkeyOf(other)));
}

/** Everybody is connected with everybody: such a small network wants to be whole. */
export async function isWhole(trial: Trial, nodes: readonly Node[]): Promise<boolean> {
  const views = await Promise.all(nodes.map((node) => connected(trial, node, nodes)));
  return views.every((others) => others.length === nodes.length - 1);
}

export const seconds = (ms: number | null) => (ms === null ? null : Math.round(ms / 100) / 10);

export function within(name: string, ms: number | null, limitMs: number): Check {
  return { name, ok: ms !== null && ms <= limitMs, detail: `${ms === null ? 'not' : `${seconds(ms)} s`} (at most ${limitMs / 1_000} s)` };
}

/** Waits for rounds from this one on until one is weighed by all with equal weights; at most so many. */
export async function equalRound(trial: Trial, first: number, tries: number): Promise<{ readonly rounds: readonly RoundSeen[] }> {
  const rounds: RoundSeen[] = [];
  for (let round = first; rounds.length < tries; round += 1) {
    const seen = await trial.rounds.seen(round);
    trial.tell(roundText(seen));
    rounds.push(seen);
    if (seen.weighedByAll && seen.equal) break;
  }
  return { rounds };
}

export function roundText({ round, verdicts, weighedByAll, equal }: RoundSeen): string {
  const word = weighedByAll ? (equal ? 'weighed by all, weights equal' : 'weighed by all, weights differ') : 'not weighed by all';
  const rows = equal && weighedByAll ? verdicts.slice(0, 1) : verdicts;
  return `round ${round}: ${word}; ${rows.map(({ validator, weights, note }) => `${equal && weighedByAll ? '' : `${validator}: `}${weightsText(weights)}${note === null ? '' : ` (${note})`}`).join(' | ')}`;
}

/** The rounds, one a line, for the report. */
export const roundFigures = (rounds: readonly RoundSeen[]): readonly Figure[] =>
  rounds.map((seen) => {
    const [name, ...rest] = roundText(seen).split(': ');
    return [name ?? '', rest.join(': ')];
  });
