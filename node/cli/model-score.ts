/** `voxd model score`: what the validators compute, computed here. */
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { type Command, InvalidArgumentError, Option } from 'commander';
import { sha256Hex } from '../../protocol/digest.js';
import { type Audio, durationSeconds } from '../../scoring/audio.js';
import { type Evaluation, evaluateModel } from '../../scoring/evaluate.js';
import { RUN_LIMITS } from '../../scoring/limits.js';
import { lossesOf } from '../../scoring/losses.js';
import type { EngineName } from '../../scoring/ports.js';
import type { PromptScore } from '../../scoring/profile.js';
import { drawPrompts, type Prompt, promptSetDigest } from '../../scoring/prompts.js';
import { encodeWav } from '../../scoring/wav.js';
import { composeJudge, scorerOf } from '../compose-judges.js';
import { checkPackage } from '../compose-models.js';
import { composeRunner } from '../compose-scoring.js';
import { partWords, points } from '../explain/advice.js';
import { renderPage } from '../explain/page.js';
import { type ScoredModel, scorePage } from '../explain/score-page.js';
import { type KeptUtterance, makesPlace, pageUtterance, utteranceName } from '../explain/utterances.js';
import { writeReport } from '../files/report-folder.js';
import { BUILTIN_JUDGE, judgesOf } from '../rounds/judges.js';
import { loadSettings } from './context.js';
import { sayDryRun } from './dry-run.js';
import type { Environment } from './environment.js';
import { folderUnwritable } from './failures.js';
import { createOutput, type Output, percent, table, toJson } from './output.js';

const PROMPTS_DEFAULT = 8;
const TEXT_SHOWN = 44;

interface ScoreOptions {
  readonly seed: string;
  readonly prompts: number;
  readonly engine: EngineName;
  readonly profile: 'builtin-1' | 'neural-1';
  readonly config?: string;
  readonly audio?: string;
  readonly report?: string;
  readonly dryRun?: boolean;
  readonly json?: boolean;
}

export function addScore(model: Command, env: Environment): void {
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
    .option('--report <dir>', 'write a page to look at and listen to: parts, worst prompts, waveform, spectrogram, pitch')
    .option('--dry-run', 'say what would be done, do nothing')
    .option('--json', 'print JSON')
    .action(async (dir: string, options: ScoreOptions) => {
      const out = createOutput({ json: options.json === true });
      if (options.dryRun === true) return sayPlan(out, dir, options);
      const scored = await score(dir, options, env, process.stderr.isTTY === true && !out.json);
      const result = jsonOf(scored, options);
      if (options.report !== undefined) await report(options.report, scored, result);
      out.result(result, () => textOf(scored, options));
    });
}

/** The package is verified, and nothing is heard. */
async function sayPlan(
  out: Output,
  dir: string,
  { seed, prompts: count, engine, profile, audio, report: page }: ScoreOptions,
): Promise<void> {
  const { model } = await checkPackage(dir);
  const prompts = drawPrompts(seed, count).map(({ index, kind, text }) => ({ index, kind, text }));
  const writes = [...(audio === undefined ? [] : [audio]), ...(page === undefined ? [] : [page])];
  sayDryRun(out, { model: model.digest, seed, engine, profile, prompts, writes }, [
    `${model.manifest.name} ${model.manifest.version} would say ${count} prompts, judged by ${profile} (engine ${engine})`,
    ...table(
      ['#', 'kind', 'prompt'],
      prompts.map(({ index, kind, text }) => [index, kind, text]),
    ).split('\n'),
    writes.length === 0 ? 'nothing would be written' : `written    ${writes.join(', ')}`,
  ]);
}

interface Scored extends ScoredModel {
  readonly engine: EngineName;
  readonly utterances: readonly (KeptUtterance & { readonly audio: Audio })[];
}

async function score(dir: string, options: ScoreOptions, env: Environment, progress: boolean): Promise<Scored> {
  const { model } = await checkPackage(dir);
  const runner = composeRunner(options.engine);
  const judges = options.profile === 'builtin-1' ? BUILTIN_JUDGE : judgesOf(await neuralSettings(options.config, env));
  if (options.audio !== undefined) await newFolderFor(options.audio);
  const judge = await composeJudge(1, options.engine, judges);
  const prompts = drawPrompts(options.seed, options.prompts);
  let utterances: Scored['utterances'] = [];
  let audioSeconds = 0;
  try {
    const evaluation = await evaluateModel({
      runner,
      judge,
      model,
      prompts,
      limits: RUN_LIMITS[options.engine],
      nowMs: () => performance.now(),
      async keepAudio({ index, kind }: Prompt, audio: Audio, { scorePpm }: PromptScore) {
        audioSeconds += durationSeconds(audio);
        const utterance = { prompt: index, kind, scorePpm, audio };
        const { keep, goes } = makesPlace(utterances, utterance);
        if (keep && options.report !== undefined) utterances = [...utterances.filter((each) => each !== goes), utterance];
        if (options.audio !== undefined) await writeFile(join(options.audio, `${utteranceName(utterance)}.wav`), encodeWav(audio));
      },
      onPrompt: ({ index }) => {
        if (progress) process.stderr.write(`\r\x1b[Kprompt ${index + 1} of ${prompts.length}`);
      },
    });
    if (progress) process.stderr.write('\r\x1b[K');
    return {
      name: `${model.manifest.name} ${model.manifest.version}`,
      model: model.digest,
      seed: options.seed,
      profile: options.profile,
      engine: options.engine,
      engineId: runner.engineId,
      scorer: scorerOf(runner.engineId, judges),
      prompts: evaluation.prompts.map((each, at) => ({ prompt: prompts[at]!, score: each })),
      evaluation,
      audioSeconds,
      utterances,
    };
  } finally {
    await judge.close();
  }
}

