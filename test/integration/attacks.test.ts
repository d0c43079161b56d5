/**
 * The known attacks of models on ONNX Runtime, on both engines: refused by the pre-check before anything runs, and harmless even where the
 * pre-check is left out. Needs the compiled child: `npx tsc -p tsconfig.build.json`.
 */
import { mkdtemp, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect } from 'chai';
import { isFailure } from '../../protocol/failure.js';
import { bytesField, messageField, textField, varintField } from '../../scoring/graph/wire.js';
import { createGraphWriter } from '../../scoring/graph/writer.js';
import { RUN_LIMITS } from '../../scoring/limits.js';
import { sealPackage } from '../../scoring/onnx/package-files.js';
import { createVoiceRunner, type OnnxVoiceRunner } from '../../scoring/onnx/runner.js';
import type { PackageDescription } from '../../scoring/package.js';
import type { EngineName, RunLimits, VerifiedModel } from '../../scoring/ports.js';
import { publishedVoice } from '../../scoring/voices/published-voice.js';
import * as attacks from '../support/onnx-attacks.js';
import { importPublished } from '../support/published.js';
import { sealTinyVoice, tinyDescription } from '../support/voice-package.js';

const HELLO = { phones: ['HH', 'AH0', 'L', 'OW1', '.'], text: 'hello.', seed: 'ab'.repeat(32) };
const entry = (key: string, value: string) => messageField(13, textField(1, key), textField(2, value));
const external = (path: string, ...more: readonly Uint8Array[]) => [
  messageField(13, textField(1, 'location'), textField(2, path)),
  ...more,
  varintField(14, 1),
];

/** A tensor "audio" whose data lies elsewhere. */
const elsewhere = (path: string, ...more: readonly Uint8Array[]) =>
  attacks.rawVoice([textField(2, 'g'), attacks.initialiser('audio', [1, 1, 4], ...external(path, ...more))]);

/** The same inside the values of a sparse tensor. */
const sparse = (path: string) => {
  const values = messageField(1, ...attacks.tensorFields('audio', [4], ...external(path)));
  const indices = messageField(2, varintField(1, 4), varintField(2, 7), bytesField(9, new Uint8Array(32)));
  return attacks.rawVoice([textField(2, 'g'), messageField(15, values, indices, varintField(3, 1), varintField(3, 1), varintField(3, 4))]);
};

/** The same in the attribute of a Constant. */
const constant = (path: string) => {
  const tensor = messageField(5, ...attacks.tensorFields('t', [1, 1, 4], ...external(path)));
  return attacks.rawVoice([
    textField(2, 'g'),
    attacks.node('Constant', [], ['audio'], messageField(5, textField(1, 'value'), tensor, varintField(20, 4))),
  ]);
};

/** The same in the values of a sparse tensor that a Constant holds. */
const sparseConstant = (path: string) => {
  const values = messageField(1, ...attacks.tensorFields('v', [4], ...external(path)));
  const indices = messageField(2, varintField(1, 4), varintField(2, 7), bytesField(9, new Uint8Array(32)));
  const tensor = messageField(22, values, indices, varintField(3, 1), varintField(3, 1), varintField(3, 4));
  return attacks.rawVoice([
    textField(2, 'g'),
    attacks.node('Constant', [], ['audio'], messageField(5, textField(1, 'sparse_value'), tensor, varintField(20, 11))),
  ]);
};

/** A few bytes that ask for a hundred and sixty gigabytes, before anything is said. */
const square = () =>
  attacks.tinyVoice((writer) => {
    const blank = writer.node('ConstantOfShape', [writer.integers([200_000, 200_000])]);
    return writer.node('Reshape', [blank, writer.integers([1, 1, -1])]);
  });

/** Longer than the pre-check allows; ONNX Runtime takes it. */
const chain = (nodes: number) =>
  attacks.tinyVoice((writer, tokens) => {
    let value = writer.node('Cast', [tokens], { to: { int: 1 } });
    for (let n = 0; n < nodes; n += 1) value = writer.node('Neg', [value]);
    return writer.node('Reshape', [value, writer.integers([1, 1, -1])]);
  });

