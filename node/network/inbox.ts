import { toHex } from '../../protocol/digest.js';
import { openEnvelope } from '../../protocol/envelope.js';
import { FROZEN_BLOCKS } from '../../protocol/equivocation.js';
import type { Holders } from '../../protocol/holders.js';
import type { MessageKind } from '../../protocol/kinds.js';
import { KINDS, MESSAGE_KINDS } from '../../protocol/kinds.js';
import type { GateVerdict, MessageGate } from '../../protocol/message-gate.js';
import type { Hotkey } from '../../protocol/names.js';
import type { Clock, Gossip, Verifier } from '../../protocol/ports.js';
import { opensCommitment } from '../../protocol/score-exchange.js';
import type { Membership, Message } from '../../protocol/validate.js';
import { accept, type Verdict } from '../../protocol/verdict.js';
import { decodeRecord, type ScoreRecord } from '../../scoring/record.js';
import { type RoundSchedule, revealsLateAt, roundOf, roundWindow } from '../../scoring/round.js';
import type { ExchangeFlag } from '../audit/ports.js';
import type { Logger } from '../logger.js';
import type { Metrics } from '../metrics.js';
import type { Stores } from '../ports.js';
import type { ExchangeFault } from './exchange-faults.js';
import { createJudging } from './judging.js';

export interface Inbox {
  /** Begins to listen; returns the way to stop. */
  open(): Promise<() => void>;
  onAnnouncement(listener: () => void): void;
  /** Judges and keeps a message that came by another way than gossip, as if it had come by gossip. */
  hear(kind: MessageKind, envelope: Uint8Array, from: string): Promise<Verdict<unknown>>;
}

