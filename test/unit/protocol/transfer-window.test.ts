import { expect } from 'chai';
import fc from 'fast-check';
import { REQUEST_LENGTH_MAX } from '../../../protocol/libp2p/transfer.js';
import { createTransferWindow, WINDOW_BYTES_MAX, WINDOW_BYTES_MIN } from '../../../protocol/transfer-window.js';

const FRAME_BYTES = REQUEST_LENGTH_MAX / 4;

interface Line {
  readonly oneWayMs: number;
  readonly bytesPerMs: number;
}

/** A provider at the end of a line that carries so much and takes so long. Shape: bytes that came by the end, and the window then. */
function draw({ oneWayMs, bytesPerMs }: Line, forMs: number, fixedBytes: number | null = null) {
  const window = createTransferWindow();
  const arrivals: { atMs: number; isLast: boolean }[] = [];
  let lineFreeAtMs = 0;
  let [outstandingBytes, cameBytes, nowMs] = [0, 0, 0];
  const most: number[] = [];
  const ask = () => {
    while (outstandingBytes + REQUEST_LENGTH_MAX <= (fixedBytes ?? window.bytes)) {
      window.asked(nowMs);
      outstandingBytes += REQUEST_LENGTH_MAX;
      for (const isLast of [false, false, false, true]) {
        lineFreeAtMs = Math.max(lineFreeAtMs, nowMs + oneWayMs) + FRAME_BYTES / bytesPerMs;
        arrivals.push({ atMs: Math.ceil(lineFreeAtMs + oneWayMs), isLast });
      }
    }
    most.push(outstandingBytes);
  };
  ask();
  for (let next = arrivals.shift(); next !== undefined && next.atMs <= forMs; next = arrivals.shift()) {
    nowMs = next.atMs;
    outstandingBytes -= FRAME_BYTES;
    cameBytes += FRAME_BYTES;
    window.answered(FRAME_BYTES, next.isLast, nowMs);
    ask();
  }
  return { cameBytes, windowBytes: window.bytes, mostBytes: Math.max(...most) };
}

const aLine = fc.record({ oneWayMs: fc.integer({ min: 0, max: 300 }), bytesPerMs: fc.integer({ min: 50, max: 200_000 }) });

describe('what is asked of a provider at once', () => {
  it('fills the line, as far as a stream lets it, after a few round trips', () => {
    fc.assert(
      fc.property(aLine, (line) => {
        const settledMs = 20 * (2 * line.oneWayMs + (4 * REQUEST_LENGTH_MAX) / line.bytesPerMs);
        const [before, after] = [draw(line, settledMs), draw(line, 2 * settledMs)];
        const rate = (after.cameBytes - before.cameBytes) / settledMs;
        const roundTripMs = 2 * line.oneWayMs;
        // Near by the least window does; far away as much as a stream lets through. A question is whole or not asked: so much of it may stay free.
        const most = roundTripMs < 20 ? WINDOW_BYTES_MIN : WINDOW_BYTES_MAX;
        const possible = Math.min(line.bytesPerMs, (most - REQUEST_LENGTH_MAX) / (roundTripMs + 4));
        expect(rate).to.be.at.least(0.8 * possible - (2 * REQUEST_LENGTH_MAX) / settledMs);
      }),
      { numRuns: 300 },
    );
  });

  it('is six times what half a mebibyte would bring over 100 ms', () => {
    const far = { oneWayMs: 50, bytesPerMs: 60_000 };
    const [fixed, fitting] = [draw(far, 10_000, WINDOW_BYTES_MIN), draw(far, 10_000)];
    expect(fitting.cameBytes).to.be.greaterThan(6 * fixed.cameBytes);
  });

  it('asks no more where more would only wait', () => {
    fc.assert(
      fc.property(aLine, (line) => {
        const { windowBytes, mostBytes } = draw(line, 30_000);
        const holdsBytes = line.bytesPerMs * (2 * line.oneWayMs + FRAME_BYTES / line.bytesPerMs + 1);
        expect(windowBytes).to.be.within(WINDOW_BYTES_MIN, WINDOW_BYTES_MAX);
        expect(mostBytes).to.be.at.most(WINDOW_BYTES_MAX);
        expect(windowBytes).to.be.at.most(Math.max(WINDOW_BYTES_MIN, 2.2 * holdsBytes));
      }),
      { numRuns: 300 },
    );
  });

  it('is smaller again when the line became slow', () => {
    const window = createTransferWindow();
    let nowMs = 0;
    const answer = (tookMs: number) => {
      window.asked(nowMs);
      nowMs += tookMs;
      window.answered(REQUEST_LENGTH_MAX, true, nowMs);
    };
    for (let n = 0; n < 40; n += 1) {
      window.asked(nowMs);
      window.asked(nowMs);
      window.asked(nowMs);
      nowMs += 20;
      for (let k = 0; k < 3; k += 1) window.answered(REQUEST_LENGTH_MAX, true, nowMs);
    }
    const wide = window.bytes;
    for (let n = 0; n < 20; n += 1) answer(400);
    expect(wide).to.be.greaterThan(WINDOW_BYTES_MIN);
    expect(window.bytes).to.equal(WINDOW_BYTES_MIN);
  });

  it('does not mind an answer to nothing', () => {
    const window = createTransferWindow();
    window.answered(1, true, 5);
    expect(window.bytes).to.equal(WINDOW_BYTES_MIN);
  });
});
