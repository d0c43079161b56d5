import { mkdir, readdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { type Command, InvalidArgumentError, Option } from 'commander';
import { sha256Hex } from '../../protocol/digest.js';
import type { Failure } from '../../protocol/failure.js';
import { evaluateModel } from '../../scoring/evaluate.js';
import { RUN_LIMITS } from '../../scoring/limits.js';
import { packageSizeBytes } from '../../scoring/manifest.js';
import type { EngineName } from '../../scoring/ports.js';
import { drawPrompts, promptSetDigest } from '../../scoring/prompts.js';
import { generateVoicePackage, VOICE_KINDS, type VoiceKind } from '../../scoring/voices/onnx-voice.js';
import { composeJudge, scorerOf } from '../compose-judges.js';
import { checkPackage, missingSymbols, sealVoice } from '../compose-models.js';
import { composeRunner } from '../compose-scoring.js';
import { BUILTIN_JUDGE, judgesOf } from '../rounds/judges.js';
import { loadSettings } from './context.js';
import { cliFailure } from './failures.js';
import { addImport, addSeal } from './model-import.js';
import { createOutput, percent, table } from './output.js';
import type { Environment } from './program.js';

const PROMPTS_DEFAULT = 8;

export function addModelCommands(program: Command, env: Environment): void {
  const model = program.command('model').description('Check, score and generate voice models, on this machine, without a chain');
  addCheck(model);
  addScore(model, env);
  addGenerate(model);
  addImport(model);
  addSeal(model);
}

function addCheck(model: Command): void {
  model
    .command('check <dir>')
    .description('Verify a model package: manifest, digests, graph; what a validator does before it runs a model')
    .option('--json', 'print JSON')
    .action(async (dir: string, options: { json?: boolean }) => {
      const out = createOutput({ json: options.json === true });
      const { model: verified, facts } = await checkPackage(dir);
      const { manifest, digest } = verified;
      const missing = missingSymbols(verified);
      out.result(
        {
          ok: true,
          model: digest,
          name: manifest.name,
          version: manifest.version,
          licence: manifest.licence,
          size_bytes: packageSizeBytes(manifest),
          files: manifest.files.map(({ path, sizeBytes, sha256 }) => ({ path, size_bytes: sizeBytes, sha256 })),
          family: manifest.family,
          text: manifest.text,
          missing_symbols: missing,
          graphs: facts.map(({ nodes, operators, randomNodes, tensorDigests }, at) => ({
            file: manifest.graphs[at]?.file,
            inputs: manifest.graphs[at]?.inputs,
            nodes,
            operators,
            random_nodes: randomNodes,
            tensors: tensorDigests.length,
          })),
        },
        () =>
          [
            `${manifest.name} ${manifest.version} is a valid package`,
            `  digest    ${digest}`,
            `  size      ${packageSizeBytes(manifest)} bytes in ${manifest.files.length} files, licence ${manifest.licence}`,
            `  voice     ${manifest.family}, ${manifest.audio.sampleRateHz} Hz, reads ${manifest.text.symbols}, ${symbolsSaid(missing, manifest.text.unknown)}`,
            ...facts.map(
              ({ nodes, operators, randomNodes }, at) =>
                `  graph     ${manifest.graphs[at]?.file}: ${nodes} nodes, ${Object.keys(operators).length} operators, ${randomNodes} random nodes (seeded before it runs)`,
            ),
            `  next      voxd model score ${dir} --seed ${'0'.repeat(8)}`,
          ].join('\n'),
      );
    });
}

function symbolsSaid(missing: readonly string[] | null, unknown: 'drop' | 'error'): string {
  if (missing === null) return 'by espeak-ng';
  if (missing.length === 0) return 'every symbol of our prompts';
  return `without ${missing.join(' ')} (${unknown === 'drop' ? 'left out' : 'such prompts score 0'})`;
}

interface ScoreOptions {
  readonly seed: string;
  readonly prompts: number;
  readonly engine: EngineName;
  readonly profile: 'builtin-1' | 'neural-1';
  readonly config?: string;
  readonly audio?: string;
  readonly json?: boolean;
}

async function neuralSettings(config: string | undefined, env: Environment) {
  const settings = await loadSettings({ ...(config === undefined ? {} : { config }) }, env, 'no chain');
  return { ...settings, scoring: { ...settings.scoring, profile: 'neural-1' as const } };
}

function addScore(model: Command, env: Environment): void {
  model
    .command('score <dir>')
    .description("The validators' computation on your own machine: same prompts, same sandbox, same judge")
    .requiredOption('--seed <hex>', 'seed of the round: any hex digits; the same seed gives the same score', parseSeed)
    .option('--prompts <n>', 'number of prompts', parseCount, PROMPTS_DEFAULT)
    .addOption(
      new Option('--engine <name>', 'native is fast, wasm is bit-exact on every machine').choices(['native', 'wasm']).default('native'),
    )
    .addOption(
      new Option('--profile <name>', 'judge; neural-1 takes its models from the settings')
        .choices(['builtin-1', 'neural-1'])
        .default('builtin-1'),
    )
    .option('--config <file>', 'settings with the models of neural-1 (default: as for the node)')
    .option('--audio <dir>', 'keep the audio of each prompt as WAV')
    .option('--json', 'print JSON')
    .action(async (dir: string, options: ScoreOptions) => {
      const out = createOutput({ json: options.json === true });
      const { model: verified } = await checkPackage(dir);
      const runner = composeRunner(options.engine);
      const judges = options.profile === 'builtin-1' ? BUILTIN_JUDGE : judgesOf(await neuralSettings(options.config, env));
      const judge = await composeJudge(1, options.engine, judges);
      const prompts = drawPrompts(options.seed, options.prompts);
      try {
        const keepAudio = options.audio === undefined ? undefined : await wavKeeper(options.audio);
        const tty = process.stderr.isTTY === true && !out.json;
        const evaluation = await evaluateModel({
          runner,
          judge,
          model: verified,
          prompts,
          limits: RUN_LIMITS[options.engine],
          nowMs: () => performance.now(),
          ...(keepAudio ? { keepAudio } : {}),
          onPrompt: (prompt) => {
            if (tty) process.stderr.write(`\r\x1b[Kprompt ${prompt.index + 1} of ${prompts.length}`);
          },
        });
        if (tty) process.stderr.write('\r\x1b[K');
        const scorer = scorerOf(runner.engineId, judges);
        const heard = evaluation.prompts.map((score, at) => ({ ...prompts[at]!, score }));
        out.result(
          {
            ok: true,
            model: verified.digest,
            score_ppm: evaluation.scorePpm,
            seed: options.seed,
            engine: runner.engine,
            engine_id: runner.engineId,
            scorer,
            prompt_set: promptSetDigest(prompts),
            audio_digest: sha256Hex('voxd/audio/1', ...evaluation.prompts.map(({ audioDigest }) => audioDigest)),
            prompts: heard.map(({ index, kind, text, score }) => ({
              index,
              kind,
              text,
              score_ppm: score.scorePpm,
              parts: score.parts,
              audio_digest: score.audioDigest,
              fault: score.fault,
            })),
            timings: evaluation.timings,
          },
          () => {
            const parts = [...new Set(heard.flatMap(({ score }) => Object.keys(score.parts)))];
            const rows = heard.map(({ index, kind, text, score }) => [
              index,
              kind,
              text.length > 44 ? `${text.slice(0, 43)}…` : text,
              percent(score.scorePpm),
              ...parts.map((part) => (score.parts[part] === undefined ? '–' : ((score.parts[part] ?? 0) / 1e6).toFixed(2))),
              score.fault ?? '',
            ]);
            const { loadMs, synthesisMs, judgeMs, totalMs } = evaluation.timings;
            return [
              table(['#', 'kind', 'prompt', 'score', ...parts, 'fault'], rows),
              '',
              `score ${percent(evaluation.scorePpm)}   model ${verified.digest}`,
              `scorer ${scorer}   engine ${runner.engine}`,
              `load ${loadMs.toFixed(0)} ms, synthesis ${synthesisMs.toFixed(0)} ms, judging ${judgeMs.toFixed(0)} ms, all ${totalMs.toFixed(0)} ms`,
              ...(options.audio ? [`audio in ${options.audio}`] : []),
            ].join('\n');
          },
        );
      } finally {
        await judge.close();
      }
    });
}

function addGenerate(model: Command): void {
  model
    .command('generate')
    .description('Write a small formant voice as a model package, to try things with')
    .addOption(new Option('--kind <kind>', 'how it sounds').choices([...VOICE_KINDS]).makeOptionMandatory())
    .requiredOption('--out <dir>', 'new or empty folder')
    .option('--json', 'print JSON')
    .action(async (options: { kind: VoiceKind; out: string; json?: boolean }) => {
      const out = createOutput({ json: options.json === true });
      await newFolder(options.out);
      const voice = generateVoicePackage(options.kind, { name: `demo-${options.kind}` });
      for (const [path, bytes] of Object.entries(voice)) await writeFile(join(options.out, path), bytes);
      const verified = await sealVoice(options.out);
      const sizeBytes = packageSizeBytes(verified.manifest);
      out.result({ ok: true, kind: options.kind, dir: options.out, model: verified.digest, size_bytes: sizeBytes }, () =>
        [
          `wrote ${options.kind} voice to ${options.out} (${sizeBytes} bytes)`,
          `  digest    ${verified.digest}`,
          `  next      voxd model score ${options.out} --seed 00`,
        ].join('\n'),
      );
    });
}

/** Errors: cli.folder_not_empty, cli.folder_unwritable. */
async function newFolder(folder: string): Promise<void> {
  const found = await mkdir(folder, { recursive: true })
    .then(() => readdir(folder))
    .catch((error: unknown) => {
      throw unwritable(folder, error);
    });
  if (found.length > 0) throw cliFailure('cli.folder_not_empty', { folder });
}

function unwritable(folder: string, error: unknown): Failure {
  return cliFailure('cli.folder_unwritable', { folder, reason: error instanceof Error ? error.message : String(error) }, error);
}

async function wavKeeper(directory: string) {
  const { encodeWav } = await import('../../scoring/wav.js');
  await mkdir(directory, { recursive: true }).catch((error: unknown) => {
    throw unwritable(directory, error);
  });
  return async (prompt: { index: number; kind: string }, audio: Parameters<typeof encodeWav>[0]) => {
    await writeFile(join(directory, `prompt-${String(prompt.index).padStart(2, '0')}-${prompt.kind}.wav`), encodeWav(audio));
  };
}

export function parseSeed(text: string): string {
  const hex = text.startsWith('0x') ? text.slice(2) : text;
  if (!/^([0-9a-f]{2})+$/i.test(hex) || hex.length > 128) throw new InvalidArgumentError('give an even number of hex digits, at most 128');
  return hex.toLowerCase();
}

export function parseCount(text: string): number {
  const count = Number(text);
  if (!Number.isInteger(count) || count < 1 || count > 128) throw new InvalidArgumentError('give a whole number from 1 to 128');
  return count;
}
