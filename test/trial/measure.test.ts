import { expect } from 'chai';
import type { LogLine } from './log-tail.js';
import { attacksOf, deliveryOf, percentile, type Voice } from './measure.js';

const announced = (atMs: number, sequence: string): LogLine => ({ atMs, msg: 'model announced', facts: { sequence } });
const heard = (hotkey: string, sequence: string, ageMs: number): LogLine => ({
  atMs: 0,
  msg: 'announcement',
  facts: { hotkey, sequence, ageMs },
});

describe('figures of a trial', () => {
  it('has the nearest rank', () => {
    expect(percentile([], 50)).to.equal(null);
    expect(percentile([3, 1, 2], 50)).to.equal(2);
    expect(percentile([3, 1, 2], 99)).to.equal(3);
  });

  it('counts each announcement of the time at every other receiver, and names where it is missing', () => {
    const a: Voice = { name: 'a', hotkey: 'A', lines: [announced(5, '1'), announced(50, '2'), announced(500, '3')] };
    const b: Voice = { name: 'b', hotkey: 'B', lines: [heard('A', '2', 30), heard('A', '1', 9)] };
    const c: Voice = { name: 'c', hotkey: 'C', lines: [heard('A', '1', 7), heard('X', '2', 1)] };
    const { missing, ...rest } = deliveryOf([a, b, c], [a, b, c], 10, 100);
    expect(rest).to.deep.equal({ sent: 1, expected: 2, delivered: 1, p50Ms: 30, p99Ms: 30, maxMs: 30 });
    expect(missing).to.deep.equal(['a → c']);
  });

  it('sums up attacks by what became of them', () => {
    const line = (attack: string, outcome: string, afterMs: number): LogLine => ({
      atMs: 0,
      msg: 'attack',
      facts: { attack, outcome, afterMs },
    });
    expect(attacksOf([line('x', 'closed', 10), line('x', 'closed', 30), line('x', 'held', 99), line('w', 'refused', 1)])).to.deep.equal([
      { attack: 'w', times: 1, closed: 0, held: 0, refused: 1, closedAfterP50Ms: null, closedAfterMaxMs: null },
      { attack: 'x', times: 3, closed: 2, held: 1, refused: 0, closedAfterP50Ms: 10, closedAfterMaxMs: 30 },
    ]);
  });
});
