/**
 * The graphs of one model in one sandboxed process: start, load, run, kill. Every way in which it can end becomes a failure that says whose fault it was.
 */
import type { Failure } from '../../protocol/failure.js';
import { invariant, isFailure } from '../../protocol/failure.js';
import { scoringFailure } from '../failures.js';
import type { EngineName, RunLimits } from '../ports.js';
import { ENGINES } from './engines.js';
import {
  createFrameReader,
  encodeFrame,
  FrameError,
  NO_SLOTS,
  type Reply,
  type Request,
  type Slots,
  splitPayload,
  type TensorHeader,
  type TensorType,
} from './frames.js';
import { parseReply } from './replies.js';
import { type Confined, type Confinement, cpuTimeMs } from './sandbox.js';

/** From spawn to a loaded engine, before the model. */
export const START_TIMEOUT_MS = 20_000;
/** What the child may print on stderr before the rest is thrown away. */
export const STDERR_BYTES_MAX = 8 * 1024;
/** A run that got less than this part of one core was starved by the machine. */
const CPU_SHARE_MIN = 0.5;
const REPLY_OVERHEAD_BYTES = 1024;

export interface GraphTensor {
  readonly name: string;
  readonly type: TensorType;
  readonly dims: readonly number[];
  /** Little-endian elements. */
  readonly bytes: Uint8Array;
}

export interface GraphResult {
  readonly tensors: readonly GraphTensor[];
  /** Inside the child, without transfers. */
  readonly elapsedMs: number;
}

export interface RunOf {
  /** Which of the loaded graphs; default the first. */
  readonly graph?: number;
  readonly slots?: Slots;
}

export interface GraphProcess {
  readonly pid: number;
  /** One run at a time. Rejects with a `scoring.*` failure; after one that ended the process, `alive` is false. */
  run(feeds: readonly GraphTensor[], outputs: readonly string[], signal?: AbortSignal, of?: RunOf): Promise<GraphResult>;
  readonly alive: boolean;
  /** Kills the process group; resolves when it is gone. Idempotent. */
  close(): Promise<void>;
}

export interface GraphProcessOptions {
  readonly engine: EngineName;
  readonly limits: RunLimits;
  /** Bytes of all outputs of one run. */
  readonly outputBytesMax: number;
}

/** As openGraphs, for a model of one graph. */
export function openGraph(
  confinement: Confinement,
  bytes: Uint8Array,
  options: GraphProcessOptions,
  signal?: AbortSignal,
): Promise<GraphProcess> {
  return openGraphs(confinement, [bytes], options, signal);
}

/**
 * Starts a child and loads the graphs, whose bytes the caller has checked; `run` names one by its place here, the first where it does not.
 * Errors: scoring.child_*, scoring.load_*, scoring.memory_exceeded, scoring.cpu_exceeded, scoring.starved; the signal's reason.
 */
export async function openGraphs(
  confinement: Confinement,
  graphs: readonly Uint8Array[],
  options: GraphProcessOptions,
  signal?: AbortSignal,
): Promise<GraphProcess> {
  const { engine, limits, outputBytesMax } = options;
  signal?.throwIfAborted();
  const confined = await confinement.start(engine, limits);
  const line = createLine(confined, limits, outputBytesMax + REPLY_OVERHEAD_BYTES);
  try {
    const ready = await line.receive({ timeoutMs: START_TIMEOUT_MS, stage: 'start', signal });
    const expected = ENGINES[engine].version;
    if (ready.reply.kind !== 'ready' || ready.reply.version !== expected) {
      const problem = `expected ${ENGINES[engine].package} ${expected}, got ${JSON.stringify(ready.reply).slice(0, 100)}`;
      throw scoringFailure('scoring.child_start_failed', { problem });
    }
    // From here on no relative path leads anywhere.
    await confined.removeDirectory();
    for (const bytes of graphs) {
      const loaded = line.receive({ timeoutMs: limits.loadTimeoutMs, stage: 'load', signal });
      line.send({ kind: 'load' }, [bytes]);
      const { reply } = await loaded;
      if (reply.kind !== 'loaded') throw faultOf(reply, 'load', limits);
    }
  } catch (error) {
    await line.close();
    throw error;
  }

  return {
    pid: confined.process.pid ?? -1,
    get alive() {
      return line.alive;
    },
    async run(feeds, outputs, runSignal, { graph = 0, slots = NO_SLOTS } = {}) {
      const headers: TensorHeader[] = feeds.map(({ name, type, dims, bytes: data }) => ({ name, type, dims, sizeBytes: data.length }));
      const result = line.receive({ timeoutMs: limits.utteranceTimeoutMs, stage: 'run', signal: runSignal });
      line.send(
        { kind: 'run', graph, feeds: headers, outputs, outputBytesMax, slots },
        feeds.map(({ bytes: data }) => data),
      );
      const { reply, payload } = await result;
      if (reply.kind !== 'result') throw faultOf(reply, 'run', limits);
      return { elapsedMs: reply.elapsedMs, tensors: tensorsOf(reply.tensors, payload) };
    },
    close: () => line.close(),
  };
}

