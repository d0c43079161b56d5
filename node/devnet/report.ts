import { percent, short, table, tao } from '../cli/output.js';
import { foundOut } from './gauntlet.js';
import type { DevnetResult, LeaderboardRow } from './result.js';

/** What matters most comes first. */
const PARTS = ['content', 'clean', 'prosody', 'rate', 'spectrum', 'padding'];

/** The leaderboard that explains itself. */
export function reportText(result: DevnetResult): string {
  return [headline(result), '', ...(result.cast === 'demo' ? demo(result) : gauntlet(result)), '', ...endOf(result)].join('\n');
}

function demo(result: DevnetResult): readonly string[] {
  const validators = result.rounds.at(-1)?.validators ?? [];
  const parts = [...new Set(result.leaderboard.flatMap((row) => Object.keys(row.parts)))].sort(
    (a, b) => PARTS.indexOf(a) - PARTS.indexOf(b),
  );
  const heard = table(
    ['miner', 'score', ...parts, 'standing'],
    result.leaderboard.map((row) => [
      row.name,
      percent(row.score_ppm),
      ...parts.map((part) => (row.parts[part] === undefined ? '–' : ((row.parts[part] ?? 0) / 1e6).toFixed(2))),
      percent(row.standing_ppm),
    ]),
  );
  const paid = table(
    ['#', 'miner', 'uid', ...validators.map(({ name }) => `weight, ${name}`), 'incentive', 'emission', 'verdict'],
    result.leaderboard.map((row, index) => [
      index + 1,
      row.name,
      row.uid,
      ...validators.map(({ hotkey }) => row.weights[hotkey] ?? 0),
      `${((row.incentive * 100) / 65_535).toFixed(1)} %`,
      `${tao(row.emission_rao)} α`,
      row.copy_of === null
        ? 'original'
        : `copy of ${result.leaderboard.find(({ hotkey }) => hotkey === row.copy_of)?.name ?? short(row.copy_of)}`,
    ]),
  );
  const cheats = result.leaderboard.flatMap((row) =>
    row.copy_of === null ? [] : [`  ${row.name}: ${row.copy_evidence}; the earlier commitment keeps the reward`],
  );
  return [
    paid,
    '',
    'What the judge heard, mean of all prompts (each part 0 to 1)',
    '',
    heard,
    ...(cheats.length > 0 ? ['', 'Copies', ...cheats] : []),
  ];
}

/** One line per miner: what it is, what was heard of it, what it got. */
function gauntlet(result: DevnetResult): readonly string[] {
  const validators = result.rounds.at(-1)?.validators ?? [];
  const nameOf = (hotkey: string) => result.leaderboard.find((row) => row.hotkey === hotkey)?.name ?? short(hotkey);
  const scores = ({ hotkey }: LeaderboardRow) => validators.map(({ scores_ppm }) => scores_ppm[hotkey] ?? null);
  const rows = result.leaderboard.map((row, index) => [
    index + 1,
    row.name,
    ...scores(row).map(percent),
    ...validators.map(({ hotkey }) => row.weights[hotkey] ?? 0),
    `${((row.incentive * 100) / 65_535).toFixed(1)} %`,
    `${tao(row.emission_rao)} α`,
    foundOut(row, nameOf),
  ]);
  const head = [...validators.map(({ name }) => `score, ${name}`), ...validators.map(({ name }) => `weight, ${name}`)];
  return [table(['#', 'miner', ...head, 'incentive', 'emission', 'what the record says'], rows)];
}

function headline({ rounds, chain }: DevnetResult): string {
  return `\nLeaderboard after round ${rounds.at(-1)?.round ?? '–'}, block ${chain.block}, ${chain.epochs} epochs (weights, incentive and emission read back from the chain)`;
}

function endOf(result: DevnetResult): readonly string[] {
  return [
    'Checks',
    ...result.checks.map(({ name, ok, detail }) => `  ${ok ? '✔' : '✘'} ${name.padEnd(20)} ${detail}`),
    '',
    'What was heard (WAV and report.json per round and miner)',
    ...result.evidence.map((folder) => `  ${folder}`),
    `Logs   ${result.data_dir}/logs`,
    '',
    result.ok ? `All checks held, in ${result.elapsed_seconds} s.` : `A check failed, after ${result.elapsed_seconds} s.`,
  ];
}
