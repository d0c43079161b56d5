import { epochStart } from '../chain/epoch.js';
import type { ChainReader, ChainWriter, WeightFacts } from '../chain/ports.js';
import type { BlockRef, SubnetSnapshot } from '../chain/snapshot.js';
import { planSubmission, type SubmissionPlan } from '../chain/submission.js';
import { type Failure, isFailure } from '../protocol/failure.js';
import type { Signer } from '../protocol/ports.js';
import { quantise, type WeightVector } from '../scoring/weights.js';
import type { Logger } from './logger.js';
import type { Metrics } from './metrics.js';
import type { RoundRow, Stores, SubmissionRow } from './ports.js';

/** Our version as the chain compares it with `WeightsVersionKey`: major·10⁶ + minor·10³ + patch. */
export const VERSION_KEY = 1_000n;

export interface WeightSetterDeps {
  readonly chain: ChainReader & ChainWriter;
  readonly signer: Signer;
  readonly stores: Pick<Stores, 'rounds' | 'standings' | 'submissions'>;
  readonly log: Logger;
  readonly metrics: Metrics;
}

export interface WeightSetterOptions {
  readonly netuid: number;
  readonly mechanism: number;
  readonly enabled: boolean;
  readonly dryRun: boolean;
}

export interface WeightPlan {
  readonly round: RoundRow;
  readonly vector: WeightVector;
  readonly facts: WeightFacts;
  readonly plan: SubmissionPlan;
  readonly epochStart: number;
}

export interface WeightSetter {
  /** Settles what a crash left open, by asking the chain. Before the first turn. */
  recover(): Promise<void>;
  turn(head: BlockRef, snapshot: SubnetSnapshot): Promise<void>;
  /** What would be sent now, and whether it may be. Null: no round has been weighed. */
  plan(snapshot: SubnetSnapshot): Promise<WeightPlan | null>;
  /** Why nothing is sent at present; null when there is nothing to say. */
  waitingFor(): Failure | null;
}

const ROUNDS_LOOKED_BACK = 8;
/** After a refusal the chain is left alone for so long: what it disliked seldom changes at once. */
export const REFUSED_REST_BLOCKS = 5;

