import type { SubnetSnapshot } from '../../chain/snapshot.js';
import type { Hotkey } from '../../protocol/names.js';
import { fingerprintDistance } from '../../scoring/profile.js';
import { recordDigest } from '../../scoring/record.js';
import { WEIGHING_RULES, type WeighedRound, type WeighingPolicy, weighRound } from '../../scoring/weigh.js';
import { beliefsIn } from '../audit/beliefs.js';
import type { RoundRow, StandingRow, StoredScore, Stores, Weighing } from '../ports.js';

export interface Weighed {
  readonly weighed: WeighedRound;
  readonly rows: readonly StandingRow[];
  readonly weighing: Weighing;
}

/** Weigh a round with the seats of a snapshot; what was taken from it is kept, so that `reweigh` needs no chain. */
export async function weigh(
  stores: Pick<Stores, 'scores' | 'models' | 'standings' | 'audits'>,
  row: RoundRow,
  snapshot: SubnetSnapshot,
  options: { readonly self: Hotkey; readonly scorer: string; readonly policy: WeighingPolicy },
): Promise<Weighed> {
  const scores = await stores.scores.ofRound(row.round);
  const ours = scores.filter(({ record }) => record.scorer === options.scorer);
  const weighing: Weighing = {
    block: row.openedAt.number,
    minAllowedWeights: snapshot.hyperparameters.minAllowedWeights,
    records: scores.map(recordKey),
    seats: snapshot.neurons.map(({ uid, hotkey, registeredAt, coldkey }) => ({ uid, hotkey, registeredAt, coldkey })),
    policy: options.policy,
    rules: WEIGHING_RULES,
    beliefs: await beliefsIn(stores, { round: row.round, self: options.self, scores: ours }),
  };
  return { ...(await reweigh(stores, row, weighing, options)), weighing };
}

/** The same decision from rows alone. */
export async function reweigh(
  stores: Pick<Stores, 'scores' | 'models' | 'standings'>,
  row: RoundRow,
  weighing: Weighing,
  options: { readonly self: Hotkey; readonly scorer: string },
): Promise<{ readonly weighed: WeighedRound; readonly rows: readonly StandingRow[] }> {
  const [scores, before, models] = await Promise.all([
    stores.scores.ofRound(row.round),
    stores.standings.before(row.round),
    stores.models.list(),
  ]);
  const used = new Set(weighing.records);
  const heard = scores.filter((score) => used.has(recordKey(score)));
  const tensors = new Map(models.map(({ hotkey, model, tensorDigests }) => [`${hotkey}/${model}`, tensorDigests]));
  const weighed = weighRound({
    round: row.round,
    block: weighing.block,
    self: options.self,
    scorer: options.scorer,
    entries: row.entries,
    claims: row.opening?.claims ?? [],
    tensorsOf: (hotkey, model) => tensors.get(`${hotkey}/${model}`) ?? [],
    heard,
    before,
    seats: weighing.seats,
    policy: weighing.policy,
    beliefs: weighing.beliefs ?? null,
    distancePpm: fingerprintDistance,
  });
  return { weighed, rows: weighed.models.map((model) => ({ round: row.round, ...model })) };
}

/** How `Weighing.records` names a record. */
export function recordKey({ validator, record }: StoredScore): string {
  return `${validator}/${recordDigest(record)}`;
}
