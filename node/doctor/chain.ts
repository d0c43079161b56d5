/** The way to the chain, and what is found at its end. Pure: the facts are gathered by the command. */
import { DRIFT_MAX_MS } from '../../chain/clock-drift.js';
import type { ChainIdentity, RuntimeDescription } from '../../chain/ports.js';
import type { BlockRef } from '../../chain/snapshot.js';
import type { Failure } from '../../protocol/failure.js';
import { type Finding, fail, fromFailure, ok, skip, warn } from './finding.js';

export interface EndpointFacts {
  readonly endpoint: string;
  /** Why nothing more is known about it. */
  readonly failure: Failure | null;
  readonly identity: ChainIdentity | null;
  /** Of one request, the median of a few. */
  readonly latencyMs: number;
  readonly head: BlockRef | null;
  readonly finalized: BlockRef | null;
  readonly runtime: RuntimeDescription | null;
  /** Our reading of the subnet beside the runtime's own list: seats compared (null: it has no list), a sentence per difference. */
  readonly crossCheck: { readonly seats: number | null; readonly differences: readonly string[] } | null;
  /** This machine ahead of the chain (negative: behind), ms; null: not known. */
  readonly driftMs: number | null;
  /** Why the clock was not judged, where it was tried. */
  readonly clockNote: string | null;
}

/** Finality of the public networks lags by two or three blocks. */
const LAGGING_BLOCKS = 30;
const BEHIND_BLOCKS = 5;
const SLOW_SECONDS = 2;

export function examineEndpoints(endpoints: readonly EndpointFacts[]): readonly Finding[] {
  const newest = Math.max(0, ...endpoints.map(({ head }) => head?.number ?? 0));
  const findings = endpoints.map((facts) => endpointFinding(facts, newest));
  const working = endpoints.filter(({ failure }) => failure === null);
  if (endpoints.length === 1 && working.length === 1) {
    findings.push(warn('endpoints', 'there is only one', 'Add a second one to chain.endpoints: it takes over when this one fails.'));
  }
  const genera = new Set(working.map(({ identity }) => identity?.genesis));
  if (genera.size > 1) {
    findings.push(
      fail('genesis', 'the endpoints serve different chains', 'Remove the wrong ones from chain.endpoints, or set chain.genesis.'),
    );
  }
  findings.push(...clockFindings(working));
  const [runtime] = working.flatMap((facts) => (facts.runtime === null ? [] : [facts.runtime]));
  if (runtime === undefined) return findings;
  const checked = working.flatMap(({ crossCheck }) => (crossCheck === null ? [] : [crossCheck]));
  return [...findings, ...runtimeFindings(runtime), ...checked.slice(0, 1).flatMap(crossCheckFindings)];
}

function endpointFinding(facts: EndpointFacts, newest: number): Finding {
  const { endpoint, failure, identity, latencyMs, head, finalized } = facts;
  if (failure !== null || identity === null) {
    return failure === null ? fail(endpoint, 'no answer', 'Try again.') : fromFailure(endpoint, 'fail', failure);
  }
  const said = `${identity.chain}, spec ${identity.specVersion}, ${Math.round(latencyMs)} ms, block ${head?.number ?? '–'}, final ${finalized?.number ?? '–'}`;
  if (head !== null && newest - head.number > BEHIND_BLOCKS) {
    return warn(
      endpoint,
      `${said}: ${newest - head.number} blocks behind another`,
      'Its node is syncing or stuck; put it last in chain.endpoints.',
    );
  }
  if (head !== null && finalized !== null && head.number - finalized.number > LAGGING_BLOCKS) {
    return warn(
      endpoint,
      `${said}: finality lags`,
      'Only final blocks count here, so everything waits for them; nothing to do on your side.',
    );
  }
  if (latencyMs > SLOW_SECONDS * 1000) return warn(endpoint, `${said}: slow`, 'Choose a node nearer by, or run one.');
  return ok(endpoint, said);
}

function clockFindings(working: readonly EndpointFacts[]): readonly Finding[] {
  const judged = working.find(({ driftMs }) => driftMs !== null);
  const note = working.find(({ clockNote }) => clockNote !== null)?.clockNote ?? null;
  if (judged === undefined || judged.driftMs === null) return note === null ? [] : [skip('clock', note)];
  const seconds = (Math.abs(judged.driftMs) / 1000).toFixed(1);
  if (Math.abs(judged.driftMs) <= DRIFT_MAX_MS)
    return [ok('clock', judged.driftMs === 0 ? 'agrees with the chain' : `${seconds} s from that of the chain`)];
  const side = judged.driftMs > 0 ? 'ahead of' : 'behind';
  return [
    fail(
      'clock',
      `${seconds} s ${side} the chain: peers will ignore what this node says`,
      'Set the clock by NTP, for example `timedatectl set-ntp true`.',
    ),
  ];
}

function runtimeFindings({ registry, epochClock, weightCalls }: RuntimeDescription): readonly Finding[] {
  const reading = registry === 'selective_metagraph' ? 'by one runtime call (selective metagraph)' : 'from plain storage';
  const clock = epochClock === 'state' ? 'kept by the chain' : 'by formula';
  const found = [ok('registry', `read ${reading}`), ok('epoch clock', clock)];
  if (weightCalls.length === 0) {
    return [...found, fail('weights', 'the runtime has no call that sets weights', 'This is not a runtime that voxd knows: update voxd.')];
  }
  return [...found, ok('weights', `by ${weightCalls.join(', ')}`)];
}

function crossCheckFindings({ seats, differences }: NonNullable<EndpointFacts['crossCheck']>): readonly Finding[] {
  if (seats === null) return [];
  const [first] = differences;
  if (first === undefined) return [ok('cross-check', `${seats} seats as the runtime itself lists them`)];
  return [
    fail(
      'cross-check',
      `${differences.length} seats read differently from how the runtime lists them: ${first}`,
      'Do not set weights: update voxd, or report this line.',
    ),
  ];
}
