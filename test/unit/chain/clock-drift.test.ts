import { expect } from 'chai';
import fc from 'fast-check';
import { clockDrift, DRIFT_HEADS, DRIFT_MAX_MS, type TimedHead } from '../../../chain/clock-drift.js';

const BLOCK_TIME_MS = 12_000;
const GENESIS_MS = 1_700_000_000_000;

/** Heads every 12 s that reach a machine whose clock is off by `driftMs`, a little late each. */
function heads(driftMs: number, change: (head: TimedHead, index: number) => Partial<TimedHead> = () => ({})): TimedHead[] {
  return Array.from({ length: DRIFT_HEADS }, (_, index) => {
    const timestampMs = GENESIS_MS + index * BLOCK_TIME_MS;
    const head = { number: 100 + index, timestampMs, arrivedMs: timestampMs + 700 + (index % 2) * 300 + driftMs };
    return { ...head, ...change(head, index) };
  });
}

describe('the drift of the clock', () => {
  it('is nothing while blocks are younger than one block time', () => {
    expect(clockDrift(heads(0), BLOCK_TIME_MS)).to.equal(0);
    expect(clockDrift(heads(BLOCK_TIME_MS - 1_500), BLOCK_TIME_MS)).to.equal(0);
  });

  it('is told with its sign', () => {
    expect(clockDrift(heads(60_000), BLOCK_TIME_MS)).to.be.within(60_000 - BLOCK_TIME_MS, 60_000);
    expect(clockDrift(heads(-60_000), BLOCK_TIME_MS)).to.be.within(-60_000, -58_000);
  });

  it('is never made out larger than it is', () => {
    fc.assert(
      fc.property(fc.integer({ min: -86_400_000, max: 86_400_000 }), (driftMs) => {
        const judged = clockDrift(heads(driftMs), BLOCK_TIME_MS) ?? Number.NaN;
        expect(Math.abs(judged)).to.be.at.most(Math.abs(driftMs) + 1_000);
        if (Math.abs(driftMs) > BLOCK_TIME_MS + DRIFT_MAX_MS + 1_000) expect(Math.abs(judged)).to.be.greaterThan(DRIFT_MAX_MS - 1_001);
      }),
    );
  });

  it('is not judged by too few heads, by a gap or by irregular blocks', () => {
    expect(clockDrift(heads(60_000).slice(1), BLOCK_TIME_MS)).to.equal(null);
    expect(
      clockDrift(
        heads(60_000, ({ number }, index) => ({ number: index === 2 ? number + 1 : number })),
        BLOCK_TIME_MS,
      ),
    ).to.equal(null);
    expect(
      clockDrift(
        heads(60_000, ({ arrivedMs }, i) => ({ arrivedMs: i === 3 ? arrivedMs + 30_000 : arrivedMs })),
        BLOCK_TIME_MS,
      ),
    ).to.equal(null);
  });

  it('is not judged on a chain whose time is artificial', () => {
    const hurried = heads(0, (_, index) => ({ arrivedMs: GENESIS_MS + index * 500 }));
    expect(clockDrift(hurried, BLOCK_TIME_MS), 'twelve seconds of chain time every half second').to.equal(null);
    const onDemand = heads(0, ({ timestampMs }, index) => ({ timestampMs: GENESIS_MS + index, arrivedMs: timestampMs }));
    expect(clockDrift(onDemand, BLOCK_TIME_MS), 'a clock that only counts blocks').to.equal(null);
  });
});
