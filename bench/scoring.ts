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
import { generateVoicePackage } from '../scoring/voices/onnx-voice.js';
import { type Benchmark, type BenchRow, median, rowBeside } from './benchmark.js';

const PROMPTS = 8;
const SEED = '5e'.repeat(32);

/** The same graph, token ids and seeds in this process, without pre-check, pipes or limits. The first prompt twice, as the scorer does. */
async function bareRun({ manifest, directory }: VerifiedModel, prompts: readonly Prompt[]) {
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

export const scoring: Benchmark = {
  name: 'scoring',
  what: `one generated voice heard through ${PROMPTS} prompts`,
  async run({ quick, note }) {
    const directory = await mkdtemp(join(tmpdir(), 'voxd-bench-voice-'));
    const judge = await composeJudge(1);
    try {
      for (const [path, bytes] of Object.entries(generateVoicePackage('good', { name: 'bench' })))
        await writeFile(join(directory, path), bytes);
      const model = await sealVoice(directory);
      const prompts = drawPrompts(SEED, PROMPTS);
      const runs: { native: Evaluation; wasm: Evaluation; bare: Awaited<ReturnType<typeof bareRun>> }[] = [];
      // The first run warms the judge's thread and the disk cache and is not counted.
      for (let run = -1; run < (quick ? 1 : 5); run += 1) {
        const bare = await bareRun(model, prompts);
        const native = await hear('native', judge, model, prompts);
        const wasm = await hear('wasm', judge, model, prompts);
        if (run >= 0) runs.push({ native, wasm, bare });
        note(`run ${run + 1}: native ${native.timings.totalMs} ms, wasm ${wasm.timings.totalMs} ms`);
      }
      const bareLoad = { name: 'bare onnxruntime-node, ms', value: median(runs.map(({ bare }) => bare.loadMs)) };
      const bareSay = { name: 'bare onnxruntime-node, ms', value: median(runs.map(({ bare }) => bare.synthesisMs)) };
      const bareAll = { name: 'bare, without judge, ms', value: bareLoad.value + bareSay.value };
      const rowsOf = (engine: EngineName, say: string): BenchRow[] => {
        const of = (stage: keyof Evaluation['timings']) => median(runs.map((run) => run[engine].timings[stage]));
        return [
          rowBeside(
            {
              measure: `${engine}: load`,
              value: of('loadMs'),
              unit: 'ms',
              limit: 'pre-check; start of a confined Node process; the engine',
            },
            bareLoad,
          ),
          rowBeside({ measure: `${engine}: synthesis`, value: of('synthesisMs'), unit: 'ms', limit: say }, bareSay),
          {
            measure: `${engine}: judge`,
            value: of('judgeMs'),
            unit: 'ms',
            limit: 'warping against reference and decoys; beside synthesis, in a thread',
          },
          rowBeside(
            { measure: `${engine}: whole model`, value: of('totalMs'), unit: 'ms', limit: 'the judge, where synthesis is faster than it' },
            bareAll,
          ),
        ];
      };
      const audioSeconds = median(runs.map(({ bare }) => bare.audioSeconds));
      const nativeMs = median(runs.map(({ native }) => native.timings.totalMs));
      return [
        ...rowsOf('native', 'the graph itself; samples through a pipe'),
        ...rowsOf('wasm', 'one thread of WebAssembly; the same bits on every machine'),
        {
          measure: 'native: audio heard per second',
          value: (audioSeconds * 1000) / nativeMs,
          unit: 's/s',
          limit: `${audioSeconds.toFixed(1)} s of audio, first prompt twice`,
        },
      ];
    } finally {
      await judge.close();
      await rm(directory, { recursive: true, force: true });
    }
  },
};
