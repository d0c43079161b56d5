import { WsProvider } from '@polkadot/api';
import { expect } from 'chai';
import { type ChainClient, type ChainClientOptions, createChainClient } from '../../chain/substrate/client.js';
import { type Failure, isFailure } from '../../protocol/failure.js';
import type { Signer } from '../../protocol/ports.js';
import { aHash } from '../support/keys.js';
import { startWsProxy, type WsProxy } from '../support/ws-proxy.js';
import { CHAIN_TIMEOUT_MS } from './chain.js';

export interface NodeUnderTest {
  readonly endpoint: string;
  readonly netuid: number;
  readonly coldkey: Signer;
  newcomer(): Promise<Signer>;
  mine(blocks: number): Promise<void>;
  stop(): Promise<void>;
}

const NEVER_STALLED_MS = 3_600_000;

/** What the client does when the way to the node is bad. The node makes a block for each transaction, or when told to. */
export function chainFaults(name: string, factory: () => Promise<NodeUnderTest>): void {
  describe(`${name} over a bad line`, function () {
    this.timeout(CHAIN_TIMEOUT_MS);
    let node: NodeUnderTest;
    let proxy: WsProxy;
    let second: WsProxy;
    const clients: ChainClient[] = [];

    before(async () => {
      node = await factory();
    });
    after(() => node?.stop());
    beforeEach(async () => {
      proxy = await startWsProxy(node.endpoint);
      second = await startWsProxy(node.endpoint);
    });
    afterEach(async () => {
      await Promise.all(clients.splice(0).map((client) => client.stop()));
      await Promise.all([proxy.close(), second.close()]);
    });

    const make = (options: Partial<ChainClientOptions> = {}) => {
      const client = createChainClient(
        {},
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
    const started = async (options?: Partial<ChainClientOptions>) => {
      const client = make(options);
      await client.start(new AbortController().signal);
      return client;
    };

    it('takes the next endpoint when the connection is cut, and reads go on', async () => {
      const client = await started();
      expect(client.status().endpoint).to.equal(proxy.url);
      proxy.drop();
      expect((await client.reader.snapshot(node.netuid)).neurons).to.be.an('array');
      expect(client.status()).to.include({ connected: true, endpoint: second.url, reconnects: 1 });
    });

    it('keeps reporting finalized heads after a reconnection', async () => {
      const client = await started();
      const heads: number[] = [];
      let arrived: () => void = () => undefined;
      client.reader.onFinalized(({ number }) => {
        heads.push(number);
        arrived();
      });
      await node.mine(1);
      proxy.drop();
      await client.reader.finalizedHead();
      const target = (await client.reader.finalizedHead()).number + 1;
      const reached = new Promise<void>((resolve) => {
        arrived = () => {
          if ((heads.at(-1) ?? 0) >= target) resolve();
        };
      });
      await node.mine(2);
      await reached;
      expect(heads).to.deep.equal(heads.toSorted((a, b) => a - b));
      expect(new Set(heads).size).to.equal(heads.length);
    });

    it('leaves a node that answers but shows no new head', async () => {
      proxy.mute('chain_newHead');
      const client = await started({ headTimeoutMs: 1_000 });
      await reached(() => client.status().reconnects > 0);
      expect(client.status().lastFailure).to.contain('no new block');
    });

    it('gives every request a deadline', async () => {
      const client = await started({ requestTimeoutMs: 500, endpoints: [proxy.url] });
      await reached(() => client.status().finalized !== null);
      proxy.freeze(true);
      const startedMs = performance.now();
      expect((await failureOf(client.reader.finalizedHead())).code).to.equal('chain.timeout');
      expect(performance.now() - startedMs).to.be.lessThan(2_000);
    });

    it('leaves a node that answers nothing any more', async () => {
      const client = await started({ requestTimeoutMs: 300 });
      await reached(() => client.status().finalized !== null);
      proxy.freeze(true);
      await Promise.allSettled([1, 2, 3].map(() => client.reader.finalizedHead()));
      expect((await client.reader.finalizedHead()).number).to.be.greaterThan(0);
      expect(client.status().endpoint).to.equal(second.url);
    });

    it('refuses a node of another chain, naming both', async () => {
      const expected = aHash('another chain');
      const failure = await failureOf(make({ genesis: expected, endpoints: [proxy.url] }).start(new AbortController().signal));
      expect(failure.code).to.equal('chain.wrong_genesis');
      expect(failure.facts).to.include({ expected, endpoint: proxy.url });
      expect(failure.facts['actual']).to.match(/^0x[0-9a-f]{64}$/);
    });

    it('passes over an endpoint of another chain', async () => {
      proxy.answer('chain_getBlockHash', () => ({ result: aHash('another chain') }));
      const probe = await started({ endpoints: [second.url] });
      const { genesis } = probe.reader.identity();
      const client = await started({ genesis });
      expect(client.status().endpoint).to.equal(second.url);
    });

    it('never asks an endpoint of another chain again', async () => {
      const probe = await started({ endpoints: [second.url] });
      const { genesis } = probe.reader.identity();
      proxy.answer('chain_getBlockHash', () => ({ result: aHash('another chain') }));
      const client = await started({ genesis, probeIntervalMs: 10, backoffMaxMs: 5 });
      const asked = proxy.accepted();
      second.drop();
      await client.reader.finalizedHead();
      const state = client.status().endpoints.find(({ endpoint }) => endpoint === proxy.url);
      expect([state?.state, state?.lastFailure?.code]).to.deep.equal(['excluded', 'chain.wrong_genesis']);
      expect(proxy.accepted()).to.equal(asked);
    });

    it('says so at once when no endpoint of its chain is left', async () => {
      const client = await started({ endpoints: [proxy.url], backoffMaxMs: 5 });
      proxy.answer('chain_getBlockHash', () => ({ result: aHash('another chain') }));
      proxy.drop();
      await reached(() => client.status().endpoints[0]?.state === 'excluded');
      expect((await failureOf(client.reader.finalizedHead())).code).to.equal('chain.wrong_genesis');
    });

    it('returns to the first endpoint once that has been well for a while', async () => {
      const client = await started({ probeIntervalMs: 60, backoffMaxMs: 5 });
      proxy.drop();
      await client.reader.finalizedHead();
      expect(client.status().endpoint).to.equal(second.url);
      const before = proxy.seen.get('chain_getHeader') ?? 0;
      await reached(() => client.status().connected && client.status().endpoint === proxy.url);
      expect((proxy.seen.get('chain_getHeader') ?? 0) - before, 'looks at it before').to.be.greaterThan(3);
      expect(client.status()).to.deep.include({ reconnects: 2 });
    });

    it('passes over an endpoint far below what was final, and says by how much', async () => {
      await node.mine(25);
      const client = await started({ backoffMaxMs: 5 });
      await reached(() => (client.status().finalized?.number ?? 0) > 20);
      second.answer('chain_getFinalizedHead', () => ({ result: client.reader.identity().genesis }));
      proxy.drop();
      await client.reader.finalizedHead();
      expect(client.status().endpoint).to.equal(proxy.url);
      const [, other] = client.status().endpoints;
      expect(other?.lastFailure?.code).to.equal('chain.behind');
      expect(other?.lastFailure?.message).to.contain('below');
    });

    it('names a chain that begins again lower, instead of waiting in silence', async () => {
      await node.mine(25);
      const client = await started({ endpoints: [proxy.url], backoffMaxMs: 5, requestTimeoutMs: 500 });
      await reached(() => (client.status().finalized?.number ?? 0) > 20);
      proxy.answer('chain_getFinalizedHead', () => ({ result: client.reader.identity().genesis }));
      proxy.drop();
      // One try of a busy machine may take longer than the caller waits.
      await reached(() => client.status().lastFailure?.includes('was final already') ?? false);
      const failure = await failureOf(client.reader.finalizedHead());
      expect(failure.message).to.contain('was final already');
      expect(client.status()).to.deep.include({ connected: false });
      proxy.behave();
      await reached(() => client.status().connected);
    });

    it('leaves an endpoint that others have left behind', async () => {
      await node.mine(1);
      const client = await started({ probeIntervalMs: 20, backoffMaxMs: 5 });
      await reached(() => client.status().finalized !== null);
      proxy.mute('chain_finalizedHead');
      await node.mine(25);
      await reached(() => client.status().endpoint === second.url);
      expect(client.status().endpoints[0]?.lastFailure?.code).to.equal('chain.behind');
    });

    it('leaves an endpoint that never tells what is final', async () => {
      proxy.mute('chain_finalizedHead');
      const client = await started({ probeIntervalMs: 20, backoffMaxMs: 5 });
      await node.mine(25);
      await reached(() => client.status().endpoint === second.url);
      expect(client.status().endpoints[0]?.lastFailure?.code).to.equal('chain.behind');
    });

    it('finds a half-open socket although nobody asks anything', async () => {
      const client = await started({ headTimeoutMs: 800, backoffMaxMs: 5 });
      await reached(() => client.status().finalized !== null);
      proxy.freeze(true);
      await reached(() => client.status().endpoint === second.url);
      expect(client.status().endpoints[0]?.lastFailure?.code).to.equal('chain.stalled');
    });

    it('opens a fresh session when the runtime is upgraded', async () => {
      const client = await started({ endpoints: [proxy.url] });
      const { specVersion } = client.reader.identity();
      const runtime = (await firstRuntime(node.endpoint)) as Record<string, unknown>;
      // The node says that it has moved on; the transaction must not be signed for what it was.
      let asked = 0;
      proxy.answer('state_getRuntimeVersion', (params) => {
        asked += Array.isArray(params) && params.length === 0 ? 1 : 0;
        return { result: asked === 1 ? { ...runtime, specVersion: specVersion + 1 } : runtime };
      });
      const { hotkey } = await node.newcomer();
      await client.writer.burnedRegister(node.coldkey, node.netuid, hotkey);
      expect(client.status().reconnects).to.equal(1);
      expect(client.status().endpoint).to.equal(proxy.url);
    });

    it('finds a transaction whose subscription was lost', async () => {
      const client = await started();
      const { hotkey } = await node.newcomer();
      proxy.cutAfter('author_submitAndWatchExtrinsic');
      const landing = client.writer.burnedRegister(node.coldkey, node.netuid, hotkey);
      await client.reader.finalizedHead();
      const nudge = setInterval(() => void node.mine(1), 400);
      const { block } = await landing.finally(() => clearInterval(nudge));
      const { neurons } = await client.reader.snapshot(node.netuid);
      expect(neurons.find((neuron) => neuron.hotkey === hotkey)?.registeredAt).to.equal(block.number);
    });

    it('sends the same bytes again when the node that took them is gone', async () => {
      const client = await started();
      const { hotkey } = await node.newcomer();
      proxy.answer('author_submitAndWatchExtrinsic', () => {
        setImmediate(() => proxy.drop());
        return { result: 'never' };
      });
      const landing = client.writer.burnedRegister(node.coldkey, node.netuid, hotkey);
      const { block } = await landing;
      expect(second.seen.get('author_submitExtrinsic')).to.equal(1);
      expect(block.number).to.be.greaterThan(0);
    });

    it('takes no word for an inclusion: not "in block", not "finalized" of a block that does not hold it', async () => {
      const client = await started({ endpoints: [proxy.url] });
      const { hotkey } = await node.newcomer();
      proxy.answer('author_submitAndWatchExtrinsic', () => ({ result: 'watched' }));
      const landing = failureOf(client.writer.burnedRegister(node.coldkey, node.netuid, hotkey));
      await reached(() => (proxy.seen.get('author_submitAndWatchExtrinsic') ?? 0) > 0);
      const { hash } = await client.reader.finalizedHead();
      proxy.tell('author_extrinsicUpdate', 'watched', { inBlock: hash });
      proxy.tell('author_extrinsicUpdate', 'watched', { retracted: hash });
      proxy.tell('author_extrinsicUpdate', 'watched', { inBlock: hash });
      proxy.tell('author_extrinsicUpdate', 'watched', { finalized: hash });
      await node.mine(17);
      expect((await landing).code).to.equal('chain.expired');
    });

    it('does not take a block for final before it is', async () => {
      const client = await started({ endpoints: [proxy.url] });
      const { hotkey } = await node.newcomer();
      const behind = new WsProvider(node.endpoint, false);
      await behind.connect();
      await behind.isReady;
      try {
        let bytes: unknown = null;
        proxy.answer('author_submitAndWatchExtrinsic', (params) => {
          bytes = Array.isArray(params) ? params[0] : null;
          return { result: 'watched' };
        });
        const landing = client.writer.burnedRegister(node.coldkey, node.netuid, hotkey);
        await reached(() => bytes !== null);
        const before = Number((await behind.send<{ number: string }>('chain_getHeader', [])).number);
        await behind.send('author_submitExtrinsic', [bytes]);
        let holder: string | null = null;
        for (let number = before + 1; holder === null; ) {
          const hash = await behind.send<string | null>('chain_getBlockHash', [number]);
          if (hash === null) continue;
          const { block } = await behind.send<{ block: { extrinsics: unknown[] } }>('chain_getBlock', [hash]);
          if (block.extrinsics.includes(bytes)) holder = hash;
          number += 1;
        }
        proxy.tell('author_extrinsicUpdate', 'watched', { finalized: holder });
        const { block } = await landing;
        expect(block.hash).to.equal(holder);
        expect((await client.reader.finalizedHead()).number).to.be.at.least(block.number);
      } finally {
        await behind.disconnect();
      }
    });

    it('hands the bytes in again when the pool has dropped them', async () => {
      const client = await started({ endpoints: [proxy.url] });
      const { hotkey } = await node.newcomer();
      proxy.answer('author_submitAndWatchExtrinsic', () => ({ result: 'watched' }));
      const landing = client.writer.burnedRegister(node.coldkey, node.netuid, hotkey);
      await reached(() => (proxy.seen.get('author_submitAndWatchExtrinsic') ?? 0) > 0);
      proxy.tell('author_extrinsicUpdate', 'watched', 'dropped');
      await reached(() => (proxy.seen.get('author_submitExtrinsic') ?? 0) > 0);
      await node.mine(1);
      const { block } = await landing;
      expect((await client.reader.finalizedHead()).number).to.be.at.least(block.number);
      expect(proxy.seen.get('author_submitExtrinsic')).to.equal(1);
    });

    it('gives up a transaction whose nonce another one took', async () => {
      const client = await started({ endpoints: [proxy.url] });
      const rival = await started({ endpoints: [second.url] });
      const lost = await node.newcomer();
      proxy.answer('author_submitAndWatchExtrinsic', () => ({ result: 'watched' }));
      const landing = failureOf(client.writer.burnedRegister(node.coldkey, node.netuid, lost.hotkey));
      await reached(() => (proxy.seen.get('author_submitAndWatchExtrinsic') ?? 0) > 0);
      await rival.writer.burnedRegister(node.coldkey, node.netuid, (await node.newcomer()).hotkey);
      proxy.tell('author_extrinsicUpdate', 'watched', { usurped: aHash('the other one') });
      await node.mine(1);
      expect((await landing).code).to.equal('chain.expired');
    });

    it('says so when a transaction can no longer be included', async () => {
      const client = await started({ endpoints: [proxy.url] });
      const { hotkey } = await node.newcomer();
      proxy.answer('author_submitAndWatchExtrinsic', () => ({ result: 'never' }));
      const landing = failureOf(client.writer.burnedRegister(node.coldkey, node.netuid, hotkey));
      await reached(() => (proxy.seen.get('author_submitAndWatchExtrinsic') ?? 0) > 0);
      await node.mine(17);
      expect((await landing).code).to.equal('chain.expired');
    });

    it('says so when the outcome cannot be known', async () => {
      const client = await started({ endpoints: [proxy.url], settlementTimeoutMs: 700 });
      const { hotkey } = await node.newcomer();
      proxy.answer('author_submitAndWatchExtrinsic', () => ({ result: 'never' }));
      const failure = await failureOf(client.writer.burnedRegister(node.coldkey, node.netuid, hotkey));
      expect(failure.code).to.equal('chain.outcome_unknown');
      expect(failure.facts['extrinsicHash']).to.match(/^0x[0-9a-f]{64}$/);
    });

    it('signs anew when the pool finds the nonce or the signature stale', async () => {
      const client = await started({ endpoints: [proxy.url] });
      const refusals = [
        { error: { code: 1010, message: 'Invalid Transaction', data: 'Transaction is outdated' } },
        { error: { code: 1010, message: 'Invalid Transaction', data: 'Transaction has a bad signature' } },
      ];
      proxy.answer('author_submitAndWatchExtrinsic', () => {
        const reply = refusals.shift() ?? { result: 'unused' };
        if (refusals.length === 0) proxy.behave();
        return reply;
      });
      const { hotkey } = await node.newcomer();
      const { block } = await client.writer.burnedRegister(node.coldkey, node.netuid, hotkey);
      expect(block.number).to.be.greaterThan(0);
      expect(proxy.seen.get('author_submitAndWatchExtrinsic')).to.equal(3);
    });

    it('names what the pool refuses by number', async () => {
      const client = await started({ endpoints: [proxy.url] });
      proxy.answer('author_submitAndWatchExtrinsic', () => ({
        error: { code: 1010, message: 'Invalid Transaction', data: 'Custom error: 12' },
      }));
      const endpoint = { ip: '10.0.0.1', port: 1, protocol: 4, version: 1, peerKey: null };
      const failure = await failureOf(client.writer.serveAxon(await node.newcomer(), node.netuid, endpoint));
      expect(failure.code).to.equal('chain.rate_limited');
    });

    it('stops while disconnected, and what waits is told', async () => {
      const client = await started({ endpoints: [proxy.url] });
      await proxy.close();
      const waiting = failureOf(client.reader.finalizedHead());
      await client.stop();
      expect((await waiting).code).to.be.oneOf(['chain.stopped', 'chain.disconnected']);
      expect((await failureOf(client.reader.finalizedHead())).code).to.equal('chain.stopped');
      proxy = await startWsProxy(node.endpoint);
    });
  });
}

async function failureOf(call: Promise<unknown>): Promise<Failure> {
  const outcome: unknown = await call.then(
    () => new Error('expected a failure'),
    (error: unknown) => error,
  );
  if (!isFailure(outcome)) throw outcome;
  return outcome;
}

async function reached(condition: () => boolean): Promise<void> {
  while (!condition()) await new Promise((resolve) => setTimeout(resolve, 10));
}

async function firstRuntime(endpoint: string): Promise<unknown> {
  const provider = new WsProvider(endpoint, false);
  await provider.connect();
  await provider.isReady;
  try {
    return await provider.send('state_getRuntimeVersion', []);
  } finally {
    await provider.disconnect();
  }
}
