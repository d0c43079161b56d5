/** The operator's word, and the node's own, about who may connect: durable, and in force within a turn wherever it was said. */
import { isFailure } from '../../protocol/failure.js';
import { protocolFailures } from '../../protocol/failures.js';
import { PEER_RULES_MAX, type PeerRule, type PeerSubject, RULE_REASON_LENGTH_MAX } from '../../protocol/peer-rules.js';
import type { Clock, PeerEvent, Peers } from '../../protocol/ports.js';
import type { Logger } from '../logger.js';
import type { Metrics } from '../metrics.js';
import type { PeerRuleStore } from './ports.js';

export interface PeerAccess {
  /** Null: until it is taken back. Errors: `p2p.too_many_rules`, `store.*`. */
  ban(subject: PeerSubject, durationMs: number | null, reason: string): Promise<PeerRule>;
  /** An exception to every ban and to every share of places. Same errors. */
  allow(subject: PeerSubject, durationMs: number | null, reason: string): Promise<PeerRule>;
  /** Takes a rule back. False: there was none. */
  forget(subject: PeerSubject): Promise<boolean>;
  /** In force now, newest first. */
  list(): Promise<readonly PeerRule[]>;
}

/** For commands beside the daemon: it finds the rules in the database at its next turn. */
export function createPeerAccess(deps: { readonly store: PeerRuleStore; readonly clock: Pick<Clock, 'nowMs'> }): PeerAccess {
  const { store, clock } = deps;

  async function make(of: Pick<PeerRule, 'subject' | 'rule' | 'madeBy'>, durationMs: number | null, reason: string): Promise<PeerRule> {
    const madeAtMs = clock.nowMs();
    const untilMs = durationMs === null ? null : madeAtMs + durationMs;
    const rule = { ...of, untilMs, reason: reason.slice(0, RULE_REASON_LENGTH_MAX), madeAtMs };
    if (!(await store.put(rule, PEER_RULES_MAX))) throw protocolFailures('p2p.too_many_rules', { max: PEER_RULES_MAX });
    return rule;
  }

  return {
    ban: (subject, durationMs, reason) => make({ subject, rule: 'deny', madeBy: 'operator' }, durationMs, reason),
    allow: (subject, durationMs, reason) => make({ subject, rule: 'allow', madeBy: 'operator' }, durationMs, reason),
    forget: store.remove,
    list: () => store.inForce(clock.nowMs()),
  };
}

export interface PeerAccessKeeper extends PeerAccess {
  /** Reads the rules and tells the network. */
  refresh(): Promise<void>;
  /** Reads the rules, and from now on makes durable what the network finds out. */
  open(): Promise<void>;
  close(): void;
}

/** For the daemon. */
export function createPeerAccessKeeper(deps: {
  readonly store: PeerRuleStore;
  readonly peers: Pick<Peers, 'setRules' | 'onPeer'>;
  readonly clock: Pick<Clock, 'nowMs'>;
  readonly log: Logger;
  readonly metrics: Metrics;
}): PeerAccessKeeper {
  const { store, peers, clock, log } = deps;
  const access = createPeerAccess({ store, clock });
  let off = () => {};

  async function refresh(): Promise<void> {
    const rules = await access.list();
    peers.setRules(rules);
    for (const rule of ['deny', 'allow'] as const)
      deps.metrics.set('voxd_p2p_rules', { rule }, rules.filter((one) => one.rule === rule).length);
  }

  /** A rule of the operator about the same subject stands. */
  async function remember(event: Extract<PeerEvent, { type: 'exiled' }>): Promise<void> {
    const subjects: PeerSubject[] = [
      event.hotkey === null ? { type: 'peer', value: event.peerId } : { type: 'hotkey', value: event.hotkey },
      ...(event.ip === null ? [] : [{ type: 'range' as const, value: `${event.ip}/${event.ip.includes(':') ? 128 : 32}` }]),
    ];
    const reason = `gossip score ${Math.round(event.score)}`;
    for (const subject of subjects) {
      const rule = { subject, rule: 'deny', untilMs: event.untilMs, reason, madeBy: 'node', madeAtMs: clock.nowMs() } as const;
      // Without a place for it the host's own memory has to do.
      await store.put(rule, PEER_RULES_MAX);
    }
  }

  return {
    ...access,
    refresh,
    async open() {
      off = peers.onPeer((event) => {
        if (event.type !== 'exiled') return;
        deps.metrics.count('voxd_p2p_exiles_total', {});
        remember(event).catch((error: unknown) => {
          const facts = isFailure(error) ? { code: error.code } : { err: error };
          log.warn({ peer: event.peerId, ...facts }, 'a peer that was sent away could not be written down');
        });
      });
      await refresh();
    },
    close: () => off(),
  };
}
