import { expect } from 'chai';
import { type Devchain, devGenesis, startDevchain } from '../../chain/devchain/server.js';
import { createChainClient } from '../../chain/substrate/client.js';
import { startWsProxy } from '../support/ws-proxy.js';

const HEADS = 3_000;
const RECONNECTS = 60;
const WARM_UP = 5;

/** Sockets and timers of this process: what a connection that is not cleaned up after leaves behind. */
function held(): { readonly sockets: number; readonly timers: number } {
  const count = (type: string) => process.getActiveResourcesInfo().filter((name) => name === type).length;
  return { sockets: count('TCPSocketWrap'), timers: count('Timeout') };
}

describe('a connection that lasts', function () {
  this.timeout(90_000);
  let devchain: Devchain;

  before(async () => {
    devchain = await startDevchain({ port: 0, dataDir: null, blockTimeMs: 0, genesis: devGenesis() });
    await devchain.mint(3);
  });
  after(() => devchain.stop());

  it('holds no more sockets, timers and listeners after many heads and reconnections than after the first', async () => {
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
      const before = { ...held(), listening: client.status().held };
      await devchain.mint(HEADS);
      await reachedHead(client, devchain);
      for (let i = 0; i < RECONNECTS; i += 1) await reconnect();
      expect(heads).to.be.greaterThan(HEADS / 2);
      expect(client.status().reconnects).to.equal(WARM_UP + RECONNECTS);
      expect(proxy.accepted()).to.equal(1 + WARM_UP + RECONNECTS);
      expect(client.status().held).to.deep.equal(before.listening);
      expect(held().timers).to.equal(before.timers);
      // The end of a socket is told by the system, one after the other; a leak would keep this waiting for ever.
      while (held().sockets > before.sockets) await turn();
    } finally {
      await client.stop();
      await proxy.close();
    }
    // At once: the library's own subscriptions would leave a timer of two seconds.
    expect(held().timers, 'timers that outlive the client').to.be.at.most(atFirst.timers);
    while (held().sockets > atFirst.sockets) await turn();
  });
});

const turn = () => new Promise((resolve) => setTimeout(resolve, 2));

async function reachedHead(client: ReturnType<typeof createChainClient>, devchain: Devchain): Promise<void> {
  while ((client.status().finalized?.number ?? 0) < devchain.finalized().number) await turn();
}