type Stage = 'start' | 'load' | 'run';

interface Await {
  readonly timeoutMs: number;
  readonly stage: Stage;
  readonly signal: AbortSignal | undefined;
}

interface Received {
  readonly reply: Reply;
  readonly payload: Uint8Array;
}

/** The pipe to the child: at most one question open, and one verdict when the child ends. */
interface Line {
  readonly alive: boolean;
  send(header: Request, payload: readonly Uint8Array[]): void;
  receive(expected: Await): Promise<Received>;
  close(): Promise<void>;
}

interface Waiting {
  readonly stage: Stage;
  readonly settle: (outcome: Received | { readonly error: unknown }) => void;
}

function createLine(confined: Confined, limits: RunLimits, payloadBytesMax: number): Line {
  const child = confined.process;
  const reader = createFrameReader(payloadBytesMax);
  let waiting: Waiting | null = null;
  let cause: Failure | null = null;
  let stderr = '';
  let alive = true;

  const end = (failure: Failure): void => {
    cause ??= failure;
    alive = false;
    confined.kill();
  };
  const settle: Waiting['settle'] = (outcome) => {
    const current = waiting;
    waiting = null;
    current?.settle(outcome);
  };

  child.stdin.on('error', () => {});
  child.stderr.on('data', (chunk: Buffer) => {
    if (stderr.length < STDERR_BYTES_MAX) stderr += chunk.toString('latin1', 0, STDERR_BYTES_MAX - stderr.length);
  });
  child.stdout.on('data', (chunk: Buffer) => {
    if (!alive) return;
    try {
      for (const { header, payload } of reader.push(chunk)) {
        const reply = parseReply(header);
        if (!reply.ok || waiting === null) throw new FrameError(reply.ok ? 'a reply without a question' : reply.error);
        settle({ reply: reply.value, payload });
      }
    } catch (error) {
      end(scoringFailure('scoring.child_misbehaved', { problem: error instanceof Error ? error.message : String(error) }));
    }
  });
  const gone = new Promise<void>((resolve) => {
    child.once('close', (code, killedBy) => {
      alive = false;
      const outOfMemory = confined.ranOutOfMemory();
      cause ??= deathOf({ stage: waiting?.stage ?? 'run', code, killedBy, stderr, limits, outOfMemory });
      settle({ error: cause });
      void confined.cleanUp().then(resolve);
    });
  });

  return {
    get alive() {
      return alive;
    },
    send(header, payload) {
      if (!alive) return;
      for (const part of encodeFrame(header, payload)) child.stdin.write(part);
    },
    receive({ timeoutMs, stage, signal }) {
      invariant(waiting === null, 'one question at a time');
      const cpuBeforeMs = cpuTimeMs(child.pid ?? -1);
      return new Promise<Received>((resolve, reject) => {
        const onTimeout = () => end(timeoutOf(stage, timeoutMs, cpuBeforeMs, cpuTimeMs(child.pid ?? -1)));
        const onAbort = () => end(scoringFailure('scoring.session_closed'));
        const timer = setTimeout(onTimeout, timeoutMs);
        signal?.addEventListener('abort', onAbort, { once: true });
        waiting = {
          stage,
          settle(outcome) {
            clearTimeout(timer);
            signal?.removeEventListener('abort', onAbort);
            if (!('error' in outcome)) resolve(outcome);
            else reject(signal?.aborted ? signal.reason : outcome.error);
          },
        };
        if (signal?.aborted) onAbort();
        // The child ended between two questions: nobody else will settle this one.
        if (!alive) void gone.then(() => settle({ error: cause }));
      });
    },
    async close() {
      end(scoringFailure('scoring.session_closed'));
      await gone;
    },
  };
}

