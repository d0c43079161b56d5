import { expect } from 'chai';
import type { ChainReader, ChainWriter, SetWeights } from '../../chain/ports.js';
import type { BlockRef, Neuron } from '../../chain/snapshot.js';
import { toHex } from '../../protocol/digest.js';
import type { Failure } from '../../protocol/failure.js';
import { isFailure } from '../../protocol/failure.js';
import type { Hotkey } from '../../protocol/names.js';
import type { Signer } from '../../protocol/ports.js';
import { aHotkey } from '../support/keys.js';

/** A chain with one open subnet, and the means to make its blocks. */
export interface ChainUnderTest {
  readonly reader: ChainReader;
  readonly writer: ChainWriter;
  readonly netuid: number;
  /** An account that can pay for registrations. */
  readonly coldkey: Signer;
  /** A new account with a little money that is registered nowhere; another at each call. */
  newcomer(): Promise<Signer>;
  /** Makes at least this many blocks and waits until they are final. */
  mine(blocks: number): Promise<void>;
  stop(): Promise<void>;
}

export const CHAIN_TIMEOUT_MS = 240_000;
/** Nobody sits so high. */
const MAX_UID = 65_535;

/** What every chain behind the ports does. `factory` is called once; the tests build on one another's blocks, not on their state. */
export function chainContract(name: string, factory: () => Promise<ChainUnderTest>): void {
  describe(`${name} as a chain`, function () {
    this.timeout(CHAIN_TIMEOUT_MS);
    let chain: ChainUnderTest;

    before(async () => {
      chain = await factory();
    });
    after(() => chain?.stop());

    const register = async (): Promise<{ signer: Signer; registeredAt: number }> => {
      const signer = await chain.newcomer();
      const { block } = await chain.writer.burnedRegister(chain.coldkey, chain.netuid, signer.hotkey);
      return { signer, registeredAt: block.number };
    };
    const neuron = async (hotkey: Hotkey, at?: BlockRef): Promise<Neuron | undefined> =>
      (await chain.reader.snapshot(chain.netuid, at)).neurons.find((candidate) => candidate.hotkey === hotkey);
    const weights = (uids: readonly number[], values: readonly number[]): SetWeights => ({
      netuid: chain.netuid,
      mechanism: 0,
      uids,
      values,
      versionKey: 10n ** 9n,
    });

    describe('reading', () => {
      it('names the chain it reads', async () => {
        const identity = chain.reader.identity();
        expect(identity.genesis).to.match(/^0x[0-9a-f]{64}$/);
        expect(identity.specVersion).to.be.a('number').greaterThan(0);
        expect(identity.blockTimeMs).to.be.greaterThan(0);
        expect((await chain.reader.snapshot(chain.netuid)).genesis).to.equal(identity.genesis);
      });

      it('finds final blocks by number, and no others', async () => {
        await chain.mine(2);
        const head = await chain.reader.finalizedHead();
        expect(await chain.reader.blockAt(head.number)).to.deep.equal(head);
        const parent = await chain.reader.blockAt(head.number - 1);
        expect(parent.number).to.equal(head.number - 1);
        expect(parent.hash).not.to.equal(head.hash);
        expect((await refusal(chain.reader.blockAt(head.number + 100_000))).code).to.equal('chain.block_not_finalized');
      });

      it('reports finalized heads in order until told to stop', async () => {
        const seen: BlockRef[] = [];
        const enough = new Promise<void>((resolve) => {
          const stop = chain.reader.onFinalized((head) => {
            seen.push(head);
            if (seen.length === 2) {
              stop();
              resolve();
            }
          });
        });
        await chain.mine(1);
        await chain.mine(1);
        await enough;
        await chain.mine(2);
        expect(seen).to.have.lengthOf(2);
        expect(seen[1]?.number).to.be.greaterThan(seen[0]?.number ?? Number.POSITIVE_INFINITY);
        expect((await chain.reader.blockAt(seen[1]?.number ?? -1)).hash).to.equal(seen[1]?.hash);
      });

      it('takes a whole snapshot at one block', async () => {
        const { signer } = await register();
        const head = await chain.reader.finalizedHead();
        const snapshot = await chain.reader.snapshot(chain.netuid, head);
        expect(snapshot.block).to.deep.equal(head);
        expect(snapshot.hyperparameters.tempo).to.be.greaterThan(0);
        const uids = snapshot.neurons.map(({ uid }) => uid);
        expect(uids).to.deep.equal(uids.toSorted((a, b) => a - b));
        expect(new Set(snapshot.neurons.map(({ hotkey }) => hotkey)).size).to.equal(snapshot.neurons.length);
        expect(snapshot.neurons.map(({ hotkey }) => hotkey)).to.include(signer.hotkey);
      });

      it('describes its runtime', () => {
        const { specVersion, registry, epochClock, weightCalls, nodeCalls, errors } = chain.reader.runtime();
        expect(specVersion).to.equal(chain.reader.identity().specVersion);
        expect(registry).to.be.oneOf(['selective_metagraph', 'storage']);
        expect(epochClock).to.be.oneOf(['state', 'formula']);
        expect(weightCalls).to.include('set_weights');
        expect(nodeCalls)
          .to.deep.include({ name: 'set_weights', number: '7.0' })
          .and.deep.include({ name: 'set_commitment', number: '18.0' });
        expect(errors.map(({ name }) => name)).to.include.members(['SettingWeightsTooFast', 'HotKeyNotRegisteredInSubNet']);
      });

      it('reads balances, and 0 for an account it never saw', async () => {
        expect((await chain.reader.balanceOf(chain.coldkey.hotkey)) > 0n).to.equal(true);
        expect(await chain.reader.balanceOf(aHotkey('nobody has this key'))).to.equal(0n);
      });

      it('reads what the next epoch will be computed from', async () => {
        await register();
        const { neurons } = await chain.reader.snapshot(chain.netuid);
        const input = await chain.reader.epochInput(chain.netuid, 0);
        expect(input.registeredAt).to.deep.equal(neurons.map(({ registeredAt }) => registeredAt));
        expect(input.lastUpdate).to.deep.equal(neurons.map(({ lastUpdate }) => lastUpdate));
        expect(input.stakeRao).to.deep.equal(neurons.map(({ stakeRao }) => stakeRao));
        expect(input.weights).to.have.lengthOf(neurons.length);
        expect(input.bonds).to.have.lengthOf(neurons.length);
        expect(input.kappa).to.be.within(0, 65_535);
        expect((await refusal(chain.reader.epochInput(4000, 0))).code).to.equal('chain.subnet_not_found');
      });

      it('finds no timelocked reveal in an ordinary block', async () => {
        expect(await chain.reader.timelockedReveals(chain.netuid, 0, await chain.reader.finalizedHead())).to.deep.equal([]);
      });

      it('refuses a subnet that does not exist', async () => {
        expect((await refusal(chain.reader.snapshot(4000))).code).to.equal('chain.subnet_not_found');
        const { hotkey } = await chain.newcomer();
        expect((await refusal(chain.reader.weightFacts(4000, 0, hotkey))).code).to.equal('chain.subnet_not_found');
      });

      it('says that a stranger has no seat', async () => {
        const { hotkey } = await chain.newcomer();
        const facts = await chain.reader.weightFacts(chain.netuid, 0, hotkey);
        expect(facts).to.include({ uid: null, hotkey, netuid: chain.netuid, validatorPermit: false, isOwner: false });
      });
    });

    describe('registering', () => {
      it('seats a hotkey in the block it names, and not before', async () => {
        const { signer, registeredAt } = await register();
        const seated = await neuron(signer.hotkey);
        expect(seated).to.include({ hotkey: signer.hotkey, coldkey: chain.coldkey.hotkey, registeredAt, axon: null, commitment: null });
        const before = await chain.reader.blockAt(registeredAt - 1);
        expect(await neuron(signer.hotkey, before)).to.equal(undefined);
        const facts = await chain.reader.weightFacts(chain.netuid, 0, signer.hotkey);
        expect(facts).to.include({ uid: seated?.uid, registeredAt, lastUpdate: registeredAt });
      });

      it('refuses to seat it twice', async () => {
        const { signer } = await register();
        const failure = await refusal(chain.writer.burnedRegister(chain.coldkey, chain.netuid, signer.hotkey));
        expect(failure.facts).to.include({ error: 'HotKeyAlreadyRegisteredInSubNet' });
      });

      it('pays no more than the limit', async () => {
        const { hotkey } = await chain.newcomer();
        const { burnRao } = (await chain.reader.snapshot(chain.netuid)).hyperparameters;
        const failure = await refusal(chain.writer.burnedRegister(chain.coldkey, chain.netuid, hotkey, burnRao / 4n));
        expect(failure.code).to.equal('chain.price_above_limit');
        expect(failure.facts['limitRao']).to.equal(String(burnRao / 4n));
        expect(BigInt(String(failure.facts['priceRao'])) > burnRao / 4n).to.equal(true);
        const before = await chain.reader.balanceOf(chain.coldkey.hotkey);
        await chain.writer.burnedRegister(chain.coldkey, chain.netuid, hotkey, burnRao * 4n);
        expect((await neuron(hotkey))?.hotkey).to.equal(hotkey);
        expect((await chain.reader.balanceOf(chain.coldkey.hotkey)) < before).to.equal(true);
      });

      it('settles several transactions of one account sent at once', async () => {
        const newcomers = [await chain.newcomer(), await chain.newcomer()];
        const landed = await Promise.all(newcomers.map(({ hotkey }) => chain.writer.burnedRegister(chain.coldkey, chain.netuid, hotkey)));
        expect(new Set(landed.map(({ extrinsicHash }) => extrinsicHash)).size).to.equal(2);
        const snapshot = await chain.reader.snapshot(chain.netuid);
        expect(snapshot.neurons.map(({ hotkey }) => hotkey)).to.include.members(newcomers.map(({ hotkey }) => hotkey));
      });
    });

    describe('serving', () => {
      const endpoint = { ip: '10.1.2.3', port: 4001, protocol: 4, version: 7, peerKey: null };

      it('publishes an endpoint with its transport key', async () => {
        const { signer } = await register();
        const peerKey = new Uint8Array(32).fill(9);
        const { block } = await chain.writer.serveAxon(signer, chain.netuid, { ...endpoint, peerKey });
        const served = (await neuron(signer.hotkey))?.axon;
        expect(served).to.deep.equal({ ip: '10.1.2.3', port: 4001, protocol: 4, version: 7, block: block.number, peerKey: toHex(peerKey) });
      });

      it('says how long to wait before serving again', async () => {
        const { signer } = await register();
        const { block } = await chain.writer.serveAxon(signer, chain.netuid, endpoint);
        const failure = await refusal(chain.writer.serveAxon(signer, chain.netuid, { ...endpoint, port: 4002 }));
        expect(failure.code).to.equal('chain.rate_limited');
        const { servingRateLimitBlocks } = (await chain.reader.snapshot(chain.netuid)).hyperparameters;
        expect(failure.facts['blocksLeft']).to.be.within(1, servingRateLimitBlocks);
        expect((await neuron(signer.hotkey))?.axon).to.include({ port: 4001, block: block.number });
      });

      it('refuses a loopback address and a stranger', async () => {
        const { signer } = await register();
        const loopback = await refusal(chain.writer.serveAxon(signer, chain.netuid, { ...endpoint, ip: '127.0.0.1' }));
        expect(loopback.facts).to.include({ error: 'InvalidIpAddress' });
        const stranger = await refusal(chain.writer.serveAxon(await chain.newcomer(), chain.netuid, endpoint));
        expect(stranger.facts['error']).to.be.oneOf(['HotKeyNotRegisteredInNetwork', 'HotKeyNotRegisteredInSubNet']);
      });
    });

    describe('committing', () => {
      it('keeps the bytes and the block', async () => {
        const { signer } = await register();
        const data = new TextEncoder().encode(`voxd/1:${'ab'.repeat(32)}`);
        const { block } = await chain.writer.setCommitment(signer, chain.netuid, data);
        expect((await neuron(signer.hotkey))?.commitment).to.deep.equal({ block: block.number, data: toHex(data) });
      });

      it('takes commitments of registered hotkeys only', async () => {
        const failure = await refusal(chain.writer.setCommitment(await chain.newcomer(), chain.netuid, new Uint8Array(8)));
        expect(failure.facts).to.include({ error: 'AccountNotAllowedCommit' });
      });
    });

    describe('setting weights', () => {
      it('refuses too early with the blocks to wait; after them it refuses uneven vectors and takes even ones', async () => {
        const { signer } = await register();
        const facts = await chain.reader.weightFacts(chain.netuid, 0, signer.hotkey);
        const uid = facts.uid ?? -1;
        const failure = await refusal(chain.writer.setWeights(signer, weights([uid], [7])));
        expect(failure.code).to.equal('chain.rate_limited');
        const wait = Number(failure.facts['blocksLeft']);
        expect(wait).to.be.within(1, facts.rateLimitBlocks);
        await chain.mine(wait);
        // Only now: newer runtimes ask for the limit at the pool, before anything else.
        const uneven = await refusal(chain.writer.setWeights(signer, weights([uid, 0], [7])));
        expect(uneven.facts).to.include({ error: 'WeightVecNotEqualSize' });
        const { block } = await chain.writer.setWeights(signer, weights([uid], [7]));
        expect(await chain.reader.weightsOf(chain.netuid, 0, uid)).to.deep.equal([{ uid, value: 65535 }]);
        expect(await chain.reader.weightRows(chain.netuid, 0, [uid, MAX_UID, uid], block)).to.deep.equal([
          [{ uid, value: 65535 }],
          [],
          [{ uid, value: 65535 }],
        ]);
        expect((await chain.reader.weightFacts(chain.netuid, 0, signer.hotkey)).stored).to.deep.equal([{ uid, value: 65535 }]);
        expect((await chain.reader.epochInput(chain.netuid, 0)).weights[uid]).to.deep.equal([[uid, 65535]]);
        expect(await chain.reader.weightsOf(chain.netuid, 0, uid, await chain.reader.blockAt(block.number - 1))).to.deep.equal([]);
        expect((await neuron(signer.hotkey))?.lastUpdate).to.equal(block.number);
      });

      it('sends nothing that was decided before something else of the same key', async () => {
        const { signer } = await register();
        const before = await chain.reader.weightFacts(chain.netuid, 0, signer.hotkey);
        await chain.mine(before.rateLimitBlocks);
        const since = { block: before.block.number, nonce: before.nonce };
        const vector = weights([before.uid ?? -1], [7]);
        const stale = { ...vector, since: { ...since, nonce: since.nonce + 1 } };
        expect((await refusal(chain.writer.setWeights(signer, stale))).code).to.equal('chain.not_sent');
        await chain.writer.setWeights(signer, { ...vector, since });
        expect((await chain.reader.weightFacts(chain.netuid, 0, signer.hotkey)).nonce).to.equal(before.nonce + 1);
      });

      it('refuses a stranger', async () => {
        const failure = await refusal(chain.writer.setWeights(await chain.newcomer(), weights([0], [1])));
        expect(failure.facts).to.include({ error: 'HotKeyNotRegisteredInSubNet' });
      });
    });
  });
}

/** The failure that a call must reject with. */
async function refusal(call: Promise<unknown>): Promise<Failure> {
  const outcome = await call.then(
    (value) => ({ value }),
    (error: unknown) => ({ error }),
  );
  if ('value' in outcome)
    expect.fail(`expected a refusal, got ${JSON.stringify(outcome.value, (_, v) => (typeof v === 'bigint' ? `${v}` : v))}`);
  if (!isFailure(outcome.error)) throw outcome.error;
  return outcome.error;
}