describe('attacks by models', function () {
  this.timeout(120_000);
  const cleanUps: (() => Promise<void>)[] = [];
  afterEach(async () => {
    for (const cleanUp of cleanUps.splice(0).reverse()) await cleanUp();
  });

  // One each: finding out how to confine takes longer than most attacks.
  const runners = new Map<string, OnnxVoiceRunner>();
  const runnerOf = (engine: EngineName, skipPrecheck: boolean): OnnxVoiceRunner => {
    const key = `${engine}/${skipPrecheck}`;
    const runner = runners.get(key) ?? createVoiceRunner({ engine, skipPrecheck });
    runners.set(key, runner);
    return runner;
  };

  async function outcomeOf(
    model: VerifiedModel,
    options: { engine: EngineName; skipPrecheck?: boolean; limits?: Partial<RunLimits> },
  ): Promise<string> {
    const { engine, skipPrecheck = false, limits } = options;
    try {
      const session = await runnerOf(engine, skipPrecheck).open(model, { ...RUN_LIMITS[engine], ...limits });
      cleanUps.push(() => session.close());
      await session.synthesise(HELLO);
      return 'spoke';
    } catch (error) {
      if (!isFailure(error)) throw error;
      return error.code;
    }
  }

  for (const engine of ['native', 'wasm'] as const) {
    describe(engine, () => {
      it('read no file and no memory of ours, whatever the path and wherever the tensor stands', async () => {
        const folder = await mkdtemp(join(tmpdir(), 'voxd-test-secret-'));
        cleanUps.push(() => rm(folder, { recursive: true, force: true }));
        await writeFile(join(folder, 'secret.bin'), new Float32Array([1, 2, 3, 4]));
        await symlink(join(folder, 'secret.bin'), join(folder, 'link.bin'));
        const memory = elsewhere('*/_ORT_MEM_ADDR_/*', entry('offset', '4194304'), entry('length', '16'));
        const paths = [
          'secret.bin',
          '../../../../etc/passwd',
          '/etc/passwd',
          '/proc/self/environ',
          join(folder, 'secret.bin'),
          join(folder, 'link.bin'),
        ];
        const graphs = [
          ...paths.map((path) => elsewhere(path)),
          memory,
          constant('/etc/passwd'),
          sparse('/etc/passwd'),
          sparseConstant('/etc/passwd'),
        ];
        for (const [at, graph] of graphs.entries()) {
          const model = await sealTinyVoice(graph, cleanUps);
          expect(await outcomeOf(model, { engine }), `pre-check, ${at}`).to.be.oneOf(['model.external_data', 'model.feature_refused']);
          expect(await outcomeOf(model, { engine, skipPrecheck: true }), `engine, ${at}`).to.equal('scoring.load_failed');
        }
      });

      it('crash nothing with graphs in graphs or more nodes than are allowed', async () => {
        const nested = await sealTinyVoice(attacks.nestedVoice(60), cleanUps);
        expect(await outcomeOf(nested, { engine })).to.equal('model.graph_malformed');
        expect(await outcomeOf(nested, { engine, skipPrecheck: true })).to.match(
          /^(spoke|scoring\.(load_failed|memory_exceeded|child_crashed))$/,
        );
        const lessNested = await sealTinyVoice(attacks.nestedVoice(32), cleanUps);
        expect(await outcomeOf(lessNested, { engine })).to.equal('model.graph_malformed');
        expect(await outcomeOf(lessNested, { engine, skipPrecheck: true })).to.equal('spoke');
        const veryLong = await sealTinyVoice(chain(100_000), cleanUps);
        expect(await outcomeOf(veryLong, { engine })).to.equal('model.graph_malformed');
        const long = await sealTinyVoice(chain(20_001), cleanUps);
        expect(await outcomeOf(long, { engine })).to.equal('model.graph_malformed');
        expect(await outcomeOf(long, { engine, skipPrecheck: true })).to.equal('spoke');
      });

      it('get no more memory than they may have, however few bytes ask for it', async () => {
        expect(await outcomeOf(await sealTinyVoice(square(), cleanUps), { engine })).to.equal('scoring.memory_exceeded');
      });

      it('run no loop for ever, not even where the manifest allows loops', async () => {
        const model = await sealLoops(attacks.loopVoice());
        const outcome = await outcomeOf(model, { engine, limits: { utteranceTimeoutMs: 800 } });
        expect(outcome).to.be.oneOf(['scoring.utterance_timeout', 'scoring.starved']);
      });

      it('hide nothing in the second graph', async () => {
        const { model } = await importPublished('matcha', cleanUps);
        const replaced = async (vocoder: Uint8Array) => {
          await writeFile(join(model.directory, 'hifigan_v2.onnx'), vocoder);
          const { schema: _s, files: _f, chunkSizeBytes: _c, ...description } = model.manifest;
          return sealPackage(model.directory, description);
        };
        expect(await outcomeOf(await replaced(vocoderVoice((w) => w.node('Multinomial', ['mel']))), { engine })).to.equal(
          'model.operator_refused',
        );
        expect(await outcomeOf(await replaced(publishedVoice('piper')['en_US-voice-low.onnx']!), { engine })).to.equal(
          'model.interface_mismatch',
        );
        const bomb = vocoderVoice((w) => {
          let value = w.node('Reshape', ['mel', w.integers([1, -1])]);
          for (let n = 0; n < 24; n += 1) value = w.node('Concat', [value, value], { axis: { int: 1 } });
          return value;
        });
        expect(await outcomeOf(await replaced(bomb), { engine })).to.equal('scoring.memory_exceeded');
        const flat = vocoderVoice((w) => w.node('Reshape', ['mel', w.integers([-1])]));
        expect(await outcomeOf(await replaced(flat), { engine })).to.be.oneOf(['scoring.audio_shape', 'scoring.load_failed']);
      });
    });
  }

  async function sealLoops(graph: Uint8Array): Promise<VerifiedModel> {
    const directory = await mkdtemp(join(tmpdir(), 'voxd-test-voice-'));
    cleanUps.push(() => rm(directory, { recursive: true, force: true }));
    await writeFile(join(directory, 'voice.onnx'), graph);
    const description: PackageDescription = { ...tinyDescription(), operators: 'loops' };
    return sealPackage(directory, description);
  }
});

function vocoderVoice(body: (writer: ReturnType<typeof createGraphWriter>) => string): Uint8Array {
  const writer = createGraphWriter();
  writer.input('mel', 'float32', ['N', 80, 'L']);
  writer.node('Identity', [body(writer)], {}, 'audio');
  writer.output('audio', 'float32', ['N', 'T']);
  return writer.bytes({ name: 'v', opset: 15, irVersion: 8, producer: 'test', metadata: {} });
}
