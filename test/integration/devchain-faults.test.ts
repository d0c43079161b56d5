import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { ApiPromise, WsProvider } from '@polkadot/api';
import { Keyring } from '@polkadot/keyring';
import type { ProviderInterface } from '@polkadot/rpc-provider/types';
import { expect } from 'chai';
import { type Devchain, type DevchainOptions, devGenesis, startDevchain } from '../../chain/devchain/server.js';
import { epochIndex, nextEpochBlock } from '../../chain/epoch.js';
import { createChainClient } from '../../chain/substrate/client.js';
import { type Failure, isFailure } from '../../protocol/failure.js';
import { devSigner } from '../support/dev-signer.js';

const NETUID = 1;

type Head = { number: string; parentHash: string };

/** What the chain does wrong when it is asked to, seen from its socket. */
describe('a development chain that misbehaves', function () {
  this.timeout(30_000);
  const open: (() => Promise<void>)[] = [];
  let chain: Devchain;
  let rpc: WsProvider;

  afterEach(async () => {
    for (const close of open.splice(0).reverse()) await close();
  });

  async function start(options: Partial<DevchainOptions> = {}): Promise<void> {
    chain = await startDevchain({ port: 0, dataDir: null, blockTimeMs: 0, genesis: devGenesis(), ...options });
    open.push(chain.stop);
    rpc = await connected();
  }
  async function connected(): Promise<WsProvider> {
    const provider = new WsProvider(chain.url, false);
    await provider.connect();
    await provider.isReady;
    open.push(() => provider.disconnect());
    return provider;
  }
  async function client() {
    const made = createChainClient({}, { endpoints: [chain.url], genesis: null, headTimeoutMs: 3_600_000 });
    await made.start(new AbortController().signal);
    open.push(() => made.stop());
    const minting = setInterval(() => void chain.mint(1), 40);
    open.push(async () => clearInterval(minting));
    return made;
  }
  /** Everything that a subscription tells. */
  async function listen<T>(
    method: string,
    type: string,
    params: unknown[] = [],
  ): Promise<{ readonly seen: T[]; next(count: number): Promise<void> }> {
    const seen: T[] = [];
    let woken: () => void = () => undefined;
    await rpc.subscribe(type, method, params, (error, value: T) => {
      if (error === null) seen.push(value);
      woken();
    });
    const next = (count: number) =>
      new Promise<void>((resolve) => {
        woken = () => {
          if (seen.length >= count) resolve();
        };
        woken();
      });
    return { seen, next };
  }
  const ask = <T>(method: string, ...params: unknown[]) => rpc.send<T>(method, params, false);
  async function signedTransfer(): Promise<string> {
    // Safety: the library's own provider; optional members differ under exactOptionalPropertyTypes only.
    const api = await ApiPromise.create({ provider: (await connected()) as ProviderInterface, noInitWarn: true });
    open.push(() => api.disconnect());
    const alice = new Keyring({ type: 'sr25519' }).addFromUri('//Alice');
    const call = api.tx['balances']!['transferKeepAlive']!(new Keyring({ type: 'sr25519' }).addFromUri('//Bob').address, 1);
    return (await call.signAsync(alice, { era: 64 })).toHex();
  }

  it('replaces blocks that are not final, and tells who follows the newest', async () => {
    await start();
    await chain.mint(5);
    const heads = await listen<Head>('chain_subscribeNewHeads', 'chain_newHead');
    const all = await listen<Head>('chain_subscribeAllHeads', 'chain_allHead');
    const before = chain.head();
    const final = chain.finalized();
    const fourth = await ask<string>('chain_getBlockHash', 4);
    const { lost, head } = await ask<{ lost: { hash: string; number: number }[]; head: { number: number } }>('dev_reorg', 2);
    expect(lost.map(({ number }) => number)).to.deep.equal([4, 5]);
    expect(lost[0]?.hash).to.equal(fourth);
    expect(head.number).to.equal(6);
    expect(await ask('chain_getBlockHash', 4)).not.to.equal(fourth);
    // Still to be had by its hash, but its state is gone.
    expect(await ask('chain_getHeader', fourth)).to.have.property('number', '0x4');
    const refusal = await ask('state_getStorage', '0x00', fourth).catch((error: Error) => error.message);
    expect(refusal).to.match(/4003/);
    await heads.next(2);
    expect(heads.seen.map(({ number }) => Number(number))).to.deep.equal([5, 6]);
    await all.next(4);
    expect(all.seen.map(({ number }) => Number(number))).to.deep.equal([5, 4, 5, 6]);
    expect((await ask<Head>('chain_getHeader')).parentHash).not.to.equal(before.hash);
    expect(await ask('chain_getBlockHash', final.number)).to.equal(final.hash);
    const tooDeep = await ask('dev_reorg', 3).catch((error: Error) => error.message);
    expect(tooDeep).to.match(/only the newest 2 blocks can be replaced/);
  });

  for (const transactions of ['return', 'lose'] as const) {
    it(`lets the transactions of lost blocks ${transactions === 'return' ? 'wait again' : 'go with them'}`, async () => {
      await start();
      const bytes = await signedTransfer();
      const told = await listen<string | Record<string, string>>('author_submitAndWatchExtrinsic', 'author_extrinsicUpdate', [bytes]);
      await chain.mint(2);
      const { lost } = chain.faults.reorg({ depth: 2, transactions });
      const retracted = lost[0]?.hash;
      if (transactions === 'return') {
        // Three blocks replaced two, so the first of them is final.
        await told.next(5);
        const again = await ask<string>('chain_getBlockHash', 1);
        expect(told.seen).to.deep.equal(['ready', { inBlock: retracted }, { retracted }, { inBlock: again }, { finalized: again }]);
      } else {
        await told.next(3);
        expect(told.seen).to.deep.equal(['ready', { inBlock: retracted }, { retracted }]);
        expect(await ask('author_pendingExtrinsics')).to.deep.equal([]);
      }
    });
  }

  it('keeps the blocks that replaced others', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'devchain-'));
    open.push(() => rm(folder, { recursive: true }));
    await start({ dataDir: folder });
    await chain.mint(5);
    const { head } = chain.faults.reorg({ depth: 2 });
    const fourth = await ask('chain_getBlockHash', 4);
    await chain.stop();
    await start({ dataDir: folder });
    expect(chain.head()).to.deep.equal(head);
    expect(await ask('chain_getBlockHash', 4)).to.equal(fourth);
    await chain.mint(1);
    expect(chain.head().number).to.equal(7);
  });

  it('becomes another runtime in a block, and remembers the one before', async () => {
    await start({ generation: 'metagraph' });
    await chain.mint(1);
    const versions = await listen<{ specVersion: number }>('state_subscribeRuntimeVersion', 'state_runtimeVersion');
    const bytes = await signedTransfer();
    const { block } = await ask<{ block: { number: number; hash: string } }>('dev_upgrade', { specVersion: 430, generation: 'clock' });
    await versions.next(2);
    expect(versions.seen.map(({ specVersion }) => specVersion)).to.deep.equal([402, 430]);
    const parent = await ask<string>('chain_getBlockHash', block.number - 1);
    const versionAt = async (hash?: string) => (await ask<{ specVersion: number }>('state_getRuntimeVersion', hash)).specVersion;
    expect([await versionAt(parent), await versionAt(block.hash), await versionAt()]).to.deep.equal([402, 430, 430]);
    const knowsClock = async (hash: string) => {
      const text = Buffer.from((await ask<string>('state_getMetadata', hash)).slice(2), 'hex').toString('latin1');
      return text.includes('LastEpochBlock');
    };
    expect([await knowsClock(parent), await knowsClock(block.hash)]).to.deep.equal([false, true]);
    const answer = await ask('author_submitExtrinsic', bytes).catch((error: Error) => error.message);
    expect(answer).to.match(/bad signature/);
    expect(await ask('dev_upgrade', { specVersion: 400 }).catch((error: Error) => error.message)).to.match(/greater than 430/);
  });

  it('opens the next epoch after an upgrade where the formula has it', async () => {
    await start({ generation: 'metagraph' });
    const { reader } = await client();
    await chain.mint(30);
    const alice = (await devSigner('//AliceHot')).hotkey;
    const before = await reader.weightFacts(NETUID, 0, alice);
    expect(before.epochClock).to.equal(null);
    chain.faults.upgrade({ generation: 'clock', specVersion: 425 });
    await chain.mint(2);
    const after = await reader.weightFacts(NETUID, 0, alice);
    expect(after.epochClock).not.to.equal(null);
    expect(epochIndex(after) - epochIndex(before)).to.be.within(0, 1);
    if (epochIndex(after) === epochIndex(before)) expect(nextEpochBlock(after)).to.equal(nextEpochBlock(before));
    const snapshot = await reader.snapshot(NETUID);
    expect(snapshot.hyperparameters.activityCutoffBlocks).to.equal(1000);
  });

  it('is followed by the client through an upgrade and a reorganisation', async () => {
    await start({ generation: 'storage' });
    const { reader, writer, status } = await client();
    const alice = await devSigner('//Alice');
    expect(reader.identity().specVersion).to.equal(218);
    chain.faults.upgrade({ generation: 'clock', specVersion: 425 });
    const { hotkey } = await devSigner('//upgraded');
    await writer.burnedRegister(alice, NETUID, hotkey);
    expect(reader.identity().specVersion).to.equal(425);
    expect(status().reconnects).to.be.greaterThan(0);
    const landing = writer.burnedRegister(alice, NETUID, (await devSigner('//reorganised')).hotkey);
    await chain.mint(1);
    chain.faults.reorg({ depth: 1 });
    const { block } = await landing;
    expect((await reader.blockAt(block.number)).hash).to.equal(block.hash);
  });

  it('answers late, or not at all, and still obeys', async () => {
    await start();
    const order: string[] = [];
    const asked = (method: string, ...params: unknown[]) => ask(method, ...params).then(() => order.push(method));
    await ask('dev_delay', 300);
    await Promise.all([asked('system_chain'), asked('dev_mint', 1)]);
    expect(order).to.deep.equal(['dev_mint', 'system_chain']);
    await ask('dev_delay', 0);
    await ask('dev_halfOpen', true);
    asked('system_version').catch(() => undefined);
    await ask('dev_mint', 3);
    expect(order).to.have.lengthOf(2);
    expect(chain.head().number).to.equal(4);
    await ask('dev_halfOpen', false);
    expect(await ask('system_name')).to.be.a('string');
  });

  it('refuses the next submissions as it is told to', async () => {
    await start();
    const bytes = await signedTransfer();
    expect(await ask('dev_reject', { code: 1010, message: 'Invalid Transaction', data: 'Custom error: 6', count: 2 })).to.deep.equal({
      rejects: 2,
    });
    const submit = () => ask('author_submitExtrinsic', bytes).catch((error: Error) => error.message);
    expect(await submit()).to.match(/1010: Invalid Transaction: Custom error: 6/);
    expect(await submit()).to.match(/1010/);
    expect(await submit()).to.match(/^0x/);
  });

  for (const as of ['dropped', 'usurped', 'silence'] as const) {
    it(`loses a transaction that it took (${as})`, async () => {
      await start();
      const bytes = await signedTransfer();
      await ask('dev_dropTransactions', { as });
      const told = await listen<unknown>('author_submitAndWatchExtrinsic', 'author_extrinsicUpdate', [bytes]);
      await told.next(as === 'silence' ? 1 : 2);
      await chain.mint(1);
      expect(await ask('author_pendingExtrinsics')).to.deep.equal([]);
      const last = as === 'usurped' ? { usurped: `0x${'00'.repeat(32)}` } : as;
      expect(told.seen).to.deep.equal(as === 'silence' ? ['ready'] : ['ready', last]);
      // Only that one: the same bytes are taken now.
      expect(await ask('author_submitExtrinsic', bytes)).to.match(/^0x/);
      expect(await ask('author_pendingExtrinsics')).to.have.lengthOf(1);
    });
  }

  it('holds finality back, gives a seat away, and jumps in time', async () => {
    await start();
    await ask('dev_stallFinality', true);
    await chain.mint(6);
    expect(chain.finalized().number).to.equal(0);
    expect(chain.faults.reorg({ depth: 5 }).lost).to.have.lengthOf(5);
    await ask('dev_stallFinality', false);
    await chain.mint(1);
    expect(chain.finalized().number).to.equal(chain.head().number - 2);
    const { reader } = await client();
    const before = (await reader.snapshot(NETUID)).neurons[0];
    await ask('dev_pruneUid', { netuid: NETUID, uid: 0 });
    await chain.mint(2);
    const after = (await reader.snapshot(NETUID)).neurons[0];
    expect(after?.hotkey).not.to.equal(before?.hotkey);
    expect(after?.registeredAt).to.be.greaterThan(before?.registeredAt ?? 0);
    expect(await ask('dev_pruneUid', { netuid: NETUID, uid: 9 }).catch((error: Error) => error.message)).to.match(/uids 0 to 0/);
    await ask('dev_warp', 86_400);
    await chain.mint(1);
    const { now } = await timeOf();
    expect(now).to.be.greaterThan(Date.now() + 86_000_000);
  });

  it('enters its safe mode for some blocks, refuses in the block what that does not admit, and leaves it by itself', async () => {
    await start();
    const { reader, writer } = await client();
    const alice = await devSigner('//Alice');
    const until = async () => (await reader.weightFacts(NETUID, 0, alice.hotkey)).safeModeUntil;
    // Blocks come all the time.
    const register = async (uri: string) =>
      writer.burnedRegister(alice, NETUID, (await devSigner(uri)).hotkey).catch((error: unknown) => error);
    const { block } = await ask<{ block: { number: number } }>('dev_safeMode', 60);
    await chain.mint(2);
    expect(await until()).to.equal(block.number + 60);
    const refused = await register('//SafeOne');
    expect(isFailure(refused) && [refused.code, refused.message.includes('CallFiltered')]).to.deep.equal(['chain.paused', true]);
    await chain.mint(Math.max(0, block.number + 60 + 3 - chain.head().number));
    expect(await until()).to.equal(null);
    expect(await register('//SafeOne')).to.have.property('block');
    await ask('dev_safeMode', 5_000);
    await ask('dev_safeMode', 0);
    expect(await register('//SafeTwo')).to.have.property('block');
    expect(await ask('dev_safeMode', 0).catch((error: Error) => error.message)).to.match(/not in safe mode/);
  });

  async function timeOf(): Promise<{ now: number }> {
    // twox128("Timestamp") and twox128("Now").
    const value = await ask<string>('state_getStorage', '0xf0c365c3cf59d671eb72da0e7a4113c49f1f0515f462cdcf84e0f1d6045dfcbb');
    return { now: Number(Buffer.from(value.slice(2), 'hex').readBigUInt64LE()) };
  }

  it('cuts connections, and says how many', async () => {
    await start();
    const cut = new Promise<void>((resolve) => rpc.on('disconnected', () => resolve()));
    expect(chain.faults.dropSockets()).to.equal(1);
    await cut;
  });

  it('refuses nonsense with a typed failure, and answers dev_* on loopback only', async () => {
    await start();
    let failure: Failure | null = null;
    try {
      chain.faults.delay(-1);
    } catch (error) {
      if (isFailure(error)) failure = error;
    }
    expect(failure?.code).to.equal('devchain.fault_refused');
    expect(await ask('dev_mint', 0).catch((error: Error) => error.message)).to.match(/-32602/);
    const open = await startDevchain({ port: 0, host: '0.0.0.0', dataDir: null, blockTimeMs: 0, genesis: devGenesis() });
    const outside = new WsProvider(open.url.replace('0.0.0.0', '127.0.0.1'), false);
    await outside.connect();
    await outside.isReady;
    expect(await outside.send('dev_mint', [1], false).catch((error: Error) => error.message)).to.match(/-32601/);
    await outside.disconnect();
    await open.stop();
  });
});
