import { expect } from 'chai';
import fc from 'fast-check';
import { commitmentOf } from '../../../chain/commitment.js';
import { sha256Hex } from '../../../protocol/digest.js';
import type { ScoreRecord } from '../../../scoring/record.js';
import { WAITING_ROUNDS_MAX } from '../../../scoring/standing.js';
import { believedRecords, type RoundEntry, type WeighedBefore, type WeighedRound, weighRound } from '../../../scoring/weigh.js';
import { aHotkey, aModel } from '../../support/keys.js';
import { POLICY } from '../../support/small-subnet.js';

const SELF = aHotkey('validator');
const SCORER = sha256Hex('scorer');
/** Fingerprints of these tests are numbers in ppm. */
const distancePpm = (a: string, b: string) => Math.min(1_000_000, Math.abs(Number(a) - Number(b)));

interface Offer {
  readonly n: number;
  readonly model?: number;
  readonly block: number;
  /** Null: not heard. */
  readonly ppm: number | null;
  readonly sound?: number;
  readonly owner?: string;
}

function entryOf({ n, model = n, block }: Offer): RoundEntry {
  return { hotkey: aHotkey(n), registeredAt: 1, model: aModel(model), commitmentBlock: block };
}

function recordOf(offer: Offer, round: number): readonly { validator: typeof SELF; record: ScoreRecord }[] {
  if (offer.ppm === null) return [];
  const { hotkey, model } = entryOf(offer);
  const seed = sha256Hex(String(round));
  const prompts = [0, 1].map(() => ({ scorePpm: offer.ppm ?? 0, parts: {}, audioDigest: '', fault: null }));
  const fingerprint = String(offer.sound ?? offer.n * 1_000_000);
  const head = { version: 1, netuid: 7, round, hotkey, model, scorer: SCORER, promptSet: seed, seed, engine: 'native' } as const;
  return [{ validator: SELF, record: { ...head, prompts, scorePpm: offer.ppm, fingerprint } }];
}

/** `silent`: hotkeys whose claim is on chain and not announced. */
function weigh(offers: readonly Offer[], before: readonly WeighedBefore[] = [], round = 1, silent: readonly number[] = []): WeighedRound {
  return weighRound({
    round,
    block: 10_000,
    self: SELF,
    scorer: SCORER,
    entries: offers.map(entryOf),
    claims: [
      ...offers.map((offer) => ({ ...entryOf(offer), commitment: commitmentOf(aHotkey(offer.n), entryOf(offer).model) })),
      ...silent.map((n) => ({ hotkey: aHotkey(n), registeredAt: 1, commitment: sha256Hex('a model that nobody was told') })),
    ],
    heard: offers.flatMap((offer) => recordOf(offer, round)),
    before,
    seats: [...new Set([...offers.map(({ n }) => n), ...silent])].map((n) => {
      const owner = offers.find((offer) => offer.n === n)?.owner;
      return { hotkey: aHotkey(n), registeredAt: 1, coldkey: aHotkey(owner ?? `owner of ${n}`) };
    }),
    tensorsOf: () => [],
    policy: POLICY,
    beliefs: { disbelieved: [], mistaken: [] },
    distancePpm,
  });
}

const shareOf = (weighed: WeighedRound, n: number) => weighed.shares.get(aHotkey(n)) ?? 0;
const modelOf = (weighed: WeighedRound, n: number) => weighed.models.find(({ hotkey }) => hotkey === aHotkey(n));

