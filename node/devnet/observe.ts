/** Looks at a running development network from outside: the chain by RPC, each validator by its own database, all nodes by their health page. */
import type { ChainReader } from '../../chain/ports.js';
import type { SubnetSnapshot } from '../../chain/snapshot.js';
import type { Hash, Hotkey } from '../../protocol/names.js';
import type { HealthReport } from '../health.js';
import type { RoundRow, Stores } from '../ports.js';
import { replayRound } from '../rounds/replay.js';
import type { CastMember } from './cast.js';
import type { ChainRow } from './checks.js';
import type { LeaderboardRow, RoundSummary } from './result.js';

const HEALTH_TIMEOUT_MS = 1_500;

export interface ObservedValidator {
  readonly member: CastMember;
  readonly hotkey: Hotkey;
  readonly stores: Stores;
}

export async function healthOf(member: CastMember): Promise<HealthReport | null> {
  try {
    const answer = await fetch(`http://127.0.0.1:${member.httpPort}/health/detailed`, { signal: AbortSignal.timeout(HEALTH_TIMEOUT_MS) });
    return (await answer.json()) as HealthReport;
  } catch {
    return null;
  }
}

export type RoundFate = 'running' | 'finished' | 'missed';

/**
 * A round is finished when this validator heard every model and the chain has finalized its weights for exactly this round. It is missed when
 * the validator has gone on without that: too few models heard in time, or killed at the wrong moment.
 */
export async function fateOf({ hotkey, stores }: ObservedValidator, round: number, models: number): Promise<RoundFate> {
  const [scores, submissions, newest] = await Promise.all([
    stores.scores.ofRound(round),
    stores.submissions.list(32),
    stores.rounds.list(1),
  ]);
  const heard = scores.filter(({ validator }) => validator === hotkey).length;
  if (heard >= models && submissions.some((row) => row.state === 'finalized' && row.round === round)) return 'finished';
  return (newest[0]?.round ?? 0) > round + 1 ? 'missed' : 'running';
}

/** The block in which the weights of that round came to be on chain; null: not known. */
export async function landedAt({ stores }: ObservedValidator, round: number): Promise<number | null> {
  const row = (await stores.submissions.list(32)).find((sent) => sent.state === 'finalized' && sent.round === round);
  return (row?.included ?? row?.committed)?.number ?? null;
}

export async function summarise(
  round: number,
  validators: readonly ObservedValidator[],
  of: {
    readonly scorer: string;
    readonly genesis: Hash;
    readonly netuid: number;
    readonly mechanism: number;
    readonly nameOf: (hotkey: string) => string;
  },
): Promise<RoundSummary | null> {
  const rows = await Promise.all(validators.map(({ stores }) => stores.rounds.get(round)));
  const first = rows.find((row): row is RoundRow => row !== null);
  if (!first) return null;
  const seen = await Promise.all(
    validators.map(async ({ hotkey, member, stores }, index) => {
      const row = rows[index] ?? null;
      const own = (await stores.scores.ofRound(round)).filter(({ validator }) => validator === hotkey);
      const submission = (await stores.submissions.list(64)).find((sent) => sent.state === 'finalized' && sent.round === round) ?? null;
      const replay = row === null ? null : await replayRound(stores, row, { self: hotkey, ...of });
      return {
        hotkey,
        name: member.name,
        scores_ppm: Object.fromEntries(own.map(({ record }) => [record.hotkey, record.scorePpm])),
        prompts_ppm: Object.fromEntries(own.map(({ record }) => [record.hotkey, record.prompts.map(({ scorePpm }) => scorePpm)])),
        weights: submission && { uids: submission.uids, values: submission.values },
        block: submission?.included?.number ?? null,
        replay_equal: replay?.equal ?? false,
      };
    }),
  );
  return { round, opened_at: first.openedAt.number, seed: first.seed, models: first.entries.length, validators: seen };
}

export async function leaderboard(
  round: number,
  snapshot: SubnetSnapshot,
  validators: readonly ObservedValidator[],
  chain: ChainReader,
  memberOf: (hotkey: Hotkey) => CastMember | undefined,
): Promise<{ readonly rows: readonly LeaderboardRow[]; readonly chainRows: readonly ChainRow[] }> {
  const weights = await Promise.all(
    validators.map(async ({ hotkey, member, stores }) => {
      const uid = snapshot.neurons.find((neuron) => neuron.hotkey === hotkey)?.uid;
      const onChain = uid === undefined ? [] : await chain.weightsOf(snapshot.netuid, 0, uid, snapshot.block);
      const stored = (await stores.submissions.list(64)).find(
        ({ state, included }) => state === 'finalized' && included !== null && included.number <= snapshot.block.number,
      );
      const row: ChainRow = {
        validator: member.name,
        onChain: { uids: onChain.map((entry) => entry.uid), values: onChain.map(({ value }) => value) },
        stored: stored ? { uids: stored.uids, values: stored.values } : null,
      };
      return { hotkey, onChain, row };
    }),
  );

  const [judge] = validators;
  const standings = judge ? await judge.stores.standings.ofRound(round) : [];
  const records = judge ? (await judge.stores.scores.ofRound(round)).filter(({ validator }) => validator === judge.hotkey) : [];
  const rows = snapshot.neurons.flatMap((neuron): LeaderboardRow[] => {
    const member = memberOf(neuron.hotkey);
    if (member?.voice == null) return [];
    const standing = standings.find(({ hotkey }) => hotkey === neuron.hotkey);
    const record = records.find(({ record: { hotkey } }) => hotkey === neuron.hotkey)?.record;
    return [
      {
        hotkey: neuron.hotkey,
        name: member.name,
        voice: member.voice,
        uid: neuron.uid,
        model: standing?.model ?? record?.model ?? '',
        score_ppm: record?.scorePpm ?? null,
        prompts: record?.prompts.length ?? 0,
        faults: faultsOf(record?.prompts ?? []),
        parts: record ? meanParts(record.prompts.map(({ parts }) => parts)) : {},
        standing_ppm: standing?.standingPpm ?? 0,
        weights: Object.fromEntries(
          weights.map(({ hotkey, onChain }) => [hotkey, onChain.find(({ uid }) => uid === neuron.uid)?.value ?? 0]),
        ),
        incentive: neuron.incentive,
        emission_rao: neuron.emissionRao,
        copy_of: standing?.copyOf ?? null,
        copy_evidence: standing?.copyEvidence ?? null,
      },
    ];
  });
  rows.sort((a, b) => b.incentive - a.incentive || (b.score_ppm ?? 0) - (a.score_ppm ?? 0));
  return { rows, chainRows: weights.map(({ row }) => row) };
}

function faultsOf(prompts: readonly { readonly fault: string | null }[]): Readonly<Record<string, number>> {
  const counts: Record<string, number> = {};
  for (const { fault } of prompts) if (fault !== null) counts[fault] = (counts[fault] ?? 0) + 1;
  return counts;
}

function meanParts(prompts: readonly Readonly<Record<string, number>>[]): Readonly<Record<string, number>> {
  const sums = new Map<string, number>();
  for (const parts of prompts) for (const [name, ppm] of Object.entries(parts)) sums.set(name, (sums.get(name) ?? 0) + ppm);
  return Object.fromEntries([...sums].map(([name, sum]) => [name, Math.round(sum / prompts.length)]));
}
