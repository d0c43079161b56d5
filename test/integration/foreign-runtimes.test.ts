import { expect } from 'chai';
import { encodeMetadata } from '../../chain/devchain/metadata.js';
import { createRuntime, type Runtime } from '../../chain/devchain/runtime.js';
import { bytes, encode, option, toHex, u32, unit, vec } from '../../chain/devchain/scale.js';
import { type Devchain, devGenesis, startDevchain } from '../../chain/devchain/server.js';
import { createChainClient } from '../../chain/substrate/client.js';
import { failureOf } from '../support/bad-line.js';
import { devSigner } from '../support/dev-signer.js';
import { startWsProxy, type WsProxy } from '../support/ws-proxy.js';

const OURS = createRuntime({ blockTimeMs: 12_000 });

/** Nodes that describe another runtime than the one behind them. */
describe('a runtime that is not what it was taken for', function () {
  this.timeout(30_000);
  let devchain: Devchain;
  let proxy: WsProxy;
  before(async () => {
    devchain = await startDevchain({ port: 0, dataDir: null, blockTimeMs: 0, genesis: devGenesis() });
    proxy = await startWsProxy(devchain.url);
  });
  after(async () => {
    await proxy.close();
    await devchain.stop();
  });

  async function clientOf(runtime: Runtime) {
    const metadata = toHex(encode(option(bytes), encodeMetadata(runtime, 14)));
    proxy.answer('state_call', (params) => {
      const [method] = Array.isArray(params) ? params : [];
      if (method === 'Metadata_metadata_versions') return { result: toHex(encode(vec(u32), [14])) };
      return method === 'Metadata_metadata_at_version' ? { result: metadata } : null;
    });
    proxy.answer('state_getMetadata', () => ({ result: toHex(encodeMetadata(runtime, 14)) }));
    return createChainClient({}, { endpoints: [proxy.url], genesis: null, backoffMaxMs: 5, watchClock: false });
  }

  it('is refused by name when it has no SubtensorModule', async () => {
    const client = await clientOf({ ...OURS, pallets: OURS.pallets.filter(({ name }) => name !== 'SubtensorModule') });
    const failure = await failureOf(client.start(new AbortController().signal));
    expect(failure.code).to.equal('chain.not_subtensor');
    expect(failure.message).to.contain('node-subtensor').and.to.contain(proxy.url);
    expect(client.status().endpoints[0]?.state, 'it is not asked again').to.equal('excluded');
    await client.stop();
  });

  it('is read, but not signed for, when a transaction extension carries bytes that nobody here knows', async () => {
    const fancy = { identifier: 'CheckSomethingNew', type: u32, additional: unit };
    const silent = { identifier: 'CheckNothingNew', type: unit, additional: unit };
    for (const [extensions, refused] of [
      [[...OURS.extensions, fancy], true],
      [[...OURS.extensions, silent], false],
    ] as const) {
      const client = await clientOf({ ...OURS, extensions });
      try {
        await client.start(new AbortController().signal);
        expect((await client.reader.snapshot(1)).neurons).to.be.an('array');
        const alice = await devSigner('//Alice');
        const minting = setInterval(() => void devchain.mint(1), 20);
        const sent = client.writer
          .burnedRegister(alice, 1, (await devSigner(`//Fancy${refused}`)).hotkey)
          .finally(() => clearInterval(minting));
        if (refused) {
          const failure = await failureOf(sent);
          expect([failure.code, failure.facts['extensions']]).to.deep.equal(['chain.unknown_extension', ['CheckSomethingNew']]);
        } else expect(await sent).to.have.property('block');
      } finally {
        await client.stop();
      }
    }
  });
});
