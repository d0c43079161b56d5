import type { EndpointHealth } from '../chain/endpoint-health.js';
import type { ChainIdentity } from '../chain/ports.js';
import { roleOf } from '../chain/registry.js';
import type { BlockRef, SubnetSnapshot } from '../chain/snapshot.js';
import type { Failure } from '../protocol/failure.js';
import type { Hotkey } from '../protocol/names.js';
import type { Peer } from '../protocol/ports.js';
import { type AgreementReport, ownAgreement } from './audit/agreement.js';
import { type ComponentHealth, type HealthReport, worstHealth } from './health.js';
import { isUnreachable, type Reachability } from './network/reachability.js';
import type { RoundKeeper } from './rounds/keeper.js';
import { VERSION } from './version.js';

export interface StatusFacts {
  readonly startedAtMs: number;
  readonly nowMs: number;
  readonly started: boolean;
  readonly hotkey: Hotkey;
  readonly identity: ChainIdentity | null;
  readonly head: BlockRef | null;
  readonly headAgeMs: number;
  readonly endpoints: readonly EndpointHealth[];
  /** Null: not judged yet. */
  readonly clock: { readonly driftMs: number; readonly failure: Failure | null } | null;
  readonly snapshot: SubnetSnapshot | null;
  readonly peers: readonly Peer[];
  /** What peers said who dialled us; absent or null: nobody has been asked. */
  readonly reachability?: Reachability | null;
  readonly round: ReturnType<RoundKeeper['view']>;
  readonly queue: { readonly waiting: number; readonly running: number; readonly dead: number } | null;
  readonly weights: {
    readonly lastRound: number | null;
    readonly lastBlock: number | null;
    readonly waiting: Failure | null;
    /** A commit whose weights are not on chain yet: the blocks in which they are expected. */
    readonly reveal: {
      readonly round: number | null;
      readonly way: string;
      readonly from: number | null;
      readonly until: number | null;
    } | null;
  } | null;
  /** Of the newest round that was weighed since the start; null: none yet. */
  readonly agreement: AgreementReport | null;
  readonly databaseOk: boolean;
  /** Null: the key is in this process. */
  readonly signer: { readonly failure: Failure | null } | null;
}

/** Before there is anything to look at. */
export const STARTING: HealthReport = {
  status: 'degraded',
  live: true,
  ready: false,
  version: VERSION,
  uptimeSeconds: 0,
  components: [{ name: 'start', status: 'degraded', detail: 'starting' }],
};

/** A head older than so many block times means that the chain, or our way to it, stands still. */
const STALE_HEADS = 8;

/** How the node feels, in sentences that say what to do. Pure, so that every state can be tested. */
export function healthReport(facts: StatusFacts): HealthReport {
  const components = [
    chain(facts),
    ...endpoints(facts),
    ...clock(facts),
    registry(facts),
    network(facts),
    database(facts),
    ...signer(facts),
    ...scoring(facts),
    ...agreement(facts),
  ];
  return {
    status: worstHealth(components),
    live: true,
    ready: facts.started && !components.some(({ status }) => status === 'failing'),
    version: VERSION,
    uptimeSeconds: Math.floor((facts.nowMs - facts.startedAtMs) / 1000),
    components,
  };
}

function chain({ identity, head, headAgeMs }: StatusFacts): ComponentHealth {
  if (identity === null || head === null) return { name: 'chain', status: 'failing', detail: 'No chain yet: is the endpoint up?' };
  const stale = headAgeMs > STALE_HEADS * identity.blockTimeMs + 5_000;
  return {
    name: 'chain',
    status: stale ? 'failing' : 'ok',
    ...(stale ? { detail: `No finalized block for ${Math.round(headAgeMs / 1000)} s: add a second endpoint to chain.endpoints.` } : {}),
    facts: { endpoint: identity.endpoint, genesis: identity.genesis, specVersion: identity.specVersion, block: head.number, headAgeMs },
  };
}

/** One part each, where there is more than one to choose from or something to say. */
function endpoints(facts: StatusFacts): readonly ComponentHealth[] {
  if (facts.endpoints.length < 2 && facts.endpoints.every(({ failures }) => failures === 0)) return [];
  return facts.endpoints.map(({ endpoint, state, latencyMs, behindBlocks, failures, lastFailure }, place) => {
    const trouble = state === 'excluded' || state === 'failing' || state === 'resting';
    const sinceMs = lastFailure === null ? null : facts.nowMs - lastFailure.atMs;
    return {
      name: `endpoint ${place + 1}`,
      status: trouble ? 'degraded' : 'ok',
      ...(trouble && lastFailure !== null ? { detail: `${state}: ${lastFailure.message}` } : {}),
      facts: {
        endpoint,
        state,
        latencyMs,
        behindBlocks,
        failures,
        ...(lastFailure === null ? {} : { lastFailure: lastFailure.code, lastFailureAgeMs: sinceMs }),
      },
    };
  });
}

function clock({ clock: judged }: StatusFacts): readonly ComponentHealth[] {
  if (judged === null) return [];
  const { driftMs, failure } = judged;
  const facts = { driftMs };
  if (failure === null) return [{ name: 'clock', status: 'ok', facts }];
  return [{ name: 'clock', status: 'degraded', detail: `${failure.message} ${failure.hint}`, facts }];
}

