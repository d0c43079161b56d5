import { cpSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, truncateSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect } from 'chai';
import { EXIT } from '../../../protocol/failure.js';
import { publishedVoice } from '../../../scoring/voices/published-voice.js';
import { refusal, voxdJson } from '../../support/cli.js';

interface Score {
  readonly ok: boolean;
  readonly model: string;
  readonly scorer: string;
  readonly audio_digest: string;
  readonly score_ppm: number;
  readonly prompts: readonly {
    readonly score_ppm: number;
    readonly parts: Readonly<Record<string, number>>;
    readonly audio_digest: string;
  }[];
  readonly timings: Readonly<Record<string, number>>;
}

const DIGEST = /^[0-9a-f]{64}$/;

describe('commands about models', function () {
  this.timeout(180_000);
  let folder: string;
  let voice: string;
  let model: string;
  before(async () => {
    folder = mkdtempSync(join(tmpdir(), 'voxd-test-models-'));
    voice = join(folder, 'voice');
    ({ model } = await voxdJson<{ model: string }>(['model', 'generate', '--kind', 'good', '--out', voice]));
  });
  after(() => rmSync(folder, { recursive: true, force: true }));

  const copy = (name: string): string => {
    const path = join(folder, name);
    cpSync(voice, path, { recursive: true });
    return path;
  };
  const refused = (code: string) => ({ code, exit: EXIT.failure });

  it('a generated voice is a valid package', async () => {
    expect(model).to.match(DIGEST);
    expect(await voxdJson(['model', 'check', voice])).to.include({ ok: true, model });
  });

  it('seal makes a package of a folder with one voice', async () => {
    const path = copy('sealed');
    rmSync(join(path, 'manifest.json'));
    const sealed = await voxdJson<{ model: string }>(['model', 'seal', path, '--name', 'mine', '--licence', 'MIT']);
    expect(sealed.model).to.match(DIGEST).and.not.equal(model);
    expect(await voxdJson(['model', 'check', path])).to.include({ model: sealed.model, name: 'mine', licence: 'MIT' });
  });

  it('import a published voice, say what was found out, and stop where nothing says it', async () => {
    const source = join(folder, 'kokoro');
    mkdirSync(source);
    for (const [name, bytes] of Object.entries(publishedVoice('kokoro'))) writeFileSync(join(source, name), bytes);
    const command = ['model', 'import', source, '--out', join(folder, 'imported'), '--name', 'heart', '--licence', 'Apache-2.0'];
    const { facts } = await refusal(command, refused('model.import_incomplete'));
    expect(facts).to.have.property('problem').that.contains('--language');
    const imported = await voxdJson<{ model: string; derived: { what: string }[]; missing_symbols: string[] }>([
      ...command,
      '--language',
      'en-US',
    ]);
    expect(imported.derived.map(({ what }) => what)).to.include.members(['family', 'style', 'row of the style']);
    expect(imported.missing_symbols).to.deep.equal([]);
    const checked = await voxdJson<{ model: string; family: string }>(['model', 'check', join(folder, 'imported')]);
    expect(checked).to.include({ model: imported.model, family: 'kokoro' });
  });

  it('score prints parts, total, digests and times, the same each time', async () => {
    const args = ['model', 'score', voice, '--seed', '0a0b', '--prompts', '1', '--engine', 'native', '--profile', 'builtin-1'];
    const [first, second] = [await voxdJson<Score>(args), await voxdJson<Score>(args)];
    expect(first).to.include({ ok: true, model });
    for (const digest of [first.scorer, first.audio_digest, first.prompts[0]?.audio_digest]) expect(digest).to.match(DIGEST);
    expect(first.score_ppm).to.be.within(900_000, 1_000_000);
    expect(first.prompts).to.have.length(1);
    for (const part of Object.values(first.prompts[0]?.parts ?? {})) expect(part).to.be.within(0, 1_000_000);
    expect(first.timings).to.have.all.keys('loadMs', 'synthesisMs', 'judgeMs', 'totalMs');
    expect({ ...first, timings: null }).to.deep.equal({ ...second, timings: null });
  });

  it('refuses a package that is not whole', async () => {
    const truncated = copy('truncated');
    truncateSync(join(truncated, 'voice.onnx'), 30_000);
    const { facts } = await refusal(['model', 'check', truncated], refused('model.size_mismatch'));
    expect(facts).to.include({ file: 'voice.onnx', actualBytes: 30_000 });

    const flipped = copy('flipped');
    const bytes = readFileSync(join(flipped, 'voice.onnx'));
    bytes[20_000]! ^= 1;
    writeFileSync(join(flipped, 'voice.onnx'), bytes);
    await refusal(['model', 'score', flipped, '--seed', '00'], refused('model.digest_mismatch'));

    const malformed = copy('malformed');
    writeFileSync(join(malformed, 'manifest.json'), '{');
    await refusal(['model', 'check', malformed], refused('model.manifest_malformed'));
    await refusal(['model', 'check', join(folder, 'none')], refused('model.file_missing'));
  });

  it('refuses a folder it would overwrite or cannot write, and values out of range', async () => {
    const generate = (out: string, kind = 'good') => ['model', 'generate', '--kind', kind, '--out', out];
    const before = readdirSync(voice);
    await refusal(generate(voice), { code: 'cli.folder_not_empty', exit: EXIT.cantCreate });
    expect(readdirSync(voice)).to.deep.equal(before);
    await refusal(generate('/dev/null/voice'), { code: 'cli.folder_unwritable', exit: EXIT.cantCreate });
    await refusal(generate(join(folder, 'x'), 'goood'), { code: 'cli.bad_value', exit: EXIT.usage });
    await refusal(['model', 'score', voice, '--seed', '0'], { code: 'cli.bad_value', exit: EXIT.usage });
    await refusal(['model', 'score', voice, '--seed', '00', '--prompts', '999'], { code: 'cli.bad_value', exit: EXIT.usage });
  });
});
