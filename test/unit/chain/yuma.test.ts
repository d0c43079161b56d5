import { expect } from 'chai';
import fc from 'fast-check';
import { type EpochInput, type EpochOutput, runEpoch, type StoredRow } from '../../../chain/yuma.js';

const U16 = 65_535;
const ALL = 1_000_000_000n;

/** n neurons; `over` replaces what the case is about. Bonds start empty, everybody updated after everybody registered. */
function anEpoch(n: number, over: Partial<EpochInput> = {}): EpochInput {
  const none: StoredRow[] = Array.from({ length: n }, () => []);
  return {
    block: 1_000,
    tempo: 100,
    activityCutoffBlocks: 500,
    stakeRao: Array.from({ length: n }, () => 0n),
    lastUpdate: Array.from({ length: n }, () => 990),
    registeredAt: Array.from({ length: n }, () => 10),
    validatorPermit: Array.from({ length: n }, () => false),
    weights: none,
    bonds: none,
    kappa: 32_767,
    bondsPenalty: U16,
    bondsMovingAverage: 900_000,
    yuma3: true,
    liquidAlpha: null,
    commitBlocks: null,
    maxValidators: 64,
    stakeThresholdRao: 0n,
    ownerUid: null,
    lastStepBlock: 900,
    serverPoolRao: ALL,
    validatorPoolRao: ALL,
    ...over,
  };
}

const inOrder = (row: StoredRow): StoredRow => [...row].sort(([a], [b]) => a - b);
const total = (values: readonly bigint[]) => values.reduce((sum, value) => sum + value, 0n);

