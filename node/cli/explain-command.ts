import type { Command } from 'commander';
import type { Hotkey } from '../../protocol/names.js';
import { roundWindow } from '../../scoring/round.js';
import { explain } from '../explain.js';
import { findEvidence } from '../postgres/evidence-index.js';
import { addConfigOptions, loadSettings, nodeIdentity, nothingRecorded, roundsKnown, withStores } from './context.js';
import { createOutput, percent, table } from './output.js';
import { hotkeyArgument, roundNumber } from './parsers.js';
import type { Environment } from './program.js';

export function addExplainCommand(program: Command, env: Environment): void {
  const command = program
    .command('explain')
    .argument('<hotkey>', 'SS58 address of a miner', hotkeyArgument)
    .description('Why this miner stands where it stands: parts of the score, worst prompts, rank, verdict, what is needed to climb')
    .option('--round <n>', 'a round other than the newest', roundNumber);
  addConfigOptions(command).action(async (hotkey: Hotkey, flags: Record<string, unknown>) => {
    const out = createOutput({ json: flags['json'] === true });
    const config = await loadSettings(flags, env, 'no chain');
    await withStores(config, async (stores) => {
      const { hotkey: self } = await nodeIdentity(stores, config);
      const round = flags['round'] === undefined ? null : Number(flags['round']);
      const said = await explain(stores, { hotkey, self, round });
      if (said === null)
        throw nothingRecorded(`${hotkey}${round === null ? '' : ` in round ${round}`}`, config.dataDir, await roundsKnown(stores));
      const evidence = await findEvidence(stores.database, said.round, hotkey);
      const next = roundWindow(said.round + 1, config.rounds).opensAt;
      out.result({ ok: true, ...said, evidence, next_round_opens_at: next }, () =>
        [
          `${hotkey}`,
          `  model      ${said.model ?? 'none known'} (${said.state ?? 'unknown'}${said.reason ? `: ${said.reason.code}` : ''})`,
          `  round      ${said.round}; next one opens at block ${next}`,
          `  score      ${percent(said.score_ppm)}   standing ${percent(said.standing_ppm)}   rank ${said.rank ?? '–'} of ${said.contenders}`,
          `  share      ${percent(said.share_ppm)} of the weights`,
          `  verdict    ${said.copy_of === null ? 'an original' : `a copy of ${said.copy_of}: ${said.copy_evidence}`}`,
          `  to climb   ${said.advice}`,
          '',
          table(
            ['part', 'mean', 'worst prompt'],
            said.parts.map(({ part, mean_ppm, worst_ppm }) => [part, percent(mean_ppm), percent(worst_ppm)]),
          ),
          '',
          table(
            ['#', 'score', 'weakest part', 'fault'],
            said.prompts.map(({ index, score_ppm, weakest, fault }) => [
              index,
              percent(score_ppm),
              score_ppm === 1_000_000 ? '' : weakest,
              fault ?? '',
            ]),
          ),
          '',
          table(
            ['validator', 'score'],
            said.heard_by.map(({ validator, score_ppm }) => [validator, percent(score_ppm)]),
          ),
          '',
          evidence === null ? 'no audio was kept of this round' : `audio and report in ${evidence.directory} on ${evidence.host}`,
        ].join('\n'),
      );
    });
  });
}
