import { ApiPromise, WsProvider } from '@polkadot/api';
import type { SubmittableExtrinsic } from '@polkadot/api/types';
import { Keyring } from '@polkadot/keyring';
import type { KeyringPair } from '@polkadot/keyring/types';
import type { ProviderInterface } from '@polkadot/rpc-provider/types';
import { cryptoWaitReady } from '@polkadot/util-crypto';
import { expect } from 'chai';
import { type Devchain, type DevchainOptions, devGenesis, startDevchain } from '../../chain/devchain/server.js';

const TAO = 1_000_000_000n;
const NETUID = 1;

type Tx = SubmittableExtrinsic<'promise'>;

describe('development chain', () => {
  let chain: Devchain;
  let api: ApiPromise;
  let keyring: Keyring;
  const open: (() => Promise<void>)[] = [];

  before(async () => {
    await cryptoWaitReady();
    keyring = new Keyring({ type: 'sr25519' });
  });

  async function start(options: Partial<DevchainOptions> = {}): Promise<void> {
    chain = await startDevchain({ port: 0, dataDir: null, blockTimeMs: 0, genesis: devGenesis(), ...options });
    open.push(chain.stop);
    api = await connect(chain.url);
  }

  async function connect(url: string): Promise<ApiPromise> {
    const provider = new WsProvider(url, false);
    open.push(() => provider.disconnect());
    await provider.connect();
    await provider.isReady;
    return ApiPromise.create({
      // Safety: the library's own provider; its optional members differ from its own interface only under exactOptionalPropertyTypes.
      provider: provider as ProviderInterface,
      throwOnConnect: true,
      noInitWarn: true,
    });
  }

  afterEach(async () => {
    for (const close of open.splice(0).reverse()) await close();
  });

  const key = (uri: string): KeyringPair => keyring.addFromUri(uri);
  const tx = (pallet: string, method: string, ...args: unknown[]): Tx => {
    const make = api.tx[pallet]?.[method];
    if (make === undefined) throw new Error(`no call ${pallet}.${method}`);
    return make(...args);
  };
  const query = async (item: string, ...args: unknown[]): Promise<unknown> =>
    (await api.query['subtensorModule']![item]!(...args)).toJSON();

  /** Sends, mints a block, and tells what became of it: null when it succeeded, else the module error. */
  async function include(signer: KeyringPair, call: Tx): Promise<string | null> {
    const nonce = Number((await api.rpc.system.accountNextIndex(signer.address)).toString());
    const hash = (await call.signAsync(signer, { nonce })).hash.toHex();
    await api.rpc.author.submitExtrinsic(call);
    await chain.mint(1);
    return outcome(hash);
  }

  async function outcome(hash: string): Promise<string | null> {
    const { block } = await api.rpc.chain.getBlock(chain.head().hash);
    const index = block.extrinsics.findIndex((extrinsic) => extrinsic.hash.toHex() === hash);
    expect(index, 'included').to.be.greaterThan(0);
    const at = await api.at(chain.head().hash);
    const records = await at.query['system']!['events']!();
    for (const { phase, event } of records as unknown as Iterable<{
      phase: { isApplyExtrinsic: boolean; asApplyExtrinsic: { toNumber(): number } };
      event: { method: string; data: readonly unknown[] };
    }>) {
      if (!phase.isApplyExtrinsic || phase.asApplyExtrinsic.toNumber() !== index) continue;
      if (event.method === 'ExtrinsicSuccess') return null;
      if (event.method === 'ExtrinsicFailed') {
        const error = event.data[0] as {
          isModule: boolean;
          asModule: Parameters<typeof api.registry.findMetaError>[0];
          toString(): string;
        };
        return error.isModule ? api.registry.findMetaError(error.asModule).name : error.toString();
      }
    }
    throw new Error('no outcome');
  }

  async function refusal(signer: KeyringPair, call: Tx): Promise<string> {
    return include(signer, call).then(
      (error) => `included: ${error}`,
      (error: Error & { code?: number; data?: string }) => `${error.code} ${error.data}`,
    );
  }

  /** Registers the hotkey under //Alice and gives it stake. */
  async function join(uri: string, stakeRao = 0n): Promise<KeyringPair> {
    const hotkey = key(uri);
    expect(await include(key('//Alice'), tx('subtensorModule', 'burnedRegister', NETUID, hotkey.address))).to.equal(null);
    if (stakeRao > 0n)
      expect(await include(key('//Alice'), tx('subtensorModule', 'addStake', hotkey.address, NETUID, stakeRao))).to.equal(null);
    return hotkey;
  }

  it('is understood by an unmodified client', async () => {
    await start();
    expect(api.genesisHash.toHex()).to.equal(chain.genesisHash);
    expect(api.runtimeVersion.specVersion.toNumber()).to.equal(425);
    expect(api.consts['aura']?.['slotDuration']?.toString()).to.equal('12000');
    expect(await query('networksAdded', NETUID)).to.equal(true);
    expect(await query('keys', NETUID, 0)).to.equal(key('//AliceHot').address);
    await chain.mint(3);
    expect(Number(await query('blocksSinceLastStep', NETUID))).to.equal(3);
    const header = await api.rpc.chain.getHeader();
    expect(header.hash.toHex()).to.equal(chain.head().hash);
    expect((await api.rpc.chain.getFinalizedHead()).toHex()).to.equal(chain.finalized().hash);
  });

  it('transfers, and reads old states at their hashes', async () => {
    await start();
    const dave = key('//Dave').address;
    const before = chain.head().hash;
    expect(await include(key('//Alice'), tx('balances', 'transferKeepAlive', dave, 5n * TAO))).to.equal(null);
    const freeAt = async (hash: string) => {
      const account = (await (await api.at(hash)).query['system']!['account']!(dave)).toJSON() as { data: { free: number } };
      return BigInt(account.data.free);
    };
    expect(await freeAt(chain.head().hash)).to.equal(5n * TAO);
    expect(await freeAt(before)).to.equal(0n);
    const info = await tx('balances', 'transferKeepAlive', dave, 1n).paymentInfo(key('//Alice'));
    expect(BigInt(info.partialFee.toString()) > 0n).to.equal(true);
  });

  it('registers, stakes, serves and commits', async () => {
    await start();
    const hotkey = await join('//m1', 10n * TAO);
    expect(await query('uids', NETUID, hotkey.address)).to.equal(1);
    expect(Number(await query('totalHotkeyAlpha', hotkey.address, NETUID))).to.equal(Number(10n * TAO));
    expect(Number(await query('burn', NETUID))).to.be.greaterThan(Number(TAO / 10n));
    const certificate = `0xed${'07'.repeat(32)}`;
    expect(await include(hotkey, tx('subtensorModule', 'serveAxonTls', NETUID, 1, 0x0a000001, 9000, 4, 4, 0, 0, certificate))).to.equal(
      null,
    );
    expect(await query('axons', NETUID, hotkey.address)).to.deep.include({ ip: 0x0a000001, port: 9000, ipType: 4, protocol: 4 });
    expect(await query('neuronCertificates', NETUID, hotkey.address)).to.deep.equal({ publicKey: `0x${'07'.repeat(32)}`, algorithm: 0xed });
    expect(await include(hotkey, tx('commitments', 'setCommitment', NETUID, { fields: [{ Raw5: '0x68656c6c6f' }] }))).to.equal(null);
    const commitment = (await api.query['commitments']!['commitmentOf']!(NETUID, hotkey.address)).toJSON();
    expect(commitment).to.deep.equal({ deposit: 0, block: chain.head().number, info: { fields: [{ raw5: '0x68656c6c6f' }] } });
    const stranger = key('//stranger');
    expect(await include(stranger, tx('commitments', 'setCommitment', NETUID, { fields: [{ Raw1: '0x00' }] }))).to.equal(
      'AccountNotAllowedCommit',
    );
  });
});
