/** Packages in real folders: sealed, verified, damaged in every way. */
import { mkdir, mkdtemp, readFile, rename, rm, symlink, truncate, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect } from 'chai';
import { isFailure } from '../../protocol/failure.js';
import { parseModelDigest } from '../../protocol/names.js';
import { contractOf, precheckGraph } from '../../scoring/graph/precheck.js';
import { CHUNK_SIZE_BYTES, manifestBytes } from '../../scoring/manifest.js';
import { sealPackage, verifyPackage } from '../../scoring/onnx/package-files.js';
import { importVoice, sealVoiceFolder } from '../../scoring/onnx/package-import.js';
import { generateVoicePackage } from '../../scoring/voices/onnx-voice.js';
import { noiseVoice } from '../support/onnx-attacks.js';
import { tinyDescription } from '../support/voice-package.js';

const META = { name: 'voice', version: '1', licence: 'Apache-2.0' };

describe('model packages on disk', () => {
  let directory: string;
  beforeEach(async () => {
    directory = await mkdtemp(join(tmpdir(), 'voxd-test-package-'));
  });
  afterEach(() => rm(directory, { recursive: true, force: true }));

  async function sealed() {
    await writeFile(join(directory, 'voice.onnx'), noiseVoice());
    await writeFile(join(directory, 'notes.txt'), Buffer.alloc(3 * CHUNK_SIZE_BYTES + 5, 1));
    return sealPackage(directory, tinyDescription());
  }
  const verifyCode = async (expected?: string) => {
    const digest = expected === undefined ? undefined : digestFrom(expected);
    const error = await verifyPackage(directory, digest).then(
      () => 'ok',
      (reason: unknown) => reason,
    );
    if (error === 'ok') return error;
    if (!isFailure(error)) throw error;
    return error.code;
  };

  it('are what was sealed, the same each time', async () => {
    const first = await sealed();
    expect(await verifyPackage(directory, first.digest)).to.deep.equal(first);
    expect((await sealPackage(directory, tinyDescription())).digest).to.equal(first.digest);
    expect(first.manifest.files.map(({ path, chunks }) => [path, chunks.length])).to.deep.equal([
      ['notes.txt', 4],
      ['voice.onnx', 1],
    ]);
  });

  it('are refused under another digest', async () => {
    await sealed();
    expect(await verifyCode('0'.repeat(64))).to.equal('model.digest_unexpected');
  });

  it('say in which chunk a byte differs', async () => {
    const { digest } = await sealed();
    const path = join(directory, 'notes.txt');
    const bytes = await readFile(path);
    bytes[2 * CHUNK_SIZE_BYTES + 7] = 9;
    await writeFile(path, bytes);
    const failure = await verifyPackage(directory, digest).catch((error: unknown) => error);
    expect(isFailure(failure) && failure.code).to.equal('model.digest_mismatch');
    expect(isFailure(failure) && failure.facts).to.deep.equal({ file: 'notes.txt', offset: 2 * CHUNK_SIZE_BYTES });
    expect(isFailure(failure) && failure.disposition).to.equal('retry');
  });

  const damages: readonly [string, (path: (name: string) => string) => Promise<unknown>, string][] = [
    ['a file is cut', (path) => truncate(path('notes.txt'), 100), 'model.size_mismatch'],
    ['a file is gone', (path) => rm(path('voice.onnx')), 'model.file_missing'],
    ['a file is a folder', (path) => rm(path('voice.onnx')).then(() => mkdir(path('voice.onnx'))), 'model.file_missing'],
    [
      'a file is a link',
      (path) => rename(path('voice.onnx'), path('../stolen.onnx')).then(() => symlink(path('../stolen.onnx'), path('voice.onnx'))),
      'model.file_missing',
    ],
    ['there is one file more', (path) => writeFile(path('more.txt'), 'x'), 'model.extra_file'],
    ['there is a hidden file more', (path) => writeFile(path('.hidden'), 'x'), 'model.extra_file'],
    ['the manifest is gone', (path) => rm(path('manifest.json')), 'model.file_missing'],
    ['the manifest is not one', (path) => writeFile(path('manifest.json'), '{}'), 'model.manifest_malformed'],
    ['the manifest is huge', (path) => truncate(path('manifest.json'), 2 ** 30), 'model.manifest_too_large'],
  ];
  for (const [what, damage, code] of damages) {
    it(`are refused when ${what}`, async () => {
      await sealed();
      await damage((name) => join(directory, name));
      expect(await verifyCode()).to.equal(code);
      await rm(join(directory, '../stolen.onnx'), { force: true });
    });
  }

  it('are refused for good when the manifest contradicts itself', async () => {
    const { manifest } = await sealed();
    const files = manifest.files.map((file) => ({ ...file, sha256: 'b'.repeat(64) }));
    await writeFile(join(directory, 'manifest.json'), manifestBytes({ ...manifest, files }));
    expect(await verifyCode()).to.equal('model.manifest_malformed');
  });

  it('are made from a Piper voice and its configuration', async () => {
    const source = join(directory, 'source');
    const target = join(directory, 'target');
    await mkdir(source);
    for (const [name, bytes] of Object.entries(generateVoicePackage('good', { name: 'good' }))) await writeFile(join(source, name), bytes);
    const { model } = await importVoice(join(source, 'voice.onnx'), target, META);
    expect(await verifyPackage(target, model.digest)).to.deep.equal(model);
    expect(model.manifest).to.deep.include({ languages: ['en-US'], audio: { layout: 'B1T', sampleRateHz: 16_000 } });
    expect(model.manifest.graphs[0]?.inputs.map(({ values }) => values)).to.deep.equal([[], [], [667, 1000, 800]]);
    expect(model.manifest.tokens.bos).to.have.length(1);
    const graph = await readFile(join(target, 'voice.onnx'));
    expect(precheckGraph(graph, contractOf(model.manifest)).ok).to.equal(true);
  });

  it('are not made from what is no voice', async () => {
    const codeOf = async () => {
      const error: unknown = await sealVoiceFolder(directory, META).catch((reason: unknown) => reason);
      return isFailure(error) ? error.code : 'ok';
    };
    expect(await codeOf()).to.equal('model.import_incomplete');
    await writeFile(join(directory, 'voice.onnx'), noiseVoice());
    expect(await codeOf()).to.equal('model.import_incomplete');
    await writeFile(join(directory, 'voice.onnx.json'), '{"audio":{}}');
    expect(await codeOf()).to.equal('model.config_malformed');
    const { 'voice.onnx.json': config } = generateVoicePackage('good', { name: 'good' });
    await writeFile(join(directory, 'voice.onnx.json'), config!);
    await writeFile(join(directory, 'voice.onnx'), 'no graph');
    expect(await codeOf()).to.equal('model.graph_malformed');
    await rm(directory, { recursive: true });
    expect(await codeOf()).to.equal('model.folder_unreadable');
  });
});

function digestFrom(text: string) {
  const parsed = parseModelDigest(text);
  if (!parsed.ok) throw new Error(parsed.error);
  return parsed.value;
}
