import { epochStart } from '../../chain/epoch.js';
import type { WeightFacts } from '../../chain/ports.js';
import type { BlockRef, SubnetSnapshot } from '../../chain/snapshot.js';
import { type CommitPreference, planSubmission, type SubmissionPlan } from '../../chain/submission.js';
import { inBlocks, type PlannedVector } from '../../chain/weight-checks.js';
import { PUBLIC_GENESES } from '../../config/networks.js';
import { type Failure, isFailure } from '../../protocol/failure.js';
import type { WeightVector } from '../../scoring/weights.js';
import type { Logger } from '../logger.js';
import type { Metrics } from '../metrics.js';
import type { Burn, RoundRow, Stores, SubmissionRow, WeightLock } from '../ports.js';
import { submissionFailure } from './failures.js';
import { createWeightJournal } from './journal.js';
import { foreignAct, neverLeft } from './outcome.js';
import { prepare, type SendingDeps, send } from './sending.js';
import { createSettling } from './settling.js';
import { isAccepted, isSettled } from './states.js';
import { wantedWeights } from './vector.js';

/** Our version as the chain compares it with `WeightsVersionKey`: major·10⁶ + minor·10³ + patch. */
export const VERSION_KEY = 1_000n;

export interface WeightSetterDeps extends SendingDeps {
  readonly stores: {
    readonly rounds: Pick<Stores['rounds'], 'list'>;
    readonly standings: Pick<Stores['standings'], 'ofRound'>;
    readonly submissions: Stores['submissions'];
  };
  readonly lock: WeightLock;
  readonly log: Logger;
  readonly metrics: Metrics;
}

export interface WeightSetterOptions {
  readonly netuid: number;
  readonly mechanism: number;
  readonly enabled: boolean;
  readonly dryRun: boolean;
  readonly commitReveal: CommitPreference;
  /** Part of the weights for the subnet owner's hotkey. */
  readonly burnPercent: number;
  /** False: a command without the journal of a node, which cannot tell acts of its own from foreign ones. Default: true. */
  readonly knowsAll?: boolean;
}

export interface WeightPlan {
  readonly round: RoundRow;
  readonly vector: WeightVector;
  readonly burn: Burn | null;
  readonly facts: WeightFacts;
  readonly plan: SubmissionPlan;
  readonly epochStart: number;
}

/** A vector to be sent, from a round or by hand. */
export interface Submission {
  readonly round: number | null;
  readonly vector: WeightVector;
  readonly versionKey: bigint;
  readonly burn: Burn | null;
}

export interface WeightSetter {
  /** Settles what a crash left open, as far as that needs no extrinsic. Before the first turn. */
  recover(): Promise<void>;
  /** Settles, reveals what is due, and sends the newest round if the chain takes it now. Never rejects with a Failure: `waitingFor` has it. */
  turn(head: BlockRef, snapshot: SubnetSnapshot): Promise<void>;
  /** What would be sent now, and whether it may be. Null: no round has been weighed. */
  plan(snapshot: SubnetSnapshot): Promise<WeightPlan | null>;
  /** What the chain would say to a vector given by hand. */
  judge(vector: PlannedVector): Promise<{ readonly facts: WeightFacts; readonly plan: SubmissionPlan }>;
  /** One vector now. Errors: why it is not sent, as a Failure; what becomes of it is in the row. */
  submit(submission: Submission): Promise<SubmissionRow>;
  /** One pass over the open rows of this hotkey. Errors: weights.busy; what the chain or the store has against being asked. */
  settle(): Promise<readonly SubmissionRow[]>;
  /** Why nothing is sent at present; null when there is nothing to say. */
  waitingFor(): Failure | null;
}

export const SUBMISSIONS_LOOKED_BACK = 64;
/** After a refusal the chain is left alone for so long, and twice as long after the next: what it disliked seldom changes at once. */
export const REFUSED_REST_BLOCKS = 5;
/** Submissions of one epoch that may be refused or abandoned before the next epoch is waited for. */
export const ATTEMPTS_PER_EPOCH_MAX = 6;

