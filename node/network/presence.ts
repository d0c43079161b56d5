import { commitmentBytes, commitmentOf, parseCommitment } from '../../chain/commitment.js';
import type { ChainWriter } from '../../chain/ports.js';
import { roleOf } from '../../chain/registry.js';
import type { Neuron, SubnetSnapshot } from '../../chain/snapshot.js';
import { encodeAnnouncement } from '../../protocol/announcement.js';
import { isFailure } from '../../protocol/failure.js';
import type { ModelDigest } from '../../protocol/names.js';
import type { Clock, Signer } from '../../protocol/ports.js';
import { createRateLimiter, type RateLimit } from '../../protocol/rate.js';
import type { Logger } from '../logger.js';
import type { AnnouncementStore } from '../ports.js';
import type { Postbox } from './postbox.js';

export interface OfferedModel {
  readonly model: ModelDigest;
  readonly manifestSizeBytes: number;
  readonly sizeBytes: number;
}

export interface PresenceOptions {
  readonly netuid: number;
  /** What the chain shall say about where we are; null: we only dial out. */
  readonly axon: { readonly ip: string; readonly port: number } | null;
  readonly announceIntervalMs: number;
  /** Nothing is written to the chain; what would be is said once. */
  readonly dryRun?: boolean;
}

/** Protocol number of voxd in the axon entry, and its version; free-form fields of the pallet. */
const AXON_PROTOCOL = 4;
const AXON_VERSION = 1;
/** Least time between two announcements. */
const ANNOUNCE_REST_MS = 20_000;
/** Half of what the others allow a hotkey, and a little slower: peers that come and go without end do not make us speak until nobody listens. */
const ANNOUNCEMENTS: RateLimit = { intervalMs: 66_000, burst: 8 };
const FIRST_TRIES_REST_MS = 1_500;
const ANNOUNCEMENT_LIFETIME_MS = 12 * 3_600_000;
const REFUSED_REST_BLOCKS = 10;

/**
 * Makes the chain and the network say of us what is true: the axon, the commitment to our model and, once that is final, its announcement.
 * Compares before it writes, so a restart costs nothing.
 */
export function createPresence(
  deps: {
    readonly chain: ChainWriter;
    readonly signer: Signer;
    readonly postbox: Postbox;
    readonly announcements: AnnouncementStore;
    readonly clock: Clock;
    readonly log: Logger;
    readonly peerKey: Uint8Array;
    readonly addresses: () => readonly string[];
    readonly offered: OfferedModel | null;
  },
  options: PresenceOptions,
): { turn(snapshot: SubnetSnapshot): Promise<void>; peerArrived(): void } {
  const { log, offered } = deps;
  let announcedAtMs = Number.NEGATIVE_INFINITY;
  let announcedTo = 0;
  let arrived = false;
  const allowance = createRateLimiter(ANNOUNCEMENTS, 1);
  const notBefore = { axon: 0, commitment: 0 };

  async function write(what: 'axon' | 'commitment', block: number, send: () => Promise<unknown>): Promise<void> {
    if (block < notBefore[what]) return;
    notBefore[what] = options.dryRun === true ? Number.POSITIVE_INFINITY : block + REFUSED_REST_BLOCKS;
    if (options.dryRun === true) return log.info({ what }, 'dry run: this would be written to the chain');
    try {
      await send();
      log.info({ what }, 'written to the chain');
    } catch (error) {
      if (!isFailure(error)) throw error;
      log.warn({ what, code: error.code, facts: error.facts, hint: error.hint }, 'the chain does not take it yet');
    }
  }

  async function serve(self: Neuron, block: number): Promise<void> {
    const wanted = options.axon;
    if (wanted === null || (self.axon !== null && self.axon.ip === wanted.ip && self.axon.port === wanted.port && sameKey(self))) return;
    const endpoint = { ...wanted, protocol: AXON_PROTOCOL, version: AXON_VERSION, peerKey: deps.peerKey };
    await write('axon', block, () => deps.chain.serveAxon(deps.signer, options.netuid, endpoint));
  }

  function sameKey(self: Neuron): boolean {
    return self.axon?.peerKey === null || self.axon?.peerKey === Buffer.from(deps.peerKey).toString('hex');
  }

  /** The block of our commitment once it is final and ours for this registration. */
  function committedAt(self: Neuron, model: OfferedModel): number | null {
    if (self.commitment === null || self.commitment.block < self.registeredAt) return null;
    const parsed = parseCommitment(self.commitment);
    return parsed.ok && parsed.value === commitmentOf(self.hotkey, model.model) ? self.commitment.block : null;
  }

  async function announce(model: OfferedModel, commitmentBlock: number): Promise<void> {
    const nowMs = deps.clock.nowMs();
    const since = nowMs - announcedAtMs;
    const rest = announcedTo === 0 ? FIRST_TRIES_REST_MS : ANNOUNCE_REST_MS;
    if (since < rest || (since < options.announceIntervalMs && !arrived && announcedTo > 0)) return;
    if (!allowance.peek('announce', nowMs)) return;
    const announcement = { ...model, commitmentBlock, providers: deps.addresses().slice(0, 4) };
    const { envelope, sequence, recipients } = await deps.postbox.post(
      'announce',
      encodeAnnouncement(announcement),
      ANNOUNCEMENT_LIFETIME_MS,
    );
    await deps.announcements.put({
      ...announcement,
      hotkey: deps.signer.hotkey,
      sequence,
      issuedAtMs: nowMs,
      expiresAtMs: nowMs + ANNOUNCEMENT_LIFETIME_MS,
      envelope,
    });
    // What nobody was handed counts nowhere.
    if (recipients > 0) allowance.take('announce', nowMs);
    log.info(
      { model: model.model, recipients, sequence: `${sequence}` },
      recipients > 0 ? 'model announced' : 'model announced, but nobody listens yet',
    );
    announcedAtMs = nowMs;
    announcedTo = recipients;
    arrived = false;
  }

  return {
    async turn(snapshot) {
      const role = roleOf(snapshot, deps.signer.hotkey);
      const self = snapshot.neurons.find(({ hotkey }) => hotkey === deps.signer.hotkey);
      if (!role.registered || !self) return;
      await serve(self, snapshot.block.number);
      if (offered === null) return;
      const committed = committedAt(self, offered);
      if (committed !== null) return announce(offered, committed);
      await write('commitment', snapshot.block.number, () =>
        deps.chain.setCommitment(deps.signer, options.netuid, commitmentBytes(commitmentOf(self.hotkey, offered.model))),
      );
    },
    peerArrived() {
      arrived = true;
    },
  };
}
