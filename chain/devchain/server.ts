/**
 * The embedded development chain: one process that unmodified Substrate clients can talk to. It checks signatures, nonces and every rule that a
 * subnet meets, but nobody else secures it: a tool for development and tests, and it says so in its name.
 */
import { cryptoWaitReady } from '@polkadot/util-crypto';
import type { Intervention } from './block.js';
import { openChain } from './chain.js';
import { codeOf, createRuntimes } from './code.js';
import { type BlockRef, createFaults, type DevchainFaults } from './faults.js';
import type { GenerationName } from './generation.js';
import type { GenesisConfig } from './genesis.js';
import { lockFolder } from './lock.js';
import { createAdminMethods } from './rpc/admin.js';
import { createMethods } from './rpc/methods.js';
import { startRpcServer } from './rpc/server.js';
import { createSubscriptions } from './rpc/subscriptions.js';

export type { DevchainFaults } from './faults.js';
export { GENERATION_NAMES, type GenerationName } from './generation.js';
export { devAddress, devGenesis, type GenesisConfig, type SubnetGenesis } from './genesis.js';

/** Blocks between the newest and the finalized one. */
export const DEFAULT_FINALITY_LAG_BLOCKS = 2;
/** What a chain without a timer tells its clients about its pace. */
export const DECLARED_BLOCK_TIME_MS = 12_000;
/** Addresses on which the chain also answers `dev_*`. */
const LOOPBACK = /^(127\.\d+\.\d+\.\d+|::1|localhost)$/;
const refOf = ({ number, hash }: BlockRef): BlockRef => ({ number, hash });
/** Blocks made in one go before others get their turn. */
const BLOCKS_PER_TURN = 16;

export interface DevchainOptions {
  /** 0: any free port. */
  readonly port: number;
  readonly host?: string;
  /** Null: nothing is kept. */
  readonly dataDir: string | null;
  /** 0: blocks only on demand. */
  readonly blockTimeMs: number;
  readonly finalityLag?: number;
  readonly genesis: GenesisConfig;
  /** How the runtime presents itself; default: the newest. */
  readonly generation?: GenerationName;
  /** Default: the generation's own. */
  readonly specVersion?: number;
  readonly logger?: (event: string, facts: object) => void;
}

export interface Devchain {
  /** `ws://host:port`. */
  readonly url: string;
  readonly genesisHash: string;
  head(): BlockRef;
  finalized(): BlockRef;
  /** Makes blocks now; resolves when they are on disk and announced. */
  mint(blocks: number): Promise<void>;
  /** Trouble on request; the same by JSON-RPC as `dev_*`. */
  readonly faults: DevchainFaults;
  stop(): Promise<void>;
}

/** Errors: devchain.genesis_differs, devchain.journal_damaged, devchain.bad_genesis, devchain.folder_in_use, devchain.port_taken. */
export async function startDevchain(options: DevchainOptions): Promise<Devchain> {
  await cryptoWaitReady();
  const host = options.host ?? '127.0.0.1';
  const log = options.logger ?? (() => undefined);
  const runtimes = createRuntimes({ blockTimeMs: options.blockTimeMs > 0 ? options.blockTimeMs : DECLARED_BLOCK_TIME_MS });
  const release = options.dataDir === null ? () => undefined : lockFolder(options.dataDir);
  let warpedMs = 0;
  const chain = openOrRelease(release, () =>
    openChain(runtimes, {
      dataDir: options.dataDir,
      finalityLag: options.finalityLag ?? DEFAULT_FINALITY_LAG_BLOCKS,
      genesis: options.genesis,
      code: codeOf(options.generation, options.specVersion),
      nowMs: () => Date.now() + warpedMs,
    }),
  );
  let stopped = false;
  function produce(interventions: readonly Intervention[] = []): BlockRef {
    if (stopped) return refOf(chain.head());
    const { number, hash, extrinsics } = chain.produce(interventions);
    log('block', { number, hash, extrinsics: extrinsics.length });
    return { number, hash };
  }

  const { faults, line, submission, headsStalled } = createFaults({
    chain,
    produce,
    dropSockets: () => server.dropSockets(),
    warp: (seconds) => {
      warpedMs += seconds * 1000;
    },
  });
  const mintNow = (blocks: number) => {
    for (let made = 0; made < blocks; made += 1) produce();
    return refOf(chain.head());
  };
  const surface = {
    methods: createMethods(chain, { chainName: options.genesis.chain, peers: () => 0 }, submission),
    admin: LOOPBACK.test(host) ? createAdminMethods({ faults, mint: mintNow, log }) : new Map(),
    line,
    subscriptions: createSubscriptions(chain, submission),
  };
  const server = await startRpcServer(surface, { host, port: options.port, onFault: (facts) => log('rpc fault', facts) }).catch(
    (error: unknown) => {
      chain.close();
      release();
      throw error;
    },
  );

  const timer =
    options.blockTimeMs > 0
      ? setInterval(() => {
          if (!headsStalled()) produce();
        }, options.blockTimeMs)
      : null;

  const url = `ws://${host}:${server.port}`;
  log('listening', { url, genesis: chain.genesisHash, head: chain.head().number });
  return {
    url,
    genesisHash: chain.genesisHash,
    head: () => refOf(chain.head()),
    finalized: () => refOf(chain.finalized()),
    mint: async (blocks) => {
      for (let made = 0; made < blocks; made += 1) {
        produce();
        if (made % BLOCKS_PER_TURN === BLOCKS_PER_TURN - 1) await new Promise<void>((resolve) => setImmediate(resolve));
      }
    },
    faults,
    stop: async () => {
      if (stopped) return;
      stopped = true;
      if (timer !== null) clearInterval(timer);
      await server.stop();
      chain.close();
      release();
    },
  };
}

function openOrRelease<T>(release: () => void, open: () => T): T {
  try {
    return open();
  } catch (error) {
    release();
    throw error;
  }
}
