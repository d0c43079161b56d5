import { expect } from 'chai';
import fc from 'fast-check';
import { stakeWeightRao } from '../../../../chain/substrate/stake.js';

const FULL = 2n ** 64n - 1n;
const rao = fc.bigInt({ min: 0n, max: 21_000_000n * 10n ** 9n });
const share = fc.bigInt({ min: 0n, max: FULL });

describe('stake weight', () => {
  it('is alpha plus the weighted root stake', () => {
    expect(stakeWeightRao({ alphaRao: 1000n, rootRao: 500n }, [], [], FULL)).to.equal(1500n);
    expect(stakeWeightRao({ alphaRao: 1000n, rootRao: 500n }, [], [], 0n)).to.equal(1000n);
    expect(stakeWeightRao({ alphaRao: 1000n, rootRao: 500n }, [], [], FULL / 5n)).to.equal(1099n);
  });

  it('rounds as the runtime does: shares of 32 bits, each inherited part once', () => {
    const own = { alphaRao: 10n ** 18n, rootRao: 0n };
    // A third of 2⁶⁴−1 is 0x5555… exactly; as 32 bits it is 0x55555555 / 2³².
    expect(stakeWeightRao(own, [FULL / 3n], [], 0n)).to.equal(10n ** 18n - (10n ** 18n * 0x5555_5555n) / 2n ** 32n - 1n);
    expect(stakeWeightRao({ alphaRao: 0n, rootRao: 10n ** 18n }, [], [], FULL / 3n)).to.equal((10n ** 18n * 0x5555_5555n) >> 32n);
    expect(stakeWeightRao({ alphaRao: 5n, rootRao: 0n }, [FULL, FULL], [], 0n)).to.equal(0n);
  });

  it('moves whole with its share from parent to child', () => {
    fc.assert(
      fc.property(rao, rao, share, share, (alphaRao, rootRao, lent, taoWeight) => {
        const parent = { alphaRao, rootRao };
        const none = { alphaRao: 0n, rootRao: 0n };
        const kept = stakeWeightRao(parent, [lent], [], taoWeight);
        const taken = stakeWeightRao(none, [], [{ share: lent, of: parent }], taoWeight);
        const whole = stakeWeightRao(parent, [], [], taoWeight);
        expect(Number(whole - kept - taken)).to.be.within(0, 3);
      }),
    );
  });
});