describe('a weighed round', () => {
  const good = { n: 1, block: 100, ppm: 900_000 };
  const other = { n: 2, block: 200, ppm: 700_000 };

  it('leaves a miner its place and its share while its new model waits to be heard', () => {
    const first = weigh([good, other]);
    const waiting = weigh([{ ...good, model: 50, block: 300, ppm: null }, other], first.models, 2);
    expect([shareOf(waiting, 1), shareOf(waiting, 2)]).to.deep.equal([shareOf(first, 1), shareOf(first, 2)]);
    expect(modelOf(waiting, 1)).to.include({ model: aModel(1), rank: 1, unheardRounds: 1 });
    const heard = weigh([{ ...good, model: 50, block: 300, ppm: 300_000 }, other], waiting.models, 3);
    expect(modelOf(heard, 1)).to.include({ model: aModel(50), standingPpm: 300_000, rank: 2, unheardRounds: 0 });
  });

  it('does so also before the new model is announced', () => {
    const first = weigh([good, other]);
    expect(shareOf(weigh([other], first.models, 2, [1]), 1)).to.equal(shareOf(first, 1));
    expect(shareOf(weigh([other], first.models, 2), 1), 'it has withdrawn').to.equal(0);
  });

  it('but not for ever, whatever is submitted meanwhile, and says no zero', () => {
    let last = weigh([good, other]);
    for (let round = 2; round <= 1 + WAITING_ROUNDS_MAX; round++) {
      last = weigh([{ ...good, model: 50 + round, block: 300 + round, ppm: null }, other], last.models, round);
      expect(shareOf(last, 1)).to.be.above(0);
    }
    last = weigh([{ ...good, model: 99, block: 400, ppm: null }, other], last.models, 9);
    expect(modelOf(last, 1)).to.include({ sharePpm: 0, rank: null, standingPpm: 900_000 });
    expect(shareOf(last, 2)).to.equal(1_000_000);
  });

  it('keeps a copy a copy while its original waits, and when the original has become a better one', () => {
    const thief = { n: 3, block: 250, ppm: 950_000, sound: 1_000_001 };
    const first = weigh([good, other, thief]);
    expect(modelOf(first, 3)).to.include({ copyOf: aHotkey(1), sharePpm: 0 });
    const waiting = weigh([{ ...good, model: 50, block: 300, ppm: null }, other, thief], first.models, 2);
    expect(modelOf(waiting, 3)).to.include({ copyOf: aHotkey(1), sharePpm: 0 });
    const better = { ...good, model: 50, block: 300, ppm: 960_000, sound: 1_050_000 };
    const after = weigh([better, other, thief], waiting.models, 3);
    expect(modelOf(after, 3)).to.include({ copyOf: aHotkey(1), sharePpm: 0 });
    expect(modelOf(after, 1)).to.include({ kinship: null, rank: 1 });
  });

  it('says why a derivative takes no place', () => {
    const derived = { n: 3, block: 250, ppm: 910_000, sound: 1_200_000 };
    const model = modelOf(weigh([good, other, derived]), 3);
    expect(model).to.include({ copyOf: null, behind: aHotkey(1), rank: null, sharePpm: 0 });
    expect(model!.kinship).to.include({ kind: 'derivative', of: aHotkey(1), distancePpm: 200_000 });
    expect(model!.copyEvidence).to.match(/sound alike \(200000 ppm apart, below 250000\)/);
  });

  const anyOffers = fc
    .array(fc.tuple(fc.option(fc.nat(1_000_000), { freq: 8 }), fc.nat(500), fc.nat(2_000_000), fc.nat(3)), { minLength: 1, maxLength: 7 })
    .map((list) => list.map(([ppm, block, sound, owner], n): Offer => ({ n, block, ppm, sound, owner: `owner ${owner}` })));

  it('does not depend on the order of its rows, and shares out everything or nothing', () => {
    fc.assert(
      fc.property(anyOffers, (offers) => {
        const weighed = weigh(offers);
        const turned = weigh([...offers].reverse());
        expect(turned.models).to.deep.equal(weighed.models);
        const total = [...weighed.shares.values()].reduce((sum, share) => sum + share, 0);
        expect(total).to.equal(weighed.shares.size === 0 ? 0 : 1_000_000);
        expect(weigh(offers, turned.models, 2)).to.deep.equal(weigh(offers, weighed.models, 2));
      }),
    );
  });

  it('pays nothing for copies of oneself, whatever they score and whoever offers them', () => {
    fc.assert(
      fc.property(
        anyOffers,
        fc.nat(6),
        fc.array(fc.tuple(fc.nat(1_000_000), fc.nat(500)), { minLength: 1, maxLength: 3 }),
        (offers, which, copies) => {
          const own = offers[which % offers.length]!;
          const added = copies.map(([ppm, later], at): Offer => {
            return {
              n: 20 + at,
              block: 501 + later,
              ppm,
              sound: own.sound ?? 0,
              owner: at % 2 === 0 ? (own.owner ?? '') : `straw man ${at}`,
            };
          });
          fc.pre(own.ppm !== null);
          const before = weigh(offers);
          const after = weigh([...offers, ...added]);
          expect([...after.shares]).to.deep.equal([...before.shares]);
        },
      ),
    );
  });
});

describe('a model that was not heard here', () => {
  const offer = { n: 1, block: 1, ppm: 0 };
  const heardBy = (scores: readonly number[]) =>
    scores.map((ppm, at) => ({ ...recordOf({ ...offer, ppm }, 1)[0]!, validator: aHotkey(`other ${at}`) }));
  const believed = (scores: readonly number[]) =>
    believedRecords({
      round: 1,
      self: SELF,
      scorer: SCORER,
      entries: [entryOf(offer)],
      heard: heardBy(scores),
      beliefs: { disbelieved: [], mistaken: [] },
    }).scores.get(aHotkey(1));

  it('is believed to be what most of the others agree on, whatever liars say each by himself', () => {
    const liars = fc.uniqueArray(
      fc.integer({ min: 0, max: 180 }).map((step) => step * 5_001),
      { maxLength: 6 },
    );
    fc.assert(
      fc.property(liars, fc.integer({ min: 0, max: 1_000_000 }), fc.nat(2), (lies, truth, extra) => {
        fc.pre(lies.every((lie) => Math.abs(lie - truth) > 10_000));
        const honest = Array.from({ length: 2 + extra }, () => truth);
        expect(believed([...lies, ...honest])).to.equal(truth);
        expect(believed([...honest, ...lies])).to.equal(truth);
      }),
    );
  });

  it('gets the lower median where nobody agrees with anybody, and of those who agree', () => {
    expect(believed([900_000, 100_000, 500_000])).to.equal(500_000);
    expect(believed([900_000, 100_000])).to.equal(100_000);
    expect(believed([900_000, 500_000, 500_004, 500_002, 100_000])).to.equal(500_002);
    expect(believed([])).to.equal(undefined);
  });
});
