import type { MessageKind } from '../protocol/kinds.js';
import { KINDS, MESSAGE_KINDS } from '../protocol/kinds.js';
import type { Membership, MessageGate } from '../protocol/message-gate.js';
import type { Hotkey } from '../protocol/names.js';
import type { Clock, Gossip } from '../protocol/ports.js';
import { opensCommitment } from '../protocol/score-exchange.js';
import type { Message } from '../protocol/validate.js';
import { decodeRecord } from '../scoring/record.js';
import { type RoundSchedule, roundWindow } from '../scoring/round.js';
import type { Logger } from './logger.js';
import type { Metrics } from './metrics.js';
import type { Stores } from './ports.js';
import { METRIC_KIND } from './postbox.js';

export interface Inbox {
  /** Begins to listen; returns the way to stop. */
  open(): Promise<() => void>;
  onAnnouncement(listener: () => void): void;
}

/** Gossip in: judged by the gate, then kept by kind. What arrives here is a hint or a signed record; the chain decides what counts. */
export function createInbox(
  deps: {
    readonly gossip: Gossip;
    readonly gate: MessageGate;
    readonly stores: Stores;
    readonly clock: Clock;
    readonly log: Logger;
    readonly metrics: Metrics;
    readonly members: () => Membership;
    readonly finalizedBlock: () => number;
  },
  options: { readonly netuid: number; readonly schedule: RoundSchedule; readonly scorer: string },
): Inbox {
  const { stores, log } = deps;
  const listeners: (() => void)[] = [];

  type Keepers = { readonly [K in MessageKind]: (message: Message<K>) => Promise<void> };
  const keepers: Keepers = {
    async announce({ hotkey, sequence, issuedAtMs, expiresAtMs, payload, envelope }) {
      const news = await stores.announcements.put({ ...payload, hotkey, sequence, issuedAtMs, expiresAtMs, envelope });
      if (!news) return;
      log.debug({ hotkey, model: payload.model, sizeBytes: payload.sizeBytes }, 'announcement');
      for (const listener of listeners) listener();
    },
    record: async () => {},
    async scoreCommit({ hotkey, payload }) {
      const window = roundWindow(payload.round, options.schedule);
      const block = deps.finalizedBlock();
      if (block < window.opensAt || block >= window.revealsAt) {
        log.debug({ hotkey, round: payload.round, block }, 'score commitment outside its window');
        return;
      }
      await stores.scores.putCommit({ ...payload, validator: hotkey, block, recordDigests: [] });
    },
    scoreReveal: ({ hotkey, payload, envelope }) => keepReveal(hotkey, payload, envelope),
  };

  async function keepReveal(validator: Hotkey, payload: Message<'scoreReveal'>['payload'], envelope: Uint8Array): Promise<void> {
    const refuse = (reason: string) => log.debug({ validator, round: payload.round, reason }, 'score reveal not kept');
    const commit = (await stores.scores.commitsOf(payload.round)).find((of) => of.validator === validator);
    if (!commit) return refuse('no commitment was seen before its deadline');
    if (!opensCommitment(payload, commit.commitment)) return refuse('it does not open the commitment');
    const record = decodeRecord(payload.record);
    if (!record.ok) return refuse(record.error);
    const row = await stores.rounds.get(payload.round);
    if (!row) return refuse('we did not open that round');
    const { round, netuid, seed, scorer } = record.value;
    if (round !== payload.round || netuid !== options.netuid || seed !== row.seed) return refuse('it is about another round');
    if (scorer !== options.scorer) return refuse('it was made by another scorer');
    await stores.scores.put({ record: record.value, validator, envelope, receivedAtMs: deps.clock.nowMs() });
  }

  async function receive<K extends MessageKind>(kind: K, bytes: Uint8Array, from: string) {
    const verdict = deps.gate.admit(kind, bytes, deps.members(), deps.clock.nowMs());
    deps.metrics.count('voxd_gossip_messages_total', { kind: METRIC_KIND[kind], verdict: verdict.action });
    if (verdict.action !== 'accept') {
      log.debug({ kind, from, verdict: verdict.action, reason: verdict.reason }, 'message not accepted');
      return verdict;
    }
    const { hotkey, sequence, bodyDigest } = verdict.value;
    await stores.sequences.recordSeen(hotkey, KINDS[kind].code, sequence, bodyDigest);
    const keep: Keepers[K] = keepers[kind];
    await keep(verdict.value);
    return verdict;
  }

  return {
    async open() {
      for (const hotkey of deps.members().registered)
        for (const kind of MESSAGE_KINDS) {
          const seen = await stores.sequences.seen(hotkey, KINDS[kind].code);
          if (seen) deps.gate.restore(hotkey, kind, seen.sequence - BigInt(KINDS[kind].sequenceWindow));
        }
      const closers = MESSAGE_KINDS.map((kind) => deps.gossip.onMessage(kind, (bytes, from) => receive(kind, bytes, from)));
      return () => {
        for (const close of closers) close();
      };
    },
    onAnnouncement(listener) {
      listeners.push(listener);
    },
  };
}
