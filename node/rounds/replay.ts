import { canonicalJson } from '../../protocol/digest.js';
import type { Hash, Hotkey } from '../../protocol/names.js';
import { roundSeed } from '../../scoring/round.js';
import { WEIGHING_RULES } from '../../scoring/weigh.js';
import { quantise, withBurn } from '../../scoring/weights.js';
import type { RoundRow, StandingRow, Stores, SubmissionRow } from '../ports.js';
import { reweigh } from './weighing.js';

export interface Replay {
  readonly round: number;
  readonly equal: boolean;
  /** What differs, in words; empty when equal. */
  readonly differences: readonly string[];
  readonly records: number;
  readonly standings: readonly StandingRow[];
  readonly submission: Pick<SubmissionRow, 'uids' | 'values' | 'state' | 'burn'> | null;
}

/** Does the same from the same rows, and holds every number against the stored one. Null: the round was never weighed. */
export async function replayRound(
  stores: Stores,
  row: RoundRow,
  of: { readonly self: Hotkey; readonly scorer: string; readonly genesis: Hash; readonly netuid: number; readonly mechanism: number },
): Promise<Replay | null> {
  if (row.weighing === null) return null;
  const differences: string[] = [];
  const rules = row.weighing.rules ?? 1;
  if (rules !== WEIGHING_RULES)
    differences.push(
      `rules: it was weighed by rules ${rules}, this program has ${WEIGHING_RULES}; replay it with the version that weighed it`,
    );
  const seed = roundSeed({ ...of, round: row.round, openedBy: row.openedAt.hash });
  if (seed !== row.seed) differences.push(`seed: stored ${row.seed}, computed ${seed}`);

  const { rows } = await reweigh(stores, row, row.weighing, of);
  const stored = new Map((await stores.standings.ofRound(row.round)).map((standing) => [standing.hotkey, standing]));
  for (const computed of rows) differences.push(...standingDifferences(stored.get(computed.hotkey), computed));
  for (const hotkey of stored.keys())
    if (!rows.some((computed) => computed.hotkey === hotkey)) differences.push(`${hotkey}: stored, not computed`);

  const shares = new Map(rows.filter(({ sharePpm }) => sharePpm > 0).map(({ hotkey, sharePpm }) => [hotkey, sharePpm]));
  const submission = (await stores.submissions.list(200)).find(({ round, state }) => round === row.round && state === 'finalized') ?? null;
  if (submission) {
    const vector = quantise(withBurn(shares, submission.burn), row.weighing.seats, row.weighing.minAllowedWeights);
    if (vector.uids.join() !== submission.uids.join() || vector.values.join() !== submission.values.join())
      differences.push(`weights: stored [${submission.uids}] → [${submission.values}], computed [${vector.uids}] → [${vector.values}]`);
  }
  const records = (await stores.scores.ofRound(row.round)).length;
  return { round: row.round, equal: differences.length === 0, differences, records, standings: rows, submission };
}

const FIELDS = [
  'scorePpm',
  'standingPpm',
  'sharePpm',
  'copyOf',
  'model',
  'commitmentBlock',
  'unheardRounds',
  'ancestors',
  'kinship',
  'rank',
  'behind',
] as const satisfies readonly (keyof StandingRow)[];

function standingDifferences(stored: StandingRow | undefined, computed: StandingRow): string[] {
  if (!stored) return [`${computed.hotkey}: computed, not stored`];
  return FIELDS.flatMap((field) => {
    const [before, now] = [stored[field], computed[field]].map((value) =>
      typeof value === 'object' ? canonicalJson(value) : String(value),
    );
    return before === now ? [] : [`${computed.hotkey} ${field}: stored ${before}, computed ${now}`];
  });
}
