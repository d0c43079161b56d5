import { expect } from 'chai';
import fc from 'fast-check';
import { type Earner, gatherEmission, type Pools, payDividends, rootProportion, splitByMechanism } from '../../../chain/emission.js';
import { ONE } from '../../../chain/fixed.js';

const ALPHA = 1_000_000_000n;
const NOTHING_ON_ROOT = 0n;

describe('gatherEmission', () => {
  it('takes the owner cut, then halves the rest', () => {
    // 11796 of 65535 are 179,995,422.3 rao.
    expect(gatherEmission({ alphaRao: ALPHA, ownerCut: 11_796, rootProportion: NOTHING_ON_ROOT, rootSells: true })).to.deep.equal({
      ownerRao: 179_995_422n,
      serverRao: 410_002_288n,
      validatorRao: 410_002_288n,
      rootRao: 0n,
      recycledRao: 0n,
    });
  });

  it('gives root its part of the half of validators, or recycles it', () => {
    const block = { alphaRao: ALPHA, ownerCut: null, rootProportion: ONE / 4n };
    const expected = { ownerRao: 0n, serverRao: 500_000_000n, validatorRao: 375_000_000n };
    expect(gatherEmission({ ...block, rootSells: true })).to.deep.equal({ ...expected, rootRao: 125_000_000n, recycledRao: 0n });
    expect(gatherEmission({ ...block, rootSells: false })).to.deep.equal({ ...expected, rootRao: 0n, recycledRao: 125_000_000n });
  });

  it('adds up, but for a rao in each pool', () => {
    const share = fc.bigInt(0n, ONE);
    fc.assert(
      fc.property(fc.bigInt(0n, ALPHA), fc.option(fc.nat(65_535)), share, fc.boolean(), (alphaRao, ownerCut, root, rootSells) => {
        const pending = gatherEmission({ alphaRao, ownerCut, rootProportion: root, rootSells });
        const amounts = Object.values(pending);
        expect(amounts.every((rao: bigint) => rao >= 0n)).to.equal(true);
        const lost = alphaRao - amounts.reduce((total: bigint, rao: bigint) => total + rao, 0n);
        expect(lost >= 0n && lost <= 4n).to.equal(true);
      }),
    );
  });
});

describe('rootProportion', () => {
  it('weighs TAO against alpha', () => {
    expect(rootProportion({ rootTaoRao: 100n, taoWeight: ONE / 2n, alphaIssuanceRao: 150n })).to.equal(ONE / 4n);
    expect(rootProportion({ rootTaoRao: 0n, taoWeight: ONE, alphaIssuanceRao: 0n })).to.equal(0n);
  });
});

describe('splitByMechanism', () => {
  it('splits evenly, or by the shares; mechanism 0 has what rounding leaves', () => {
    expect(splitByMechanism(1_000n, 3, null)).to.deep.equal([334n, 333n, 333n]);
    expect(splitByMechanism(1_000n, 2, [16_384, 49_151])).to.deep.equal([251n, 749n]);
  });

  it('gives a mechanism without a share nothing, and a share without a mechanism to mechanism 0', () => {
    expect(splitByMechanism(1_000n, 3, [65_535])).to.deep.equal([1_000n, 0n, 0n]);
    expect(splitByMechanism(1_000n, 1, [32_768, 32_767])).to.deep.equal([1_000n]);
  });
});

describe('payDividends', () => {
  const pools: Pools = { serverRao: 1_000n, validatorRao: 800n, rootRao: 200n, incentiveRao: 1_000n, taoWeight: ONE / 2n };
  const earner = (over: Partial<Earner>): Earner => ({ dividendsRao: 500n, alphaStakeRao: 100n, rootStakeRao: 0n, take: 0, ...over });

  it('shares the pool of validators by alpha parts and that of root by root parts', () => {
    // The second: 100 alpha, and 200 TAO that count half: half of his 500 is root's, the only root part there is.
    expect(payDividends(pools, [earner({}), earner({ rootStakeRao: 200n })])).to.deep.equal([
      { takeRao: 0n, alphaRao: 533n, rootRao: 0n },
      { takeRao: 0n, alphaRao: 266n, rootRao: 200n },
    ]);
  });

  it('pays the take first', () => {
    expect(payDividends(pools, [earner({ rootStakeRao: 200n, take: 65_535 })])).to.deep.equal([
      { takeRao: 1_000n, alphaRao: 0n, rootRao: 0n },
    ]);
  });

  it('pays validators the pool of servers where nobody has earned incentive', () => {
    expect(payDividends({ ...pools, incentiveRao: 0n }, [earner({})])).to.deep.equal([{ takeRao: 0n, alphaRao: 1_800n, rootRao: 0n }]);
  });

  it('pays nobody where there are no dividends', () => {
    expect(payDividends(pools, [earner({ dividendsRao: 0n })])).to.deep.equal([{ takeRao: 0n, alphaRao: 0n, rootRao: 0n }]);
  });

  it('never pays more than the pools', () => {
    const amount = fc.bigInt(0n, 10n ** 15n);
    const someone = fc.record({ dividendsRao: amount, alphaStakeRao: amount, rootStakeRao: amount, take: fc.nat(65_535) });
    fc.assert(
      fc.property(fc.array(someone, { maxLength: 8 }), amount, amount, fc.bigInt(0n, ONE), (earners, validatorRao, rootRao, taoWeight) => {
        const paid = payDividends({ ...pools, validatorRao, rootRao, taoWeight }, earners);
        const all = paid.reduce((total, { takeRao, alphaRao, rootRao: root }) => total + takeRao + alphaRao + root, 0n);
        expect(all <= validatorRao + rootRao).to.equal(true);
      }),
    );
  });
});