describe('runEpoch', () => {
  it('gives one validator all dividends and his miners incentive in the ratio of his weights', () => {
    for (const yuma3 of [true, false]) {
      const out = runEpoch(
        anEpoch(3, {
          yuma3,
          stakeRao: [100n, 0n, 0n],
          validatorPermit: [true, false, false],
          weights: [
            [
              [1, 3],
              [2, 1],
            ],
            [],
            [],
          ],
        }),
      );
      // 3/4 and 1/4 of 65535, rounded down.
      expect(out.incentive).to.deep.equal([0, 49_151, 16_383]);
      expect(out.consensus).to.deep.equal([0, 49_151, 16_383]);
      expect(out.dividends).to.deep.equal([U16, 0, 0]);
      expect(out.validatorTrust).to.deep.equal([U16, 0, 0]);
      expect(out.stakeWeight).to.deep.equal([U16, 0, 0]);
      expect(out.validatorPermit).to.deep.equal([true, false, false]);
      expect(out.serverEmissionRao).to.deep.equal([0n, 750_000_000n, 250_000_000n]);
      expect(out.validatorEmissionRao).to.deep.equal([ALL, 0n, 0n]);
    }
  });

  it('stores the moving average of the weights as bonds (Yuma3), or the share of the column (Yuma2)', () => {
    const one = { stakeRao: [100n, 0n], validatorPermit: [true, false], weights: [[[1, 1]], []] as StoredRow[] };
    // 0.1 · 1 + 0.9 · 0 of 65535, in fixed point a hair below.
    expect(runEpoch(anEpoch(2, one)).bonds).to.deep.equal([[[1, 6_553]], []]);
    // 0.1 · 1 + 0.9 · 1/2
    const half = runEpoch(anEpoch(2, { ...one, bonds: [[[1, 32_768]], []] }));
    expect(half.bonds[0]?.[0]?.[1]).to.be.within(36_043, 36_046);
    // Alone in his column: all of it.
    expect(runEpoch(anEpoch(2, { ...one, yuma3: false })).bonds).to.deep.equal([[[1, U16]], []]);
  });

  it('splits dividends of two validators who agree by their stake (Yuma3)', () => {
    const row: StoredRow = [[2, 1]];
    const out = runEpoch(anEpoch(3, { stakeRao: [300n, 100n, 0n], validatorPermit: [true, true, false], weights: [row, row, []] }));
    expect(out.incentive).to.deep.equal([0, 0, U16]);
    expect(out.dividends).to.deep.equal([49_151, 16_383, 0]);
    expect(out.validatorEmissionRao).to.deep.equal([750_000_000n, 250_000_000n, 0n]);
    expect(out.validatorTrust).to.deep.equal([U16, U16, 0]);
  });

  it('clips the weights of an outlier to what the majority of stake says', () => {
    // Two honest validators (40 % each) say miner 3; the outlier (20 %) says miner 4.
    const out = runEpoch(
      anEpoch(5, {
        stakeRao: [40n, 40n, 20n, 0n, 0n],
        validatorPermit: [true, true, true, false, false],
        weights: [[[3, 1]], [[3, 1]], [[4, 1]], [], []],
      }),
    );
    expect(out.consensus).to.deep.equal([0, 0, 0, U16, 0]);
    expect(out.incentive).to.deep.equal([0, 0, 0, U16, 0]);
    expect(out.validatorTrust).to.deep.equal([U16, U16, 0, 0, 0]);
    expect(out.dividends[2]).to.equal(0);
    expect(out.dividends[0]).to.equal(out.dividends[1]);
    expect(out.serverEmissionRao[4]).to.equal(0n);
  });

  it('takes the largest weight that kappa of the stake reaches: exactly half is enough for a kappa just below a half', () => {
    const halves = (kappa: number) =>
      runEpoch(
        anEpoch(4, {
          kappa,
          stakeRao: [50n, 50n, 0n, 0n],
          validatorPermit: [true, true, false, false],
          weights: [[[2, 1]], [[3, 1]], [], []],
        }),
      ).consensus;
    expect(halves(32_767)).to.deep.equal([0, 0, U16, U16]);
    expect(halves(32_768)).to.deep.equal([0, 0, 0, 0]);
  });

  it('counts stake of exactly kappa as enough', () => {
    // A third of the stake, and kappa a third (21845 / 65535): the same number in fixed point.
    const out = runEpoch(
      anEpoch(4, {
        kappa: 21_845,
        stakeRao: [1n, 1n, 1n, 0n],
        validatorPermit: [true, true, true, false],
        weights: [[[3, 1]], [[0, 1]], [[1, 1]], []],
      }),
    );
    expect(out.consensus).to.deep.equal([U16, U16, 0, U16]);
  });

  it('pays both pools to the validators by stake when there are no weights', () => {
    const out = runEpoch(anEpoch(3, { stakeRao: [300n, 100n, 0n], validatorPermit: [true, true, false] }));
    expect(out.incentive).to.deep.equal([0, 0, 0]);
    expect(out.dividends).to.deep.equal([0, 0, 0]);
    expect(out.serverEmissionRao).to.deep.equal([0n, 0n, 0n]);
    expect(out.validatorEmissionRao).to.deep.equal([1_500_000_000n, 500_000_000n, 0n]);
  });

  it('leaves an inactive validator out of consensus but keeps his permit; when all are inactive stake alone counts', () => {
    const base = { stakeRao: [300n, 100n, 0n], validatorPermit: [true, true, false], weights: [[[2, 1]], [[2, 1]], []] as StoredRow[] };
    const out = runEpoch(anEpoch(3, { ...base, lastUpdate: [499, 990, 990] }));
    expect(out.active).to.deep.equal([false, true, true]);
    expect(out.dividends).to.deep.equal([0, U16, 0]);
    expect(out.validatorPermit).to.deep.equal([true, true, false]);
    const asleep = runEpoch(anEpoch(3, { ...base, lastUpdate: [499, 499, 499] }));
    expect(asleep.incentive).to.deep.equal([0, 0, 0]);
    expect(asleep.validatorEmissionRao).to.deep.equal([1_500_000_000n, 500_000_000n, 0n]);
    expect(runEpoch(anEpoch(3, { ...base, lastUpdate: [500, 990, 990] })).active[0]).to.equal(true);
  });

  it('voids weights and bonds on a seat that was taken since', () => {
    const base = {
      stakeRao: [100n, 0n, 0n],
      validatorPermit: [true, false, false],
      weights: [
        [
          [1, 1],
          [2, 1],
        ],
        [],
        [],
      ] as StoredRow[],
      bonds: [
        [
          [1, U16],
          [2, U16],
        ],
        [],
        [],
      ] as StoredRow[],
    };
    const out = runEpoch(anEpoch(3, { ...base, registeredAt: [10, 10, 990] }));
    expect(out.incentive).to.deep.equal([0, U16, 0]);
    expect(out.bonds[0]?.map(([uid]) => uid)).to.deep.equal([1]);
    expect(runEpoch(anEpoch(3, { ...base, registeredAt: [10, 10, 989] })).incentive).to.deep.equal([0, 32_767, 32_767]);
  });

  it('counts no weight without a permit and none on oneself, except the owner', () => {
    const self = { stakeRao: [100n, 0n], weights: [[[0, 1]], []] as StoredRow[] };
    expect(runEpoch(anEpoch(2, { ...self, validatorPermit: [true, false] })).incentive).to.deep.equal([0, 0]);
    expect(runEpoch(anEpoch(2, { ...self, ownerUid: 0 })).incentive).to.deep.equal([U16, 0]);
    const out = runEpoch(anEpoch(2, { stakeRao: [100n, 0n], weights: [[[1, 1]], []] }));
    expect(out.incentive).to.deep.equal([0, 0]);
    expect(out.validatorPermit).to.deep.equal([true, false]);
  });

  it('gives permits to the largest stakes above the threshold; of equals the higher uid', () => {
    const permits = (over: Partial<EpochInput>) => runEpoch(anEpoch(4, { stakeRao: [5n, 5n, 9n, 1n], ...over })).validatorPermit;
    expect(permits({ maxValidators: 2 })).to.deep.equal([false, true, true, false]);
    expect(permits({ stakeThresholdRao: 6n })).to.deep.equal([false, false, true, false]);
    expect(permits({ stakeThresholdRao: 6n, ownerUid: 3 })).to.deep.equal([false, false, true, true]);
    expect(permits({ maxValidators: 0 })).to.deep.equal([false, false, false, false]);
  });

  it('computes 256 seats with 64 validators who weigh everybody', () => {
    const n = 256;
    const row = (i: number): StoredRow => Array.from({ length: n }, (_, j) => [j, 1 + ((i * 7_919 + j * 104_729) % U16)] as const);
    const isValidator = (uid: number) => uid < 64;
    const uids = Array.from({ length: n }, (_, uid) => uid);
    const out = runEpoch(
      anEpoch(n, {
        stakeRao: uids.map((uid) => (isValidator(uid) ? BigInt(1_000 + uid) : 0n)),
        validatorPermit: uids.map(isValidator),
        weights: uids.map((uid) => (isValidator(uid) ? row(uid) : [])),
        bonds: uids.map((uid) => (isValidator(uid) ? row(uid + 1) : [])),
        liquidAlpha: { alphaLow: 6_553, alphaHigh: 19_660, steepness: 1_000 },
      }),
    );
    expect(out.incentive.every((value) => value > 0)).to.equal(true);
    expect(out.dividends.filter((value) => value > 0)).to.have.length(64);
  });

  it('takes an empty subnet', () => {
    expect(runEpoch(anEpoch(0)).validatorEmissionRao).to.deep.equal([]);
  });

  const someEpoch = fc.integer({ min: 1, max: 9 }).chain((n) => {
    const each = <T>(arb: fc.Arbitrary<T>) => fc.array(arb, { minLength: n, maxLength: n });
    const row = fc
      .uniqueArray(fc.tuple(fc.nat(n - 1), fc.integer({ min: 0, max: U16 })), { selector: ([uid]) => uid, maxLength: n })
      .map(inOrder);
    return fc
      .record({
        stakeRao: fc.uniqueArray(fc.bigInt(0n, 10n ** 16n), { minLength: n, maxLength: n }),
        lastUpdate: each(fc.integer({ min: 300, max: 1_000 })),
        registeredAt: each(fc.integer({ min: 0, max: 1_000 })),
        validatorPermit: each(fc.boolean()),
        weights: each(row),
        bonds: each(row),
        kappa: fc.integer({ min: 0, max: U16 }),
        bondsPenalty: fc.integer({ min: 0, max: U16 }),
        bondsMovingAverage: fc.integer({ min: 0, max: 1_000_000 }),
        yuma3: fc.boolean(),
        liquidAlpha: fc.option(
          fc.record({
            alphaLow: fc.integer({ min: 1_638, max: 30_000 }),
            alphaHigh: fc.integer({ min: 30_000, max: U16 }),
            steepness: fc.integer({ min: -32_768, max: 32_767 }),
          }),
        ),
        commitBlocks: fc.option(each(fc.option(fc.nat(1_000)))),
        maxValidators: fc.integer({ min: 0, max: 9 }),
        stakeThresholdRao: fc.bigInt(0n, 10n ** 15n),
        ownerUid: fc.option(fc.nat(n - 1)),
        serverPoolRao: fc.bigInt(0n, 10n ** 12n),
        validatorPoolRao: fc.bigInt(0n, 10n ** 12n),
      })
      .map((over) => anEpoch(n, over));
  });

  it('never pays more than the pools, and keeps every number in its range', () => {
    fc.assert(
      fc.property(someEpoch, (input) => {
        const out = runEpoch(input);
        const paid = total(out.serverEmissionRao) + total(out.validatorEmissionRao);
        const pools = input.serverPoolRao + input.validatorPoolRao;
        expect(paid <= pools).to.equal(true);
        const n = BigInt(input.stakeRao.length);
        const reward = total(out.emissionRao);
        // Each share is short by less than 2⁻³² of the pools and one rao; the sum it is taken of is short by as much per entry.
        const rounding = 4n * n * (1n + pools / 2n ** 32n);
        expect(reward >= paid && reward <= pools && reward - paid <= rounding).to.equal(true);
        if (paid > 0n) expect(pools - paid <= rounding).to.equal(true);
        const amounts = [...out.serverEmissionRao, ...out.validatorEmissionRao, ...out.emissionRao];
        expect(amounts.every((rao) => typeof rao === 'bigint' && rao >= 0n)).to.equal(true);
        for (const values of [out.consensus, out.incentive, out.dividends, out.validatorTrust, out.stakeWeight, out.bonds.flat(2)]) {
          expect(values.every((value) => Number.isInteger(value) && value >= 0 && value <= U16)).to.equal(true);
        }
      }),
      { numRuns: 300 },
    );
  });

  it('does not change when all stake grows by the same factor', () => {
    fc.assert(
      fc.property(someEpoch, fc.bigInt(2n, 1_000n), (input, factor) => {
        const scaled = {
          ...input,
          stakeRao: input.stakeRao.map((rao) => rao * factor),
          stakeThresholdRao: input.stakeThresholdRao * factor,
        };
        expect(runEpoch(scaled)).to.deep.equal(runEpoch(input));
      }),
      { numRuns: 200 },
    );
  });

  it('does not depend on the order of the seats', () => {
    fc.assert(
      fc.property(someEpoch, fc.infiniteStream(fc.nat()), (input, noise) => {
        const order = input.stakeRao.map((_, uid) => ({ uid, at: noise.next().value ?? 0 })).sort((a, b) => a.at - b.at || a.uid - b.uid);
        // order[k] sits at k afterwards.
        const seatOf = new Map(order.map(({ uid }, seat) => [uid, seat]));
        const list = <T>(values: readonly T[]) => order.map(({ uid }) => values[uid]!);
        const rows = (values: readonly StoredRow[]) =>
          list(values).map((r) => inOrder(r.map(([uid, value]) => [seatOf.get(uid)!, value] as const)));
        const moved = runEpoch({
          ...input,
          stakeRao: list(input.stakeRao),
          lastUpdate: list(input.lastUpdate),
          registeredAt: list(input.registeredAt),
          validatorPermit: list(input.validatorPermit),
          weights: rows(input.weights),
          bonds: rows(input.bonds),
          commitBlocks: input.commitBlocks === null ? null : list(input.commitBlocks),
          ownerUid: input.ownerUid === null ? null : seatOf.get(input.ownerUid)!,
        });
        const out = runEpoch(input);
        // Stakes so close that their shares are equal are ranked by seat.
        fc.pre(new Set(out.stakeWeight.map((weight, uid) => (weight === 0 ? -uid - 1 : weight))).size === out.stakeWeight.length);
        fc.pre(input.maxValidators >= out.stakeWeight.length || out.stakeWeight.every((weight) => weight > 0));
        const expected: EpochOutput = {
          ...out,
          active: list(out.active),
          validatorPermit: list(out.validatorPermit),
          consensus: list(out.consensus),
          incentive: list(out.incentive),
          dividends: list(out.dividends),
          validatorTrust: list(out.validatorTrust),
          stakeWeight: list(out.stakeWeight),
          serverEmissionRao: list(out.serverEmissionRao),
          validatorEmissionRao: list(out.validatorEmissionRao),
          emissionRao: list(out.emissionRao),
          bonds: rows(out.bonds),
        };
        expect(moved).to.deep.equal(expected);
      }),
      { numRuns: 300 },
    );
  });
});
