import { expect } from 'chai';
import fc from 'fast-check';
import { QUICKNET, roundAt, timeOfRound } from '../../../chain/beacon.js';
import type { WeightFacts } from '../../../chain/ports.js';
import { PULSE_BLOCKS, REVEAL_PERIOD_EPOCHS_MAX, revealPhase, revealRound, revealSpan, revealWindow } from '../../../chain/reveal.js';
import { createPalletClock } from '../../support/pallet-clock.js';
import { SOME_TIME_MS, someCommitReveal, someWeightFacts } from '../../support/weight-facts.js';

const NOW = SOME_TIME_MS / 1000;
const BLOCK_MS = 12_000;
const beaconAt = (seconds: number) => ({ ...QUICKNET, lastStoredRound: roundAt(QUICKNET, seconds) });
const commitReveal = (revealPeriodEpochs: number) => someCommitReveal({ revealPeriodEpochs, beacon: beaconAt(NOW) });
const timing = (number: number) => ({ head: { number }, nowSeconds: NOW, blockTimeMs: BLOCK_MS });

const situations = fc.record({
  tempo: fc.integer({ min: 20, max: 400 }),
  revealPeriod: fc.integer({ min: 1, max: 3 }),
  age: fc.nat(500),
  pendingIn: fc.oneof(fc.constant(null), fc.integer({ min: 1, max: 30 })),
  headAhead: fc.nat(5),
  /** Blocks after the next in which the commit is included. */
  delay: fc.nat(15),
  /** Blocks by which each epoch is put off. */
  putOff: fc.nat(3),
});

/** Facts at block 100,000, and the epoch of every later block by the clock of the pallet, and by its formula. */
function chainsFor({
  tempo,
  revealPeriod,
  age,
  pendingIn,
  putOff,
}: {
  tempo: number;
  revealPeriod: number;
  age: number;
  pendingIn: number | null;
  putOff: number;
}) {
  const number = 100_000;
  const epochClock = {
    lastEpochBlock: number - age,
    // An owner cannot ask for an epoch while commits are on; where one was asked for before, it is not put off here.
    pendingEpochAt: pendingIn === null || putOff > 0 ? 0 : number + pendingIn,
    index: 70,
    blocksSinceLastStep: age,
  };
  const facts = someWeightFacts({ tempo, commitReveal: commitReveal(revealPeriod), block: { ...someWeightFacts().block, number } });
  let due = Number.NaN;
  const pallet = createPalletClock({ tempo, ...epochClock }, (block) => {
    if (Number.isNaN(due)) due = block;
    if (block < due + putOff) return true;
    due = Number.NaN;
    return false;
  });
  const formula = (block: number) => Math.floor((block + facts.netuid + 1) / (tempo + 1));
  return [
    { facts: { ...facts, epochClock } satisfies WeightFacts, isPutOff: putOff > 0, step: (block: number) => pallet.step(block) },
    {
      facts: { ...facts, epochClock: null } satisfies WeightFacts,
      isPutOff: false,
      step: (block: number) => ({ started: formula(block), called: formula(block) }),
    },
  ];
}

