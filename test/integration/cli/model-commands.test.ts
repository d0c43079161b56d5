import { cpSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, truncateSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect } from 'chai';
import { EXIT } from '../../../protocol/failure.js';
import { escapeText } from '../../../scoring/pictures/svg.js';
import { publishedVoice } from '../../../scoring/voices/published-voice.js';
import { refusal, voxdJson } from '../../support/cli.js';
import { recordOfValidator } from '../../support/validator-record.js';

interface Score {
  readonly ok: boolean;
  readonly model: string;
  readonly scorer: string;
  readonly audio_digest: string;
  readonly score_ppm: number;
  readonly prompts: readonly {
    readonly text: string;
    readonly fault: string | null;
    readonly score_ppm: number;
    readonly parts: Readonly<Record<string, number>>;
    readonly audio_digest: string;
  }[];
  readonly timings: Readonly<Record<string, number>>;
  readonly stages: readonly { readonly stage: string; readonly prompts: number }[];
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

  it('score is what a validator stores of the same model, seed and prompts, to the ppm; and a page shows it', async () => {
    const seed = '0a0b'.repeat(16);
    const report = join(folder, 'report');
    const args = ['model', 'score', voice, '--seed', seed, '--prompts', '3', '--engine', 'native', '--profile', 'builtin-1'];
    const said = await voxdJson<Score>([...args, '--report', report]);
    const record = await recordOfValidator(voice, { seed, prompts: 3 });
    expect(said).to.include({
      model: record.model,
      scorer: record.scorer,
      seed: record.seed,
      engine: record.engine,
      score_ppm: record.scorePpm,
      prompt_set: record.promptSet,
      fingerprint: record.fingerprint,
    });
    expect(
      said.prompts.map(({ score_ppm: scorePpm, parts, audio_digest: audioDigest, fault }) => ({ scorePpm, parts, audioDigest, fault })),
    ).to.deep.equal(record.prompts);
    expect(said.score_ppm).to.be.within(900_000, 1_000_000);
    expect(said.timings).to.have.all.keys('loadMs', 'synthesisMs', 'judgeMs', 'totalMs');
    expect(said.stages.map(({ stage, prompts }) => [stage, prompts])).to.deep.equal([['full', 3]]);

    const names = readdirSync(report);
    expect(names.filter((name) => name.endsWith('.wav'))).to.have.length(3);
    expect(names.filter((name) => name.endsWith('.svg'))).to.have.length(3);
    expect(JSON.parse(readFileSync(join(report, 'report.json'), 'utf8'))).to.include({ score_ppm: said.score_ppm });
    const page = readFileSync(join(report, 'index.html'), 'utf8');
    for (const { text } of said.prompts) expect(page).to.contain(escapeText(text));
    expect(page.match(/<audio /g)).to.have.length(3);
    expect(page, 'needs nothing else').to.not.match(/(src|href)="(?!data:)|<script/);
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
