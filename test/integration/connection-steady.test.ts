import { queryObjects } from 'node:v8';
import { ApiPromise } from '@polkadot/api';
import { expect } from 'chai';
import { WebSocket } from 'ws';
import { type Devchain, devGenesis, startDevchain } from '../../chain/devchain/server.js';
import { chainFailure } from '../../chain/failures.js';
import { createChainClient } from '../../chain/substrate/client.js';
import { createConnection } from '../../chain/substrate/connection.js';
import { startWsProxy } from '../support/ws-proxy.js';

const HEADS = 3_000;
const RECONNECTS = 100;
const WARM_UP = 5;
/** Genesis, version of the runtime, finalized head and its header, three subscriptions; and the head and header that the test asks for. */
const REQUESTS_PER_RECONNECTION = 9;

/** Sockets and timers of this process: what a connection that is not cleaned up after leaves behind. */
function held(): { readonly sockets: number; readonly timers: number } {
  const count = (type: string) => process.getActiveResourcesInfo().filter((name) => name === type).length;
  return { sockets: count('TCPSocketWrap'), timers: count('Timeout') };
}

/** Objects that nothing lets go of: each look collects the garbage first. A session that stays behind holds one of each of its own. */
function living(): { readonly sockets: number; readonly signals: number; readonly runtimes: number } {
  return {
    sockets: Number(queryObjects(WebSocket)),
    signals: Number(queryObjects(AbortSignal)),
    runtimes: Number(queryObjects(ApiPromise)),
  };
}

describe('a connection that lasts', function () {
  this.timeout(90_000);
  let devchain: Devchain;

  before(async () => {
    devchain = await startDevchain({ port: 0, dataDir: null, blockTimeMs: 0, genesis: devGenesis() });
    await devchain.mint(3);
  });
  after(() => devchain.stop());

  it('holds no more sockets, timers, listeners and objects after many heads and reconnections than after the first', async () => {
    // The test's own timer is set after its first wait.
    await turn();
    const atFirst = held();
    const proxy = await startWsProxy(devchain.url);
    const client = createChainClient(
      { random: () => 0 },
      { endpoints: [proxy.url], genesis: null, backoffMaxMs: 1, headTimeoutMs: 3_600_000 },
    );
    try {
      await client.start(new AbortController().signal);
      let heads = 0;
      client.reader.onFinalized(() => {
        heads += 1;
      });
      const reconnect = async () => {
        const { reconnects } = client.status();
        proxy.drop();
        while (client.status().reconnects === reconnects || !client.status().connected) await turn();
        await client.reader.finalizedHead();
      };
      for (let i = 0; i < WARM_UP; i += 1) await reconnect();
      await reachedHead(client, devchain);
      const before = { ...held(), listening: client.status().held, living: living() };
      await devchain.mint(HEADS);
      await reachedHead(client, devchain);
      const requestsBefore = client.status().requests;
      for (let i = 0; i < RECONNECTS; i += 1) await reconnect();
      expect(client.status().requests - requestsBefore, 'requests').to.be.at.most(RECONNECTS * REQUESTS_PER_RECONNECTION);
      expect(heads).to.be.greaterThan(HEADS / 2);
      expect(client.status().reconnects).to.equal(WARM_UP + RECONNECTS);
      expect(proxy.accepted()).to.equal(1 + WARM_UP + RECONNECTS);
      expect(client.status().held).to.deep.equal(before.listening);
      expect(held().timers, 'timers').to.be.at.most(before.timers);
      // The end of a socket is told by the system, one after the other; a leak would keep this waiting for ever.
      while (held().sockets > before.sockets) await turn();
      // Fewer may be left: those of tests before this one go when they are collected.
      for (const [what, count] of Object.entries(living()))
        expect(count, what).to.be.at.most(before.living[what as keyof typeof before.living]);
    } finally {
      await client.stop();
      await proxy.close();
    }
    // At once: the library's own subscriptions would leave a timer of two seconds.
    expect(held().timers, 'timers that outlive the client').to.be.at.most(atFirst.timers);
    while (held().sockets > atFirst.sockets) await turn();
  });

  it('reads the metadata once for each runtime, and again when a signature is refused', async () => {
    const connection = createConnection(
      { random: () => 0 },
      { endpoints: [devchain.url], genesis: null, backoffMaxMs: 1, headTimeoutMs: 3_600_000 },
    );
    await connection.start(new AbortController().signal);
    try {
      const first = await connection.session();
      await first.close();
      const second = await connection.session();
      expect(second).to.not.equal(first);
      expect(second.api).to.equal(first.api);
      const refused = await connection.renew(second, chainFailure('chain.bad_signature', { method: 'set_weights' }));
      expect(refused.api).to.not.equal(first.api);
      devchain.faults.upgrade({ generation: 'clock', specVersion: 430 });
      await devchain.mint(1);
      while ((await connection.session()).identity.specVersion !== 430) await turn();
      expect((await connection.session()).api).to.not.equal(refused.api);
    } finally {
      await connection.stop();
    }
  });
});

const turn = () => new Promise((resolve) => setTimeout(resolve, 2));

async function reachedHead(client: ReturnType<typeof createChainClient>, devchain: Devchain): Promise<void> {
  while ((client.status().finalized?.number ?? 0) < devchain.finalized().number) await turn();
}
