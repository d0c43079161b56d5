/** What it costs to hear one voice: the sandbox, the judge, and the bare engine on the same work. */
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { InferenceSession, Tensor } from 'onnxruntime-node';
import { composeJudge } from '../node/compose-judges.js';
import { sealVoice } from '../node/compose-models.js';
import { composeRunner } from '../node/compose-scoring.js';
import { unwrap } from '../protocol/result.js';
import { type Evaluation, evaluateModel } from '../scoring/evaluate.js';
import { contractOf, precheckGraph } from '../scoring/graph/precheck.js';
import { seedRandomNodes } from '../scoring/graph/random.js';
import { RUN_LIMITS } from '../scoring/limits.js';
import { fileOf } from '../scoring/manifest.js';
import { ENGINES } from '../scoring/onnx/engines.js';
import { feedsOf } from '../scoring/onnx/feeds.js';
import { ipaOf } from '../scoring/phonemes.js';
import type { EngineName, Judge, VerifiedModel } from '../scoring/ports.js';
import { drawPrompts, type Prompt } from '../scoring/prompts.js';
import { tokenise } from '../scoring/tokens.js';
import { type Benchmark, type BenchRow, median, rowBeside } from './benchmark.js';
import { heavyVoice, MEDIUM } from './heavy-voice.js';
import { residentMiB, watchingChildren } from './memory.js';

/** As a contender is heard. */
const PROMPTS = 64;
const PROMPTS_QUICK = 4;
/** Of what needs no more to be told: the other engine, two at a time. */
const FEW_PROMPTS = 8;
const RUNS = 2;
const SEED = '5e'.repeat(32);

interface Bare {
  readonly loadMs: number;
  readonly synthesisMs: number;
  readonly audioSeconds: number;
}

/** The same graph, token ids and seeds in this process, without pre-check, pipes or limits. The first prompt twice, as the scorer does. */
async function bareRun({ manifest, directory }: VerifiedModel, prompts: readonly Prompt[]): Promise<Bare> {
  const [voice] = manifest.graphs;
  const file = await readFile(join(directory, fileOf(manifest, voice?.file ?? '').path));
  const graph = unwrap(seedRandomNodes(unwrap(precheckGraph(file, contractOf(manifest)))));
  const { executionProviders, ...options } = ENGINES.native.session;
  const fromMs = performance.now();
  const session = await InferenceSession.create(graph.bytes, { executionProviders: [...executionProviders], ...options });
  const loadedMs = performance.now();
  const output = voice?.outputs.find(({ use }) => use === 'audio')?.name ?? '';
  let audioSeconds = 0;
  for (const prompt of [...prompts.slice(0, 1), ...prompts]) {
    const { ids } = unwrap(tokenise(manifest, ipaOf(prompt.phones)));
    const material = { ids, style: null, mel: null, seed: prompt.seed };
    const feeds = Object.fromEntries(
      feedsOf(voice?.inputs ?? [], graph.seedInput, material).map(({ name, type, dims, bytes }) => [name, tensorOf(type, bytes, dims)]),
    );
    const result = (await session.run(feeds, [output]))[output];
    audioSeconds += (result?.dims.at(-1) ?? 0) / manifest.audio.sampleRateHz;
  }
  const synthesisMs = performance.now() - loadedMs;
  await session.release();
  return { loadMs: loadedMs - fromMs, synthesisMs, audioSeconds };
}

function tensorOf(type: string, bytes: Uint8Array, dims: readonly number[]): Tensor {
  const { buffer, byteOffset, length } = bytes;
  if (type === 'int64') return new Tensor('int64', new BigInt64Array(buffer, byteOffset, length / 8), dims);
  if (type === 'int32') return new Tensor('int32', new Int32Array(buffer, byteOffset, length / 4), dims);
  return new Tensor('float32', new Float32Array(buffer, byteOffset, length / 4), dims);
}

async function hear(engine: EngineName, judge: Judge, model: VerifiedModel, prompts: readonly Prompt[]): Promise<Evaluation> {
  const runner = composeRunner(engine);
  const evaluation = await evaluateModel({ runner, judge, model, prompts, limits: RUN_LIMITS[engine], nowMs: () => performance.now() });
  const faults = evaluation.prompts.flatMap(({ fault }) => fault ?? []);
  if (faults.length > 0) throw new Error(`the benchmark voice failed: ${faults.join(', ')}`);
  return evaluation;
}

async function elapsed(work: () => Promise<unknown>): Promise<number> {
  const fromMs = performance.now();
  await work();
  return performance.now() - fromMs;
}

/** Models one after the other, and two at a time, as a node with that concurrency hears them; each with a judge that has heard nothing yet. */
async function workers(model: VerifiedModel, prompts: readonly Prompt[]): Promise<readonly BenchRow[]> {
  const withJudge = async (threads: number, work: (judge: Judge) => Promise<unknown>) => {
    const judge = await composeJudge(threads);
    try {
      return await elapsed(() => work(judge));
    } finally {
      await judge.close();
    }
  };
  const one = await withJudge(1, async (judge) => {
    for (let n = 0; n < 2; n += 1) await hear('native', judge, model, prompts);
  });
  const two = await withJudge(2, (judge) => Promise.all([1, 2].map(() => hear('native', judge, model, prompts))));
  const limit = `${prompts.length} prompts each; two cores have two voices and their judge to share`;
  return [
    rowBeside({ measure: 'two models, two workers', value: two / 1000, unit: 's', limit }, { name: 'one worker, s', value: one / 1000 }),
  ];
}

