/** Needs the compiled child: `npx tsc -p tsconfig.build.json`. */
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect } from 'chai';
import { isFailure } from '../../protocol/failure.js';
import { evaluateModel } from '../../scoring/evaluate.js';
import { RUN_LIMITS } from '../../scoring/limits.js';
import { neuralFeatures } from '../../scoring/neural/features.js';
import { dnsmosOf, speechShare } from '../../scoring/neural/profile.js';
import type { NeuralFiles, PinnedFile } from '../../scoring/neural/source.js';
import { createJudgeGraph } from '../../scoring/onnx/judge-graph.js';
import { openNeuralModels } from '../../scoring/onnx/judge-models.js';
import { activity, cleanliness, createNeuralJudge, type NeuralJudge } from '../../scoring/onnx/neural-judge.js';
import { verifyPackage } from '../../scoring/onnx/package-files.js';
import { sealVoiceFolder } from '../../scoring/onnx/package-import.js';
import { createVoiceRunner } from '../../scoring/onnx/runner.js';
import { type Confinement, findConfinement } from '../../scoring/onnx/sandbox.js';
import { transcribe } from '../../scoring/onnx/whisper.js';
import type { EngineName } from '../../scoring/ports.js';
import { drawPrompts } from '../../scoring/prompts.js';
import { encodeRecord } from '../../scoring/record.js';
import { createJudgePool } from '../../scoring/threads/judge-pool.js';
import { createLocalJudge } from '../../scoring/threads/local-judge.js';
import { generateVoicePackage } from '../../scoring/voices/onnx-voice.js';
import { REFERENCE_VOICES, synthesiseReference } from '../../scoring/voices/reference.js';
import { decodeWav } from '../../scoring/wav.js';
import {
  decoderOf,
  dnsmosGraph,
  type JudgeBytes,
  judgeBytes,
  sileroGraph,
  speakerGraph,
  utmosGraph,
  whisperEncoderGraph,
  writeJudges,
} from '../support/judge-graphs.js';
import { temporaryDirectory } from '../support/temporary.js';

const [PROMPT, OTHER] = drawPrompts('neural judge', 2, { kinds: ['plain'] }) as [
  ReturnType<typeof drawPrompts>[0],
  ReturnType<typeof drawPrompts>[0],
];
const SPOKEN = synthesiseReference(PROMPT.phones, REFERENCE_VOICES[0]!);
/** Folder with the real Silero and DNSMOS models and a minute of human speech; see docs/scoring.md. */
const REAL = process.env['VOXD_TEST_JUDGES'];

