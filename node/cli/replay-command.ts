import type { Command } from 'commander';
import { EXIT } from '../../protocol/failure.js';
import { byCommitment } from '../../scoring/copies.js';
import type { RoundRow, StandingRow } from '../ports.js';
import { type Cluster, clustersOf } from '../rounds/clusters.js';
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
            ['#', 'hotkey', 'committed', 'score', 'standing', 'share', 'verdict'],
            inOrder(replay.standings).map((standing) => [
              standing.rank ?? '–',
              short(standing.hotkey),
              `block ${standing.commitmentBlock}`,
              percent(standing.scorePpm),
              percent(standing.standingPpm),
              percent(standing.sharePpm),
              verdictOf(standing),
            ]),
          ),
          ...clustersOf(replay.standings).flatMap(clusterLines),
          replay.submission
            ? `weights sent: ${replay.submission.uids.map((uid, i) => `${uid}:${replay.submission?.values[i]}`).join(' ')}`
            : 'no weights of this round were finalized',
          replay.equal ? 'equal: the same rows give the same weights, bit for bit' : `DIFFERENT:\n  ${replay.differences.join('\n  ')}`,
        ].join('\n'),
      );
    });
  });
}

/** Places first, then who has none. */
function inOrder(standings: readonly StandingRow[]): readonly StandingRow[] {
  return [...standings].sort((a, b) => (a.rank ?? Infinity) - (b.rank ?? Infinity) || byCommitment(a, b));
}

function verdictOf({ kinship, behind, rank }: StandingRow): string {
  const made = kinship === null ? [] : [`${kinship.kind} of ${short(kinship.of)}`];
  if (behind !== null) return [...made, `${short(behind)} stands for it`].join('; ');
  if (made.length > 0) return made.join('');
  return rank === null ? 'takes no place' : 'original';
}

/** The original, and what was found of each that came after it. */
function clusterLines({ head, members }: Cluster): readonly string[] {
  const later = members.flatMap(({ hotkey, commitmentBlock, as, from }) => {
    if (from === null) return [];
    const source = `${short(from.of)}${from.committedAt === null ? '' : ` (block ${from.committedAt})`}`;
    return [`  ${short(hotkey)}, block ${commitmentBlock}: ${as} of ${source}: ${from.evidence}`];
  });
  const first = members.find(({ hotkey }) => hotkey === head);
  const when = first === undefined ? 'takes no part any more' : `committed at block ${first.commitmentBlock}`;
  return [`cluster of ${short(head)} (${when}); who committed first keeps the reward`, ...later];
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
      rank: standing.rank,
      behind: standing.behind,
      commitment_block: standing.commitmentBlock,
    })),
    clusters: clustersOf(standings).map(({ head, members }) => ({
      head,
      members: members.map(({ hotkey, model, commitmentBlock, as, from, sharePpm }) => ({
        hotkey,
        model,
        commitment_block: commitmentBlock,
        as,
        share_ppm: sharePpm,
        from: from && {
          hotkey: from.of,
          model: from.model,
          commitment_block: from.committedAt,
          because: from.because,
          tensors_percent: from.tensorsPercent,
          distance_ppm: from.distancePpm,
          evidence: from.evidence,
        },
      })),
    })),
    submission: submission && { uids: submission.uids, values: submission.values, state: submission.state },
  };
}
