import type { Command } from 'commander';
import { EXIT } from '../../protocol/failure.js';
import type { RoundRow } from '../ports.js';
import { type Replay, replayRound } from '../rounds/replay.js';
import { addConfigOptions, loadSettings, nodeIdentity, nothingRecorded, roundsKnown, withStores } from './context.js';
import type { Environment } from './environment.js';
import { createOutput, percent, short, table } from './output.js';
import { roundNumber } from './parsers.js';

export function addReplayCommand(program: Command, env: Environment): void {
  const command = program
    .command('replay')
    .argument('<round>', 'number of the round', roundNumber)
    .description('Make the weights of a round again from its rows and hold every number against the stored one; exit 1 when they differ');
  addConfigOptions(command).action(async (round: number, flags: Record<string, unknown>) => {
    const out = createOutput({ json: flags['json'] === true });
    const config = await loadSettings(flags, env, 'no chain');
    await withStores(config, async (stores) => {
      const row = await stores.rounds.get(round);
      const identity = await nodeIdentity(stores, config);
      const replay =
        row &&
        (await replayRound(stores, row, {
          self: identity.hotkey,
          scorer: identity.scorer,
          genesis: identity.genesis,
          netuid: config.chain.netuid,
          mechanism: config.chain.mechanism,
        }));
      if (!row || !replay) throw nothingRecorded(`weights of round ${round}`, config.dataDir, await roundsKnown(stores));
      if (!replay.equal) process.exitCode = EXIT.failure;
      out.result(replayJson(row, replay), () =>
        [
          `round ${round}, opened by block ${row.openedAt.number}, seed ${short(row.seed, 8, 8)}: ${replay.records} records`,
          table(
            ['hotkey', 'score', 'standing', 'share', 'copy of'],
            replay.standings.map((standing) => [
              short(standing.hotkey),
              percent(standing.scorePpm),
              percent(standing.standingPpm),
              percent(standing.sharePpm),
              standing.copyOf === null ? '' : short(standing.copyOf),
            ]),
          ),
          replay.submission
            ? `weights sent: ${replay.submission.uids.map((uid, i) => `${uid}:${replay.submission?.values[i]}`).join(' ')}`
            : 'no weights of this round were finalized',
          replay.equal ? 'equal: the same rows give the same weights, bit for bit' : `DIFFERENT:\n  ${replay.differences.join('\n  ')}`,
        ].join('\n'),
      );
    });
  });
}

function replayJson(row: RoundRow, { equal, differences, records, standings, submission }: Replay): object {
  return {
    ok: equal,
    round: row.round,
    seed: row.seed,
    opened_at: row.openedAt,
    equal,
    differences,
    records,
    standings: standings.map((standing) => ({
      hotkey: standing.hotkey,
      model: standing.model,
      score_ppm: standing.scorePpm,
      standing_ppm: standing.standingPpm,
      share_ppm: standing.sharePpm,
      copy_of: standing.copyOf,
      copy_evidence: standing.copyEvidence,
    })),
    submission: submission && { uids: submission.uids, values: submission.values, state: submission.state },
  };
}
