import { expect } from 'chai';
import { chainFailure } from '../../../chain/failures.js';
import { failureOfModuleError, failureOfPoolError } from '../../../chain/refusals.js';
import { walletFailure } from '../../../chain/wallet-failures.js';
import { EXIT } from '../../../protocol/failure.js';
import errors from '../../vectors/pallet-errors.json' with { type: 'json' };

const CALL = { method: 'set_weights', netuid: 7 };

describe('refusals of the chain', () => {
  it('name what a validator meets', () => {
    const cases: readonly [string, string][] = [
      ['SettingWeightsTooFast', 'chain.rate_limited'],
      ['NeuronNoValidatorPermit', 'chain.no_permit'],
      ['HotKeyNotRegisteredInSubNet', 'chain.not_registered'],
      ['IncorrectWeightVersionKey', 'chain.version_key'],
      ['WeightVecLengthIsLow', 'chain.too_few_weights'],
      ['CommitRevealEnabled', 'chain.commit_reveal_on'],
      ['NotEnoughBalanceToStake', 'chain.insufficient_balance'],
      ['SubNetRegistrationDisabled', 'chain.registration_closed'],
      ['InvalidIpAddress', 'chain.bad_axon'],
      ['AccountNotAllowedCommit', 'chain.not_registered'],
    ];
    for (const [name, code] of cases) {
      const failure = failureOfModuleError('SubtensorModule', name, CALL);
      expect(failure.code).to.equal(code);
      expect(failure.message + failure.hint, name).not.to.match(/\{\w+\}/);
    }
  });

  it('say how long to wait where it is known, and never show a hole', () => {
    const known = failureOfModuleError('SubtensorModule', 'SettingWeightsTooFast', { ...CALL, blocksLeft: 37 });
    expect(known.hint).to.equal('Wait 37 blocks.');
    expect(known.facts['blocksLeft']).to.equal(37);
    expect(failureOfModuleError('SubtensorModule', 'SettingWeightsTooFast', CALL).hint).not.to.contain('{');
    expect(failureOfModuleError('X', 'CommittingWeightsTooFast', { ...CALL, blocksLeft: 1 }).hint).to.equal('Wait 1 block.');
  });

  it('carry no facts that nobody knows or that belong to another sentence', () => {
    const tooFast = failureOfModuleError('SubtensorModule', 'ServingRateLimitExceeded', {
      method: 'serve_axon',
      netuid: 1,
      blocksLeft: 49,
    });
    expect(tooFast.facts).to.deep.equal({
      method: 'serve_axon',
      netuid: 1,
      error: 'ServingRateLimitExceeded',
      wait: '49 blocks',
      blocksLeft: 49,
    });
    const badAddress = failureOfModuleError('SubtensorModule', 'InvalidIpAddress', { method: 'serve_axon' });
    expect(badAddress.facts).to.deep.equal({ method: 'serve_axon', error: 'InvalidIpAddress' });
  });

  it('are deliberate for every error that these pallets ever had', () => {
    for (const [pallet, codes] of Object.entries(errors.pallets))
      for (const [code, names] of Object.entries(codes))
        for (const name of names) {
          const failure = failureOfModuleError(pallet, name, CALL);
          expect(failure.code, `${pallet}.${name}`).to.equal(code);
          expect(failure.message + failure.hint, name).not.to.match(/\{\w+\}/);
        }
  });

  it('keep the name of what is not listed', () => {
    const failure = failureOfModuleError('SubtensorModule', 'SomethingNew', { ...CALL, documentation: 'It is new.' });
    expect(failure.code).to.equal('chain.refused');
    expect(failure.facts).to.deep.include({ pallet: 'SubtensorModule', error: 'SomethingNew' });
    expect(failure.message).to.contain('SubtensorModule.SomethingNew. It is new.');
  });

  it('map every custom number of the pool to the name that a block would give', () => {
    const code = (n: number) => failureOfPoolError(1010, 'Invalid Transaction', `Custom error: ${n}`, CALL)?.code;
    expect(code(1)).to.equal('chain.stake_too_low');
    expect(code(6)).to.equal('chain.rate_limited');
    expect(code(12)).to.equal('chain.rate_limited');
    expect(code(19)).to.equal('chain.not_registered');
    expect(code(255)).to.equal('chain.refused');
    const codes = Array.from({ length: 28 }, (_, n) => code(n)?.slice('chain.'.length));
    expect(codes).to.deep.equal([
      ...['coldkey_swap', 'stake_too_low', 'insufficient_balance', 'subnet_not_found', 'hotkey_unknown', 'stake_refused', 'rate_limited'],
      ...['stake_refused', 'stake_refused', 'refused', 'not_registered', 'bad_axon', 'rate_limited', 'bad_axon', 'stake_refused'],
      ...['round_passed', 'commit_lost', 'reveal_too_early', 'bad_vector', 'not_registered', 'rate_limited', 'coldkey_swap'],
      ...['refused', 'refused', 'refused', 'wrong_coldkey', 'refused', 'refused'],
    ]);
    const staking = failureOfPoolError(1010, 'Invalid Transaction', 'Custom error: 1', { method: 'add_stake', netuid: 7 });
    expect(staking?.code).to.equal('chain.stake_refused');
    for (let n = 0; n < 256; n += 1) {
      const failure = failureOfPoolError(1010, 'Invalid Transaction', `Custom error: ${n}`, CALL)!;
      expect(failure.message + failure.hint).not.to.match(/\{\w+\}/);
    }
  });

  it('tell the pool’s own refusals apart', () => {
    const of = (rpcCode: number, data = '') => failureOfPoolError(rpcCode, 'Invalid Transaction', data, CALL)?.code;
    expect(of(1010, 'Transaction is outdated')).to.equal('chain.outdated');
    expect(of(1010, 'Transaction has an ancient birth block')).to.equal('chain.outdated');
    expect(of(1010, 'Transaction has a bad signature')).to.equal('chain.bad_signature');
    expect(of(1010, 'Inability to pay some fees (e.g. account balance too low)')).to.equal('chain.cannot_pay');
    expect(of(1010, 'Transaction will be valid in the future')).to.equal('chain.not_yet_valid');
    expect(of(1012)).to.equal('chain.banned');
    expect(of(1013)).to.equal('chain.already_sent');
    expect(of(1014)).to.equal('chain.priority_too_low');
    expect(of(1016)).to.equal('chain.pool_full');
    expect(of(1011, 'odd')).to.equal('chain.refused');
    expect(of(-32_000)).to.equal(undefined);
  });
});

describe('the tables of chain and wallet failures', () => {
  it('have a message and a next step for each code', () => {
    for (const [code, spec] of [...Object.entries(chainFailure.table), ...Object.entries(walletFailure.table)]) {
      expect(code).to.match(/^(chain|wallet)\.[a-z_]+$/);
      expect(spec.message.length, code).to.be.greaterThan(10);
      expect(spec.hint.length, code).to.be.greaterThan(5);
    }
    expect(chainFailure('chain.unreachable', { endpoint: 'ws://x', reason: 'refused' }).exit).to.equal(EXIT.unavailable);
  });
});