/** Gossip in: judged by the gate, then kept by kind. What arrives here is a hint or a signed record; the chain decides what counts. */
export function createInbox(
  deps: {
    readonly gossip: Gossip;
    readonly gate: MessageGate;
    readonly verifier: Verifier;
    readonly stores: Stores;
    readonly clock: Clock;
    readonly log: Logger;
    readonly metrics: Metrics;
    readonly members: () => Membership | null;
    readonly finalizedBlock: () => number;
    /** Takes a node record whose signatures hold; absent where nobody dials. */
    readonly learn?: (record: Uint8Array) => unknown;
    /** What neurons say they hold; absent where nobody looks for it. */
    readonly holders?: Pick<Holders, 'put'>;
  },
  options: { readonly netuid: number; readonly schedule: RoundSchedule; readonly scorer: string },
): Inbox {
  const { stores, log } = deps;
  const listeners: (() => void)[] = [];
  const moment = () => ({ membership: deps.members(), nowMs: deps.clock.nowMs(), block: deps.finalizedBlock() });
  const judge = createJudging({ gate: deps.gate, verifier: deps.verifier, moment, log });
  /** The end of each kind's line: what is accepted is kept one after the other, in the order in which it came. */
  const turns = new Map<MessageKind, Promise<unknown>>();

  type Keepers = { readonly [K in MessageKind]: (message: Message<K>) => Promise<void> };
  const keepers: Keepers = {
    async announce({ hotkey, sequence, issuedAtMs, expiresAtMs, payload, envelope }) {
      const news = await stores.announcements.put({ ...payload, hotkey, sequence, issuedAtMs, expiresAtMs, envelope });
      if (!news) return;
      const ageMs = deps.clock.nowMs() - issuedAtMs;
      log.debug({ hotkey, model: payload.model, sizeBytes: payload.sizeBytes, sequence: `${sequence}`, ageMs }, 'announcement');
      for (const listener of listeners) listener();
    },
    async record({ envelope }) {
      const opened = openEnvelope(envelope);
      if (opened.ok) deps.learn?.(opened.value.body.payload);
    },
    async scoreCommit({ hotkey, payload }) {
      const window = roundWindow(payload.round, options.schedule);
      const block = deps.finalizedBlock();
      if (block < window.opensAt || block >= window.revealsAt) {
        log.debug({ hotkey, round: payload.round, block }, 'score commitment outside its window');
        return;
      }
      await stores.scores.putCommit({ ...payload, validator: hotkey, block, recordDigests: [], nonce: null });
    },
    scoreReveal: ({ hotkey, payload, envelope }) => keepReveal(hotkey, payload, envelope),
    async have({ hotkey, payload, expiresAtMs }) {
      deps.holders?.put(hotkey, payload, expiresAtMs);
    },
  };

  async function keepReveal(validator: Hotkey, payload: Message<'scoreReveal'>['payload'], envelope: Uint8Array): Promise<void> {
    const row = await stores.rounds.get(payload.round);
    // Nothing can be said about a round that we know nothing of, and what is over is over.
    if (!row || roundOf(deps.finalizedBlock(), options.schedule) > payload.round + 1)
      return log.debug({ validator, round: payload.round }, 'score reveal of a round that is over, or was not opened here');
    const refuse = (fault: ExchangeFault, reason: string) => flag({ round: payload.round, validator, fault, reason, envelope });
    const commit = (await stores.scores.commitsOf(payload.round)).find((of) => of.validator === validator);
    if (!commit) return refuse('uncommitted', 'no commitment was seen before its deadline');
    if (!opensCommitment(payload, commit.commitment)) return refuse('mismatch', 'it does not open the commitment');
    const record = decodeRecord(payload.record);
    if (!record.ok) return refuse('unreadable', record.error);
    const { round, netuid, seed, scorer, hotkey, model } = record.value;
    if (round !== payload.round || netuid !== options.netuid || seed !== row.seed) return refuse('foreign', 'it is about another round');
    if (scorer !== options.scorer) return refuse('scorer', `it was made by scorer ${scorer}, ours is ${options.scorer}`);
    const lateAt = revealsLateAt(roundWindow(payload.round, options.schedule), options.schedule);
    const block = deps.finalizedBlock();
    if (block >= lateAt) {
      const known = (await stores.scores.ofRound(round)).some(
        (of) => of.validator === validator && sameModel(of.record, { hotkey, model }),
      );
      return known ? undefined : refuse('late', `it came at block ${block}, the deadline was ${lateAt}`);
    }
    // What it committed to is kept first: whoever finds the record finds its secret too.
    await stores.scores.putCommit({ ...commit, recordDigests: payload.recordDigests, nonce: toHex(payload.nonce) });
    await stores.scores.put({ record: record.value, validator, envelope, receivedAtMs: deps.clock.nowMs() });
  }

  async function flag(of: Omit<ExchangeFlag, 'block'>): Promise<void> {
    const { round, validator, fault, reason } = of;
    if (!(await stores.flags.put({ ...of, block: deps.finalizedBlock() }))) return;
    deps.metrics.count('voxd_exchange_faults_total', { fault });
    log.warn({ validator, round, fault, reason }, 'score reveal not counted');
  }

  function receive<K extends MessageKind>(kind: K, bytes: Uint8Array, from: string): Promise<Verdict<unknown>> {
    const judged = judge(kind, bytes);
    // It is looked at in its turn, and may have failed by then.
    judged.catch(() => undefined);
    const before = turns.get(kind);
    const turn = (async () => {
      await before?.catch(() => undefined);
      return settle(kind, await judged, from);
    })();
    turns.set(kind, turn);
    return turn;
  }

  async function settle<K extends MessageKind>(kind: K, verdict: GateVerdict<K>, from: string): Promise<Verdict<unknown>> {
    if (verdict.action === 'accept') {
      const { hotkey, sequence, bodyDigest } = verdict.value;
      await stores.sequences.recordSeen(hotkey, KINDS[kind].code, sequence, bodyDigest);
      const keep: Keepers[K] = keepers[kind];
      await keep(verdict.value);
      return verdict;
    }
    log.debug({ kind, from, verdict: verdict.action, reason: verdict.reason }, 'message not accepted');
    if (verdict.action === 'reject' || verdict.proof === undefined) return verdict;
    const { hotkey, sequence, block } = verdict.proof;
    await stores.equivocations.put({ ...verdict.proof, noticedAtMs: deps.clock.nowMs() });
    deps.metrics.count('voxd_equivocations_total', { kind });
    log.warn({ hotkey, kind, sequence, frozenUntil: block + FROZEN_BLOCKS }, 'a hotkey said two things under one number');
    // It travels on, once, so that everybody has the proof.
    return accept(null);
  }

  return {
    async open() {
      for (const hotkey of deps.members()?.registered ?? [])
        for (const kind of MESSAGE_KINDS) {
          const seen = await stores.sequences.seen(hotkey, KINDS[kind].code);
          if (seen === null) continue;
          const floor = seen.sequence - BigInt(KINDS[kind].sequenceWindow);
          deps.gate.restore(hotkey, kind, { floor, newest: seen.sequence, bodyDigest: seen.bodyDigest });
        }
      for (const { hotkey, kind, block } of await stores.equivocations.since(deps.finalizedBlock() - FROZEN_BLOCKS))
        deps.gate.freeze(hotkey, kind, block + FROZEN_BLOCKS);
      const closers = MESSAGE_KINDS.map((kind) => deps.gossip.onMessage(kind, (bytes, from) => receive(kind, bytes, from)));
      return () => {
        for (const close of closers) close();
      };
    },
    onAnnouncement(listener) {
      listeners.push(listener);
    },
    async hear(kind, bytes, from) {
      const verdict = await receive(kind, bytes, from);
      deps.metrics.count('voxd_offers_messages_total', { verdict: verdict.action });
      return verdict;
    },
  };
}

function sameModel(a: Pick<ScoreRecord, 'hotkey' | 'model'>, b: Pick<ScoreRecord, 'hotkey' | 'model'>): boolean {
  return a.hotkey === b.hotkey && a.model === b.model;
}
