/** gossipsub 14.1.2 with its known defects contained (docs/wire.md, "gossipsub defects"). Nothing else in the program knows it. */
import { GossipSub, type GossipSubComponents, type GossipsubOpts } from '@chainsafe/libp2p-gossipsub';
import type { RPC } from '@chainsafe/libp2p-gossipsub/message';
import type { Connection, PeerId as Libp2pPeerId } from '@libp2p/interface';
import type { Uint8ArrayList } from 'uint8arraylist';
import { createRateLimiter, type RateLimit } from '../rate.js';
import { createFrameReader, MalformedFrame } from './gossip-frames.js';
import { capBackoffs, forgetScores, keepScores, showLosses } from './peer-memory.js';
import { decodeRpc } from './rpc-limits.js';
import { SCORE_THRESHOLDS } from './scores.js';

/** A larger frame is answered by cutting the stream, so what we send stays well below (MESSAGE_FRAME_BYTES_MAX). */
export const RPC_SIZE_BYTES_MAX = 2 * 1024 * 1024;
/** An answer to IWANT is one frame upstream; here it is cut into frames of about this size. */
export const MESSAGE_FRAME_BYTES_MAX = 512 * 1024;
export const SEND_BUFFER_BYTES_MAX = 4 * 1024 * 1024;
/** A peer that does not read for this long is disconnected. */
const SEND_BUFFER_FULL_MS_MAX = 10_000;
const PEERS_TRACKED_MAX = 512;
const MESSAGES: RateLimit = { intervalMs: 2, burst: 4_000 };
const MESSAGE_BYTES: RateLimit = { intervalMs: 1 / 1024, burst: 16 * 1024 * 1024 };
const CONTROL: RateLimit = { intervalMs: 50, burst: 100 };
const IWANT_IDS: RateLimit = { intervalMs: 2, burst: 2_000 };
const OVER_LIMIT_PENALTY = 1;
/** For a frame that no decoder takes, or one that is too long: no honest program sends it, and the third one shuts its sender out. */
const MALFORMED_PENALTY = 10;
// Safety: the label only names a metric.
const PENALTY_LABEL = 'over_limit' as Parameters<GossipSub['score']['addPenalty']>[2];

interface StreamInternals {
  readonly rawStream: { readonly status: string; readonly writeStatus: string };
  readonly pushable: { readonly readableLength: number };
}

interface Internals {
  readonly outboundInflightQueue: { push(task: { peerId: Libp2pPeerId; connection: Connection }): void };
  onPeerConnected(peerId: Libp2pPeerId, connection: Connection): void;
  sendRpc(id: string, rpc: RPC): boolean;
  pipePeerReadStream(peerId: Libp2pPeerId): Promise<void>;
  handlePeerReadStreamError(error: Error, peerId: Libp2pPeerId): void;
}

export interface ContainedOptions {
  readonly nowMs: () => number;
  /** Peers that speak our protocols, by proof. */
  readonly isBound: (peerId: string) => boolean;
  readonly onStuckPeer: (peerId: string) => void;
  /** A whole frame has come from this peer. */
  readonly onHeard?: (peerId: string) => void;
}

