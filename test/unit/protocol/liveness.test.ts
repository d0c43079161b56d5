import { expect } from 'chai';
import fc from 'fast-check';
import { createAwakeClock, judgePulses, LIVENESS, type Pulse } from '../../../protocol/liveness.js';

const { pingAfterMs, answerMsMax, pingsMax, silentMsMax, unansweredMin, doubtMsMax, deadPerTurnMax } = LIVENESS;
const NOW_MS = 1_000_000;
const TURN_MS = 1_000;

const silentFor = (id: string, silentMs: number, pingAgesMs: readonly number[] = []): Pulse => ({
  id,
  heardAtMs: NOW_MS - silentMs,
  pingedAtMs: pingAgesMs.map((ageMs) => NOW_MS - ageMs),
});

describe('judging silence', () => {
  const around = (ms: number) => [ms - 1, ms, ms + 1];
  const silences = [0, ...around(pingAfterMs), ...around(silentMsMax), 10 * silentMsMax];
  const ages = [0, ...around(answerMsMax), ...around(pingAfterMs), ...around(silentMsMax)];

  it('takes for dead what was silent for long enough and left enough pings unanswered, and nothing else: every combination', () => {
    for (const silentMs of silences)
      for (let count = 0; count <= pingsMax; count += 1)
        for (const age of ages) {
          const { dead } = judgePulses([silentFor('a', silentMs, Array<number>(count).fill(age))], NOW_MS);
          const expected = silentMs >= silentMsMax && age >= answerMsMax && count >= unansweredMin;
          expect(dead, `silent ${silentMs} ms, ${count} pings ${age} ms ago`).to.deep.equal(expected ? ['a'] : []);
        }
  });

  it('pings what was silent for long enough, and again after as long, up to a number: every combination', () => {
    for (const silentMs of silences)
      for (let count = 0; count <= pingsMax + 1; count += 1)
        for (const age of ages.filter((each) => each <= silentMs)) {
          const { ping, dead } = judgePulses([silentFor('a', silentMs, Array<number>(count).fill(age))], NOW_MS);
          const since = count === 0 ? silentMs : age;
          const expected = dead.length === 0 && count < pingsMax && since >= pingAfterMs;
          expect(ping, `silent ${silentMs} ms, ${count} pings ${age} ms ago`).to.deep.equal(expected ? ['a'] : []);
        }
  });

  it('a ping that is still young is not held against its peer', () => {
    const young = [answerMsMax - 1, answerMsMax, answerMsMax];
    expect(judgePulses([silentFor('a', silentMsMax, young)], NOW_MS).dead).to.deep.equal([]);
  });

  it('closes few in one turn, those silent for longest first', () => {
    const pulses = [90, 70, 80].map((seconds) => silentFor(`${seconds}`, seconds * 1_000, [40_000, 30_000, 20_000]));
    expect(judgePulses(pulses, NOW_MS).dead).to.deep.equal(['90'].slice(0, deadPerTurnMax));
    expect(judgePulses(pulses, NOW_MS, { ...LIVENESS, deadPerTurnMax: 2 }).dead).to.deep.equal(['90', '80']);
  });

  it('doubts what its peer has opened another one beside: pings it at once, and takes it for dead without an answer', () => {
    const doubted = (ageMs: number, pings: readonly number[] = []): Pulse => ({ ...silentFor('a', 0, pings), doubtedAtMs: NOW_MS - ageMs });
    expect(judgePulses([doubted(0)], NOW_MS)).to.deep.equal({ ping: ['a'], dead: [] });
    expect(judgePulses([doubted(TURN_MS, [TURN_MS])], NOW_MS)).to.deep.equal({ ping: [], dead: [] });
    expect(judgePulses([doubted(TURN_MS, [20_000])], NOW_MS).ping, 'a ping of before says nothing').to.deep.equal(['a']);
    expect(judgePulses([doubted(doubtMsMax - 1, [doubtMsMax - 1])], NOW_MS).dead).to.deep.equal([]);
    expect(judgePulses([doubted(doubtMsMax, [doubtMsMax])], NOW_MS).dead).to.deep.equal(['a']);
    const silent = silentFor('b', 90_000, [40_000, 30_000, 20_000]);
    expect(judgePulses([doubted(doubtMsMax), silent], NOW_MS).dead, 'beside those that are silent').to.deep.equal(['a', 'b']);
  });

  it('says nothing of nobody', () => {
    expect(judgePulses([], NOW_MS)).to.deep.equal({ ping: [], dead: [] });
  });
});