describe('neural judge', function () {
  this.timeout(120_000);
  const directory = temporaryDirectory();
  const closing: (() => Promise<void>)[] = [];
  let confinement: Confinement;
  before(async () => {
    confinement = await findConfinement();
  });
  afterEach(async () => {
    for (const close of closing.splice(0)) await close();
  });
  after(() => directory.remove());

  let folders = 0;
  const write = (bytes: JudgeBytes): Promise<NeuralFiles> => writeJudges(join(directory.path, String(folders++)), bytes);
  async function judgeOf(bytes: JudgeBytes, engine: EngineName = 'native'): Promise<NeuralJudge> {
    const models = await openNeuralModels(await write(bytes));
    const judge = createNeuralJudge({ listener: createLocalJudge(), models, confinement }, { engine, seats: 1 });
    closing.push(() => judge.close());
    return judge;
  }
  const graphOf = (name: Parameters<typeof createJudgeGraph>[0], file: PinnedFile, engine: EngineName = 'native') => {
    const graph = createJudgeGraph(name, file, { confinement, engine });
    closing.push(() => graph.close());
    return graph;
  };
  const failure = (work: Promise<unknown>) =>
    work.then(
      () => expect.fail('it did not fail'),
      (error: unknown) => {
        if (!isFailure(error)) throw error;
        return error;
      },
    );

  for (const engine of ['native', 'wasm'] as const) {
    it(`hears with every network that the text was said, and that it was not (${engine})`, async () => {
      const judge = await judgeOf(judgeBytes(PROMPT.text), engine);
      await judge.tryOut();
      const right = await judge.judge(PROMPT, SPOKEN);
      expect(right.details).to.deep.include({ transcript: PROMPT.text });
      expect(right.parts).to.include({ activity: 1e6, clean: 1e6 });
      expect(right.parts['content']).to.be.greaterThan(900_000);
      expect(right.scorePpm).to.be.greaterThan(800_000);
      expect(right.voice).to.match(/^([0-9a-f]{2}){192}$/);
      expect(await judge.judge(PROMPT, SPOKEN)).to.deep.equal(right);
      const wrong = await judge.judge(OTHER, SPOKEN);
      expect(wrong.scorePpm).to.be.at.most(50_000);
    });
  }

  it('writes the same text with and without the memory of the decoder, on both engines', async () => {
    const mel = neuralFeatures(SPOKEN, 80).mel;
    const texts = new Set<string>();
    for (const engine of ['native', 'wasm'] as const) {
      for (const merged of [true, false]) {
        const files = await write(judgeBytes(null, merged));
        const { contracts, tokenizer } = await openNeuralModels(files);
        texts.add(
          await transcribe(
            {
              encoder: graphOf('whisperEncoder', files.whisperEncoder, engine),
              decoder: graphOf('whisperDecoder', files.whisperDecoder, engine),
              contracts: { encoder: contracts.whisperEncoder, decoder: contracts.whisperDecoder },
              tokenizer,
            },
            mel,
          ),
        );
      }
    }
    expect([...texts]).to.have.length(1);
    expect([...texts][0]!.length).to.be.greaterThan(10);
  });

  it('evaluates a generated voice from its package to a record, the same twice', async () => {
    const folder = join(directory.path, 'voice');
    const { mkdir, writeFile } = await import('node:fs/promises');
    await mkdir(folder);
    for (const [path, bytes] of Object.entries(generateVoicePackage('good', { name: 'good' }))) await writeFile(join(folder, path), bytes);
    const model = await verifyPackage(
      folder,
      (await sealVoiceFolder(folder, { name: 'good', version: '1', licence: 'CC0-1.0' })).model.digest,
    );
    const prompts = drawPrompts('neural', 3);
    const models = await openNeuralModels(await write(judgeBytes(prompts[0]!.text)));
    const judge = createNeuralJudge({ listener: createJudgePool({ threads: 1 }), models, confinement }, { engine: 'native', seats: 1 });
    closing.push(() => judge.close());
    const runner = createVoiceRunner({ engine: 'native' });
    const evaluate = () => evaluateModel({ runner, judge, model, prompts, limits: RUN_LIMITS.native, nowMs: () => performance.now() });
    const first = await evaluate();
    expect(first.prompts.map(({ fault }) => fault)).to.deep.equal([null, null, null]);
    expect(first.prompts[0]!.scorePpm).to.be.greaterThan(700_000);
    for (const { parts } of first.prompts) expect(parts['voice']).to.equal(1e6);
    expect(first.prompts[1]!.scorePpm).to.be.at.most(50_000);
    const second = await evaluate();
    expect(second.prompts).to.deep.equal(first.prompts);
    const record = {
      version: 1,
      netuid: 1,
      round: 1,
      hotkey: '5GrwvaEF5zXb26Fz9rcQpDWS57CtERHpNehXCPcNoHGKutQY' as never,
      model: model.digest,
      scorer: 'a'.repeat(64),
      promptSet: 'b'.repeat(64),
      seed: 'c'.repeat(64),
      engine: 'native',
      prompts: first.prompts.map(({ scorePpm, parts, audioDigest, fault }) => ({ scorePpm, parts, audioDigest, fault })),
      scorePpm: first.scorePpm,
      fingerprint: first.fingerprint,
    } as const;
    expect(encodeRecord(record).length).to.be.greaterThan(500);
  });

  it('answers for audio that is none without asking a network', async () => {
    const judge = await judgeOf(judgeBytes('x'));
    expect((await judge.judge(PROMPT, { samples: new Float32Array(0), sampleRateHz: 16_000 })).fault).to.equal('scoring.audio_empty');
  });

  it('counts hostile loudness and NaN of a network against the utterance, not against the machine', async () => {
    const judge = await judgeOf(judgeBytes(PROMPT.text, true, { utmos: utmosGraph(Number.NaN) }));
    const loud = { ...SPOKEN, samples: SPOKEN.samples.map((sample) => sample * 3e37) };
    const score = await judge.judge(PROMPT, loud);
    expect(score.fault).to.equal(null);
    expect(score.parts['naturalness']).to.equal(0);
  });

  describe('refuses to start', () => {
    const refusal = async (change: (files: NeuralFiles) => NeuralFiles | Promise<NeuralFiles>, others: Partial<JudgeBytes> = {}) => {
      const { code, facts, disposition } = await failure(openNeuralModels(await change(await write({ ...judgeBytes('x'), ...others }))));
      expect(disposition).to.equal('fatal');
      return { code, ...facts };
    };
    it('without a model', async () => {
      const refused = await refusal((files) => ({ ...files, utmos: { path: '/nowhere/utmos.onnx', sha256: 'a'.repeat(64) } }));
      expect(refused).to.include({ code: 'scoring.profile_incomplete', model: 'utmos' });
    });
    it('with another model than the pinned one', async () => {
      const refused = await refusal((files) => ({ ...files, dnsmos: { ...files.dnsmos, sha256: 'a'.repeat(64) } }));
      expect(refused).to.include({ code: 'scoring.profile_wrong_model', model: 'dnsmos', expected: 'a'.repeat(64) });
    });
    const UNFIT: readonly (readonly [string, Partial<JudgeBytes>, RegExp])[] = [
      ['silero', { silero: dnsmosGraph() }, /no input input/],
      ['dnsmos', { dnsmos: speakerGraph() }, /3 dimensions, not 2/],
      ['dnsmos', { dnsmos: sileroGraph() }, /3 inputs, not one/],
      ['speaker', { speaker: utmosGraph() }, /2 dimensions, not 3/],
      ['whisperEncoder', { whisperEncoder: decoderOf('x', true) }, /no input input_features/],
      ['whisperDecoder', { whisperDecoder: whisperEncoderGraph() }, /no input input_ids/],
      ['whisperTokenizer', { whisperTokenizer: new TextEncoder().encode('{}') }, /startoftranscript/],
      ['utmos', { utmos: new Uint8Array([1, 2, 3]) }, /cannot be read/],
    ];
    for (const [model, others, problem] of UNFIT) {
      it(`with ${model} that does not fit: ${problem.source}`, async () => {
        const refused = await refusal((files) => files, others);
        expect(refused).to.include({ code: 'scoring.profile_unfit', model });
        expect(refused).to.have.property('problem').that.matches(problem);
      });
    }
    it('when a network with the right names does not run', async () => {
      const judge = await judgeOf(judgeBytes('x', true, { dnsmos: dnsmosGraph([4, 4]) }));
      const { code, facts } = await failure(judge.tryOut());
      expect({ code, ...facts }).to.include({ code: 'scoring.profile_unfit', model: 'dnsmos' });
    });
  });

  it('blames itself when a judge goes missing, and hears again when it is back', async () => {
    const files = await write(judgeBytes('x'));
    const graph = graphOf('utmos', { ...files.utmos, path: `${files.utmos.path}.gone` });
    const { float32Tensor } = await import('../../scoring/onnx/judge-graph.js');
    const feeds = [float32Tensor('wave', [1, 4], new Float32Array(4))];
    expect(await failure(graph.run(feeds, ['score']))).to.include({ code: 'scoring.judge_failed', disposition: 'retry' });
    const { copyFile } = await import('node:fs/promises');
    await copyFile(files.utmos.path, `${files.utmos.path}.gone`);
    expect(await graph.run(feeds, ['score'])).to.have.length(1);
    expect(await failure(graph.run(feeds, ['nothing']))).to.include({ code: 'scoring.judge_failed' });
    expect(await graph.run(feeds, ['score'])).to.have.length(1);
  });

  it('leaves nobody waiting when it is closed while busy', async () => {
    const judge = await judgeOf(judgeBytes('x'));
    const asked = [judge.judge(PROMPT, SPOKEN), judge.judge(PROMPT, SPOKEN)].map((work) =>
      work.then(
        () => 'done',
        (error: unknown) => (isFailure(error) ? error.code : String(error)),
      ),
    );
    await Promise.all([judge.close(), judge.close()]);
    for (const each of await Promise.all(asked)) expect(each).to.be.oneOf(['done', 'scoring.judge_closed']);
    expect((await failure(judge.judge(PROMPT, SPOKEN))).code).to.equal('scoring.judge_closed');
  });

  describe('with the real networks', () => {
    before(function () {
      if (REAL) return;
      // The reason stands in the output, so that nobody takes a skipped test for a passed one.
      console.log('        VOXD_TEST_JUDGES names no folder with the real Silero and DNSMOS models: not heard');
      this.skip();
    });
    const human = async () => {
      const wav = decodeWav(await readFile(join(REAL ?? '', 'human-60s-16k.wav')));
      if (!wav.ok) throw new Error(JSON.stringify(wav.error));
      return Float32Array.from(wav.value.samples);
    };
    const pinned = async (file: string): Promise<PinnedFile> => {
      const path = join(REAL ?? '', file);
      const { createHash } = await import('node:crypto');
      return {
        path,
        sha256: createHash('sha256')
          .update(await readFile(path))
          .digest('hex'),
      };
    };
    for (const file of ['silero_vad_16k_op15.onnx', 'silero_vad_op18_ifless.onnx']) {
      it(`hears speech in 78 % of a human minute: ${file}`, async () => {
        const share = speechShare(await activity(graphOf('silero', await pinned(file)), await human()));
        expect(share).to.be.closeTo(0.779, 0.005);
      });
    }
    it('gives a human the marks that Python gives, over twelve pieces', async () => {
      const graph = graphOf('dnsmos', await pinned('dnsmos_sig_bak_ovr.onnx'));
      const contracts = { dnsmos: { input: 'input_1', output: 'Identity:0' } } as never;
      const speech = await human();
      const raw = [];
      for (let piece = 0; piece < 12; piece++)
        raw.push(...(await cleanliness(graph, { contracts }, speech.slice(piece * 80_000, (piece + 1) * 80_000))));
      const { signal, background, overall } = dnsmosOf(raw);
      // What onnxruntime says in Python with the published formula.
      expect(signal).to.be.closeTo(3.575, 0.002);
      expect(background).to.be.closeTo(3.727, 0.002);
      expect(overall).to.be.closeTo(3.093, 0.002);
    });
    it('takes both into the profile', async () => {
      const bytes = judgeBytes(PROMPT.text, true, {
        silero: await readFile(join(REAL ?? '', 'silero_vad_op18_ifless.onnx')),
        dnsmos: await readFile(join(REAL ?? '', 'dnsmos_sig_bak_ovr.onnx')),
      });
      const judge = await judgeOf(bytes);
      await judge.tryOut();
      const speech = await human();
      const person = await judge.judge(PROMPT, { samples: speech.slice(0, 80_000), sampleRateHz: 16_000 });
      expect(person.parts['activity']).to.equal(1e6);
      const noise = { samples: Float32Array.from({ length: 48_000 }, (_, n) => Math.sin(n * n * 1.7) / 4), sampleRateHz: 16_000 };
      expect((await judge.judge(PROMPT, noise)).scorePpm).to.equal(0);
    });
  });
});