export class ContainedGossipSub extends GossipSub {
  readonly #connections: GossipSubComponents['connectionManager'];
  readonly #options: ContainedOptions;
  readonly #fullSince = new Map<string, number>();
  readonly #limits = {
    messages: createRateLimiter(MESSAGES, PEERS_TRACKED_MAX),
    bytes: createRateLimiter(MESSAGE_BYTES, PEERS_TRACKED_MAX),
    control: createRateLimiter(CONTROL, PEERS_TRACKED_MAX),
    iwant: createRateLimiter(IWANT_IDS, PEERS_TRACKED_MAX),
  };

  constructor(components: GossipSubComponents, opts: Partial<GossipsubOpts>, options: ContainedOptions) {
    super(components, opts);
    this.#connections = components.connectionManager;
    this.#options = options;
    this.#cutLargeAnswers();
    this.#readFramesOurselves();
    keepScores(this.score);
    showLosses(this.score);
    this.addEventListener('gossipsub:heartbeat', () => {
      forgetScores(this.score);
      this.heal();
      this.#dropStuckPeers();
    });
  }

  override async handleReceivedRpc(from: Libp2pPeerId, rpc: RPC): Promise<void> {
    capBackoffs(rpc);
    if (this.#withinLimits(from.toString(), rpc)) await super.handleReceivedRpc(from, rpc);
  }

  /** So much more misbehaviour (P7) of this peer. */
  blame(id: string, by = OVER_LIMIT_PENALTY): void {
    this.score.addPenalty(id, by, PENALTY_LABEL);
  }

  /** What `worthOf` says of this peer has changed. */
  weighAnew(id: string): void {
    this.score.scoreCache.delete(id);
  }

  /** Below the graylist threshold: nothing of this peer is read any more. */
  isShutOut(id: string): boolean {
    return this.score.score(id) < SCORE_THRESHOLDS.graylistThreshold;
  }

  get #internals(): Internals {
    // Safety: the members exist in the pinned version; test/integration/gossip-containment.test.ts fails when they do not.
    return this as unknown as Internals;
  }

  #withinLimits(id: string, rpc: RPC): boolean {
    const nowMs = this.#options.nowMs();
    const bytes = rpc.messages.reduce((sum, message) => sum + (message.data?.length ?? 0), 0);
    const wanted = (rpc.control?.iwant ?? []).reduce((sum, iwant) => sum + (iwant.messageIDs?.length ?? 0), 0);
    const { messages, control, iwant } = this.#limits;
    const within =
      (rpc.messages.length === 0 || messages.take(id, nowMs, rpc.messages.length)) &&
      (bytes === 0 || this.#limits.bytes.take(id, nowMs, bytes)) &&
      (rpc.control == null || control.take(id, nowMs)) &&
      (wanted === 0 || iwant.take(id, nowMs, wanted));
    if (!within) this.blame(id);
    return within;
  }

  /** After a remote reset, or when one of two connections closes, `publish` would go on counting a recipient that never hears anything (upstream issue 456). */
  heal(): void {
    const { outboundInflightQueue: queue } = this.#internals;
    for (const [id, peerId] of this.peers) {
      const stream = this.streamsOutbound.get(id);
      if (stream !== undefined && isWritable(rawOf(stream))) continue;
      const connection = this.#connections.getConnections(peerId).find(({ status }) => status === 'open');
      if (connection === undefined) continue;
      if (stream !== undefined) {
        this.streamsOutbound.delete(id);
        stream.close().catch((error) => this.log.error(error));
      }
      queue.push({ peerId, connection });
    }
    for (const connection of this.#connections.getConnections()) {
      const id = connection.remotePeer.toString();
      if (connection.status === 'open' && !this.peers.has(id) && this.#options.isBound(id)) {
        this.#internals.onPeerConnected(connection.remotePeer, connection);
      }
    }
  }

  #dropStuckPeers(): void {
    const nowMs = this.#options.nowMs();
    for (const id of this.#fullSince.keys()) if (!this.streamsOutbound.has(id)) this.#fullSince.delete(id);
    for (const [id, stream] of this.streamsOutbound) {
      if (rawOf(stream).pushable.readableLength <= SEND_BUFFER_BYTES_MAX / 2) {
        this.#fullSince.delete(id);
        continue;
      }
      const since = this.#fullSince.get(id) ?? nowMs;
      this.#fullSince.set(id, since);
      if (nowMs - since > SEND_BUFFER_FULL_MS_MAX) this.#options.onStuckPeer(id);
    }
  }

  /** Upstream only logs what it cannot decode, and takes a frame that is too long for a lost stream; neither costs its sender anything. */
  #readFramesOurselves(): void {
    const internals = this.#internals;
    internals.pipePeerReadStream = async (peerId) => {
      const id = peerId.toString();
      const frames = createFrameReader(RPC_SIZE_BYTES_MAX);
      try {
        // Below the library's own reader, which hands every frame through two generators more.
        for await (const bytes of bytesOf(this.streamsInbound.get(id))) {
          frames.push(bytes);
          for (let frame = frames.take(); frame !== null; frame = frames.take()) await this.#readFrame(peerId, frame);
        }
        if (frames.waitingBytes > 0) throw new Error(`the stream ended ${frames.waitingBytes} bytes into a frame`);
      } catch (cause) {
        const error = cause instanceof Error ? cause : new Error('the stream failed');
        if (error instanceof MalformedFrame) this.blame(id, MALFORMED_PENALTY);
        internals.handlePeerReadStreamError(error, peerId);
      }
    };
  }

  async #readFrame(peerId: Libp2pPeerId, bytes: Uint8Array): Promise<void> {
    const id = peerId.toString();
    this.#options.onHeard?.(id);
    // Whoever is shut out is not even decoded.
    if (this.isShutOut(id)) return;
    let rpc: RPC;
    try {
      rpc = decodeRpc(bytes);
    } catch {
      this.blame(id, MALFORMED_PENALTY);
      return;
    }
    await this.handleReceivedRpc(peerId, rpc).catch((error: unknown) => this.log.error(error));
  }

  #cutLargeAnswers(): void {
    const internals = this.#internals;
    const sendRpc = internals.sendRpc.bind(this);
    internals.sendRpc = (id, rpc) => {
      for (;;) {
        const count = leadingMessages(rpc);
        if (count >= rpc.messages.length) return sendRpc(id, rpc);
        if (!sendRpc(id, { subscriptions: [], messages: rpc.messages.splice(0, count) })) return false;
      }
    };
  }
}

/** How many of the messages go into one frame; at least one. */
function leadingMessages(rpc: RPC): number {
  let bytes = 0;
  const index = rpc.messages.findIndex((message) => {
    bytes += message.data?.length ?? 0;
    return bytes > MESSAGE_FRAME_BYTES_MAX;
  });
  return index < 0 ? rpc.messages.length : Math.max(1, index);
}

function rawOf(stream: unknown): StreamInternals {
  // Safety: as above.
  return stream as StreamInternals;
}

function bytesOf(stream: unknown): AsyncIterable<Uint8ArrayList> | readonly [] {
  // Safety: as above; undefined where the peer has gone meanwhile.
  return (stream as { rawStream: { source: AsyncIterable<Uint8ArrayList> } } | undefined)?.rawStream.source ?? [];
}

function isWritable({ rawStream }: StreamInternals): boolean {
  return rawStream.status === 'open' && (rawStream.writeStatus === 'writing' || rawStream.writeStatus === 'ready');
}
