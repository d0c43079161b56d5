import { expect } from 'chai';
import fc from 'fast-check';
import {
  blocksUntilEpoch,
  EPOCHS_FORESEEN_MAX,
  type EpochFacts,
  epochIndex,
  epochOfCall,
  epochSpan,
  epochStart,
  nextEpochBlock,
  shouldRunEpoch,
  TEMPO_BLOCKS_MAX,
} from '../../../chain/epoch.js';
import { createPalletClock } from '../../support/pallet-clock.js';

const legacy = (netuid: number, tempo: number, number: number): EpochFacts => ({ netuid, tempo, epochClock: null, block: { number } });

/** `blocks_until_next_epoch` as the older pallets have it. */
const runsByFormula = (netuid: number, tempo: number, block: number) => tempo - ((block + netuid + 1) % (tempo + 1)) === 0;

describe('epochs by the formula of older runtimes', () => {
  it('agree with a walk over all blocks, for every small subnet and tempo', () => {
    for (let netuid = 0; netuid <= 6; netuid += 1) {
      for (let tempo = 1; tempo <= 7; tempo += 1) {
        const runs = Array.from({ length: 60 }, (_, block) => block).filter((block) => runsByFormula(netuid, tempo, block));
        for (let block = 0; block < 40; block += 1) {
          const facts = legacy(netuid, tempo, block);
          const next = runs.find((run) => run > block)!;
          expect(shouldRunEpoch(facts, block)).to.equal(runs.includes(block));
          expect(nextEpochBlock(facts), `${netuid} ${tempo} ${block}`).to.equal(next);
          expect(blocksUntilEpoch(facts)).to.equal(next - block);
          expect(epochStart(facts)).to.equal(runs.findLast((run) => run <= block) ?? 0);
        }
      }
    }
  });

  it('run first where the pallet’s own table says', () => {
    for (const [tempo, netuid, first] of [
      [1, 0, 0],
      [1, 1, 1],
      [2, 0, 1],
      [2, 1, 0],
      [100, 0, 99],
      [100, 1, 98],
    ] as const)
      expect(nextEpochBlock(legacy(netuid, tempo, -1)), `tempo ${tempo}, netuid ${netuid}`).to.equal(first);
  });

  it('are counted one up in the block after each', () => {
    const at = (number: number) => epochIndex(legacy(1, 99, number));
    expect([at(97), at(98), at(197), at(198)]).to.deep.equal([0, 1, 1, 2]);
    expect(shouldRunEpoch(legacy(1, 99, 0), 197)).to.equal(true);
  });

  it('have spans that meet without gap or overlap', () => {
    fc.assert(
      fc.property(
        fc.nat(300),
        fc.integer({ min: 1, max: 500 }),
        fc.integer({ min: 1_000, max: 100_000 }),
        fc.nat(20),
        (netuid, tempo, block, ahead) => {
          const facts = legacy(netuid, tempo, block);
          const index = epochIndex(facts) + ahead;
          const span = epochSpan(facts, index)!;
          expect(span.until - span.from).to.equal(tempo);
          expect(epochSpan(facts, index + 1)!.from).to.equal(span.until + 1);
          for (const each of [span.from, span.until]) expect(epochOfCall(facts, each)).to.equal(index);
          expect(epochSpan(facts, epochIndex(facts) - 1)).to.equal(null);
        },
      ),
    );
    expect(epochSpan(legacy(1, 10, 500), epochIndex(legacy(1, 10, 500)) + EPOCHS_FORESEEN_MAX + 1)).to.equal(null);
  });

  it('never come with tempo 0', () => {
    const facts = legacy(3, 0, 50);
    expect(shouldRunEpoch(facts, 51)).to.equal(false);
    expect(nextEpochBlock(facts)).to.equal(null);
    expect(blocksUntilEpoch(facts)).to.equal(null);
    expect(epochStart(facts)).to.equal(0);
  });
});