describe('the awake clock', () => {
  it('goes with the wall, stands still while the loop does, and takes no part in steps of the wall clock', () => {
    const clock = createAwakeClock(TURN_MS);
    expect(clock.advance(5_000)).to.equal(0);
    expect(clock.advance(5_600)).to.equal(600);
    expect(clock.advance(90_000), 'a loop that stood still').to.equal(1_600);
    expect(clock.advance(1_000), 'a wall clock set back').to.equal(1_600);
    expect(clock.advance(1_700)).to.equal(2_300);
    expect(clock.nowMs()).to.equal(2_300);
  });
});

describe('a minute of silence', () => {
  interface World {
    /** Wall time that one turn takes. */
    readonly turnMs: (turn: number) => number;
    readonly answers: (peer: number, turn: number) => boolean;
    /** After which the answer to a ping is read, however long they are: a stream is agreed on first. */
    readonly answerTurns?: number;
    readonly peers: number;
    readonly turns: number;
  }

  /** Shape: a world → peers found dead, with the turn. */
  function live({ turnMs, answers, peers, turns, answerTurns = 0 }: World): readonly { readonly peer: number; readonly turn: number }[] {
    const clock = createAwakeClock(TURN_MS);
    const open = new Map(
      Array.from({ length: peers }, (_, peer) => [peer, { heardAtMs: 0, pingedAtMs: [] as number[], firstPingTurn: 0 }]),
    );
    const found: { peer: number; turn: number }[] = [];
    let wallMs = 0;
    for (let turn = 0; turn < turns; turn += 1) {
      wallMs += turnMs(turn);
      const nowMs = clock.advance(wallMs);
      const { ping, dead } = judgePulses(
        [...open].map(([peer, pulse]) => ({ id: String(peer), ...pulse })),
        nowMs,
      );
      expect(dead.length).to.be.at.most(deadPerTurnMax);
      for (const id of dead) {
        open.delete(Number(id));
        found.push({ peer: Number(id), turn });
      }
      for (const id of ping) {
        const pulse = open.get(Number(id));
        if (pulse === undefined) continue;
        if (pulse.pingedAtMs.length === 0) pulse.firstPingTurn = turn;
        pulse.pingedAtMs.push(nowMs);
      }
      for (const [peer, pulse] of open) {
        const isRead = pulse.pingedAtMs.length > 0 && turn - pulse.firstPingTurn >= answerTurns;
        if (isRead && answers(peer, turn)) open.set(peer, { heardAtMs: nowMs, pingedAtMs: [], firstPingTurn: 0 });
      }
    }
    return found;
  }

  it('a peer that vanishes is found within 62 turns, and nobody else', () => {
    const found = live({ turnMs: () => TURN_MS, answers: (peer, turn) => peer !== 3 || turn < 100, peers: 8, turns: 400 });
    expect(found.map(({ peer }) => peer)).to.deep.equal([3]);
    expect(found[0]?.turn).to.be.within(100 + 60 - 15, 100 + 62);
  });

  it('96 peers that vanish together go one by one, within 160 turns', () => {
    const found = live({ turnMs: () => TURN_MS, answers: () => false, peers: 96, turns: 400 });
    expect(found).to.have.length(96);
    expect(found.at(-1)?.turn).to.be.at.most(160);
  });

  it('however the loop lags and the wall clock steps, peers that answer stay', () => {
    const lags = fc.array(fc.oneof(fc.integer({ min: -3_600_000, max: 3_600_000 }), fc.constant(TURN_MS)), {
      minLength: 200,
      maxLength: 200,
    });
    fc.assert(
      fc.property(lags, (ms) => {
        expect(live({ turnMs: (turn) => ms[turn] ?? TURN_MS, answers: () => true, answerTurns: 10, peers: 4, turns: 200 })).to.deep.equal(
          [],
        );
      }),
      { numRuns: 50 },
    );
  });

  it('silence that ends before the minute is over costs nothing', () => {
    const found = live({ turnMs: () => TURN_MS, answers: (_peer, turn) => turn % 55 === 0, peers: 4, turns: 600 });
    expect(found).to.deep.equal([]);
  });
});
