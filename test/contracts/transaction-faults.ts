import { WsProvider } from '@polkadot/api';
import { expect } from 'chai';
import { badLines, failureOf, type NodeUnderTest, reached } from '../support/bad-line.js';
import { aHash } from '../support/keys.js';
import { CHAIN_TIMEOUT_MS } from './chain.js';

/** What becomes of transactions when the way to the node, or the node's word about them, is bad. The node makes a block for each, or when told to. */
export function transactionFaults(name: string, factory: () => Promise<NodeUnderTest>): void {
  describe(`${name} and a transaction in trouble`, function () {
    this.timeout(CHAIN_TIMEOUT_MS);
    const line = badLines(factory);

    it('opens a fresh session when the runtime is upgraded', async () => {
      const client = await line.started({ endpoints: [line.proxy.url] });
      const { specVersion } = client.reader.identity();
      const runtime = (await firstRuntime(line.node.endpoint)) as Record<string, unknown>;
      // The node says that it has moved on; the transaction must not be signed for what it was.
      let asked = 0;
      line.proxy.answer('state_getRuntimeVersion', (params) => {
        asked += Array.isArray(params) && params.length === 0 ? 1 : 0;
        return { result: asked === 1 ? { ...runtime, specVersion: specVersion + 1 } : runtime };
      });
      const { hotkey } = await line.node.newcomer();
      await client.writer.burnedRegister(line.node.coldkey, line.node.netuid, hotkey);
      expect(client.status().reconnects).to.equal(1);
      expect(client.status().endpoint).to.equal(line.proxy.url);
    });

    it('finds a transaction whose subscription was lost', async () => {
      const client = await line.started();
      const { hotkey } = await line.node.newcomer();
      line.proxy.cutAfter('author_submitAndWatchExtrinsic');
      const landing = client.writer.burnedRegister(line.node.coldkey, line.node.netuid, hotkey);
      await client.reader.finalizedHead();
      const nudge = setInterval(() => void line.node.mine(1), 400);
      const { block } = await landing.finally(() => clearInterval(nudge));
      const { neurons } = await client.reader.snapshot(line.node.netuid);
      expect(neurons.find((neuron) => neuron.hotkey === hotkey)?.registeredAt).to.equal(block.number);
      const noticed = line.lines.filter((said) => said.includes('following a transaction'));
      expect(noticed.join(), 'not only at the end of its era').to.contain('"why":"disconnected"');
    });

    it('sends the same bytes again when the node that took them is gone', async () => {
      const client = await line.started();
      const { hotkey } = await line.node.newcomer();
      line.proxy.answer('author_submitAndWatchExtrinsic', () => {
        setImmediate(() => line.proxy.drop());
        return { result: 'never' };
      });
      const landing = client.writer.burnedRegister(line.node.coldkey, line.node.netuid, hotkey);
      const { block } = await landing;
      expect(line.second.seen.get('author_submitExtrinsic')).to.equal(1);
      expect(block.number).to.be.greaterThan(0);
    });

    it('takes no word for an inclusion: not "in block", not "finalized" of a block that does not hold it', async () => {
      const client = await line.started({ endpoints: [line.proxy.url] });
      const { hotkey } = await line.node.newcomer();
      line.proxy.answer('author_submitAndWatchExtrinsic', () => ({ result: 'watched' }));
      const landing = failureOf(client.writer.burnedRegister(line.node.coldkey, line.node.netuid, hotkey));
      await reached(() => (line.proxy.seen.get('author_submitAndWatchExtrinsic') ?? 0) > 0);
      const { hash } = await client.reader.finalizedHead();
      line.proxy.tell('author_extrinsicUpdate', 'watched', { inBlock: hash });
      line.proxy.tell('author_extrinsicUpdate', 'watched', { retracted: hash });
      line.proxy.tell('author_extrinsicUpdate', 'watched', { inBlock: hash });
      line.proxy.tell('author_extrinsicUpdate', 'watched', { finalized: hash });
      await line.node.mine(17);
      expect((await landing).code).to.equal('chain.expired');
    });

    it('does not take a block for final before it is', async () => {
      const client = await line.started({ endpoints: [line.proxy.url] });
      const { hotkey } = await line.node.newcomer();
      const behind = new WsProvider(line.node.endpoint, false);
      await behind.connect();
      await behind.isReady;
      try {
        let bytes: unknown = null;
        line.proxy.answer('author_submitAndWatchExtrinsic', (params) => {
          bytes = Array.isArray(params) ? params[0] : null;
          return { result: 'watched' };
        });
        const landing = client.writer.burnedRegister(line.node.coldkey, line.node.netuid, hotkey);
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
        line.proxy.tell('author_extrinsicUpdate', 'watched', { finalized: holder });
        const { block } = await landing;
        expect(block.hash).to.equal(holder);
        expect((await client.reader.finalizedHead()).number).to.be.at.least(block.number);
      } finally {
        await behind.disconnect();
      }
    });

    it('hands the bytes in again when the pool has dropped them', async () => {
      const client = await line.started({ endpoints: [line.proxy.url] });
      const { hotkey } = await line.node.newcomer();
      line.proxy.answer('author_submitAndWatchExtrinsic', () => ({ result: 'watched' }));
      const landing = client.writer.burnedRegister(line.node.coldkey, line.node.netuid, hotkey);
      await reached(() => (line.proxy.seen.get('author_submitAndWatchExtrinsic') ?? 0) > 0);
      line.proxy.tell('author_extrinsicUpdate', 'watched', 'dropped');
      await reached(() => (line.proxy.seen.get('author_submitExtrinsic') ?? 0) > 0);
      await line.node.mine(1);
      const { block } = await landing;
      expect((await client.reader.finalizedHead()).number).to.be.at.least(block.number);
      expect(line.proxy.seen.get('author_submitExtrinsic')).to.equal(1);
    });

    it('gives up a transaction whose nonce another one took', async () => {
      const client = await line.started({ endpoints: [line.proxy.url] });
      const rival = await line.started({ endpoints: [line.second.url] });
      const lost = await line.node.newcomer();
      line.proxy.answer('author_submitAndWatchExtrinsic', () => ({ result: 'watched' }));
      const landing = failureOf(client.writer.burnedRegister(line.node.coldkey, line.node.netuid, lost.hotkey));
      await reached(() => (line.proxy.seen.get('author_submitAndWatchExtrinsic') ?? 0) > 0);
      await rival.writer.burnedRegister(line.node.coldkey, line.node.netuid, (await line.node.newcomer()).hotkey);
      line.proxy.tell('author_extrinsicUpdate', 'watched', { usurped: aHash('the other one') });
      await line.node.mine(1);
      const failure = await landing;
      expect(failure.code).to.equal('chain.expired');
      expect(failure.message, 'not only at the end of its era').to.contain('has taken its nonce');
    });

    it('says so when a transaction can no longer be included', async () => {
      const client = await line.started({ endpoints: [line.proxy.url] });
      const { hotkey } = await line.node.newcomer();
      line.proxy.answer('author_submitAndWatchExtrinsic', () => ({ result: 'never' }));
      const landing = failureOf(client.writer.burnedRegister(line.node.coldkey, line.node.netuid, hotkey));
      await reached(() => (line.proxy.seen.get('author_submitAndWatchExtrinsic') ?? 0) > 0);
      await line.node.mine(17);
      const failure = await landing;
      expect(failure.code).to.equal('chain.expired');
      expect(failure.message).to.contain('its era ended');
    });

    it('says so when the outcome cannot be known', async () => {
      const client = await line.started({ endpoints: [line.proxy.url], settlementTimeoutMs: 700 });
      const { hotkey } = await line.node.newcomer();
      line.proxy.answer('author_submitAndWatchExtrinsic', () => ({ result: 'never' }));
      const failure = await failureOf(client.writer.burnedRegister(line.node.coldkey, line.node.netuid, hotkey));
      expect(failure.code).to.equal('chain.outcome_unknown');
      expect(failure.facts['extrinsicHash']).to.match(/^0x[0-9a-f]{64}$/);
    });

    it('signs anew when the pool finds the nonce or the signature stale', async () => {
      const client = await line.started({ endpoints: [line.proxy.url] });
      const refusals = [
        { error: { code: 1010, message: 'Invalid Transaction', data: 'Transaction is outdated' } },
        { error: { code: 1010, message: 'Invalid Transaction', data: 'Transaction has a bad signature' } },
      ];
      line.proxy.answer('author_submitAndWatchExtrinsic', () => {
        const reply = refusals.shift() ?? { result: 'unused' };
        if (refusals.length === 0) line.proxy.behave();
        return reply;
      });
      const { hotkey } = await line.node.newcomer();
      const { block } = await client.writer.burnedRegister(line.node.coldkey, line.node.netuid, hotkey);
      expect(block.number).to.be.greaterThan(0);
      expect(line.proxy.seen.get('author_submitAndWatchExtrinsic')).to.equal(3);
    });

    it('names what the pool refuses by number', async () => {
      const client = await line.started({ endpoints: [line.proxy.url] });
      line.proxy.answer('author_submitAndWatchExtrinsic', () => ({
        error: { code: 1010, message: 'Invalid Transaction', data: 'Custom error: 12' },
      }));
      const endpoint = { ip: '10.0.0.1', port: 1, protocol: 4, version: 1, peerKey: null };
      const failure = await failureOf(client.writer.serveAxon(await line.node.newcomer(), line.node.netuid, endpoint));
      expect(failure.code).to.equal('chain.rate_limited');
    });
  });
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