function timeoutOf(stage: Stage, limitMs: number, cpuBeforeMs: number | null, cpuAfterMs: number | null): Failure {
  if (stage === 'start') return scoringFailure('scoring.child_start_failed', { problem: `not ready within ${limitMs} ms` });
  if (cpuBeforeMs !== null && cpuAfterMs !== null) {
    const cpuMs = cpuAfterMs - cpuBeforeMs;
    if (cpuMs < limitMs * CPU_SHARE_MIN) return scoringFailure('scoring.starved', { cpuMs, elapsedMs: limitMs });
  }
  return stage === 'load' ? scoringFailure('scoring.load_timeout', { limitMs }) : scoringFailure('scoring.utterance_timeout', { limitMs });
}

interface Death {
  readonly stage: Stage;
  readonly code: number | null;
  readonly killedBy: NodeJS.Signals | null;
  readonly stderr: string;
  readonly limits: RunLimits;
  readonly outOfMemory: boolean;
}

function deathOf({ stage, code, killedBy, stderr, limits, outOfMemory }: Death): Failure {
  const said = stderr.replace(/\s+/g, ' ').trim().slice(0, 300);
  if (stage === 'start') return scoringFailure('scoring.child_start_failed', { problem: said || `it ended with ${killedBy ?? code}` });
  if (outOfMemory) return scoringFailure('scoring.memory_exceeded', { limitBytes: limits.memoryBytes });
  if (killedBy === 'SIGXCPU') return scoringFailure('scoring.cpu_exceeded', { limitSeconds: limits.cpuSeconds });
  if (killedBy === 'SIGKILL' || killedBy === 'SIGTERM') return scoringFailure('scoring.child_killed', { signal: killedBy });
  if (isMemoryProblem(stderr)) return scoringFailure('scoring.memory_exceeded', { limitBytes: limits.memoryBytes });
  return scoringFailure('scoring.child_crashed', { signal: killedBy ?? `exit ${code}` });
}

function faultOf(reply: Reply, stage: Stage, limits: RunLimits): Failure {
  if (reply.kind === 'too-long') {
    return scoringFailure('scoring.audio_too_long', { samples: reply.sizeBytes / 4, maxSamples: 0 });
  }
  if (reply.kind !== 'fault') return scoringFailure('scoring.child_misbehaved', { problem: `a reply of kind ${reply.kind}` });
  if (isMemoryProblem(reply.problem)) return scoringFailure('scoring.memory_exceeded', { limitBytes: limits.memoryBytes });
  const problem = reply.problem.slice(0, 300);
  return stage === 'load' ? scoringFailure('scoring.load_failed', { problem }) : scoringFailure('scoring.run_failed', { problem });
}

function isMemoryProblem(text: string): boolean {
  return /bad_alloc|out of memory|heap limit|failed to allocate|allocation failed|aborted\(OOM\)|memory\.grow|tensor shape is too large/i.test(
    text,
  );
}

function tensorsOf(headers: readonly TensorHeader[], payload: Uint8Array): readonly GraphTensor[] {
  try {
    return splitPayload(headers, payload).map(({ header, bytes }) => ({ name: header.name, type: header.type, dims: header.dims, bytes }));
  } catch (error) {
    if (isFailure(error)) throw error;
    throw scoringFailure('scoring.child_misbehaved', { problem: error instanceof Error ? error.message : String(error) });
  }
}
