/**
 * The embedded development chain: one process that unmodified Substrate clients can talk to. It checks signatures, nonces and every rule that a
 * subnet meets, but nobody else secures it: a tool for development and tests, and it says so in its name.
 */
import { cryptoWaitReady } from '@polkadot/util-crypto';
import { openChain } from './chain.js';
import type { GenerationName } from './generation.js';
import type { GenesisConfig } from './genesis.js';
import { lockFolder } from './lock.js';
import { createMethods } from './rpc/methods.js';
import { startRpcServer } from './rpc/server.js';
import { createSubscriptions } from './rpc/subscriptions.js';
import { createRuntime } from './runtime.js';

export { GENERATION_NAMES, type GenerationName } from './generation.js';
export { devAddress, devGenesis, type GenesisConfig, type SubnetGenesis } from './genesis.js';

/** Blocks between the newest and the finalized one. */
export const DEFAULT_FINALITY_LAG_BLOCKS = 2;
/** What a chain without a timer tells its clients about its pace. */
export const DECLARED_BLOCK_TIME_MS = 12_000;
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

/** Trouble on request. */
export interface DevchainFaults {
  /** Cuts every connection. */
  dropSockets(): void;
  /** While true the timer makes no blocks; connections stay. */
  stallHeads(stalled: boolean): void;
}

export interface Devchain {
  /** `ws://host:port`. */
  readonly url: string;
  readonly genesisHash: string;
  head(): { readonly number: number; readonly hash: string };
  finalized(): { readonly number: number; readonly hash: string };
  /** Makes blocks now; resolves when they are on disk and announced. */
  mint(blocks: number): Promise<void>;
  readonly faults: DevchainFaults;
  stop(): Promise<void>;
}

/** Errors: devchain.genesis_differs, devchain.journal_damaged, devchain.bad_genesis, devchain.folder_in_use, devchain.port_taken. */
export async function startDevchain(options: DevchainOptions): Promise<Devchain> {
  await cryptoWaitReady();
  const host = options.host ?? '127.0.0.1';
  const log = options.logger ?? (() => undefined);
  const runtime = createRuntime({
    blockTimeMs: options.blockTimeMs > 0 ? options.blockTimeMs : DECLARED_BLOCK_TIME_MS,
    ...(options.generation === undefined ? {} : { generation: options.generation }),
    ...(options.specVersion === undefined ? {} : { specVersion: options.specVersion }),
  });
  const release = options.dataDir === null ? () => undefined : lockFolder(options.dataDir);
  const chain = openOrRelease(release, () =>
    openChain(runtime, {
      dataDir: options.dataDir,
      finalityLag: options.finalityLag ?? DEFAULT_FINALITY_LAG_BLOCKS,
      genesis: options.genesis,
      nowMs: () => Date.now(),
    }),
  );
  const surface = {
    methods: createMethods(chain, { chainName: options.genesis.chain, peers: () => 0 }),
    subscriptions: createSubscriptions(chain),
  };
  const server = await startRpcServer(surface, { host, port: options.port, onFault: (facts) => log('rpc fault', facts) }).catch(
    (error: unknown) => {
      chain.close();
      release();
      throw error;
    },
  );

  let stalled = false;
  let stopped = false;
  const timer =
    options.blockTimeMs > 0
      ? setInterval(() => {
          if (!stalled) produce();
        }, options.blockTimeMs)
      : null;

  function produce(): void {
    if (stopped) return;
    const { number, hash, extrinsics } = chain.produce();
    log('block', { number, hash, extrinsics: extrinsics.length });
  }

  const refOf = ({ number, hash }: { readonly number: number; readonly hash: string }) => ({ number, hash });
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
    faults: {
      dropSockets: server.dropSockets,
      stallHeads: (value) => {
        stalled = value;
      },
    },
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