export const scoring: Benchmark = {
  name: 'scoring',
  what: `a voice of 15.7 million parameters (63 MB, as Piper medium) heard through ${PROMPTS} prompts`,
  async run({ quick, note }) {
    const directory = await mkdtemp(join(tmpdir(), 'voxd-bench-voice-'));
    try {
      for (const [path, bytes] of Object.entries(heavyVoice(MEDIUM))) await writeFile(join(directory, path), bytes);
      const model = await sealVoice(directory);
      const prompts = drawPrompts(SEED, quick ? PROMPTS_QUICK : PROMPTS);
      const few = prompts.slice(0, FEW_PROMPTS);
      const runs: { readonly bare: Bare; readonly native: Evaluation; readonly again: Evaluation; readonly peakMiB: number }[] = [];
      for (let run = 0; run < (quick ? 1 : RUNS); run += 1) {
        const bare = await bareRun(model, prompts);
        // A judge that has heard nothing makes the reference speech of each prompt; for the second model of a round it is there.
        const judge = await composeJudge(1);
        try {
          const { result: native, peakMiB } = await watchingChildren(() => hear('native', judge, model, prompts));
          const again = await hear('native', judge, model, prompts);
          runs.push({ bare, native, again, peakMiB });
          note(
            `run ${run + 1}: bare ${Math.round(bare.loadMs + bare.synthesisMs)} ms, first model ${native.timings.totalMs} ms, second ${again.timings.totalMs} ms`,
          );
        } finally {
          await judge.close();
        }
      }
      const ownMiB = residentMiB();
      const judge = await composeJudge(1);
      const onFew = await bareRun(model, few);
      const wasm = await hear('wasm', judge, model, few).finally(() => judge.close());
      note(`wasm: ${few.length} prompts in ${wasm.timings.totalMs} ms`);
      const pair = await workers(model, few);

      const bareOf = (take: (bare: Bare) => number) => median(runs.map(({ bare }) => take(bare)));
      const of = (which: 'native' | 'again', stage: keyof Evaluation['timings']) => median(runs.map((run) => run[which].timings[stage]));
      const bareAll = { name: 'bare onnxruntime, no judge, ms', value: bareOf(({ loadMs, synthesisMs }) => loadMs + synthesisMs) };
      const audioSeconds = bareOf((bare) => bare.audioSeconds);
      const cold = 'the judge makes the reference speech of every prompt meanwhile, on the other core';
      return [
        rowBeside({ measure: 'native, first model of a round', value: of('native', 'totalMs'), unit: 'ms', limit: cold }, bareAll),
        rowBeside(
          {
            measure: 'native, every other model',
            value: of('again', 'totalMs'),
            unit: 'ms',
            limit: 'what is said last is judged when nothing is said',
          },
          bareAll,
        ),
        rowBeside(
          {
            measure: 'native: load',
            value: of('again', 'loadMs'),
            unit: 'ms',
            limit: 'reading, digest, pre-check; a confined process; the engine; 63 MB through a pipe',
          },
          { name: 'bare onnxruntime, ms', value: bareOf(({ loadMs }) => loadMs) },
        ),
        rowBeside(
          {
            measure: 'native: synthesis',
            value: of('again', 'synthesisMs'),
            unit: 'ms',
            limit: 'the graph; samples through a pipe; the judge on the other core',
          },
          { name: 'bare onnxruntime, ms', value: bareOf(({ synthesisMs }) => synthesisMs) },
        ),
        { measure: 'judging, first model', value: of('native', 'judgeMs'), unit: 'ms', limit: 'beside synthesis, in a thread' },
        { measure: 'judging, every other model', value: of('again', 'judgeMs'), unit: 'ms', limit: 'beside synthesis, in a thread' },
        rowBeside(
          {
            measure: `wasm: synthesis of ${few.length} prompts`,
            value: wasm.timings.synthesisMs,
            unit: 'ms',
            limit: 'one thread of WebAssembly; the same bits on every machine',
          },
          { name: 'bare onnxruntime, ms', value: onFew.synthesisMs },
        ),
        ...pair,
        {
          measure: 'bare: synthesis per second of audio',
          value: bareOf((bare) => bare.synthesisMs / 1000 / bare.audioSeconds),
          unit: 's/s',
          limit: `${audioSeconds.toFixed(0)} s of audio, first prompt twice`,
        },
        {
          measure: 'native: audio heard per second',
          value: (audioSeconds * 1000) / of('again', 'totalMs'),
          unit: 's/s',
          limit: 'one core says it, the other judges',
        },
        {
          measure: 'peak memory of the model process',
          value: median(runs.map(({ peakMiB }) => peakMiB)),
          unit: 'MiB',
          limit: 'graph bytes, the engine’s copy, Node',
        },
        {
          measure: 'memory of this process',
          value: ownMiB,
          unit: 'MiB',
          limit: 'here with the bare engine inside, and the judge’s thread',
        },
      ];
    } finally {
      await rm(directory, { recursive: true, force: true });
    }
  },
};
