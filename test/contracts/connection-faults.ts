import { expect } from 'chai';
import { badLines, failureOf, type NodeUnderTest, reached } from '../support/bad-line.js';
import { aHash } from '../support/keys.js';
import { CHAIN_TIMEOUT_MS } from './chain.js';

/** What the connection does when the way to the node is bad. The node makes blocks by itself, or when told to. */
export function connectionFaults(name: string, factory: () => Promise<NodeUnderTest>): void {
  describe(`${name} over a bad line`, function () {
    this.timeout(CHAIN_TIMEOUT_MS);
    const line = badLines(factory);

    it('takes the next endpoint when the connection is cut, and reads go on', async () => {
      const client = await line.started();
      expect(client.status().endpoint).to.equal(line.proxy.url);
      line.proxy.drop();
      expect((await client.reader.snapshot(line.node.netuid)).neurons).to.be.an('array');
      expect(client.status()).to.include({ connected: true, endpoint: line.second.url, reconnects: 1 });
    });

    it('keeps reporting finalized heads after a reconnection', async () => {
      const client = await line.started();
      const heads: number[] = [];
      let arrived: () => void = () => undefined;
      client.reader.onFinalized(({ number }) => {
        heads.push(number);
        arrived();
      });
      await line.node.mine(1);
      line.proxy.drop();
      await client.reader.finalizedHead();
      const target = (await client.reader.finalizedHead()).number + 1;
      const reached = new Promise<void>((resolve) => {
        arrived = () => {
          if ((heads.at(-1) ?? 0) >= target) resolve();
        };
      });
      await line.node.mine(2);
      await reached;
      expect(heads).to.deep.equal(heads.toSorted((a, b) => a - b));
      expect(new Set(heads).size).to.equal(heads.length);
    });

    it('leaves a node that answers but shows no new head', async () => {
      line.proxy.mute('chain_newHead');
      const client = await line.started({ headTimeoutMs: 1_000 });
      await reached(() => client.status().reconnects > 0);
      expect(client.status().lastFailure).to.contain('no new block');
    });

    it('gives every request a deadline', async () => {
      const client = await line.started({ requestTimeoutMs: 500, endpoints: [line.proxy.url] });
      await reached(() => client.status().finalized !== null);
      line.proxy.freeze(true);
      const startedMs = performance.now();
      expect((await failureOf(client.reader.finalizedHead())).code).to.equal('chain.timeout');
      expect(performance.now() - startedMs).to.be.lessThan(2_000);
    });

    it('leaves a node that answers nothing any more', async () => {
      const client = await line.started({ requestTimeoutMs: 300 });
      await reached(() => client.status().finalized !== null);
      line.proxy.freeze(true);
      await Promise.allSettled([1, 2, 3].map(() => client.reader.finalizedHead()));
      expect((await client.reader.finalizedHead()).number).to.be.greaterThan(0);
      expect(client.status().endpoint).to.equal(line.second.url);
    });

    it('refuses a node of another chain, naming both', async () => {
      const expected = aHash('another chain');
      const failure = await failureOf(line.make({ genesis: expected, endpoints: [line.proxy.url] }).start(new AbortController().signal));
      expect(failure.code).to.equal('chain.wrong_genesis');
      expect(failure.facts).to.include({ expected, endpoint: line.proxy.url });
      expect(failure.facts['actual']).to.match(/^0x[0-9a-f]{64}$/);
    });

    it('passes over an endpoint of another chain', async () => {
      line.proxy.answer('chain_getBlockHash', () => ({ result: aHash('another chain') }));
      const probe = await line.started({ endpoints: [line.second.url] });
      const { genesis } = probe.reader.identity();
      const client = await line.started({ genesis });
      expect(client.status().endpoint).to.equal(line.second.url);
    });

    it('never asks an endpoint of another chain again', async () => {
      const probe = await line.started({ endpoints: [line.second.url] });
      const { genesis } = probe.reader.identity();
      line.proxy.answer('chain_getBlockHash', () => ({ result: aHash('another chain') }));
      const client = await line.started({ genesis, probeIntervalMs: 10, backoffMaxMs: 5 });
      const asked = line.proxy.accepted();
      line.second.drop();
      await client.reader.finalizedHead();
      const state = client.status().endpoints.find(({ endpoint }) => endpoint === line.proxy.url);
      expect([state?.state, state?.lastFailure?.code]).to.deep.equal(['excluded', 'chain.wrong_genesis']);
      expect(line.proxy.accepted()).to.equal(asked);
    });

    it('says so at once when no endpoint of its chain is left', async () => {
      const client = await line.started({ endpoints: [line.proxy.url], backoffMaxMs: 5 });
      line.proxy.answer('chain_getBlockHash', () => ({ result: aHash('another chain') }));
      line.proxy.drop();
      await reached(() => client.status().endpoints[0]?.state === 'excluded');
      expect((await failureOf(client.reader.finalizedHead())).code).to.equal('chain.wrong_genesis');
    });

    it('returns to the first endpoint once that has been well for a while', async () => {
      const client = await line.started({ probeIntervalMs: 60, backoffMaxMs: 5 });
      line.proxy.drop();
      await client.reader.finalizedHead();
      expect(client.status().endpoint).to.equal(line.second.url);
      const before = line.proxy.seen.get('chain_getHeader') ?? 0;
      await reached(() => client.status().connected && client.status().endpoint === line.proxy.url);
      expect((line.proxy.seen.get('chain_getHeader') ?? 0) - before, 'looks at it before').to.be.greaterThan(3);
      expect(client.status()).to.deep.include({ reconnects: 2 });
    });

    it('passes over an endpoint far below what was final, and says by how much', async () => {
      await line.node.mine(25);
      const client = await line.started({ backoffMaxMs: 5 });
      await reached(() => (client.status().finalized?.number ?? 0) > 20);
      line.second.answer('chain_getFinalizedHead', () => ({ result: client.reader.identity().genesis }));
      line.proxy.drop();
      await client.reader.finalizedHead();
      expect(client.status().endpoint).to.equal(line.proxy.url);
      const [, other] = client.status().endpoints;
      expect(other?.lastFailure?.code).to.equal('chain.behind');
      expect(other?.lastFailure?.message).to.contain('below');
    });

    it('names a chain that begins again lower, instead of waiting in silence', async () => {
      await line.node.mine(25);
      const client = await line.started({ endpoints: [line.proxy.url], backoffMaxMs: 5, requestTimeoutMs: 500 });
      await reached(() => (client.status().finalized?.number ?? 0) > 20);
      line.proxy.answer('chain_getFinalizedHead', () => ({ result: client.reader.identity().genesis }));
      line.proxy.drop();
      // One try of a busy machine may take longer than the caller waits.
      await reached(() => client.status().lastFailure?.includes('was final already') ?? false);
      const failure = await failureOf(client.reader.finalizedHead());
      expect(failure.message).to.contain('was final already');
      expect(client.status()).to.deep.include({ connected: false });
      line.proxy.behave();
      await reached(() => client.status().connected);
    });

    it('leaves an endpoint that others have left behind', async () => {
      await line.node.mine(1);
      const client = await line.started({ probeIntervalMs: 20, backoffMaxMs: 5 });
      await reached(() => client.status().finalized !== null);
      line.proxy.mute('chain_finalizedHead');
      await line.node.mine(25);
      await reached(() => client.status().endpoint === line.second.url);
      expect(client.status().endpoints[0]?.lastFailure?.code).to.equal('chain.behind');
    });

    it('leaves an endpoint that never tells what is final', async () => {
      line.proxy.mute('chain_finalizedHead');
      const client = await line.started({ probeIntervalMs: 20, backoffMaxMs: 5 });
      await line.node.mine(25);
      await reached(() => client.status().endpoint === line.second.url);
      expect(client.status().endpoints[0]?.lastFailure?.code).to.equal('chain.behind');
    });

    it('finds a half-open socket although nobody asks anything', async () => {
      const client = await line.started({ headTimeoutMs: 800, backoffMaxMs: 5 });
      await reached(() => client.status().finalized !== null);
      line.proxy.freeze(true);
      await reached(() => client.status().endpoint === line.second.url);
      expect(client.status().endpoints[0]?.lastFailure?.code).to.equal('chain.stalled');
    });

    it('stops while disconnected, and what waits is told', async () => {
      const client = await line.started({ endpoints: [line.proxy.url] });
      await line.proxy.close();
      await reached(() => !client.status().connected);
      const waiting = failureOf(client.reader.finalizedHead());
      expect(client.status().held.waiting).to.equal(1);
      await client.stop();
      expect((await waiting).code).to.equal('chain.stopped');
      expect((await failureOf(client.reader.finalizedHead())).code).to.equal('chain.stopped');
      await line.reopen();
    });
  });
}
