import { expect } from 'chai';
import { blocksUntilEpoch, type EpochFacts, epochIndex, epochStart, nextEpochBlock, shouldRunEpoch } from '../../../chain/epoch.js';

const legacy = (netuid: number, tempo: number, number: number): EpochFacts => ({ netuid, tempo, epochClock: null, block: { number } });

describe('epochs by the formula of older runtimes', () => {
  it('agree with a walk over all blocks, for every small subnet and tempo', () => {
    for (let netuid = 0; netuid <= 6; netuid += 1) {
      for (let tempo = 1; tempo <= 7; tempo += 1) {
        const runs = Array.from({ length: 60 }, (_, block) => block).filter((block) => (block + netuid + 1) % (tempo + 1) === 0);
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

  it('count one up at each epoch', () => {
    const facts = legacy(1, 99, 198);
    expect(epochIndex({ ...facts, block: { number: 197 } })).to.equal(1);
    expect(epochIndex(facts)).to.equal(2);
  });

  it('never come with tempo 0', () => {
    const facts = legacy(3, 0, 50);
    expect(shouldRunEpoch(facts, 51)).to.equal(false);
    expect(nextEpochBlock(facts)).to.equal(null);
    expect(blocksUntilEpoch(facts)).to.equal(null);
    expect(epochStart(facts)).to.equal(0);
    expect(epochIndex(facts)).to.equal(0);
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
  });
});
