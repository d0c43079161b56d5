/** Feeds decoders with what nobody should send, and watches what they throw, what they allocate and how long they take. */
import { getHeapStatistics } from 'node:v8';
import { INPUT_BYTES_MAX, mutate } from './mutate.js';
import { createChance } from './random.js';
import type { Target } from './targets.js';

/** Time one input may take when the machine is quiet. */
export const INPUT_MS_MAX = 100;
/** A slow or greedy input is fed again: others share the machine, and the collector comes when it likes. */
const TRIES = 3;

export interface FuzzFinding {
  readonly target: string;
  readonly seed: number;
  readonly problem: string;
  /** In hex; `--replay` takes it. */
  readonly input: string;
}

export interface FuzzTally {
  readonly target: string;
  inputs: number;
  bytes: number;
  elapsedMs: number;
  slowestMs: number;
  /** Largest growth of heap and buffers by one input. */
  allocatedMax: number;
}

export interface FuzzReport {
  readonly tallies: readonly FuzzTally[];
  readonly findings: readonly FuzzFinding[];
}

/** Inputs of one seed; each has its own chance, so that an input depends on nothing but the seed and its target. */
export const INPUTS_PER_SEED = 256;

/** Runs over seeds `from`, `from` + 1, … until `enough` says so. One finding per target ends that target. */
export async function fuzz(
  targets: readonly Target[],
  from: number,
  enough: (inputs: number, elapsedMs: number) => boolean,
): Promise<FuzzReport> {
  const tallies = targets.map(({ name }) => ({ target: name, inputs: 0, bytes: 0, elapsedMs: 0, slowestMs: 0, allocatedMax: 0 }));
  const findings: FuzzFinding[] = [];
  const startedAtMs = performance.now();
  let inputs = 0;
  for (let seed = from; findings.length < targets.length && !enough(inputs, performance.now() - startedAtMs); seed += 1) {
    for (const [index, target] of targets.entries()) {
      const tally = tallies[index];
      if (tally === undefined || findings.some((finding) => finding.target === target.name)) continue;
      const chance = createChance(seed * 1_000 + index);
      for (let count = (INPUTS_PER_SEED * target.share) >> 2; count > 0; count -= 1) {
        const input = mutate(target.seeds, chance);
        const problem = await feed(target, input, tally);
        inputs += 1;
        if (problem === null) continue;
        findings.push({ target: target.name, seed, problem, input: Buffer.from(input).toString('hex') });
        break;
      }
    }
  }
  return { tallies, findings };
}

/** Null: the decoder kept its promises. */
export async function feed(target: Target, input: Uint8Array, tally: FuzzTally): Promise<string | null> {
  if (input.length > INPUT_BYTES_MAX) return null;
  tally.inputs += 1;
  tally.bytes += input.length;
  const limit = target.allocatesMax(input.length);
  let least = { elapsedMs: Number.POSITIVE_INFINITY, allocated: Number.POSITIVE_INFINITY };
  for (let tries = 0; tries < TRIES; tries += 1) {
    const before = allocated();
    const startedAtMs = performance.now();
    try {
      const feeding = target.feed(input);
      if (feeding !== undefined) await feeding;
    } catch (error) {
      return `threw ${error instanceof Error ? `${error.name}: ${error.message}` : String(error)}`;
    }
    const elapsedMs = performance.now() - startedAtMs;
    if (tries === 0) tally.elapsedMs += elapsedMs;
    least = { elapsedMs: Math.min(least.elapsedMs, elapsedMs), allocated: Math.min(least.allocated, allocated() - before) };
    if (least.elapsedMs <= INPUT_MS_MAX / 10 && least.allocated <= limit / 2) break;
  }
  tally.slowestMs = Math.max(tally.slowestMs, least.elapsedMs);
  tally.allocatedMax = Math.max(tally.allocatedMax, least.allocated);
  if (least.elapsedMs > INPUT_MS_MAX) return `took ${Math.round(least.elapsedMs)} ms, more than ${INPUT_MS_MAX}`;
  if (least.allocated > limit) return `allocated ${least.allocated} bytes for an input of ${input.length}, more than ${limit}`;
  return null;
}

function allocated(): number {
  const { used_heap_size: heap, external_memory: external } = getHeapStatistics();
  return heap + external;
}
