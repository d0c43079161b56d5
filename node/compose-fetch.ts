/** One model for a command: as a node of its own that only dials out, without database, cache or chain loop. */
import { randomBytes } from 'node:crypto';
import { mkdir, rename, rm, statfs } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import type { SubnetSnapshot } from '../chain/snapshot.js';
import { isFailure } from '../protocol/failure.js';
import { createHost } from '../protocol/libp2p/host.js';
import type { HostOptions } from '../protocol/libp2p/host-shape.js';
import type { ModelDigest } from '../protocol/names.js';
import type { Clock, FetchedModel, Signer, TransferProgress, Verifier } from '../protocol/ports.js';
import { type Manifest, packageSizeBytes, parseManifest } from '../scoring/manifest.js';
import { verifyPackage } from '../scoring/onnx/package-files.js';
import { nodeFailure } from './failures.js';
import { DISK_RESERVE_BYTES } from './files/model-cache.js';
import { openPackagePart } from './files/package-part.js';
import type { Logger } from './logger.js';
import type { PackagePart } from './model-cache.js';
import { TRANSFER_LIMITS } from './network/bringer.js';
import { createLoneSearch } from './network/lone-search.js';

export interface FetchOnceOptions {
  readonly network: Pick<HostOptions, 'genesis' | 'netuid'>;
  readonly model: ModelDigest;
  /** 32-byte seed: of a hotkey whose key is on chain other nodes take no other peer. Null: one for this once. */
  readonly peerKey: Uint8Array | null;
  /** Whom to dial and ask. */
  readonly addresses: readonly string[];
  /** Of the subnet, to find others who have it; null: nobody but the addresses is asked. */
  readonly snapshot: SubnetSnapshot | null;
  /** Where the package shall stand; beside it, with `.part` at the end, is what has come of it. */
  readonly directory: string;
  readonly privateNetwork: boolean;
  readonly signal: AbortSignal;
  readonly onProgress: (progress: TransferProgress) => void;
}

/** Errors: p2p.*, node.no_holder, store.*, model.*; what has come stays for the next call. */
export async function fetchOnce(
  deps: { readonly signer: Signer; readonly verifier: Verifier; readonly clock: Clock; readonly logger: Logger },
  options: FetchOnceOptions,
): Promise<FetchedModel<Manifest>> {
  const { model, directory, signal, snapshot, network } = options;
  const host = createHost(
    { ...deps, peerKey: options.peerKey ?? new Uint8Array(randomBytes(32)) },
    { ...network, listen: [], announce: [], bootstrap: [], maxConnections: 32, privateNetwork: options.privateNetwork },
  );
  const place = `${directory}.part`;
  const folder = join(place, 'package');
  let part: PackagePart | null = null;
  const over = new AbortController();
  try {
    await host.start(signal);
    const dials = await Promise.allSettled(options.addresses.map((address) => host.dial(address, signal)));
    const refused = dials.find((dial) => dial.status === 'rejected');
    if (refused !== undefined && host.peers().length === 0) throw refused.reason;
    const named = () => host.peers().flatMap(({ peerId, hotkey }) => (hotkey === null ? [] : [peerId]));
    const search = snapshot === null ? null : createLoneSearch({ ...deps, host, log: deps.logger }, { model, network, snapshot });
    const fetched = await host.fetchModel<Manifest>({
      model,
      ...(search === null ? { providers: named } : { providers: search.providers, looking: search.look(over.signal) }),
      sink: {
        async begin(manifest, layout) {
          await mkdir(folder, { recursive: true, mode: 0o700 });
          const disk = await statfs(dirname(place));
          if (disk.bavail * disk.bsize < packageSizeBytes(layout) + DISK_RESERVE_BYTES) throw nodeFailure('store.full', { where: place });
          part = await openPackagePart(
            { directory: folder, journalPath: join(place, 'journal') },
            { model, manifest, layout },
            { nowMs: deps.clock.nowMs },
          );
          return part.has;
        },
        write: async (fileIndex, offset, bytes) => part?.write(fileIndex, offset, bytes),
      },
      parseManifest: (bytes) => {
        const parsed = parseManifest(bytes);
        return parsed.ok ? parsed : { ok: false, error: parsed.error.message };
      },
      limits: TRANSFER_LIMITS,
      onProgress: options.onProgress,
      signal,
    });
    await closePart(part);
    await verifyPackage(folder, model);
    await rename(folder, directory);
    await rm(place, { recursive: true, force: true });
    return fetched;
  } catch (error) {
    if (isFailure(error) && error.code === 'p2p.no_source_left' && error.facts['asked'] === 0)
      throw nodeFailure('node.no_holder', { model, peers: host.peers().length }, error);
    throw error;
  } finally {
    over.abort();
    await closePart(part).catch(() => {});
    await host.stop();
  }
}

async function closePart(part: PackagePart | null): Promise<void> {
  await part?.close();
}
