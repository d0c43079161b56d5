/** Both ends of model transfer on one host, and what is remembered of peers between transfers. */
import type { Connection, Stream } from '@libp2p/interface';
import { protocolFailures } from '../failures.js';
import { createLru } from '../lru.js';
import type { Hotkey } from '../names.js';
import type { PeerId } from '../peer-id.js';
import type { ArtifactSource, ArtifactTransfer, Clock, DroppedProvider, Logger } from '../ports.js';
import { type Blame, blameOf } from '../provider-blame.js';
import type { TransferTimeouts } from '../provider-watch.js';
import { createPacer, createRateLimiter, type Pacer } from '../rate.js';
import type { UploadLimits } from '../upload-turns.js';
import { fetchModel, TRANSFER_TIMEOUTS } from './artifact-client.js';
import { type ArtifactServerOptions, createArtifactServer } from './artifact-server.js';
import { createHave } from './have.js';
import type { NetworkMetrics } from './metrics.js';
import type { UploadOffence } from './transfer.js';

/** Peers whose download rate is kept; the one used longest ago gets a fresh one. */
const PACERS_KEPT_MAX = 128;
/**
 * So many streams are opened to one peer at once, and 2 per second after that; the next ones wait. Half of what it takes for a flood (STREAM_OPENS):
 * it may remember openings that we, started anew, do not, and the line may bring them closer together.
 */
export const OPENS_TO_PEER = { intervalMs: 500, burst: 8 } as const;
/** Peers to which openings are counted. */
const OPENED_KEPT_MAX = 512;

export interface TransferOptions {
  readonly uploads: UploadLimits;
  /** Null: as fast as it comes. */
  readonly downloadBytesPerSecond: number | null;
  readonly downloadBytesPerSecondPerPeer: number | null;
  readonly timeouts: TransferTimeouts;
  readonly server: Omit<ArtifactServerOptions, 'uploads'>;
}

const GIB = 1024 ** 3;
export const TRANSFER_DEFAULTS: TransferOptions = {
  uploads: { bytesPerSecond: null, bytesPerSecondPerHotkey: null, bytesPerDayPerHotkey: 64 * GIB },
  downloadBytesPerSecond: null,
  downloadBytesPerSecondPerPeer: null,
  timeouts: TRANSFER_TIMEOUTS,
  server: {},
};

export interface TransfersDeps {
  readonly clock: Clock;
  readonly logger: Logger;
  readonly metrics: NetworkMetrics;
  /** The hotkey a connected peer has proved; null: none. */
  readonly hotkeyOf: (peer: string) => Hotkey | null;
  readonly memberOf: (peer: string) => { readonly hotkey: Hotkey; readonly isValidator: boolean } | null;
  /** An open connection. Rejects with `p2p.not_connected`. */
  readonly connectionTo: (peer: string) => Connection;
  /** Takes from the gossip score of a peer. */
  readonly penalize: (peer: string, offence: UploadOffence) => void;
  readonly random: () => number;
  /** Remembers it, and lets gossip weigh the peer anew. */
  readonly accuse: (peer: string, blame: Blame) => void;
  /** Blamed not long ago, and not to be asked now. */
  readonly isResting: (peer: string) => boolean;
}

type OnStream = (data: { readonly stream: Stream; readonly connection: Connection }) => void;

export interface Transfers extends ArtifactTransfer {
  readonly onArtifactStream: OnStream;
  readonly onHaveStream: OnStream;
}

export function createTransfers(
  deps: TransfersDeps,
  options: TransferOptions & { readonly protocols: { readonly artifact: string; readonly have: string } },
): Transfers {
  const { clock, logger, metrics } = deps;
  const all = createPacer(options.downloadBytesPerSecond);
  const pacers = createLru<Pacer>(PACERS_KEPT_MAX);
  const opens = createRateLimiter(OPENS_TO_PEER, OPENED_KEPT_MAX);
  let source: ArtifactSource | null = null;

  /** A hotkey that comes back as another peer is the same provider. */
  const nameOf = (peer: string): string => deps.hotkeyOf(peer) ?? peer;

  function pacerOf(peer: PeerId): Pacer {
    const name = nameOf(peer);
    const known = pacers.get(name);
    if (known !== undefined) return known;
    const made = createPacer(options.downloadBytesPerSecondPerPeer);
    pacers.set(name, made);
    return made;
  }

  function onOffence(peer: string, offence: UploadOffence): void {
    logger.info({ peer, hotkey: deps.hotkeyOf(peer), offence }, 'a peer that asks for models breaks the rules');
    metrics.uploadOffence?.(offence);
    deps.penalize(peer, offence);
  }

  function onDropped({ peer, failure }: DroppedProvider): void {
    const blame = blameOf(failure.code);
    metrics.providerDropped?.(failure.code);
    if (blame === null) return;
    deps.accuse(peer, blame);
    const facts = { peer, hotkey: deps.hotkeyOf(peer), code: failure.code, facts: failure.facts };
    if (blame === 'lied') logger.warn(facts, 'a provider lied, is dropped and not asked for an hour');
    else logger.info(facts, 'a provider was too slow or stopped, and is dropped');
  }

  const server = createArtifactServer(
    { memberOf: deps.memberOf, clock, logger, metrics, onOffence },
    { uploads: options.uploads, ...options.server },
  );
  const have = createHave(
    { isMember: (peer) => deps.memberOf(peer) !== null, source: () => source, clock, logger },
    options.protocols.have,
  );

  async function openStream(peer: PeerId, signal: AbortSignal): Promise<Stream> {
    // One that has no seat for us refuses within a round trip, and many models may be wanted of it.
    while (!opens.take(peer, clock.nowMs())) await clock.sleep(OPENS_TO_PEER.intervalMs, signal);
    const connection = deps.connectionTo(peer);
    const wait = AbortSignal.timeout(options.timeouts.firstByteMs);
    try {
      return await connection.newStream(options.protocols.artifact, { signal: AbortSignal.any([signal, wait]) });
    } catch (cause) {
      throw protocolFailures('p2p.stream_failed', { peer }, cause);
    }
  }

  return {
    onArtifactStream: server.onStream,
    onHaveStream: have.onStream,
    serve(next) {
      source = next;
      server.serve(next);
    },
    fetchModel: (request) =>
      fetchModel(
        {
          openStream,
          clock,
          random: deps.random,
          metrics,
          pacers: { all, of: pacerOf },
          isResting: deps.isResting,
          onDropped,
        },
        request,
        options.timeouts,
      ),
    askHoldings: async (peer, models) => have.ask(deps.connectionTo(peer), models),
  };
}
