import { expect } from 'chai';
import fc from 'fast-check';
import {
  BACKOFF_FIRST_MS,
  BACKOFF_MAX_MS,
  createEndpointBook,
  PROBES_TO_RETURN,
  STEADY_MS,
  TROUBLE_HALF_LIFE_MS,
} from '../../../chain/endpoint-book.js';
import { chainFailure } from '../../../chain/failures.js';
import type { Failure } from '../../../protocol/failure.js';

const FIRST = 'ws://first';
const SECOND = 'ws://second';
const THIRD = 'ws://third';
const MINUTE_MS = 60_000;
const lost = (endpoint: string) => chainFailure('chain.disconnected', { endpoint });
const foreign = (endpoint: string) => chainFailure('chain.wrong_genesis', { endpoint, expected: 'a', actual: 'b' });
const FINE = { latencyMs: 50, finalized: 100 };

describe('the choice of an endpoint', () => {
  const book = (endpoints = [FIRST, SECOND, THIRD], random = () => 0.5) => createEndpointBook({ random }, { endpoints });

  it('takes the first of the list while nothing speaks against it', () => {
    expect(book().next(0)).to.deep.equal({ endpoint: FIRST, waitMs: 0 });
  });

  it('takes the next at once when one fails, and does not return to it by itself when its back-off is over', () => {
    const choice = book();
    choice.connected(FIRST, 0);
    choice.failed(FIRST, lost(FIRST), 1_000);
    expect(choice.next(1_000)).to.deep.equal({ endpoint: SECOND, waitMs: 0 });
    choice.connected(SECOND, 1_000);
    expect(choice.next(1_000 + BACKOFF_MAX_MS)?.endpoint).to.equal(SECOND);
    expect(choice.better(1_000 + BACKOFF_MAX_MS)).to.equal(null);
  });

  it('returns to the first only after it has answered several times in a row', () => {
    const choice = book([FIRST, SECOND]);
    choice.connected(FIRST, 0);
    choice.failed(FIRST, lost(FIRST), 0);
    choice.connected(SECOND, 0);
    choice.measured(SECOND, FINE);
    let probes = 0;
    for (let at = MINUTE_MS; choice.better(at) === null && probes < 10; at += MINUTE_MS) {
      choice.probed(FIRST, FINE);
      probes += 1;
    }
    expect(probes).to.be.within(PROBES_TO_RETURN, 2 * PROBES_TO_RETURN);
    choice.failed(FIRST, lost(FIRST), 10 * MINUTE_MS);
    expect(choice.better(10 * MINUTE_MS), 'a failed probe begins the count anew').to.equal(null);
  });

  it('takes longer to return to an endpoint that failed more often', () => {
    const probesAfter = (failures: number) => {
      const choice = book([FIRST, SECOND]);
      for (let i = 0; i < failures; i += 1) choice.failed(FIRST, lost(FIRST), 0);
      choice.connected(SECOND, 0);
      let probes = 0;
      for (let at = MINUTE_MS; choice.better(at) === null; at += MINUTE_MS) {
        choice.probed(FIRST, FINE);
        probes += 1;
      }
      return probes;
    };
    expect(probesAfter(8)).to.be.greaterThan(probesAfter(1));
  });

  it('does not take it for well because it answers, when it was left for what it announced', () => {
    const minutesAway = (failure: Failure) => {
      const choice = book([FIRST, SECOND]);
      choice.connected(FIRST, 0);
      choice.failed(FIRST, failure, 0);
      choice.connected(SECOND, 0);
      choice.measured(SECOND, FINE);
      for (let minutes = 1; ; minutes += 1) {
        choice.probed(FIRST, FINE);
        if (choice.better(minutes * MINUTE_MS) !== null) return minutes;
      }
    };
    expect(minutesAway(lost(FIRST))).to.be.at.most(PROBES_TO_RETURN);
    const silent = [
      chainFailure('chain.behind', { endpoint: FIRST, finalized: 1, blocks: 21, seen: 22 }),
      chainFailure('chain.stalled', { endpoint: FIRST, silentMs: MINUTE_MS }),
    ];
    for (const failure of silent) expect(minutesAway(failure), failure.code).to.be.within(10, 30);
  });

  it('leaves a slow endpoint for one further down that is faster by more than its place', () => {
    const choice = book([FIRST, SECOND]);
    choice.connected(FIRST, 0);
    choice.measured(FIRST, { latencyMs: 4_000 });
    for (let i = 0; i < PROBES_TO_RETURN; i += 1) choice.probed(SECOND, FINE);
    expect(choice.better(0)).to.equal(SECOND);
    const calm = book([FIRST, SECOND]);
    calm.connected(FIRST, 0);
    calm.measured(FIRST, { latencyMs: 400 });
    for (let i = 0; i < PROBES_TO_RETURN; i += 1) calm.probed(SECOND, FINE);
    expect(calm.better(0), 'a little slower is no reason').to.equal(null);
  });

  it('never asks an endpoint of another chain again, and says why', () => {
    const choice = book([FIRST, SECOND]);
    choice.failed(FIRST, foreign(FIRST), 0);
    for (let i = 0; i < 50; i += 1) choice.failed(SECOND, lost(SECOND), i);
    expect(choice.next(1e12)?.endpoint).to.equal(SECOND);
    expect(choice.nextToProbe()).to.equal(SECOND);
    expect(choice.health(0)[0]).to.deep.include({ state: 'excluded', failures: 1 });
    expect(choice.health(0)[0]?.lastFailure?.code).to.equal('chain.wrong_genesis');
    choice.failed(SECOND, foreign(SECOND), 60);
    expect(choice.next(1e12)).to.equal(null);
  });

  it('waits twice as long after each failure in a row, up to a bound', () => {
    const choice = book([FIRST], () => 0.999_999);
    const waits: number[] = [];
    let nowMs = 0;
    for (let i = 0; i < 12; i += 1) {
      choice.failed(FIRST, lost(FIRST), nowMs);
      const { waitMs } = choice.next(nowMs) ?? { waitMs: -1 };
      waits.push(Math.round(waitMs));
      nowMs += waitMs;
    }
    expect(waits.slice(0, 3)).to.deep.equal([BACKOFF_FIRST_MS, 2 * BACKOFF_FIRST_MS, 4 * BACKOFF_FIRST_MS]);
    expect(waits.at(-1)).to.equal(BACKOFF_MAX_MS);
  });

  it('forgets failures in a row once a connection has lasted, but not after short ones', () => {
    const inARow = (lastedMs: number) => {
      const choice = book([FIRST]);
      for (let i = 0; i < 4; i += 1) {
        choice.connected(FIRST, i * 1_000_000);
        choice.failed(FIRST, lost(FIRST), i * 1_000_000 + lastedMs);
      }
      return choice.health(0)[0]?.failuresInARow;
    };
    expect([inARow(STEADY_MS), inARow(STEADY_MS - 1)]).to.deep.equal([1, 4]);
  });

  it('forgets trouble with time', () => {
    const choice = book([FIRST, SECOND]);
    choice.failed(FIRST, lost(FIRST), 0);
    expect(choice.next(MINUTE_MS)?.endpoint).to.equal(SECOND);
    expect(choice.next(8 * TROUBLE_HALF_LIFE_MS)?.endpoint).to.equal(FIRST);
  });

  it('says how far an endpoint is behind the others', () => {
    const choice = book([FIRST, SECOND]);
    choice.measured(FIRST, FINE);
    choice.measured(SECOND, { latencyMs: 10, finalized: 70 });
    expect(choice.health(0).map(({ behindBlocks }) => behindBlocks)).to.deep.equal([0, 30]);
  });

  it('always has a choice with a bounded wait while one endpoint is left, whatever happens', () => {
    const event = fc.record({ place: fc.nat(2), kind: fc.constantFrom('fail', 'connect', 'probe', 'leave'), passMs: fc.nat(120_000) });
    fc.assert(
      fc.property(
        fc.array(event, { maxLength: 80 }),
        fc.infiniteStream(fc.double({ min: 0, max: 0.99, noNaN: true })),
        (events, chance) => {
          const endpoints = [FIRST, SECOND, THIRD];
          const choice = createEndpointBook({ random: () => chance.next().value }, { endpoints });
          let nowMs = 0;
          for (const { place, kind, passMs } of events) {
            nowMs += passMs;
            const endpoint = endpoints[place] ?? FIRST;
            if (kind === 'fail') choice.failed(endpoint, lost(endpoint), nowMs);
            if (kind === 'connect') choice.connected(endpoint, nowMs);
            if (kind === 'probe') choice.probed(endpoint, FINE);
            if (kind === 'leave') choice.left(endpoint);
            const next = choice.next(nowMs);
            expect(next?.waitMs).to.be.within(0, BACKOFF_MAX_MS);
            expect(choice.health(nowMs).filter(({ state }) => state === 'in use')).to.have.lengthOf.at.most(1);
          }
        },
      ),
    );
  });
});