describe('the round of a timelocked commit', () => {
  it('opens it in the epoch that counts, on every clock, whenever it is included and whatever is put off', () => {
    fc.assert(
      fc.property(situations, (situation) => {
        for (const { facts, isPutOff, step } of chainsFor(situation)) {
          const head = facts.block.number + situation.headAhead;
          const planned = revealRound(facts, timing(head));
          if (!planned.ok) throw planned.error;
          const { round, from, until, commitEpoch } = planned.value;
          const included = head + 1 + situation.delay;
          const timeOf = (block: number) => NOW + ((block - head) * BLOCK_MS) / 1000;
          let epoch = Number.NaN;
          let first = Number.NaN;
          let opened = Number.NaN;
          for (let block = facts.block.number + 1; block <= until + 4 * situation.tempo && Number.isNaN(opened); block += 1) {
            const { started, called } = step(block);
            if (block === included) epoch = called;
            if (block === head + 1 && !isPutOff) expect(called, 'the epoch of the next block').to.equal(commitEpoch);
            if (started === commitEpoch + situation.revealPeriod && Number.isNaN(first)) first = block;
            if (started === epoch + situation.revealPeriod && timeOf(block) >= timeOfRound(QUICKNET, round)) opened = block;
            expect(started, 'its epoch is over').to.be.at.most(
              Number.isNaN(epoch) ? Number.POSITIVE_INFINITY : epoch + situation.revealPeriod,
            );
          }
          expect(opened, 'never opened').not.to.be.NaN;
          if (!isPutOff) {
            expect(first).to.equal(from);
            expect(timeOfRound(QUICKNET, round), 'readable before its epoch').to.be.greaterThan(timeOf(from));
          }
        }
      }),
      { numRuns: 400 },
    );
  });

  /** Tempos down to 1, facts of a final block that is some blocks old, and blocks that come late. */
  const hurried = fc.record({
    tempo: fc.integer({ min: 1, max: 24 }),
    age: fc.nat(24),
    revealPeriod: fc.integer({ min: 1, max: 3 }),
    /** Blocks built since the one that the facts are of. */
    lag: fc.nat(6),
    /** Blocks after the next in which the commit is included. */
    delay: fc.nat(6),
    blockTimeMs: fc.constantFrom(250, 1_000, 12_000),
    /** Slots that stay empty before each block, and when in its slot it is built, in ppm of it. */
    blocks: fc.array(fc.record({ emptySlots: fc.constantFrom(0, 0, 0, 0, 1, 5), withinPpm: fc.nat(999_999) }), {
      minLength: 128,
      maxLength: 128,
    }),
    /** Of this machine's clock. */
    driftSeconds: fc.integer({ min: -20, max: 20 }),
  });

  it('is on chain before the epoch is over, or refused by name, for every tempo, place, delay and pace of blocks', () => {
    let planned = 0;
    let refused = 0;
    fc.assert(
      fc.property(hurried, ({ lag, delay, blockTimeMs, blocks, driftSeconds, ...situation }) => {
        for (const { facts: some, step } of chainsFor({ ...situation, age: situation.age % situation.tempo, pendingIn: null, putOff: 0 })) {
          const first = some.block.number;
          let slot = Math.floor(SOME_TIME_MS / blockTimeMs);
          const times = blocks.map(({ emptySlots, withinPpm }, i) => {
            slot += i === 0 ? 0 : 1 + emptySlots;
            return Math.floor((slot + withinPpm / 1e6) * blockTimeMs);
          });
          const timeOf = (block: number) => (times[block - first] ?? Number.NaN) / 1000;
          const lastStoredRound = roundAt(QUICKNET, timeOf(first));
          const facts = {
            ...some,
            timeMs: timeOf(first) * 1000,
            commitReveal: someCommitReveal({ revealPeriodEpochs: situation.revealPeriod, beacon: { ...QUICKNET, lastStoredRound } }),
          };
          const nowSeconds = timeOf(first + lag) + driftSeconds;
          const outcome = revealRound(facts, { head: facts.block, nowSeconds, blockTimeMs });
          if (!outcome.ok) {
            refused += 1;
            expect(outcome.error.code).to.equal('chain.tempo_too_short');
            continue;
          }
          planned += 1;
          const included = first + lag + 1 + delay;
          let epoch = Number.NaN;
          let last = Number.NaN;
          for (let block = first + 1; block < first + blocks.length; block += 1) {
            const { started, called } = step(block);
            if (block === included) epoch = called;
            if (started === epoch + situation.revealPeriod) last = block;
          }
          expect(last, 'the last block that could open it').to.be.at.least(included);
          // A pulse is in the block after the one at whose time it came, and used in the block after that.
          expect(timeOfRound(QUICKNET, outcome.value.round)).to.be.at.most(timeOf(last - PULSE_BLOCKS));
        }
      }),
      { numRuns: 1_500 },
    );
    expect(Math.min(planned, refused), `${planned} planned, ${refused} refused`).to.be.greaterThan(200);
  });

  it('is refused for every place in an epoch below 3 blocks, and for none where it has 3 more than finality is behind', () => {
    const answers = (tempo: number, lag: number) =>
      Array.from({ length: tempo }, (_, age) => {
        const epochClock = { lastEpochBlock: 1_000 - age, pendingEpochAt: 0, index: 5, blocksSinceLastStep: age };
        const nowSeconds = NOW + ((lag + 0.9) * BLOCK_MS) / 1000;
        return revealRound(someWeightFacts({ tempo, epochClock, commitReveal: commitReveal(1) }), { ...timing(1_000), nowSeconds }).ok;
      });
    for (const lag of [0, 3, 6]) {
      for (const tempo of [1, 2]) expect(answers(tempo, lag), `tempo ${tempo}`).not.to.include(true);
      for (const tempo of [3, 4, 5, 10, 60, 360].map((least) => least + lag)) {
        expect(answers(tempo, lag), `tempo ${tempo}, ${lag} behind`).not.to.include(false);
      }
    }
    expect(answers(5, 3)).to.include(true).and.to.include(false);
  });

  it('is aimed three blocks into the epoch', () => {
    const facts = someWeightFacts({ commitReveal: commitReveal(1) });
    // The next epochs open at 1260 and 1620; a commit in block 1001 belongs to epoch 5, which is revealed from 1260 on.
    const seconds = NOW + (1_260 + 3 - 1_000) * 12;
    expect(revealRound(facts, timing(1_000))).to.deep.equal({
      ok: true,
      value: { commitEpoch: 5, from: 1_260, until: 1_619, round: Math.floor((seconds - QUICKNET.genesisSeconds) / 3) },
    });
    const fast = revealRound(facts, { ...timing(1_000), blockTimeMs: 250 });
    expect(fast.ok && fast.value.round).to.equal(Math.floor((NOW + 263 / 4 - QUICKNET.genesisSeconds) / 3));
  });

  it('is never one that can be on chain before the commit', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 40 }),
        fc.integer({ min: 0, max: 40 }),
        fc.integer({ min: 50, max: 12_000 }),
        (tempo, age, blockTimeMs) => {
          const facts = someWeightFacts({
            tempo: tempo + 10,
            epochClock: { lastEpochBlock: 1_000 - age, pendingEpochAt: 0, index: 5, blocksSinceLastStep: age },
            commitReveal: commitReveal(1),
          });
          const planned = revealRound(facts, { ...timing(1_000), blockTimeMs });
          if (planned.ok) {
            expect(planned.value.round).to.be.at.least(roundAt(QUICKNET, NOW + blockTimeMs / 1000));
            expect(timeOfRound(QUICKNET, planned.value.round)).to.be.at.most(NOW + ((planned.value.until - 1_000) * blockTimeMs) / 1000);
          } else expect(planned.error.code).to.equal('chain.tempo_too_short');
        },
      ),
    );
  });

  it('is refused where it would never come', () => {
    const codeOf = (over: Partial<WeightFacts>) => {
      const planned = revealRound(someWeightFacts(over), timing(1_000));
      return planned.ok ? null : planned.error.code;
    };
    expect(codeOf({ commitReveal: commitReveal(1), tempo: 0 })).to.equal('chain.reveal_unforeseen');
    expect(codeOf({ commitReveal: commitReveal(0) })).to.equal('chain.reveal_unforeseen');
    expect(codeOf({ commitReveal: commitReveal(REVEAL_PERIOD_EPOCHS_MAX + 1) })).to.equal('chain.reveal_unforeseen');
    expect(codeOf({ commitReveal: commitReveal(REVEAL_PERIOD_EPOCHS_MAX) })).to.equal(null);
    expect(codeOf({ commitReveal: null })).to.equal('chain.reveal_unforeseen');
    expect(codeOf({ commitReveal: someCommitReveal() })).to.equal('chain.beacon_unknown');
  });
});

