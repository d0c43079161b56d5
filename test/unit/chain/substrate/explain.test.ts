import { expect } from 'chai';
import type { ChainReader, WeightFacts } from '../../../../chain/ports.js';
import { failureOfModuleError } from '../../../../chain/refusals.js';
import {
  type Explain,
  explainCommit,
  explainCommitment,
  explainRegistration,
  explainStaking,
  explainWeights,
} from '../../../../chain/substrate/explain.js';
import { createFakeChain } from '../../../support/fake-chain.js';
import { aHash, aHotkey } from '../../../support/keys.js';
import { someCommitReveal, someWeightFacts } from '../../../support/weight-facts.js';

const ME = aHotkey(1);
const readerOf = (facts: Partial<WeightFacts>): ChainReader => {
  const fake = createFakeChain({ netuid: 3 });
  return { ...fake.reader, weightFacts: async () => someWeightFacts(facts) };
};

/** As a person reads it. */
async function told(error: string, explain: Explain, method = 'a call'): Promise<string> {
  const code = failureOfModuleError('SubtensorModule', error, { method, netuid: 3 }).code;
  const { message, hint } = failureOfModuleError('SubtensorModule', error, { method, netuid: 3, ...(await explain(code)) });
  return `${message} ${hint}`;
}

describe('what the chain says beside a refusal', () => {
  it('is how many blocks are left until the next weights, and what stake, version and length are asked', async () => {
    const vector = { netuid: 3, mechanism: 0, uids: [1], values: [1], versionKey: 7n };
    const of = (facts: Partial<WeightFacts>) => explainWeights(readerOf(facts), ME, vector);
    expect(await told('SettingWeightsTooFast', of({ lastUpdate: 960, rateLimitBlocks: 100 }))).to.contain('Wait 59 blocks');
    expect(await told('SettingWeightsTooFast', of({ lastUpdate: 100, rateLimitBlocks: 100 })), 'never none').to.contain('Wait 1 block.');
    expect(await told('NotEnoughStakeToSetWeights', of({ stakeRao: 5n, stakeThresholdRao: 9n }))).to.contain('5 of 9 rao');
    expect(await told('IncorrectWeightVersionKey', of({ weightsVersionKey: 9n }))).to.contain('version 9 or newer; this program sends 7');
    expect(await told('WeightVecLengthIsLow', of({ minAllowedWeights: 6 }))).to.contain('fewer than 6 weights; this one has 1');
    expect(await told('WeightVecLengthIsLow', of({ minAllowedWeights: 90 })), 'a small subnet').to.contain('fewer than 8 weights');
    expect(await told('NeuronNoValidatorPermit', of({}))).to.contain('in 260 blocks');
  });

  it('is when a crowd of commits thins, and which version of timelocked commits is taken', async () => {
    const commit = { block: 950, epoch: 5, hash: aHash(1), digest: aHash(1), round: 1 };
    const of = (version?: number) =>
      explainCommit(
        readerOf({ commitReveal: someCommitReveal({ timelockVersion: 5, hashCommits: [commit], timelockedCommits: [commit] }) }),
        ME,
        { netuid: 3, mechanism: 0, ...(version === undefined ? {} : { version }) },
      );
    // Epoch 5 began at 900 and ends at 1260; what was committed in it expires when epoch 6 is over, at 1620.
    expect(await told('TooManyUnrevealedCommits', of())).to.contain('Reveal them, or wait 619 blocks');
    expect(await told('IncorrectCommitRevealVersion', of(4))).to.contain('version 5; this program makes version 4');
  });

  it('is when the space for commitments is free again: with the next epoch, or after the distance that older runtimes keep', async () => {
    const space = explainCommitment(readerOf({}), ME, 3, () => null);
    expect(await told('SpaceLimitExceeded', space, 'set_commitment'))
      .to.contain('used up its commitment space')
      .and.to.contain('Wait 260 blocks');
    const fake = createFakeChain({ netuid: 3 });
    fake.register(ME);
    fake.commit(ME, 'x');
    fake.advance(4);
    const distance = explainCommitment(fake.reader, ME, 3, () => 10);
    expect(await told('CommitmentSetRateLimitExceeded', distance, 'set_commitment')).to.contain('Wait 5 blocks');
  });

  it('is what a seat costs and who holds how much, and when the first neuron can lose its seat', async () => {
    const fake = createFakeChain({ netuid: 3, hyperparameters: { immunityPeriodBlocks: 50 } });
    fake.register(ME);
    fake.advance(9);
    fake.fund(aHotkey('payer'), 5n);
    const of = (limitRao?: bigint) => explainRegistration(fake.reader, aHotkey('payer'), 3, limitRao);
    expect(await told('NotEnoughBalanceToStake', of())).to.contain('it holds 5 rao, 1000000000 are asked');
    expect(await told('RegistrationPriceLimitExceeded', of(500_000_000n)))
      .to.contain('costs 1 TAO')
      .and.to.contain('limit of 0.5 TAO');
    expect(await told('NoNeuronIdAvailable', of())).to.contain('wait 40 blocks');
    expect(await told('NotEnoughBalanceToStake', explainStaking(fake.reader, aHotkey('payer'), 7n))).to.contain(
      'it holds 5 rao, 7 are asked',
    );
  });

  it('is nothing where a refusal says all there is', async () => {
    for (const code of ['chain.not_registered', 'chain.paused', 'chain.bad_vector']) {
      expect(await explainWeights(readerOf({}), ME, { netuid: 3, mechanism: 0, uids: [], values: [], versionKey: 0n })(code)).to.deep.equal(
        {},
      );
    }
  });
});