describe('epochs by the clock of newer runtimes', () => {
  const clocked = (number: number, lastEpochBlock: number, pendingEpochAt = 0): EpochFacts => ({
    netuid: 7,
    tempo: 10,
    epochClock: { lastEpochBlock, pendingEpochAt, index: 4, blocksSinceLastStep: number - lastEpochBlock },
    block: { number },
  });

  it('agree with the first block at which one would run', () => {
    for (let last = 0; last <= 20; last += 1) {
      for (let block = last; block <= last + 25; block += 1) {
        for (let pending = 0; pending <= 30; pending += 3) {
          const facts = clocked(block, last, pending);
          let first = block + 1;
          while (!shouldRunEpoch(facts, first)) first += 1;
          expect(nextEpochBlock(facts), `${last} ${block} ${pending}`).to.equal(first);
          expect(blocksUntilEpoch(facts)).to.equal(first - block);
          expect(epochStart(facts)).to.equal(last);
          expect(epochIndex(facts)).to.equal(4);
        }
      }
    }
  });

  it('follow the tempo and the owner’s trigger', () => {
    expect(shouldRunEpoch(clocked(0, 100), 109)).to.equal(false);
    expect(shouldRunEpoch(clocked(0, 100), 110)).to.equal(true);
    expect(shouldRunEpoch(clocked(0, 100, 104), 103)).to.equal(false);
    expect(shouldRunEpoch(clocked(0, 100, 104), 104)).to.equal(true);
    expect(nextEpochBlock({ ...clocked(105, 100), tempo: 0 })).to.equal(null);
    expect(epochSpan({ ...clocked(105, 100), tempo: 0 }, 4)).to.deep.equal({ from: 100, until: Number.POSITIVE_INFINITY });
    expect(epochSpan({ ...clocked(105, 100), tempo: 0 }, 5)).to.equal(null);
  });

  it('are counted ahead where one was put off', () => {
    const putOff = clocked(110, 100, 111);
    expect(epochOfCall(putOff, 110)).to.equal(5);
    expect(epochOfCall(putOff, 111)).to.equal(5);
    expect(epochOfCall(clocked(109, 100), 109)).to.equal(4);
    expect(epochOfCall(clocked(109, 100), 110)).to.equal(5);
  });

  it('are foreseen as the pallet runs them, block by block', () => {
    const clock = fc.record({
      tempo: fc.oneof(fc.integer({ min: 2, max: 40 }), fc.integer({ min: TEMPO_BLOCKS_MAX - 3, max: 65_535 })),
      age: fc.nat(50),
      silent: fc.oneof(fc.constant(null), fc.integer({ min: TEMPO_BLOCKS_MAX - 60, max: TEMPO_BLOCKS_MAX })),
      pendingIn: fc.oneof(fc.constant(null), fc.integer({ min: 1, max: 30 })),
      index: fc.nat(1_000),
    });
    fc.assert(
      fc.property(clock, ({ tempo, age, silent, pendingIn, index }) => {
        const number = 1_000_000;
        const epochClock = {
          lastEpochBlock: number - age,
          pendingEpochAt: pendingIn === null ? 0 : number + pendingIn,
          index,
          blocksSinceLastStep: silent ?? age,
        };
        const facts: EpochFacts = { netuid: 3, tempo, epochClock, block: { number } };
        const pallet = createPalletClock({ tempo, ...epochClock });
        let newest = index;
        for (let block = number + 1; block <= number + 130; block += 1) {
          const { started, called } = pallet.step(block);
          expect(epochOfCall(facts, block), `call in +${block - number}`).to.equal(called);
          const span = epochSpan(facts, called)!;
          expect(block <= span.until, `until, +${block - number}`).to.equal(true);
          if (called > started) expect(span.from, `seen a block later, +${block - number}`).to.equal(block + 1);
          if (started > newest) expect(epochSpan(facts, started)!.from, `from, +${block - number}`).to.equal(block);
          if (started > newest) expect(epochSpan(facts, newest)!.until, `over, +${block - number}`).to.be.oneOf([block - 1, block - 2]);
          newest = started;
        }
      }),
      { numRuns: 300 },
    );
  });
});
