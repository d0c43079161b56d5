/** Whether the node still answers while all cores score: how late its timers come, and how long a message to a neighbour and back takes. */
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { availableParallelism, tmpdir } from 'node:os';
import { join } from 'node:path';
import { composeJudge } from '../node/compose-judges.js';
import { sealVoice } from '../node/compose-models.js';
import { composeRunner } from '../node/compose-scoring.js';
import { encodeAnnouncement } from '../protocol/announcement.js';
import { evaluateModel } from '../scoring/evaluate.js';
import { RUN_LIMITS } from '../scoring/limits.js';
import type { VerifiedModel } from '../scoring/ports.js';
import { drawPrompts } from '../scoring/prompts.js';
import { generateVoicePackage } from '../scoring/voices/onnx-voice.js';
import { aModel } from '../test/support/keys.js';
import { connect, createVillage, seal, type TestHost, until } from '../test/support/network.js';
import { type Benchmark, percentile, rowBeside } from './benchmark.js';

const TICK_MS = 5;
const BETWEEN_MESSAGES_MS = 100;

interface Measured {
  readonly lateMs: readonly number[];
  readonly roundTripMs: readonly number[];
}

/** For so long: timers and messages, one after the other. */
async function measure(a: TestHost, b: TestHost, forMs: number): Promise<Measured> {
  const lateMs: number[] = [];
  const roundTripMs: number[] = [];
  const endsAt = performance.now() + forMs;
  const ticking = (async () => {
    while (performance.now() < endsAt) {
      const dueAt = performance.now() + TICK_MS;
      await new Promise((resolve) => setTimeout(resolve, TICK_MS));
      lateMs.push(Math.max(0, performance.now() - dueAt));
    }
  })();
  let heard: () => void = () => {};
  a.host.onMessage('announce', async () => {
    heard();
    return { action: 'ignore', reason: 'measured' };
  });
  b.host.onMessage('announce', async () => {
    void message(b).then((bytes) => b.host.publish('announce', bytes));
    return { action: 'ignore', reason: 'measured' };
  });
  while (performance.now() < endsAt) {
    const from = performance.now();
    const back = new Promise<void>((resolve) => {
      heard = resolve;
    });
    await a.host.publish('announce', await message(a));
    await back;
    roundTripMs.push(performance.now() - from);
    await new Promise((resolve) => setTimeout(resolve, BETWEEN_MESSAGES_MS));
  }
  await ticking;
  return { lateMs, roundTripMs };
}

let messages = 0;

function message({ signer }: TestHost): Promise<Uint8Array> {
  messages += 1;
  return seal(
    signer,
    'announce',
    encodeAnnouncement({ model: aModel(messages), manifestSizeBytes: 100, sizeBytes: 1000, commitmentBlock: 5, providers: [] }),
  );
}

/** As many models as there are cores, over and over, until told to stop. `onPrompt`: one more was scored. */
async function scoreOnAllCores(model: VerifiedModel, onPrompt: () => void, signal: AbortSignal): Promise<void> {
  const cores = availableParallelism();
  const judge = await composeJudge(cores);
  const runner = composeRunner('native');
  const seats = Array.from({ length: cores }, async (_, seat) => {
    for (let turn = 0; !signal.aborted; turn += 1) {
      await evaluateModel({
        runner,
        judge,
        model,
        prompts: drawPrompts(`${seat}/${turn}`, 8),
        limits: RUN_LIMITS.native,
        nowMs: () => performance.now(),
        onPrompt: async () => onPrompt(),
        signal,
      });
    }
  });
  const ended = await Promise.allSettled(seats);
  await judge.close();
  for (const outcome of ended) if (outcome.status === 'rejected' && outcome.reason !== signal.reason) throw outcome.reason;
}

export const lag: Benchmark = {
  name: 'lag',
  what: 'the main loop while all cores score, beside the same when they rest',
  async run({ quick, note }) {
    const directory = await mkdtemp(join(tmpdir(), 'voxd-bench-voice-'));
    const village = createVillage();
    try {
      for (const [path, bytes] of Object.entries(generateVoicePackage('good', { name: 'bench' })))
        await writeFile(join(directory, path), bytes);
      const model = await sealVoice(directory);
      const [a, b] = [await village.host('Alice'), await village.host('Bob')];
      for (const { host } of [a, b]) host.onMessage('announce', async () => ({ action: 'ignore', reason: 'not yet' }));
      await connect(a, b);
      await until('neighbours', async () => (await a.host.publish('announce', await message(a))).recipients > 0);
      await until('neighbours', async () => (await b.host.publish('announce', await message(b))).recipients > 0);
      const forMs = quick ? 3_000 : 20_000;
      const idle = await measure(a, b, forMs);
      note(`at rest: p99 ${percentile(idle.lateMs, 0.99).toFixed(1)} ms late`);
      const stopping = new AbortController();
      let prompts = 0;
      const scoring = scoreOnAllCores(
        model,
        () => {
          prompts += 1;
        },
        stopping.signal,
      );
      await until('the first prompts', () => prompts >= availableParallelism(), 60_000);
      const before = prompts;
      const busy = await measure(a, b, forMs);
      note(`${prompts - before} prompts were scored meanwhile`);
      stopping.abort(new Error('measured'));
      await scoring;
      const row = (measure_: string, of: keyof Measured, share: number) =>
        rowBeside(
          { measure: measure_, value: percentile(busy[of], share), unit: 'ms', limit: `${availableParallelism()} models at once` },
          { name: 'at rest', value: percentile(idle[of], share) },
        );
      return [
        row('a timer is late, median', 'lateMs', 0.5),
        row('a timer is late, 99th percentile', 'lateMs', 0.99),
        row('message to a neighbour and back, median', 'roundTripMs', 0.5),
        row('message to a neighbour and back, 99th percentile', 'roundTripMs', 0.99),
      ];
    } finally {
      await village.stop();
      await rm(directory, { recursive: true, force: true });
    }
  },
};
