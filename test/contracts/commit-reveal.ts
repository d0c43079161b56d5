import { expect } from 'chai';
import { commitHash } from '../../chain/commit-hash.js';
import { blocksUntilEpoch } from '../../chain/epoch.js';
import type { RevealWeights } from '../../chain/ports.js';
import type { Failure } from '../../protocol/failure.js';
import { isFailure } from '../../protocol/failure.js';
import type { Signer } from '../../protocol/ports.js';
import type { ChainUnderTest } from './chain.js';

export interface CommitRevealUnderTest extends ChainUnderTest {
  /** Switches commit-reveal of the subnet on, with a reveal period of one epoch, or off. */
  commitReveal(enabled: boolean): Promise<void>;
  /** The chain enters its safe mode for some blocks, or leaves it. */
  safeMode(entered: boolean): Promise<void>;
  /** Older runtimes let every call of the pallet pass in safe mode; default: weights set openly and axons only. */
  readonly safeModeIsOpen?: boolean;
}

const CHAIN_TIMEOUT_MS = 240_000;

/** What every chain does with weights that are committed by hash and revealed an epoch later. `factory` is called once. */
export function commitRevealContract(name: string, factory: () => Promise<CommitRevealUnderTest>): void {
  describe(`${name} as a chain with commit-reveal`, function () {
    this.timeout(CHAIN_TIMEOUT_MS);
    let chain: CommitRevealUnderTest;

    before(async () => {
      chain = await factory();
      await chain.commitReveal(true);
    });
    after(async () => {
      await chain?.commitReveal(false);
      await chain?.stop();
    });

    const factsOf = ({ hotkey }: Signer) => chain.reader.weightFacts(chain.netuid, 0, hotkey);
    const register = async (): Promise<Signer> => {
      const signer = await chain.newcomer();
      await chain.writer.burnedRegister(chain.coldkey, chain.netuid, signer.hotkey);
      return signer;
    };
    /** Past the rate limit, which counts from the registration. */
    const ready = async (): Promise<Signer> => {
      const signer = await register();
      const { lastUpdate, rateLimitBlocks, block } = await factsOf(signer);
      await chain.mine(Math.max(1, lastUpdate + rateLimitBlocks - block.number));
      return signer;
    };
    const vectorOf = async (signer: Signer, salt = [1, 2, 3]): Promise<RevealWeights> => {
      const { uid } = await factsOf(signer);
      return { netuid: chain.netuid, mechanism: 0, uids: [uid ?? -1], values: [7], salt, versionKey: 10n ** 9n };
    };
    const commit = (signer: Signer, vector: RevealWeights) =>
      chain.writer.commitWeights(signer, { netuid: chain.netuid, mechanism: 0, hash: commitHash(signer.hotkey, vector) });

    it('says that it wants commits, and what it offers', async () => {
      const signer = await register();
      const facts = await factsOf(signer);
      expect(facts.commitRevealEnabled).to.equal(true);
      expect(facts.commitReveal).to.deep.include({ byHash: true, revealPeriodEpochs: 1, hashCommits: [], timelockedCommits: [] });
    });

    it('refuses open weights', async () => {
      const signer = await ready();
      const { salt: _, ...open } = await vectorOf(signer);
      expect((await refusal(chain.writer.setWeights(signer, open))).code).to.equal('chain.commit_reveal_on');
    });

    it('keeps a commit, counts it as an update, and says how long until the next', async () => {
      const signer = await ready();
      const vector = await vectorOf(signer);
      const { block } = await commit(signer, vector);
      const facts = await factsOf(signer);
      expect(facts.lastUpdate).to.equal(block.number);
      expect(facts.commitReveal?.hashCommits.map(({ hash, block: at }) => ({ hash, at }))).to.deep.equal([
        { hash: commitHash(signer.hotkey, vector), at: block.number },
      ]);
      const failure = await refusal(commit(signer, await vectorOf(signer, [4])));
      expect(failure.code).to.equal('chain.rate_limited');
      expect(failure.facts['blocksLeft']).to.be.within(1, facts.rateLimitBlocks);
    });

    it('refuses a reveal of something else, and one that comes too early with the blocks to wait; after them it sets the weights', async () => {
      const signer = await ready();
      const vector = await vectorOf(signer);
      // At the beginning of an epoch, so that it is not over before all has been tried.
      await chain.mine(blocksUntilEpoch(await factsOf(signer)) ?? 1);
      await commit(signer, vector);
      const [committed] = (await factsOf(signer)).commitReveal?.hashCommits ?? [];
      expect((await refusal(chain.writer.revealWeights(signer, { ...vector, salt: [9] }))).code).to.equal('chain.commit_lost');
      const early = await refusal(chain.writer.revealWeights(signer, vector));
      expect(early.code).to.equal('chain.reveal_too_early');
      const wait = Number(early.facts['blocksLeft']);
      const { tempo, uid } = await factsOf(signer);
      expect(wait).to.be.within(1, tempo + 1);
      await chain.mine(wait);
      await chain.writer.revealWeights(signer, vector);
      expect(await chain.reader.weightsOf(chain.netuid, 0, uid ?? -1)).to.deep.equal([{ uid, value: 65535 }]);
      const after = await factsOf(signer);
      expect(after.stored).to.deep.equal([{ uid, value: 65535 }]);
      expect(after.commitReveal?.hashCommits).to.deep.equal([]);
      expect(committed?.epoch).to.be.a('number');
    });

    it('says until when it is in safe mode, and refuses what that does not admit by its own name', async () => {
      const signer = await ready();
      const vector = await vectorOf(signer);
      expect((await factsOf(signer)).safeModeUntil).to.equal(null);
      await chain.safeMode(true);
      const { safeModeUntil, block } = await factsOf(signer);
      expect(safeModeUntil).to.be.greaterThan(block.number);
      if (chain.safeModeIsOpen === true) {
        await commit(signer, vector);
        await chain.safeMode(false);
        expect((await factsOf(signer)).safeModeUntil).to.equal(null);
        return;
      }
      const failure = await refusal(commit(signer, vector));
      expect(failure.code).to.equal('chain.paused');
      expect(failure.message).to.contain('commit_weights').and.to.contain('CallFiltered');
      const stranger = await chain.newcomer();
      const registering = chain.writer.burnedRegister(chain.coldkey, chain.netuid, stranger.hotkey);
      expect((await refusal(registering)).code).to.equal('chain.paused');
      await chain.writer.setCommitment(signer, chain.netuid, new TextEncoder().encode('goes on'));
      await chain.safeMode(false);
      expect((await factsOf(signer)).safeModeUntil).to.equal(null);
      await commit(signer, vector);
    });

    it('takes commits of registered hotkeys only', async () => {
      const stranger = await chain.newcomer();
      const failure = await refusal(commit(stranger, { ...(await vectorOf(stranger)), uids: [0] }));
      expect(failure.code).to.equal('chain.not_registered');
    });

    it('takes none while it is switched off', async () => {
      const signer = await ready();
      await chain.commitReveal(false);
      const failure = await refusal(commit(signer, await vectorOf(signer)));
      expect(failure.code).to.equal('chain.commit_reveal_off');
    });
  });
}

async function refusal(call: Promise<unknown>): Promise<Failure> {
  const outcome: unknown = await call.then(
    () => new Error('expected a refusal'),
    (error: unknown) => error,
  );
  if (!isFailure(outcome)) throw outcome;
  return outcome;
}