function registry({ snapshot, hotkey }: StatusFacts): ComponentHealth {
  if (snapshot === null) return { name: 'registry', status: 'failing', detail: 'The subnet has not been read yet.' };
  const role = roleOf(snapshot, hotkey);
  const facts = { netuid: snapshot.netuid, block: snapshot.block.number, neurons: snapshot.neurons.length, hotkey, ...role };
  if (role.registered) return { name: 'registry', status: 'ok', facts };
  return {
    name: 'registry',
    status: 'degraded',
    detail: `Hotkey ${hotkey} is not registered on netuid ${snapshot.netuid}: register it.`,
    facts,
  };
}

function network({ peers, reachability = null }: StatusFacts): ComponentHealth {
  const reached = reachability === null ? null : reachability.answers.filter(({ outcome }) => outcome === 'reached').length;
  const facts = {
    peers: peers.length,
    bound: peers.filter(({ hotkey }) => hotkey !== null).length,
    ...(reachability === null ? {} : { reachedBy: reached, asked: reachability.answers.length }),
  };
  if (reachability !== null && isUnreachable(reachability))
    return {
      name: 'p2p',
      status: 'degraded',
      detail: 'Peers cannot reach the announced address: `voxd probe` shows where it ends.',
      facts,
    };
  if (peers.length > 0) return { name: 'p2p', status: 'ok', facts };
  return {
    name: 'p2p',
    status: 'degraded',
    detail: 'No peer is connected: is p2p.announceIp reachable, and is anybody registered?',
    facts,
  };
}

function database({ databaseOk }: StatusFacts): ComponentHealth {
  return { name: 'database', status: databaseOk ? 'ok' : 'failing', ...(databaseOk ? {} : { detail: 'The database does not answer.' }) };
}

function signer({ signer: asked, hotkey }: StatusFacts): readonly ComponentHealth[] {
  if (asked === null) return [];
  const { failure } = asked;
  const facts = { hotkey, code: failure?.code ?? null };
  if (failure === null) return [{ name: 'signer', status: 'ok', facts }];
  return [{ name: 'signer', status: 'failing', detail: `${failure.message} ${failure.hint}`, facts }];
}

function scoring({ round, queue, weights }: StatusFacts): readonly ComponentHealth[] {
  const dead = queue?.dead ?? 0;
  return [
    ...(queue
      ? [
          {
            name: 'scoring',
            status: dead > 0 ? ('degraded' as const) : ('ok' as const),
            ...(dead > 0 ? { detail: `${dead} scoring jobs gave up after all retries; their models keep their last standing.` } : {}),
            facts: {
              ...queue,
              round: round?.round ?? null,
              phase: round?.phase ?? null,
              entered: round?.entered ?? 0,
              heard: round?.heard ?? 0,
            },
          },
        ]
      : []),
    ...(weights ? [weightsComponent(weights)] : []),
  ];
}

/** How our scores stand beside those of other validators. */
function agreement({ agreement: report }: StatusFacts): readonly ComponentHealth[] {
  if (report === null) return [];
  const { validators, differencePpmMax, tauPpmMin } = ownAgreement(report);
  const disbelieved = report.validators.filter((validator) => validator.disbelieved !== null).map(({ hotkey }) => hotkey);
  const facts = {
    round: report.round,
    comparedWith: validators,
    differencePpmMax,
    tauPpmMin,
    disbelieved: disbelieved.length,
    oursWrong: report.oursWrong,
  };
  const look = `\`voxd agreement ${report.round}\` shows it.`;
  if (report.oursWrong > 0)
    return [
      {
        name: 'agreement',
        status: 'degraded',
        detail: `Our own engine was wrong about ${report.oursWrong} models: is this machine sound? ${look}`,
        facts,
      },
    ];
  if (disbelieved.length > 0)
    return [{ name: 'agreement', status: 'degraded', detail: `Not believed: ${disbelieved.join(', ')}. ${look}`, facts }];
  if (report.alarm) return [{ name: 'agreement', status: 'degraded', detail: `Validators differ more than they should. ${look}`, facts }];
  return [{ name: 'agreement', status: 'ok', facts }];
}

/** Trouble that lets weights be lost, or that a person should look at. */
const WEIGHTS_IN_DANGER =
  /^weights\.(foreign_submission|gave_up|not_as_sent|reveal_missed|commit_gone|beacon_late|round_missed|reveal_dropped|no_owner_seat)$|^chain\.(commit_reveal_unsupported|hash_commit_missing|timelock_\w+|beacon_\w+|reveal_unforeseen|tempo_too_short)$/;

function weightsComponent({ lastRound, lastBlock, waiting, reveal }: NonNullable<StatusFacts['weights']>): ComponentHealth {
  return {
    name: 'weights',
    status: waiting !== null && WEIGHTS_IN_DANGER.test(waiting.code) ? 'degraded' : 'ok',
    ...(waiting === null ? {} : { detail: `${waiting.message} ${waiting.hint}` }),
    facts: {
      lastRound,
      lastBlock,
      ...(reveal === null ? {} : { revealOfRound: reveal.round, revealFrom: reveal.from, revealUntil: reveal.until, way: reveal.way }),
    },
  };
}
