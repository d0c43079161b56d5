import type { Command } from 'commander';
import type { Hotkey } from '../../protocol/names.js';
import { composeExplanation, pageOf, whenText } from '../compose-explain.js';
import { partWords, points } from '../explain/advice.js';
import type { Explanation } from '../explain/explain.js';
import { renderPage } from '../explain/page.js';
import { writeReport } from '../files/report-folder.js';
import { addConfigOptions, loadSettings, nodeIdentity, nothingRecorded, roundsKnown, withStores } from './context.js';
import { addDryRun, isDryRun, sayDryRun } from './dry-run.js';
import type { Environment } from './environment.js';
import { folderUnwritable } from './failures.js';
import { createOutput, percent, table, toJson } from './output.js';
import { hotkeyArgument, roundNumber } from './parsers.js';

const TEXT_SHOWN = 44;

export function addExplainCommand(program: Command, env: Environment): void {
  const command = program
    .command('explain')
    .argument('<hotkey>', 'SS58 address of a miner', hotkeyArgument)
    .description('Why this miner stands where it stands: parts of the score, worst prompts, rank, verdict, what is needed to climb')
    .option('--round <n>', 'a round other than the newest', roundNumber)
    .option('--report <dir>', 'write a page to look at and listen to: parts, worst prompts, waveform, spectrogram, pitch');
  addDryRun(command);
  addConfigOptions(command).action(async (hotkey: Hotkey, flags: Record<string, unknown>) => {
    const out = createOutput({ json: flags['json'] === true });
    const config = await loadSettings(flags, env, 'no chain');
    await withStores(config, async (stores) => {
      const { hotkey: self, genesis } = await nodeIdentity(stores, config);
      const round = flags['round'] === undefined ? null : Number(flags['round']);
      const explained = await composeExplanation(
        { stores, sql: stores.database },
        { self, genesis, netuid: config.chain.netuid, schedule: config.rounds },
        { hotkey, round },
      );
      if (explained === null)
        throw nothingRecorded(`${hotkey}${round === null ? '' : ` in round ${round}`}`, config.dataDir, await roundsKnown(stores));
      const { said, next, evidence } = explained;
      const when = whenText(next);
      const report = typeof flags['report'] === 'string' ? flags['report'] : null;
      const result = {
        ok: true,
        ...said,
        evidence,
        next_round_opens_at: next.block,
        next_round_in_blocks: next.inBlocks,
        next_round_in_ms: next.inMs,
      };
      if (isDryRun(flags)) {
        return sayDryRun(out, { hotkey, round: said.round, writes: report === null ? [] : [report] }, [
          report === null
            ? 'nothing would be written: --report DIR names a folder for a page'
            : `a page about ${hotkey} in round ${said.round} would be written to ${report}`,
        ]);
      }
      let page: string | null = null;
      if (report !== null) {
        const drawn = await pageOf(stores.database, explained);
        const files = { html: renderPage(drawn), utterances: drawn.utterances, data: `${toJson(result, 2)}\n` };
        page = await writeReport(report, files).catch((error: unknown) => {
          throw folderUnwritable(report, error);
        });
      }
      out.result({ ...result, report: page }, () => [textOf(said), '', ...linesOf(evidence, page, next.block, when)].join('\n'));
    });
  });
}

function textOf(said: Explanation): string {
  const names = said.parts.flatMap(({ part, meanPpm }) => (meanPpm === null ? [] : [part]));
  const faults = said.prompts.some(({ fault }) => fault !== null);
  const lines = [
    said.hotkey,
    `  model      ${said.model ?? 'none known'} (${said.state ?? 'unknown'}${said.reason ? `: ${said.reason.code}` : ''})`,
    `  round      ${said.round}, seed ${said.seed}`,
    `  score      ${percent(said.score_ppm)}   standing ${percent(said.standing_ppm)}   rank ${said.rank ?? '–'} of ${said.contenders}`,
    `  share      ${percent(said.share_ppm)} of the weights`,
    `  verdict    ${said.kinship === null ? 'an original' : `a ${said.kinship.kind} of ${said.kinship.of}: ${said.copy_evidence}`}`,
    ...said.advice.map((line, at) => `  ${at === 0 ? 'to climb ' : '         '}  ${line}`),
  ];
  if (said.parts.length > 0) {
    const rows = said.parts.map(({ part, meanPpm, worstPpm, lostPpm }) => [
      part,
      percent(meanPpm),
      percent(worstPpm),
      points(lostPpm),
      partWords(part),
    ]);
    lines.push('', table(['part', 'mean', 'worst', 'points lost', 'when it is low'], rows));
  }
  if (said.prompts.length > 0) {
    const rows = said.prompts.map(({ index, kind, text, score_ppm, parts, fault }) => [
      index,
      kind,
      text.length > TEXT_SHOWN ? `${text.slice(0, TEXT_SHOWN - 1)}…` : text,
      percent(score_ppm),
      ...names.map((part) => (parts[part] === undefined ? '–' : (parts[part] / 1e6).toFixed(2))),
      ...(faults ? [fault ?? ''] : []),
    ]);
    lines.push('', table(['#', 'kind', 'prompt', 'score', ...names, ...(faults ? ['fault'] : [])], rows));
  }
  if (said.heard_by.length > 0) {
    lines.push(
      '',
      table(
        ['validator', 'score'],
        said.heard_by.map(({ validator, score_ppm }) => [validator, percent(score_ppm)]),
      ),
    );
  }
  return lines.join('\n');
}

function linesOf(
  evidence: { readonly host: string; readonly directory: string } | null,
  page: string | null,
  block: number,
  when: string,
): readonly string[] {
  return [
    `next round   block ${block}${when === '' ? '' : `, ${when}`}`,
    evidence === null ? 'audio        none was kept of this round' : `audio        ${evidence.directory} on ${evidence.host}`,
    page === null ? 'page         --report DIR writes one to look at and listen to' : `page         ${page}`,
  ];
}