describe('the reveal of a commit', () => {
  it('is early, open and over as the pallet and its pool see it, block by block', () => {
    fc.assert(
      fc.property(situations, (situation) => {
        for (const { facts, step } of chainsFor({ ...situation, putOff: 0 })) {
          const span = revealSpan(facts, facts.block);
          if (!span.ok) throw span.error;
          const target = span.value.commitEpoch + situation.revealPeriod;
          const seen = new Set<string>();
          for (let head = facts.block.number; head <= span.value.until + 3; head += 1) {
            const { started, called } = step(head + 1);
            const phase = revealPhase(facts, span.value.commitEpoch, { number: head });
            seen.add(phase);
            expect(phase === 'open', `head +${head - facts.block.number}`).to.equal(started === target && called === target);
            if (phase !== 'open') expect(phase).to.equal(called > target ? 'over' : 'early');
          }
          expect([...seen]).to.deep.equal(['early', 'open', 'over']);
          expect(revealWindow(facts, span.value.commitEpoch)).to.deep.equal({ from: span.value.from, until: span.value.until });
        }
      }),
      { numRuns: 60 },
    );
  });

  it('is over for what was committed long ago, and early for what is far away', () => {
    const facts = someWeightFacts({ commitReveal: commitReveal(1) });
    expect(revealPhase(facts, 3)).to.equal('over');
    expect(revealWindow(facts, 3)).to.equal(null);
    expect(revealPhase(facts, 4)).to.equal('open');
    expect(revealPhase(facts, 5)).to.equal('early');
    expect(revealPhase(facts, 5_000)).to.equal('early');
    expect(revealPhase({ ...facts, epochClock: null }, 0)).to.equal('over');
  });
});
