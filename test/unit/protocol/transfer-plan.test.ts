import { expect } from 'chai';
import fc from 'fast-check';
import { COPIES_MAX, createTransferPlan } from '../../../protocol/transfer-plan.js';

/** Numbers in [0, 1) from a seed, so that a failing case plays again. */
function chance(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return state / 2 ** 32;
  };
}

interface Peer {
  readonly id: string;
  readonly holds: ReadonlySet<number> | null;
  /** lies: its chunks are wrong. stops: it never answers. */
  readonly kind: 'honest' | 'lies' | 'stops';
}

const peers = (chunks: number) =>
  fc
    .array(
      fc.record({
        part: fc.option(fc.uniqueArray(fc.nat(chunks - 1)), { nil: null }),
        kind: fc.constantFrom('honest' as const, 'lies' as const, 'stops' as const),
      }),
      { minLength: 1, maxLength: 6 },
    )
    .map((list): Peer[] => list.map(({ part, kind }, n) => ({ id: `p${n}`, holds: part === null ? null : new Set(part), kind })));

describe('transfer plan', () => {
  it('brings everything that an honest peer has, once, and never more than two copies of it', () => {
    const cases = fc
      .integer({ min: 1, max: 24 })
      .chain((chunks) =>
        fc.record({ chunks: fc.constant(chunks), here: fc.uniqueArray(fc.nat(chunks - 1)), list: peers(chunks), seed: fc.nat() }),
      );
    fc.assert(
      fc.property(cases, ({ chunks, here, list, seed }) => {
        const random = chance(seed);
        const before = new Set(here);
        const plan = createTransferPlan(chunks, (chunk) => before.has(chunk), random);
        const active = new Map(list.map((peer) => [peer.id, { peer, owes: [] as number[] }]));
        for (const { id, holds } of list) plan.setProvider(id, holds);
        const came = new Set<number>();
        // Every step one peer asks, answers or is dropped; enough of them end it.
        for (let step = 0; step < 4_000 && plan.missing > 0 && active.size > 0; step += 1) {
          const each = [...active.values()][Math.floor(random() * active.size)];
          if (each === undefined) break;
          const { peer, owes } = each;
          if (owes.length < 3 && random() < 0.6) {
            const chunk = plan.next(peer.id);
            if (chunk === null) continue;
            expect(before.has(chunk) || came.has(chunk), 'it is here already').to.equal(false);
            expect(peer.holds === null || peer.holds.has(chunk), 'its provider has it').to.equal(true);
            expect(owes.includes(chunk), 'it is owed already').to.equal(false);
            owes.push(chunk);
            const copies = [...active.values()].filter((other) => other.owes.includes(chunk)).length;
            expect(copies).to.be.at.most(COPIES_MAX);
            continue;
          }
          const chunk = owes.shift();
          if (chunk === undefined) continue;
          if (peer.kind === 'honest') {
            expect(plan.done(peer.id, chunk)).to.equal(!came.has(chunk));
            came.add(chunk);
          } else if (peer.kind === 'lies' || random() < 0.2) {
            plan.dropProvider(peer.id);
            active.delete(peer.id);
          } else owes.unshift(chunk);
        }
        const honest = list.filter(({ kind }) => kind === 'honest');
        for (let chunk = 0; chunk < chunks; chunk += 1) {
          const obtainable = honest.some(({ holds }) => holds === null || holds.has(chunk));
          if (obtainable) expect(plan.isMissing(chunk), `chunk ${chunk}`).to.equal(false);
          expect(plan.isMissing(chunk)).to.equal(!before.has(chunk) && !came.has(chunk));
        }
        if (plan.missing > 0) expect(honest.some(({ holds }) => holds === null)).to.equal(false);
      }),
      { numRuns: 300 },
    );
  });

  it('asks for the rarest first', () => {
    const plan = createTransferPlan(4, () => false, chance(1));
    plan.setProvider('all', null);
    plan.setProvider('some', new Set([0, 1, 2]));
    plan.setProvider('few', new Set([0, 1]));
    expect(plan.next('all')).to.equal(3);
    expect(plan.next('all')).to.equal(2);
  });

  it('draws lots among equals', () => {
    const firsts = new Set(
      Array.from({ length: 200 }, (_, seed) => {
        const plan = createTransferPlan(8, () => false, chance(seed * 7_919));
        plan.setProvider('a', null);
        return plan.next('a');
      }),
    );
    expect(firsts.size).to.equal(8);
  });

  it('lets the quick help the slow at the end, with one copy more and no other', () => {
    const plan = createTransferPlan(1, () => false, chance(1));
    for (const id of ['slow', 'quick', 'third']) plan.setProvider(id, null);
    expect(plan.next('slow')).to.equal(0);
    expect(plan.next('quick')).to.equal(0);
    expect(plan.next('third')).to.equal(null);
    expect(plan.hasWork()).to.equal(false);
    plan.dropProvider('slow');
    expect(plan.hasWork()).to.equal(true);
    expect(plan.next('third')).to.equal(0);
    expect(plan.done('quick', 0)).to.equal(true);
    expect(plan.done('third', 0)).to.equal(false);
    expect(plan.missing).to.equal(0);
  });

  it('knows what nobody has', () => {
    const plan = createTransferPlan(3, (chunk) => chunk === 0, chance(1));
    plan.setProvider('a', new Set([1]));
    expect(plan.orphan()).to.equal(2);
    plan.setProvider('a', new Set([1, 2]));
    expect(plan.orphan()).to.equal(null);
  });
});
