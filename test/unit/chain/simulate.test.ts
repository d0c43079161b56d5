import { expect } from 'chai';
import { movers, type Scenario, simulate } from '../../../chain/simulate.js';
import type { EpochInput } from '../../../chain/yuma.js';

const U16 = 65_535;
const ALPHA = 1_000_000_000n;

/** Validators 0 (60 %) and 1 (40 %) weigh miner 2; a quarter of an epoch of 100 blocks has gathered. */
function subnet(over: Partial<EpochInput> = {}): EpochInput {
  return {
    block: 1_025,
    tempo: 100,
    activityCutoffBlocks: 500,
    stakeRao: [60n, 40n, 0n, 0n],
    lastUpdate: [990, 990, 10, 10],
    registeredAt: [1, 1, 1, 1],
    validatorPermit: [true, true, false, false],
    weights: [[[2, U16]], [[2, U16]], [], []],
    bonds: [[], [], [], []],
    kappa: 32_767,
    bondsPenalty: U16,
    bondsMovingAverage: 900_000,
    yuma3: true,
    liquidAlpha: null,
    commitBlocks: null,
    maxValidators: 64,
    stakeThresholdRao: 0n,
    ownerUid: null,
    lastStepBlock: 1_000,
    serverPoolRao: 25n * ALPHA,
    validatorPoolRao: 25n * ALPHA,
    ...over,
  };
}

const majority: Scenario = { uid: 0, weights: [{ uid: 3, value: 1 }], epochs: 1, epochBlocks: 100, blockTimeMs: 12_000 };
const minority: Scenario = { ...majority, uid: 1 };

describe('simulate', () => {
  it('holds the epoch with other weights against the one with those on chain, for pools as full as after a whole epoch', () => {
    const { block, poolsRao, seats, reservations } = simulate(subnet(), majority);
    expect(block).to.equal(1_025);
    expect(poolsRao).to.equal(200n * ALPHA);
    expect(seats.map(({ before, after }) => [before.incentive, after.incentive])).to.deep.equal([
      [0, 0],
      [0, 0],
      [U16, 0],
      [0, U16],
    ]);
    expect(seats[2]?.before.serverRao).to.equal(100n * ALPHA);
    expect(seats[3]?.after.serverRao).to.equal(100n * ALPHA);
    // 7200 blocks of 12 s a day are 72 epochs.
    expect(seats[3]?.after.perDayRao).to.equal(7_200n * ALPHA);
    expect(reservations).to.deep.equal([]);
  });

  it('shows what it costs to disagree with the majority, and that nobody else is moved by it', () => {
    const [, own] = simulate(subnet(), minority).seats;
    expect(own?.before).to.include({ dividends: 26_213, validatorTrust: U16 });
    expect(own?.after).to.include({ dividends: 0, validatorTrust: 0, perDayRao: 0n });
    const list = movers(simulate(subnet(), minority).seats);
    expect(list.map(({ uid, gains }) => [uid, gains])).to.deep.equal([
      [0, true],
      [1, false],
    ]);
  });

  it('changes nothing for the weights that are stored', () => {
    expect(movers(simulate(subnet(), { ...majority, weights: [{ uid: 2, value: 7 }] }).seats)).to.deep.equal([]);
  });

  it('lets bonds grow over more epochs', () => {
    // A stake that held a bond in miner 2 from before earns less of it with each epoch that the other builds up his own.
    const held = subnet({ bonds: [[], [[2, U16]], [], []] });
    const dividends = (epochs: number) =>
      simulate(held, { ...majority, weights: [{ uid: 2, value: 1 }], epochs }).seats[0]?.after.dividends ?? 0;
    expect(dividends(1)).to.be.lessThan(dividends(10));
    expect(dividends(10)).to.be.lessThan(dividends(100));
  });

  it('says nothing of alpha where it cannot know how fast the pools fill', () => {
    for (const young of [{ lastStepBlock: 0 }, { lastStepBlock: 1_025 }, { serverPoolRao: 0n, validatorPoolRao: 0n }]) {
      const { poolsRao, seats, reservations } = simulate(subnet(young), majority);
      expect(poolsRao).to.equal(null);
      expect(seats[3]?.after).to.include({ incentive: U16, serverRao: null, validatorRao: null, perDayRao: null });
      expect(reservations).to.deep.equal(['unknown_pools']);
      expect(movers(seats)).to.deep.include({ uid: 3, changeRao: null, gains: true });
    }
  });

  it('warns where the weights cannot count', () => {
    const warned = (over: Partial<EpochInput>, scenario = majority) => simulate(subnet(over), scenario).reservations;
    expect(warned({ validatorPermit: [false, true, false, false] })).to.deep.equal(['no_permit']);
    expect(warned({ validatorPermit: [false, true, false, false], ownerUid: 0 })).to.deep.equal([]);
    expect(warned({ stakeThresholdRao: 41n }, minority)).to.deep.equal(['no_stake']);
    expect(warned({ commitBlocks: [null, null, null, null] })).to.deep.equal(['commit_reveal']);
    expect(warned({ commitBlocks: [900, null, null, null], registeredAt: [1, 1, 1, 950] })).to.deep.equal([
      'commit_reveal',
      'newcomers_masked',
    ]);
  });

  it('knows no seat beyond the last', () => {
    expect(() => simulate(subnet(), { ...majority, uid: 4 })).to.throw('there is no uid 4');
  });
});