/** Puts the newest weighed round on chain: at most once per epoch, a row before each extrinsic, done only when a finalized block says so. */
export function createWeightSetter(deps: WeightSetterDeps, options: WeightSetterOptions): WeightSetter {
  const { stores, log, chain, signer } = deps;
  const { netuid, mechanism } = options;
  const of = () => ({ genesis: chain.identity().genesis, netuid, mechanism, hotkey: signer.hotkey });
  let waiting: Failure | null = null;
  let trouble: Failure | null = null;
  const journal = createWeightJournal({
    submissions: stores.submissions,
    log,
    metrics: deps.metrics,
    onTrouble: (failure) => {
      trouble = failure;
    },
  });
  const settling = createSettling({ ...deps, journal });

  const readFacts = () => chain.weightFacts(netuid, mechanism, signer.hotkey);

  function isOwn(row: SubmissionRow): boolean {
    const { genesis } = chain.identity();
    return row.genesis === genesis && row.netuid === netuid && row.mechanism === mechanism && row.hotkey === signer.hotkey;
  }

  function verdictOn(facts: WeightFacts, vector: PlannedVector): SubmissionPlan {
    const { genesis, blockTimeMs } = chain.identity();
    const nowSeconds = deps.clock.nowMs() / 1000;
    return planSubmission(facts, vector, {
      prefer: options.commitReveal,
      quicknetOnly: PUBLIC_GENESES.has(genesis),
      nowSeconds,
      blockTimeMs,
    });
  }

  async function plan(snapshot: SubnetSnapshot, known?: WeightFacts): Promise<WeightPlan | null> {
    const facts = known ?? (await readFacts());
    const wanted = await wantedWeights(stores, snapshot, facts, options.burnPercent);
    if (wanted === null) return null;
    const verdict: SubmissionPlan =
      wanted.refusal === null
        ? verdictOn(facts, { ...wanted.vector, versionKey: VERSION_KEY })
        : { action: 'refuse', because: wanted.refusal };
    return { ...wanted, facts, plan: verdict, epochStart: epochStart(facts) };
  }

  /** Moves every open row; trouble with one is no trouble of the others. */
  async function settleOpen(facts: WeightFacts, mayReveal: boolean): Promise<readonly SubmissionRow[]> {
    const rows: SubmissionRow[] = [];
    for (const row of (await stores.submissions.unsettled()).filter(isOwn)) {
      try {
        rows.push(await settling.settle(row, facts, mayReveal));
      } catch (error) {
        if (!isFailure(error)) throw error;
        complain(error);
        rows.push(row);
      }
    }
    deps.metrics.set('voxd_weights_reveals_waiting', {}, rows.filter(({ state }) => state === 'committed' || state === 'revealing').length);
    return rows;
  }

  /** Why the journal and the chain's view of this hotkey forbid a new submission in this epoch. Null: they do not. */
  function heldBack(facts: WeightFacts, own: readonly SubmissionRow[]): Failure | null {
    const start = epochStart(facts);
    const taken = own.find((row) => isAccepted(row) && (row.committed ?? row.included ?? row.plannedAt).number >= start);
    const open = own.find(({ state }) => state === 'planned' || state === 'sent');
    const live = taken ?? open ?? own.find((row) => row.epochStart === start && isAccepted(row));
    if (live !== undefined) {
      const wait = inBlocks(Math.max(1, start + facts.tempo - facts.block.number));
      return submissionFailure('weights.epoch_taken', { state: live.state, plannedAt: live.plannedAt.number, wait });
    }
    const foreign = options.knowsAll === false ? null : foreignAct(facts, own, start);
    if (foreign !== null) return submissionFailure('weights.foreign_submission', foreign);
    const tried = own.filter((row) => row.epochStart === start && (row.state === 'refused' || row.state === 'abandoned'));
    if (tried.length < ATTEMPTS_PER_EPOCH_MAX) return null;
    return submissionFailure('weights.gave_up', { attempts: tried.length, last: tried[0]?.failure?.code ?? 'unknown' });
  }

  /** Newest first: the last attempt of this epoch that the chain disliked or that did not reach it, and how many there were. */
  function isResting(facts: WeightFacts, own: readonly SubmissionRow[]): boolean {
    const failed = ({ state, failure }: SubmissionRow) => state === 'refused' || (failure !== null && neverLeft(failure));
    const refused = own.filter((row) => row.epochStart === epochStart(facts) && failed(row));
    const [last] = refused;
    return last !== undefined && facts.block.number < last.plannedAt.number + REFUSED_REST_BLOCKS * 2 ** (refused.length - 1);
  }

  async function attempt(
    { round, vector, versionKey, burn }: Submission,
    facts: WeightFacts,
    plan: SubmissionPlan,
  ): Promise<SubmissionRow | null> {
    if (plan.action === 'done') throw submissionFailure('weights.already_there', { what: plan.what, block: plan.block });
    if (plan.action !== 'submit') throw plan.because;
    await signer.probe?.();
    const { way, method } = plan;
    const { ciphertext, ...kept } = prepare(deps, facts, plan, { ...vector, versionKey });
    const about = { ...of(), epochStart: epochStart(facts), round, way, method, ...vector, versionKey, burn, plannedAt: facts.block };
    const row = await journal.plan({ ...about, ...kept });
    if (row === null) return null;
    const seats = (await chain.snapshot(netuid)).neurons;
    const moved = vector.uids.find((uid, index) => seats.find((seat) => seat.uid === uid)?.hotkey !== vector.hotkeys[index]);
    if (moved !== undefined) return journal.move(row, 'abandoned', { because: submissionFailure('weights.seat_changed', { uid: moved }) });
    const sending = await journal.move(row, 'sent');
    const sent = await send(deps, sending, ciphertext, facts);
    if (sent.kind === 'included') return settling.confirm(sending, sent.inclusion);
    if (sent.kind === 'refused') return journal.move(sending, 'refused', { because: sent.failure });
    if (sent.kind === 'unsent') return journal.move(sending, 'abandoned', { because: sent.failure });
    const { code, facts: about_, hint } = sent.failure;
    log.warn({ round, code, facts: about_, hint }, 'weights may be on their way: the chain is asked');
    return sending;
  }

  const ownRows = async () => (await stores.submissions.list(SUBMISSIONS_LOOKED_BACK)).filter(isOwn);

  async function act(snapshot: SubnetSnapshot): Promise<void> {
    const facts = await readFacts();
    const open = await settleOpen(facts, !options.dryRun);
    const own = await ownRows();
    // A reveal takes blocks: what follows is decided by what is final after it.
    const wanted = await plan(snapshot, open.length === 0 ? facts : await readFacts());
    if (wanted === null || own.some(({ round, state }) => round === wanted.round.round && (!isSettled(state) || state === 'finalized'))) {
      return wait(null);
    }
    const held = heldBack(wanted.facts, own);
    if (held !== null) return wait(held.code === 'weights.epoch_taken' ? null : held);
    if (isResting(wanted.facts, own)) return;
    if (wanted.plan.action === 'done') return wait(null);
    if (wanted.plan.action !== 'submit') return wait(wanted.plan.because);
    wait(null);
    const { round, vector, burn } = wanted;
    if (options.dryRun) return log.info({ round: round.round, way: wanted.plan.way, ...vector }, 'dry run: these weights would be set');
    await attempt({ round: round.round, vector, burn, versionKey: VERSION_KEY }, wanted.facts, wanted.plan);
  }

  function wait(because: Failure | null): void {
    if (because !== null && because.code !== waiting?.code) {
      const { code, facts, hint } = because;
      log[code === 'weights.foreign_submission' || code === 'weights.gave_up' ? 'warn' : 'info']({ code, facts, hint }, 'weights wait');
    }
    waiting = because;
  }

  /** The chain or the store cannot be asked: said once, tried again at the next turn. */
  function complain(error: Failure): void {
    if (waiting?.code !== error.code) log.warn({ code: error.code, facts: error.facts, hint: error.hint }, 'weights wait');
    waiting = error;
  }

  /** False: another process acts on these weights. */
  async function alone<T>(work: () => Promise<T>): Promise<{ readonly done: T } | null> {
    const held = await deps.lock.tryAcquire(of());
    if (held === null) return null;
    try {
      return { done: await work() };
    } finally {
      await held.release();
    }
  }

  async function quietly(work: () => Promise<void>): Promise<void> {
    try {
      if ((await alone(work)) === null) complain(submissionFailure('weights.busy'));
    } catch (error) {
      if (!isFailure(error)) throw error;
      complain(error);
    }
  }

  async function loudly<T>(work: () => Promise<T>): Promise<T> {
    const result = await alone(work);
    if (result === null) throw submissionFailure('weights.busy');
    return result.done;
  }

  return {
    plan: (snapshot) => plan(snapshot),
    async judge(vector) {
      const facts = await readFacts();
      return { facts, plan: verdictOn(facts, vector) };
    },
    waitingFor: () => waiting ?? trouble,
    recover: () =>
      quietly(async () => {
        await settleOpen(await readFacts(), false);
      }),
    async turn(head, snapshot) {
      const self = snapshot.neurons.find(({ hotkey }) => hotkey === signer.hotkey);
      if (self) deps.metrics.set('voxd_weights_blocks_since_last', {}, Math.max(0, head.number - self.lastUpdate));
      if (options.enabled) await quietly(() => act(snapshot));
    },
    settle: () => loudly(async () => settleOpen(await readFacts(), !options.dryRun)),
    submit: (submission) =>
      loudly(async () => {
        const facts = await readFacts();
        const held = heldBack(facts, await ownRows());
        if (held !== null) throw held;
        const { vector, versionKey } = submission;
        const row = await attempt(submission, facts, verdictOn(facts, { ...vector, versionKey }));
        if (row !== null) return row;
        throw submissionFailure('weights.busy');
      }),
  };
}