/** Puts the newest weighed round on chain: at most once per epoch, a row before each extrinsic, done only when a finalized block says so. */
export function createWeightSetter(deps: WeightSetterDeps, options: WeightSetterOptions): WeightSetter {
  const { stores, log } = deps;
  let waiting: Failure | null = null;
  let notBefore = 0;

  async function newestWeighed(): Promise<RoundRow | null> {
    return (await stores.rounds.list(ROUNDS_LOOKED_BACK)).find(({ state }) => state === 'weighed') ?? null;
  }

  async function plan(snapshot: SubnetSnapshot): Promise<WeightPlan | null> {
    const round = await newestWeighed();
    if (round === null) return null;
    const standings = await stores.standings.ofRound(round.round);
    const seated = snapshot.neurons.filter(({ hotkey, registeredAt }) =>
      standings.every((standing) => standing.hotkey !== hotkey || standing.registeredAt === registeredAt),
    );
    const shares = new Map(standings.filter(({ sharePpm }) => sharePpm > 0).map(({ hotkey, sharePpm }) => [hotkey, sharePpm]));
    const vector = quantise(shares, seated, snapshot.hyperparameters.minAllowedWeights);
    const facts = await deps.chain.weightFacts(options.netuid, options.mechanism, deps.signer.hotkey);
    return { round, vector, facts, plan: planSubmission(facts, { ...vector, versionKey: VERSION_KEY }), epochStart: epochStart(facts) };
  }

  /** Sent already, or being sent: the chain is not bothered twice with one round. */
  async function isSent(round: number): Promise<boolean> {
    const rows = await stores.submissions.list(ROUNDS_LOOKED_BACK);
    return rows.some((row) => row.round === round && (row.state === 'finalized' || row.state === 'planned' || row.state === 'sent'));
  }

  async function submit(wanted: WeightPlan, method: string): Promise<void> {
    const { vector, facts } = wanted;
    const row = await stores.submissions.plan({
      genesis: deps.chain.identity().genesis,
      netuid: options.netuid,
      mechanism: options.mechanism,
      hotkey: deps.signer.hotkey,
      epochStart: wanted.epochStart,
      round: wanted.round.round,
      method,
      ...vector,
      versionKey: VERSION_KEY,
      plannedAt: facts.block,
    });
    if (row === null) return;
    const seats = (await deps.chain.snapshot(options.netuid)).neurons;
    const moved = vector.uids.find((uid, index) => seats.find((seat) => seat.uid === uid)?.hotkey !== vector.hotkeys[index]);
    if (moved !== undefined) return await abandon(row, { code: 'weights.seat_changed', facts: { uid: moved } });
    await stores.submissions.mark(row.id, 'sent', { included: null, extrinsicHash: null, failure: null });
    // Only what the chain says settles the row: trouble with the store leaves it open, and the next turn asks the chain.
    const sent = await deps.chain.setWeights(deps.signer, { ...options, ...vector, versionKey: VERSION_KEY }).then(
      (inclusion) => ({ inclusion, failure: null }),
      (error: unknown) => {
        if (!isFailure(error)) throw error;
        return { inclusion: null, failure: error };
      },
    );
    if (sent.inclusion === null) return await settleFailure(row, sent.failure);
    const { block, extrinsicHash } = sent.inclusion;
    await stores.submissions.mark(row.id, 'finalized', { included: block, extrinsicHash, failure: null });
    deps.metrics.count('voxd_weights_submissions_total', { outcome: 'finalized' });
    log.info({ round: row.round, block: block.number, hash: extrinsicHash, uids: vector.uids, values: vector.values }, 'weights set');
  }

  /** A refusal the chain has spoken is final for the row; when we cannot know, the row stays open and `recover` asks the chain. */
  async function settleFailure(row: SubmissionRow, failure: Failure): Promise<void> {
    log.warn({ round: row.round, code: failure.code, facts: failure.facts, hint: failure.hint }, 'weights not set');
    if (UNKNOWN_OUTCOMES.has(failure.code)) return;
    waiting = failure;
    notBefore = row.plannedAt.number + REFUSED_REST_BLOCKS;
    await stores.submissions.mark(row.id, 'refused', { included: null, extrinsicHash: null, failure });
    deps.metrics.count('voxd_weights_submissions_total', { outcome: 'refused' });
  }

  async function abandon(row: SubmissionRow, failure: SubmissionRow['failure']): Promise<void> {
    await stores.submissions.mark(row.id, 'abandoned', { included: null, extrinsicHash: null, failure });
    deps.metrics.count('voxd_weights_submissions_total', { outcome: 'abandoned' });
    log.warn({ round: row.round, ...failure }, 'submission abandoned');
  }

  /** After a crash: a row is done when the chain shows its weights set after it was planned; else it may be sent again. */
  async function settle(row: SubmissionRow): Promise<void> {
    // It becomes `sent` before anything is sent.
    if (row.state === 'planned') return abandon(row, { code: 'weights.never_sent', facts: { plannedAt: row.plannedAt.number } });
    const facts = await deps.chain.weightFacts(row.netuid, row.mechanism, row.hotkey);
    const age = facts.block.number - row.plannedAt.number;
    if (facts.uid !== null && facts.lastUpdate > row.plannedAt.number) {
      const onChain = await deps.chain.weightsOf(row.netuid, row.mechanism, facts.uid);
      const same =
        onChain.length === row.uids.length && onChain.every(({ uid, value }, i) => uid === row.uids[i] && value === row.values[i]);
      if (same) {
        const included = await deps.chain.blockAt(facts.lastUpdate);
        await stores.submissions.mark(row.id, 'finalized', { included, extrinsicHash: null, failure: null });
        return log.info({ round: row.round, block: facts.lastUpdate }, 'weights of an interrupted submission are on chain');
      }
    }
    if (age > SUBMISSION_LIFETIME_BLOCKS) await abandon(row, { code: 'chain.not_included', facts: { blocks: age } });
  }

  async function settleOpen(): Promise<boolean> {
    const open = (await stores.submissions.unsettled()).filter(({ hotkey }) => hotkey === deps.signer.hotkey);
    for (const row of open) await settle(row);
    return (await stores.submissions.unsettled()).some(({ hotkey }) => hotkey === deps.signer.hotkey);
  }

  return {
    plan,
    waitingFor: () => waiting,
    async recover() {
      await settleOpen();
    },
    async turn(head, snapshot) {
      const self = snapshot.neurons.find(({ hotkey }) => hotkey === deps.signer.hotkey);
      if (self) deps.metrics.set('voxd_weights_blocks_since_last', {}, Math.max(0, head.number - self.lastUpdate));
      if (!options.enabled || head.number < notBefore || (await settleOpen())) return;
      const wanted = await plan(snapshot);
      if (wanted === null || (await isSent(wanted.round.round))) return;
      if (wanted.plan.action !== 'submit') {
        if (waiting?.code !== wanted.plan.because.code) {
          const { code, facts, hint } = wanted.plan.because;
          log.info({ round: wanted.round.round, code, facts, hint }, 'weights wait');
        }
        waiting = wanted.plan.because;
        return;
      }
      waiting = null;
      if (options.dryRun) return log.info({ round: wanted.round.round, ...wanted.vector }, 'dry run: these weights would be set');
      await submit(wanted, wanted.plan.method);
    },
  };
}

/** An extrinsic older than this has left its era: it cannot be included any more. */
const SUBMISSION_LIFETIME_BLOCKS = 40;
/** Failures that leave it open whether the extrinsic is in a block. */
const UNKNOWN_OUTCOMES = new Set(['chain.outcome_unknown', 'chain.stopped', 'chain.timeout', 'chain.unreachable', 'chain.disconnected']);
