/** A client on two lines to one node, both of which can be made bad. */
import { type ChainClient, type ChainClientOptions, createChainClient } from '../../chain/substrate/client.js';
import { type Failure, isFailure } from '../../protocol/failure.js';
import type { Signer } from '../../protocol/ports.js';
import { createRecordingLog } from './recording-log.js';
import { startWsProxy, type WsProxy } from './ws-proxy.js';

export interface NodeUnderTest {
  readonly endpoint: string;
  readonly netuid: number;
  readonly coldkey: Signer;
  newcomer(): Promise<Signer>;
  mine(blocks: number): Promise<void>;
  stop(): Promise<void>;
}

const NEVER_STALLED_MS = 3_600_000;

export interface BadLines {
  readonly node: NodeUnderTest;
  readonly proxy: WsProxy;
  readonly second: WsProxy;
  /** What the clients have logged since the test began, each line as JSON. */
  readonly lines: readonly string[];
  make(options?: Partial<ChainClientOptions>): ChainClient;
  started(options?: Partial<ChainClientOptions>): Promise<ChainClient>;
  /** Closes the first line and opens it anew, under another address. */
  reopen(): Promise<void>;
}

/** For the suite that calls it: one node, and for each of its tests two fresh lines. The members are there once a test runs. */
export function badLines(factory: () => Promise<NodeUnderTest>): BadLines {
  const clients: ChainClient[] = [];
  let node: NodeUnderTest;
  let proxy: WsProxy;
  let second: WsProxy;
  let recording = createRecordingLog();

  before(async () => {
    node = await factory();
  });
  after(() => node?.stop());
  beforeEach(async () => {
    recording = createRecordingLog();
    proxy = await startWsProxy(node.endpoint);
    second = await startWsProxy(node.endpoint);
  });
  afterEach(async () => {
    await Promise.all(clients.splice(0).map((client) => client.stop()));
    await Promise.all([proxy.close(), second.close()]);
  });

  const make = (options: Partial<ChainClientOptions> = {}) => {
    const client = createChainClient(
      { logger: recording.log },
      {
        endpoints: [proxy.url, second.url],
        genesis: null,
        requestTimeoutMs: 4_000,
        connectTimeoutMs: 6_000,
        headTimeoutMs: NEVER_STALLED_MS,
        ...options,
      },
    );
    clients.push(client);
    return client;
  };

  return {
    get node() {
      return node;
    },
    get proxy() {
      return proxy;
    },
    get second() {
      return second;
    },
    get lines() {
      return recording.lines;
    },
    make,
    started: async (options) => {
      const client = make(options);
      await client.start(new AbortController().signal);
      return client;
    },
    reopen: async () => {
      await proxy.close();
      proxy = await startWsProxy(node.endpoint);
    },
  };
}

export async function failureOf(call: Promise<unknown>): Promise<Failure> {
  const outcome: unknown = await call.then(
    () => new Error('expected a failure'),
    (error: unknown) => error,
  );
  if (!isFailure(outcome)) throw outcome;
  return outcome;
}

export async function reached(condition: () => boolean): Promise<void> {
  while (!condition()) await new Promise((resolve) => setTimeout(resolve, 10));
}
