/** `voxd model import` and `seal`: a published voice becomes a model package. */
import { type Command, InvalidArgumentError, Option } from 'commander';
import type { Finding, ImportChoices } from '../../scoring/contracts/sources.js';
import { packageSizeBytes, STYLE_ROWS, TEXT_SYMBOLS } from '../../scoring/manifest.js';
import { importVoice, lookAtVoice, missingSymbols, sealVoiceFolder } from '../compose-models.js';
import { sayDryRun } from './dry-run.js';
import { createOutput, table } from './output.js';

interface ImportOptions {
  readonly name: string;
  readonly voiceVersion: string;
  readonly licence: string;
  readonly json?: boolean;
  readonly dryRun?: boolean;
  readonly language?: string;
  readonly sampleRate?: number;
  readonly text?: ImportChoices['text'];
  readonly unknown?: ImportChoices['unknown'];
  readonly espeakVoice?: string;
  readonly espeakVersion?: string;
  readonly speaker?: number;
  readonly style?: string;
  readonly styleRow?: ImportChoices['styleRow'];
}

type Imported = Awaited<ReturnType<typeof importVoice>>;

export function addImport(model: Command): void {
  const command = model
    .command('import <path>')
    .description(
      'Make a model package of a published voice: Piper, Kokoro, MMS, VITS or Matcha of sherpa-onnx; a folder with one voice, or its .onnx',
    )
    .requiredOption('--out <dir>', 'folder of the package, new or without these files')
    .option('--vocoder <file>', 'the vocoder of a Matcha voice, where it is not in the folder');
  withChoices(command).action(async (path: string, options: ImportOptions & { out: string; vocoder?: string }) => {
    if (options.dryRun === true)
      return sayLook(options, options.out, await lookAtVoice(path, { ...choicesOf(options), vocoder: options.vocoder }));
    const { model: imported, findings } = await importVoice(path, options.out, metaOf(options), {
      ...choicesOf(options),
      vocoder: options.vocoder,
    });
    report(options, options.out, { model: imported, findings });
  });
}

export function addSeal(model: Command): void {
  const command = model
    .command('seal <dir>')
    .description('The same in place: write the manifest of a folder with one published voice, after every change of its files');
  withChoices(command).action(async (dir: string, options: ImportOptions) => {
    if (options.dryRun === true) return sayLook(options, dir, await lookAtVoice(dir, choicesOf(options)));
    report(options, dir, await sealVoiceFolder(dir, metaOf(options), choicesOf(options)));
  });
}

function withChoices(command: Command): Command {
  return command
    .requiredOption('--name <name>', 'name of the voice')
    .option('--voice-version <text>', 'version of the voice', '1')
    .requiredOption('--licence <id>', 'licence of the voice, such as CC0-1.0 or MIT')
    .option('--language <tag>', 'language, where no file tells it, such as en-US')
    .option('--sample-rate <hz>', 'sample rate, where no file tells it', whole)
    .addOption(new Option('--text <kind>', 'what it reads, where no file tells it or another is wanted').choices([...TEXT_SYMBOLS]))
    .addOption(new Option('--unknown <rule>', 'symbols without a token are left out, or make the prompt fail').choices(['drop', 'error']))
    .option('--espeak-voice <name>', 'voice of espeak-ng, for --text espeak-ng')
    .option('--espeak-version <version>', 'exact version of espeak-ng, for --text espeak-ng')
    .option('--speaker <n>', 'speaker of a voice with several', whole)
    .option('--style <file>', 'table of styles of a Kokoro voice, where the folder has several')
    .addOption(new Option('--style-row <rule>', 'which row of it an utterance takes').choices([...STYLE_ROWS]))
    .option('--dry-run', 'say what would be done, do nothing')
    .option('--json', 'print JSON');
}

function metaOf({ name, voiceVersion, licence }: ImportOptions) {
  return { name, version: voiceVersion, licence };
}

function choicesOf(options: ImportOptions): ImportChoices {
  const { language, sampleRate, text, unknown, espeakVoice, espeakVersion, speaker, style, styleRow } = options;
  const espeak = espeakVoice === undefined || espeakVersion === undefined ? undefined : { voice: espeakVoice, version: espeakVersion };
  return { language, sampleRateHz: sampleRate, text, unknown, espeak, speaker, styleFile: style, styleRow };
}

function sayLook(options: ImportOptions, dir: string, { findings, files }: Awaited<ReturnType<typeof lookAtVoice>>): void {
  const sizes = files.map(({ path, sizeBytes }) => ({ path, size_bytes: sizeBytes }));
  sayDryRun(createOutput({ json: options.json === true }), { dir, derived: findings, files: sizes }, [
    `${dir} would become a package of ${files.length} files and a manifest`,
    ...sizes.map(({ path, size_bytes }) => `${path}  ${size_bytes} bytes`),
    ...table(['what', 'value', 'from'], findings.map(rowOf)).split('\n'),
  ]);
}

function report(options: ImportOptions, dir: string, { model, findings }: Imported): void {
  const out = createOutput({ json: options.json === true });
  const { digest, manifest } = model;
  const sizeBytes = packageSizeBytes(manifest);
  const missing = missingSymbols(model);
  out.result({ ok: true, dir, model: digest, size_bytes: sizeBytes, derived: findings, missing_symbols: missing }, () =>
    [
      table(['what', 'value', 'from'], findings.map(rowOf)),
      '',
      `sealed ${dir} (${sizeBytes} bytes in ${manifest.files.length} files)`,
      `  digest    ${digest}`,
      ...(missing !== null && missing.length > 0 ? [`  not said  ${missing.join(' ')}: the voice has no token for these`] : []),
      `  next      voxd model check ${dir}`,
    ].join('\n'),
  );
}

function rowOf({ what, value, from }: Finding): readonly string[] {
  return [what, value.length > 60 ? `${value.slice(0, 59)}…` : value, from];
}

function whole(text: string): number {
  const value = Number(text);
  if (!/^\d{1,6}$/.test(text) || !Number.isInteger(value)) throw new InvalidArgumentError('give a whole number');
  return value;
}
