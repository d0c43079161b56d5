import type { SubnetSnapshot } from '../../chain/snapshot.js';
import { nodeFailure } from '../../node/failures.js';
import { createLogger } from '../../node/logger.js';
import { NO_METRICS } from '../../node/metrics.js';
import { createFetcher } from '../../node/network/fetcher.js';
import type { Stores } from '../../node/ports.js';
import { isFailure } from '../../protocol/failure.js';
import { createTransfers, TRANSFER_DEFAULTS } from '../../protocol/libp2p/transfers.js';
import type { Hotkey, ModelDigest } from '../../protocol/names.js';
import type { PeerId } from '../../protocol/peer-id.js';
import type { PackageLayout } from '../../protocol/ports.js';
import { createBlameLedger } from '../../protocol/provider-blame.js';
import { ok } from '../../protocol/result.js';
import type { Manifest } from '../../scoring/manifest.js';
import { type Chance, createChance } from './chance.js';
import type { SimulatedNetwork } from './network.js';
import { createPackages, type Disk, honestSource, hostileSource, type Packages } from './packages.js';
import { createSimulatedStreams, type SimulatedStreams } from './streams.js';
import type { Timeline } from './timeline.js';

/** Much more than a synthetic package needs. */
const LIMITS = { manifestSizeBytesMax: 64 * 1024, totalSizeBytesMax: 1024 * 1024, filesMax: 4 };

/** What happened to transfers, and to whom. */
export type TransferEvent =
  | { readonly what: 'begun'; readonly by: string; readonly model: ModelDigest }
  /** `isExact`: what was taken is the package, byte for byte. */
  | { readonly what: 'whole'; readonly by: string; readonly model: ModelDigest; readonly elapsedMs: number; readonly isExact: boolean }
  | { readonly what: 'failed' | 'dropped'; readonly by: string; readonly model: ModelDigest; readonly code: string; readonly peer: string }
  /** Somebody who asks for models is held to break the rules; here nobody does. */
  | { readonly what: 'offence'; readonly by: string; readonly peer: string; readonly code: string };

/** What fetching must know of a participant. */
export interface Holder {
  readonly name: string;
  readonly signer: { readonly hotkey: Hotkey };
  readonly honest: boolean;
  readonly validator: object | null;
  readonly stores: Pick<Stores, 'models' | 'announcements'>;
  readonly disk: Disk;
  /** Its own. */
  readonly model: ModelDigest | null;
}

/** One process's part in transfers: it serves what it holds, and brings what is claimed. */
export interface Carrier {
  /** All that is due. Rejects when it is stopped. */
  turn(snapshot: SubnetSnapshot): Promise<void>;
  stop(): void;
}

export interface Fetching {
  readonly packages: Packages;
  readonly streams: Pick<SimulatedStreams, 'figures'>;
  start(of: Holder): Carrier;
}

/** Models move by the program's own transfers and its duty of fetching, over simulated streams. Everybody who holds one is asked for it. */
export function createFetching({
  timeline,
  network,
  seed,
  holders,
  tell,
}: {
  timeline: Timeline;
  network: SimulatedNetwork;
  seed: number;
  holders: readonly Holder[];
  tell: (event: TransferEvent) => void;
}): Fetching {
  const log = createLogger({ level: 'silent' });
  const clock = timeline.besideClock;
  // Chance of its own: how models come changes nothing for gossip.
  const [lines, plans, lies] = [1, 2, 3].map((n) => createChance(seed * 31 + n)) as [Chance, Chance, Chance];
  const packages = createPackages();
  const streams = createSimulatedStreams({ timeline, chance: lines, network });
  const called = (peer: string) => holders.find(({ name }) => name === peer) ?? null;

  /** Its owner, then whoever has it, each asker beginning with those behind itself. */
  function providersOf(asker: Holder, model: ModelDigest, owner: Hotkey | null): readonly PeerId[] {
    const at = holders.indexOf(asker);
    const inTurn = [...holders.slice(at + 1), ...holders.slice(0, Math.max(0, at))];
    const able = inTurn.filter((one) => holdsIt(one, model) && network.reaches(asker.name, one.name));
    const byRank = [...able.filter(({ signer }) => signer.hotkey === owner), ...able.filter(({ signer }) => signer.hotkey !== owner)];
    // Safety: names of members stand in for peer ids.
    return byRank.map(({ name }) => name as PeerId);
  }

  function start(of: Holder): Carrier {
    const by = of.name;
    const stopped = new AbortController();
    const blamed = createBlameLedger();
    const hotkeyOf = (peer: string) => called(peer)?.signer.hotkey ?? null;
    let connectionTo: ReturnType<SimulatedStreams['join']> | null = null;
    const transfers = createTransfers(
      {
        clock,
        logger: log,
        metrics: {},
        hotkeyOf,
        memberOf: (peer) => {
          const member = called(peer);
          return member === null ? null : { hotkey: member.signer.hotkey, isValidator: member.validator !== null };
        },
        connectionTo: (peer) => connectionTo!(peer),
        penalize: (peer, offence) => tell({ what: 'offence', by, peer, code: offence }),
        random: plans.next,
        accuse: (peer, blame) => blamed.add(hotkeyOf(peer) ?? peer, blame, clock.nowMs()),
        isResting: (peer) => blamed.isResting(hotkeyOf(peer) ?? peer, clock.nowMs()),
      },
      { ...TRANSFER_DEFAULTS, protocols: { artifact: 'artifact', have: 'have' } },
    );
    connectionTo = streams.join(by, transfers.onArtifactStream);
    const honest = honestSource(packages, (model) => holdsIt(of, model));
    transfers.serve(of.honest ? honest : hostileSource(honest, { chance: lies, clock }));

    async function bring(model: ModelDigest, owner: Hotkey | null): Promise<void> {
      if (of.disk.holds(model)) return;
      const providers = () => providersOf(of, model, owner);
      if (providers().length === 0) throw nodeFailure('node.no_provider', { model, hotkey: owner ?? 'nobody known' });
      tell({ what: 'begun', by, model });
      try {
        const { elapsedMs } = await transfers.fetchModel({
          model,
          providers,
          sink: of.disk.sink(model),
          // Safety: its digest has been checked, and only layouts are hashed into one here.
          parseManifest: (bytes) => ok(JSON.parse(new TextDecoder().decode(bytes)) as PackageLayout),
          limits: LIMITS,
          onDropped: ({ peer, failure }) => tell({ what: 'dropped', by, model, code: failure.code, peer }),
          signal: stopped.signal,
        });
        tell({ what: 'whole', by, model, elapsedMs, isExact: of.disk.take(model) });
      } catch (error) {
        tell({ what: 'failed', by, model, code: isFailure(error) ? error.code : String(error), peer: '' });
        throw error;
      }
    }

    const fetcher = createFetcher({
      stores: of.stores,
      cache: { drop: async () => {} },
      bringer: {
        async bring({ model, owner }) {
          await bring(model, owner);
          return model;
        },
      },
      finder: { look: async () => {} },
      clock,
      log,
      metrics: NO_METRICS,
      // Safety: a row may be without a manifest, and no duty of the simulation reads one.
      precheck: async () => ({ manifest: null as unknown as Manifest, tensorDigests: [] }),
    });
    return {
      turn: (snapshot) => fetcher.turn(snapshot, stopped.signal),
      stop() {
        stopped.abort();
        streams.leave(by);
      },
    };
  }

  return { packages, streams, start };
}

export function holdsIt({ model: own, disk }: Pick<Holder, 'model' | 'disk'>, model: string): boolean {
  return own === model || disk.holds(model);
}
