/** The judge on threads of its own, so that listening never holds up the main loop. */
import { Worker } from 'node:worker_threads';
import { entryPoint } from '../../protocol/entry.js';
import type { Failure } from '../../protocol/failure.js';
import { createLru, type Lru } from '../../protocol/lru.js';
import type { Audio } from '../audio.js';
import { PROMPTS_KEPT } from '../content.js';
import { scoringFailure } from '../failures.js';
import type { MelBands } from '../neural/whisper-mel.js';
import type { Judge, Listener } from '../ports.js';
import type { Prompt } from '../prompts.js';
import type { JudgeReply, JudgeRequest, Listened } from './messages.js';

/** Utterances that may wait; a caller judges a handful at a time. */
export const JUDGE_QUEUE_MAX = 64;
export const JUDGE_THREADS_MAX = 32;
/** One utterance takes a fraction of a second; a thread that is silent this long is replaced. */
export const JUDGE_TIMEOUT_MS = 60_000;

interface Job {
  readonly prompt: Prompt;
  readonly audio: Audio;
  readonly bands: MelBands | null;
  resolve(listened: Listened): void;
  reject(failure: Failure): void;
}

interface Seat {
  worker: Worker | null;
  job: Job | null;
  timer: NodeJS.Timeout | null;
  /** Seeds of the prompts it was given last: it still has their reference speech. */
  known: Lru<true>;
}

/**
 * A judge of `threads` threads, started when first needed.
 * Errors: `judge` and `listen` reject with `scoring.judge_failed`, `scoring.judge_overloaded` or `scoring.judge_closed`, all of disposition retry.
 */
export function createJudgePool(options: { readonly threads: number; readonly timeoutMs?: number }): Judge & Listener {
  const threads = Math.max(1, Math.min(JUDGE_THREADS_MAX, Math.floor(options.threads)));
  const timeoutMs = options.timeoutMs ?? JUDGE_TIMEOUT_MS;
  const seats: Seat[] = Array.from({ length: threads }, () => ({
    worker: null,
    job: null,
    timer: null,
    known: createLru<true>(PROMPTS_KEPT),
  }));
  const queue: Job[] = [];
  let closing: Promise<void> | null = null;
  let lastId = 0;

  function take(seat: Seat): void {
    if (closing || seat.job) return;
    const job = queue.shift();
    if (!job) return;
    seat.job = job;
    seat.worker ??= start(seat);
    seat.known.set(job.prompt.seed, true);
    seat.timer = setTimeout(() => replace(seat, `no answer within ${timeoutMs} ms`), timeoutMs);
    // A copy travels, because the caller may still write the audio to disk.
    const samples = Float32Array.from(job.audio.samples);
    const { prompt, bands, audio } = job;
    const request: JudgeRequest = { id: ++lastId, prompt, samples, sampleRateHz: audio.sampleRateHz, bands };
    seat.worker.postMessage(request, [samples.buffer]);
  }

  function start(seat: Seat): Worker {
    const worker = new Worker(entryPoint('scoring/threads/judge-worker'), { env: {}, execArgv: [] });
    worker.on('message', (reply: JudgeReply) => {
      if (seat.worker !== worker) return;
      const job = leave(seat);
      if ('listened' in reply) job?.resolve(reply.listened);
      else job?.reject(scoringFailure('scoring.judge_failed', { problem: reply.problem }));
      take(seat);
    });
    worker.on('error', (error) => {
      if (seat.worker === worker) replace(seat, error instanceof Error ? error.message : String(error));
    });
    worker.on('exit', (code) => {
      if (seat.worker === worker) replace(seat, `exit code ${code}`);
    });
    return worker;
  }

  function leave(seat: Seat): Job | null {
    const { job } = seat;
    if (seat.timer) clearTimeout(seat.timer);
    seat.timer = null;
    seat.job = null;
    return job;
  }

  /** The utterance at hand is lost, the next one gets a fresh thread. */
  function replace(seat: Seat, problem: string): void {
    const { worker } = seat;
    seat.worker = null;
    seat.known = createLru(PROMPTS_KEPT);
    leave(seat)?.reject(scoringFailure('scoring.judge_failed', { problem }));
    void worker?.terminate();
    take(seat);
  }

  async function shut(): Promise<void> {
    for (const job of queue.splice(0)) job.reject(scoringFailure('scoring.judge_closed'));
    await Promise.all(
      seats.map(async (seat) => {
        const { worker } = seat;
        seat.worker = null;
        leave(seat)?.reject(scoringFailure('scoring.judge_closed'));
        await worker?.terminate();
      }),
    );
  }

  function listen(prompt: Prompt, audio: Audio, bands: MelBands | null): Promise<Listened> {
    if (closing) return Promise.reject(scoringFailure('scoring.judge_closed'));
    if (queue.length >= JUDGE_QUEUE_MAX) return Promise.reject(scoringFailure('scoring.judge_overloaded', { waiting: queue.length }));
    return new Promise((resolve, reject) => {
      queue.push({ prompt, audio, bands, resolve, reject });
      const free = seats.filter(({ job: busy }) => !busy);
      const idle = free.find(({ known }) => known.has(prompt.seed)) ?? free.find(({ worker }) => worker) ?? free[0];
      if (idle) take(idle);
    });
  }

  return {
    judge: async (prompt, audio) => (await listen(prompt, audio, null)).score,
    listen,
    close() {
      closing ??= shut();
      return closing;
    },
  };
}
