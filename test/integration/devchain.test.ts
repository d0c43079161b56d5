import { fork } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join as pathOf } from 'node:path';
import { fileURLToPath } from 'node:url';
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

  it('takes weights, or says in which respect they are wrong, in the order of the runtime', async () => {
    await start({ genesis: devGenesis({ subnet: { minAllowedWeights: 2, weightsVersionKey: 7n, weightsRateLimit: 5, tempo: 12 } }) });
    const validator = await join('//v1', 100n * TAO);
    const miner = await join('//m1');
    const weigh = (uids: number[], values: number[], version = 7) => tx('subtensorModule', 'setWeights', NETUID, uids, values, version);
    expect(await refusal(validator, weigh([0, 2], [1, 2]))).to.equal('1010 Custom error: 6');
    await chain.mint(6);
    expect(await include(key('//stranger'), weigh([0, 2], [1, 2]))).to.equal('HotKeyNotRegisteredInSubNet');
    expect(await include(validator, weigh([0, 2], [1]))).to.equal('WeightVecNotEqualSize');
    // The pool counts a mechanism that is not there as one that was weighed too soon.
    expect(await refusal(validator, tx('subtensorModule', 'setMechanismWeights', NETUID, 1, [0, 2], [1, 2], 7))).to.equal(
      '1010 Custom error: 6',
    );
    expect(await include(validator, weigh([0, 1, 2, 3], [1, 1, 1, 1]))).to.equal('UidsLengthExceedUidsInSubNet');
    expect(await include(validator, weigh([0, 2], [1, 2], 6))).to.equal('IncorrectWeightVersionKey');
    await chain.mint(12);
    expect(await query('validatorPermit', NETUID)).to.deep.equal([true, true, false]);
    expect(await include(miner, weigh([0, 1], [1, 2]))).to.equal('NeuronNoValidatorPermit');
    expect(await include(validator, weigh([2, 2], [1, 2]))).to.equal('DuplicateUids');
    expect(await include(validator, weigh([2, 9], [1, 2]))).to.equal('UidVecContainInvalidOne');
    expect(await include(validator, weigh([2], [1]))).to.equal('WeightVecLengthIsLow');
    expect(await include(validator, weigh([0, 2], [1, 2]))).to.equal(null);
    expect(await query('weights', NETUID, 1)).to.deep.equal([
      [0, 32768],
      [2, 65535],
    ]);
    expect(await query('lastUpdate', NETUID)).to.have.property('1', chain.head().number);
    expect(await refusal(validator, weigh([0, 2], [1, 2]))).to.equal('1010 Custom error: 6');
    const sudo = (pallet: string, method: string, ...args: unknown[]) =>
      include(key('//Alice'), tx('sudo', 'sudo', tx(pallet, method, ...args)));
    expect(await sudo('adminUtils', 'sudoSetStakeThreshold', 1_000_000n * TAO)).to.equal(null);
    expect(await refusal(validator, weigh([0, 2], [1, 2]))).to.equal('1010 Custom error: 1');
    expect(await sudo('adminUtils', 'sudoSetStakeThreshold', 0)).to.equal(null);
    expect(await sudo('adminUtils', 'sudoSetCommitRevealWeightsEnabled', NETUID, true)).to.equal(null);
    expect(await include(validator, weigh([0, 2], [1, 2]))).to.equal('CommitRevealEnabled');
  });

  it('pays miners and validators at the epoch', async () => {
    await start({ genesis: devGenesis({ subnet: { tempo: 10, weightsRateLimit: 1 } }) });
    const validator = await join('//v1', 100n * TAO);
    const miner = await join('//m1');
    await chain.mint(10);
    expect(await include(validator, tx('subtensorModule', 'setWeights', NETUID, [2], [65535], 0))).to.equal(null);
    await chain.mint(20);
    expect(await query('incentive', NETUID)).to.deep.equal([0, 0, 65535]);
    expect(await query('dividends', NETUID)).to.deep.equal([0, 65535, 0]);
    expect(await query('validatorTrust', NETUID)).to.deep.equal([0, 65535, 0]);
    expect(Number(await query('totalHotkeyAlpha', miner.address, NETUID))).to.be.greaterThan(Number(4n * TAO));
    expect(Number(await query('totalHotkeyAlpha', validator.address, NETUID))).to.be.greaterThan(Number(104n * TAO));
    const emission = (await query('emission', NETUID)) as number[];
    // Ten blocks of one alpha, less the owner's 18 %.
    expect(emission.reduce((sum, rao) => sum + Number(rao), 0)).to.be.closeTo(8_200_000_000, 1_000_000);
    expect(Number(await query('lastEpochBlock', NETUID)) % 10).to.equal(0);
    expect(Number(await query('subnetEpochIndex', NETUID))).to.equal(Math.floor(chain.head().number / 10));
  });

  it('gives a full subnet the seat of the one who earns least', async () => {
    await start({ genesis: devGenesis({ subnet: { maxUids: 3, immunityPeriod: 2 } }) });
    const first = await join('//m1');
    await join('//m2');
    await chain.mint(5);
    const third = await join('//m3');
    expect(await query('uids', NETUID, first.address)).to.equal(null);
    expect(await query('uids', NETUID, third.address)).to.equal(1);
    expect(await query('subnetworkN', NETUID)).to.equal(3);
  });

  it('refuses in the pool as a node does', async () => {
    await start();
    const alice = key('//Alice');
    const bob = key('//Bob').address;
    const signed = async (nonce: number, options: object = {}) =>
      tx('balances', 'transferKeepAlive', bob, TAO).signAsync(alice, { nonce, ...options });
    const send = (call: Tx) =>
      api.rpc.author.submitExtrinsic(call).then(
        () => 'taken',
        (error: Error & { code?: number; data?: string }) => `${error.code} ${error.data}`,
      );
    const first = await signed(0);
    expect(await send(first)).to.equal('taken');
    expect(await send(first)).to.match(/^1013 /);
    expect(await send(await signed(0, { tip: 5 }))).to.match(/^1014 The transaction has too low priority/);
    expect((await api.rpc.system.accountNextIndex(alice.address)).toString()).to.equal('1');
    await chain.mint(1);
    expect(await send(await signed(0))).to.equal('1010 Transaction is outdated');
    expect(await send(await signed(1, { genesisHash: `0x${'11'.repeat(32)}` }))).to.equal('1010 Transaction has a bad signature');
    const poor = await tx('balances', 'transferKeepAlive', bob, 1).signAsync(key('//nobody'), { nonce: 0 });
    expect(await send(poor)).to.match(/^1010 Inability to pay some fees/);
    const port = tx('subtensorModule', 'serveAxon', NETUID, 1, 0x0a000001, 0, 4, 4, 0, 0);
    expect(await refusal(key('//nobody'), port)).to.equal('1010 Custom error: 10');
    const hotkey = await join('//m1');
    expect(await refusal(hotkey, tx('subtensorModule', 'serveAxon', NETUID, 1, 0x7f000001, 1, 4, 4, 0, 0))).to.equal(
      '1010 Custom error: 11',
    );
    expect(await refusal(hotkey, port)).to.equal('1010 Custom error: 13');
    const good = () => tx('subtensorModule', 'serveAxon', NETUID, 1, 0x0a000001, 9000, 4, 4, 0, 0);
    expect(await include(hotkey, good())).to.equal(null);
    expect(await refusal(hotkey, good())).to.equal('1010 Custom error: 12');
  });

  it('lets a mortal transaction die', async () => {
    await start();
    const header = await api.rpc.chain.getHeader();
    const era = api.registry.createType('ExtrinsicEra', { current: header.number.toNumber(), period: 4 });
    const options = { nonce: 0, era, blockHash: header.hash };
    const call = await tx('balances', 'transferKeepAlive', key('//Bob').address, 1).signAsync(key('//Alice'), options);
    await chain.mint(5);
    const answer = await api.rpc.author.submitExtrinsic(call).catch((error: Error & { data?: string }) => error.data);
    expect(answer).to.equal('Transaction has a bad signature');
  });

  it('follows a transaction to its finalized block, on a timer', async () => {
    await start({ blockTimeMs: 50 });
    expect(api.consts['aura']?.['slotDuration']?.toString()).to.equal('50');
    const seen: string[] = [];
    await new Promise<void>((resolve, reject) => {
      tx('balances', 'transferKeepAlive', key('//Bob').address, TAO)
        .signAndSend(key('//Alice'), ({ status, dispatchError }) => {
          seen.push(status.type);
          if (dispatchError !== undefined) reject(new Error(dispatchError.toString()));
          if (status.isFinalized) resolve();
        })
        .catch(reject);
    });
    expect(seen).to.deep.equal(['Ready', 'InBlock', 'Finalized']);
    chain.faults.stallHeads(true);
    const at = chain.head().number;
    await api.rpc.system.health();
    expect(chain.head().number).to.equal(at);
  });

  it('drops its sockets on request, and takes the client back', async () => {
    await start();
    const lost = new Promise<void>((resolve) => api.once('disconnected', resolve));
    chain.faults.dropSockets();
    await lost;
    const again = await connect(chain.url);
    expect(again.genesisHash.toHex()).to.equal(chain.genesisHash);
  });

  it('goes on from its last block after a restart, and refuses another genesis', async () => {
    const folder = await mkdtemp(pathOf(tmpdir(), 'devchain-'));
    open.push(() => rm(folder, { recursive: true }));
    await start({ dataDir: folder });
    await join('//m1', TAO);
    const head = chain.head();
    await api.disconnect();
    await chain.stop();
    await start({ dataDir: folder });
    expect(chain.head()).to.deep.equal(head);
    const second = await startDevchain({ port: 0, dataDir: folder, blockTimeMs: 0, genesis: devGenesis() }).catch(
      (error: Error & { code?: string }) => error.code,
    );
    expect(second).to.equal('devchain.folder_in_use');
    expect(await query('uids', NETUID, key('//m1').address)).to.equal(1);
    await chain.mint(1);
    expect((await api.rpc.chain.getHeader()).parentHash.toHex()).to.equal(head.hash);
    await api.disconnect();
    await chain.stop();
    const other = await startDevchain({ port: 0, dataDir: folder, blockTimeMs: 0, genesis: devGenesis({ chain: 'other' }) }).catch(
      (error: Error & { code?: string }) => error.code,
    );
    expect(other).to.equal('devchain.genesis_differs');
  });

  it('loses no announced block when it is killed', async () => {
    const folder = await mkdtemp(pathOf(tmpdir(), 'devchain-'));
    open.push(() => rm(folder, { recursive: true }));
    const child = fork(fileURLToPath(new URL('../support/devchain-child.ts', import.meta.url)), [folder], {
      execArgv: ['--import', 'tsx'],
    });
    let announced = { number: 0, hash: '' };
    await new Promise<void>((resolve, reject) => {
      child.on('message', (head: { number: number; hash: string }) => {
        announced = head;
        if (head.number === 25) child.kill('SIGKILL');
      });
      child.on('exit', () => resolve());
      child.on('error', reject);
    });
    await start({ dataDir: folder });
    expect(chain.head().number).to.be.at.least(announced.number);
    expect((await api.rpc.chain.getBlockHash(announced.number)).toHex()).to.equal(announced.hash);
  });
});