async function neuralSettings(config: string | undefined, env: Environment) {
  const settings = await loadSettings({ ...(config === undefined ? {} : { config }) }, env, 'no chain');
  return { ...settings, scoring: { ...settings.scoring, profile: 'neural-1' as const } };
}

function jsonOf({ evaluation, prompts, ...scored }: Scored, { report: folder }: ScoreOptions): object {
  return {
    ok: true,
    model: scored.model,
    score_ppm: evaluation.scorePpm,
    seed: scored.seed,
    engine: scored.engine,
    engine_id: scored.engineId,
    scorer: scored.scorer,
    prompt_set: promptSetDigest(prompts.map(({ prompt }) => prompt)),
    audio_digest: sha256Hex('voxd/audio/1', ...prompts.map(({ score: { audioDigest } }) => audioDigest)),
    fingerprint: evaluation.fingerprint,
    prompts: prompts.map(({ prompt: { index, kind, text }, score: { scorePpm, parts, audioDigest, fault } }) => ({
      index,
      kind,
      text,
      score_ppm: scorePpm,
      parts,
      audio_digest: audioDigest,
      fault,
    })),
    parts: lossesOf(prompts.map(({ score: each }) => each)).map(({ part, meanPpm, worstPpm, lostPpm }) => ({
      part,
      mean_ppm: meanPpm,
      worst_ppm: worstPpm,
      lost_ppm: lostPpm,
    })),
    audio_seconds: Math.round(scored.audioSeconds * 1000) / 1000,
    timings: evaluation.timings,
    stages: evaluation.stages,
    report: folder ?? null,
  };
}

function textOf({ evaluation, prompts, ...scored }: Scored, options: ScoreOptions): string {
  const losses = lossesOf(prompts.map(({ score: each }) => each));
  const names = losses.flatMap(({ part, meanPpm }) => (meanPpm === null ? [] : [part]));
  const faults = prompts.some(({ score: { fault } }) => fault !== null);
  const rows = prompts.map(({ prompt: { index, kind, text }, score: { scorePpm, parts, fault } }) => [
    index,
    kind,
    text.length > TEXT_SHOWN ? `${text.slice(0, TEXT_SHOWN - 1)}…` : text,
    percent(scorePpm),
    ...names.map((part) => (parts[part] === undefined ? '–' : (parts[part] / 1e6).toFixed(2))),
    ...(faults ? [fault ?? ''] : []),
  ]);
  return [
    table(['#', 'kind', 'prompt', 'score', ...names, ...(faults ? ['fault'] : [])], rows),
    '',
    table(
      ['part', 'mean', 'worst', 'points lost', 'when it is low'],
      losses.map(({ part, meanPpm, worstPpm, lostPpm }) => [part, percent(meanPpm), percent(worstPpm), points(lostPpm), partWords(part)]),
    ),
    '',
    stagesText(evaluation, scored.audioSeconds),
    '',
    `score ${percent(evaluation.scorePpm)}   model ${scored.model}`,
    `scorer ${scored.scorer}   engine ${scored.engine}   seed ${scored.seed}`,
    ...(options.audio === undefined ? [] : [`audio in ${options.audio}`]),
    ...(options.report === undefined ? [] : [`page to look at: ${join(options.report, 'index.html')}`]),
  ].join('\n');
}

function stagesText({ stages, timings }: Evaluation, audioSeconds: number): string {
  const seconds = (ms: number) => (ms / 1000).toFixed(2);
  const rows = stages.map(({ stage, prompts, loadMs, synthesisMs, judgeMs, totalMs }) => [
    stage,
    prompts,
    seconds(loadMs),
    seconds(synthesisMs),
    seconds(judgeMs),
    seconds(totalMs),
  ]);
  const spoken =
    audioSeconds === 0
      ? 'no audio'
      : `${audioSeconds.toFixed(1)} s of audio, ${(timings.synthesisMs / 1000 / audioSeconds).toFixed(3)} s of synthesis per second of it`;
  return `${table(['stage', 'prompts', 'load s', 'synthesis s', 'judging s', 'all s'], rows)}\n${spoken}; judging goes on beside synthesis`;
}

async function report(directory: string, scored: Scored, data: object): Promise<void> {
  const utterances = [...scored.utterances]
    .sort((a, b) => a.scorePpm - b.scorePpm || a.prompt - b.prompt)
    .map(({ audio, ...utterance }) => pageUtterance(utterance, audio));
  const html = renderPage(scorePage(scored, utterances));
  await writeReport(directory, { html, utterances, data: `${toJson(data, 2)}\n` }).catch((error: unknown) => {
    throw folderUnwritable(directory, error);
  });
}

async function newFolderFor(directory: string): Promise<void> {
  await mkdir(directory, { recursive: true }).catch((error: unknown) => {
    throw folderUnwritable(directory, error);
  });
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
