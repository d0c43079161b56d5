/** One network of the judge in its own confined process, one run at a time, started when needed and again after it died. */
import { isFailure } from '../../protocol/failure.js';
import { scoringFailure } from '../failures.js';
import type { NeuralGraph, PinnedFile } from '../neural/source.js';
import type { EngineName, RunLimits } from '../ports.js';
import type { Slots } from './frames.js';
import { type GraphProcess, type GraphTensor, openGraph } from './graph-process.js';
import { readPinned } from './judge-models.js';
import type { Confinement } from './sandbox.js';

const MEBI = 1024 ** 2;
const DAYS_30_SECONDS = 30 * 86_400;
/** A judge is pinned and lives as long as the node: its bounds are against accidents, not against its maker. */
export const JUDGE_RUN_LIMITS: Readonly<Record<EngineName, RunLimits>> = {
  native: {
    memoryBytes: 8192 * MEBI,
    cpuSeconds: DAYS_30_SECONDS,
    loadTimeoutMs: 300_000,
    utteranceTimeoutMs: 120_000,
    audioSecondsMax: 60,
  },
  wasm: {
    memoryBytes: 8192 * MEBI,
    cpuSeconds: DAYS_30_SECONDS,
    loadTimeoutMs: 600_000,
    utteranceTimeoutMs: 360_000,
    audioSecondsMax: 60,
  },
};
/** Logits of a few tokens, a decoder's output or an encoder's: a few MB at most. */
export const JUDGE_OUTPUT_BYTES_MAX = 64 * 1024 ** 2;

export interface JudgeGraph {
  /** Errors: rejects with scoring.judge_failed: whatever goes wrong with a judge is our trouble, never the model's that is heard. */
  run(feeds: readonly GraphTensor[], outputs: readonly string[], slots?: Slots): Promise<readonly GraphTensor[]>;
  close(): Promise<void>;
}

export function createJudgeGraph(
  name: NeuralGraph,
  file: PinnedFile,
  { confinement, engine }: { readonly confinement: Confinement; readonly engine: EngineName },
): JudgeGraph {
  const limits = JUDGE_RUN_LIMITS[engine];
  const stopped = new AbortController();
  let process: GraphProcess | null = null;
  let last: Promise<unknown> = Promise.resolve();

  const alive = async (): Promise<GraphProcess> => {
    if (process?.alive) return process;
    await process?.close();
    process = await openGraph(
      confinement,
      await readPinned(name, file),
      { engine, limits, outputBytesMax: JUDGE_OUTPUT_BYTES_MAX },
      stopped.signal,
    );
    return process;
  };
  const run: JudgeGraph['run'] = async (feeds, outputs, slots) => {
    try {
      stopped.signal.throwIfAborted();
      return (await (await alive()).run(feeds, outputs, stopped.signal, { ...(slots === undefined ? {} : { slots }) })).tensors;
    } catch (error) {
      if (stopped.signal.aborted) throw scoringFailure('scoring.judge_closed');
      const problem = isFailure(error) ? `${error.code}: ${error.message}` : String(error);
      throw scoringFailure('scoring.judge_failed', { problem: `${name}: ${problem}` }, error);
    }
  };

  return {
    run(feeds, outputs, slots) {
      const mine = last.then(() => run(feeds, outputs, slots));
      last = mine.catch(() => {});
      return mine;
    },
    async close() {
      stopped.abort(scoringFailure('scoring.judge_closed'));
      await last;
      await process?.close();
    },
  };
}

export function float32Tensor(name: string, dims: readonly number[], values: Float32Array): GraphTensor {
  return { name, type: 'float32', dims, bytes: new Uint8Array(values.buffer, values.byteOffset, values.byteLength) };
}

export function int64Tensor(name: string, dims: readonly number[], values: readonly number[]): GraphTensor {
  const data = BigInt64Array.from(values, BigInt);
  return { name, type: 'int64', dims, bytes: new Uint8Array(data.buffer) };
}

/** Errors: throws scoring.judge_failed when there is no such float32 tensor, or it has fewer elements. */
export function floatsOf(tensors: readonly GraphTensor[], name: string, lengthMin = 1): Float32Array {
  const found = tensors.find((tensor) => tensor.name === name);
  const length = found === undefined ? 0 : found.bytes.length / 4;
  if (found?.type !== 'float32' || length < lengthMin) {
    throw scoringFailure('scoring.judge_failed', { problem: `${name} has ${length} float32 numbers, at least ${lengthMin} are expected` });
  }
  return new Float32Array(found.bytes.buffer, found.bytes.byteOffset, length);
}
