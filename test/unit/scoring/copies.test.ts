import { expect } from 'chai';
import fc from 'fast-check';
import {
  type Claimant,
  COPY_DISTANCE_PPM,
  DERIVATIVE_DISTANCE_PPM,
  findKinships,
  type Kinship,
  kinshipEvidence,
} from '../../../scoring/copies.js';
import { aHotkey, aModel } from '../../support/keys.js';

/** Fingerprints of these tests are numbers in ppm; their distance is their difference. */
const distance = (a: string, b: string) => Math.abs(Number(a) - Number(b));
const claim = (n: number, over: Partial<Claimant> = {}): Claimant => ({
  hotkey: aHotkey(n),
  model: aModel(n),
  commitmentBlock: n,
  tensorDigests: [],
  fingerprint: String(n * 1_000_000),
  ...over,
});
const said = (claims: readonly Claimant[], remembered?: (claimant: Claimant) => Kinship | null) =>
  [...findKinships(claims, distance, remembered)].map(([hotkey, { kind, of, because }]) => [hotkey, kind, of, because]);
const tensors = (...names: string[]) => ({ tensorDigests: names });
const TEN = 'abcdefghij'.split('');

describe('kinship', () => {
  it('is found by package, by tensors and by output, and the earliest commitment is the original', () => {
    const claims = [
      claim(1, tensors(...TEN)),
      claim(2, { model: aModel(1) }),
      claim(3, tensors(...TEN.slice(0, 9), ...TEN.slice(9), 'x')),
      claim(4, tensors(...TEN.slice(0, 7), 'u', 'v', 'w')),
      claim(5, tensors(...TEN.slice(0, 6), 'x', 'y', 'z', 'zz')),
      claim(6, { fingerprint: String(1_000_000 + COPY_DISTANCE_PPM - 1) }),
      claim(7, { fingerprint: String(1_000_000 - COPY_DISTANCE_PPM) }),
      claim(8, { fingerprint: String(1_000_000 + DERIVATIVE_DISTANCE_PPM) }),
    ];
    expect(said([...claims].reverse())).to.deep.equal([
      [aHotkey(2), 'copy', aHotkey(1), 'same package'],
      [aHotkey(3), 'copy', aHotkey(1), 'same tensors'],
      [aHotkey(4), 'derivative', aHotkey(1), 'same tensors'],
      [aHotkey(6), 'copy', aHotkey(1), 'same output'],
      [aHotkey(7), 'derivative', aHotkey(1), 'same output'],
    ]);
  });

  it('names the copy of a derivative a copy, and a third one near a copy but far from its original nothing', () => {
    const at = (n: number, ppm: number) => claim(n, { fingerprint: String(1_000_000 + ppm) });
    expect(said([at(1, 0), at(2, 180_000), at(3, 230_000)])).to.deep.equal([
      [aHotkey(2), 'derivative', aHotkey(1), 'same output'],
      [aHotkey(3), 'copy', aHotkey(2), 'same output'],
    ]);
    expect(said([at(1, 0), at(2, 90_000), at(3, 260_000)]).map(([hotkey]) => hotkey)).to.deep.equal([aHotkey(2)]);
  });

  it('cannot be told without tensors and audio', () => {
    expect(said([claim(1, { fingerprint: '' }), claim(2, { fingerprint: '' })])).to.deep.equal([]);
  });

  it('in one block is decided by the hotkey text, the same for everybody', () => {
    const twins = [claim(8, { commitmentBlock: 1, model: aModel(0) }), claim(9, { commitmentBlock: 1, model: aModel(0) })];
    const [first] = twins.map(({ hotkey }) => hotkey).sort();
    expect(said(twins)[0]![2]).to.equal(first);
  });

  it('is remembered while the two are not heard together, and forgotten when they are heard apart', () => {
    const found = findKinships([claim(1), claim(2, { fingerprint: '1000001' })], distance).get(aHotkey(2))!;
    const remembered = ({ hotkey }: Claimant) => (hotkey === aHotkey(2) ? found : null);
    const silent = [claim(1, { fingerprint: '' }), claim(2)];
    expect(said(silent, remembered)).to.deep.equal([[aHotkey(2), 'copy', aHotkey(1), 'same output']]);
    expect(said(silent)).to.deep.equal([]);
    expect(said([claim(1, { fingerprint: '', model: aModel(77) }), claim(2)], remembered)).to.deep.equal([]);
    expect(said([claim(1), claim(2)], remembered)).to.deep.equal([]);
  });

  it('protects a miner that offers a better version: the copy of the earlier one does not become its original', () => {
    const first = { ...claim(1, tensors(...TEN)), past: true, fingerprint: '' };
    const thief = claim(2, tensors(...TEN, 'x'));
    const second = { ...claim(3, tensors(...TEN)), hotkey: aHotkey(1) };
    expect(said([first, thief, second])).to.deep.equal([[aHotkey(2), 'copy', aHotkey(1), 'same tensors']]);
    expect(said([thief, second])).to.deep.equal([[aHotkey(1), 'copy', aHotkey(2), 'same tensors']]);
    const derived = claim(2, tensors(...TEN.slice(0, 7), 'u', 'v', 'w'));
    expect(said([first, derived, { ...second, ...tensors(...TEN.slice(0, 7), 'u', 'v', 'w') }])).to.deep.equal([
      [aHotkey(2), 'derivative', aHotkey(1), 'same tensors'],
    ]);
  });

  it('does not depend on the order in which claimants are listed, and never makes a circle', () => {
    const any = fc.array(fc.tuple(fc.nat(900_000), fc.nat(6), fc.nat(4), fc.boolean()), { maxLength: 9 }).map((list) =>
      list.map(([ppm, block, owner, past], n): Claimant => {
        return {
          ...claim(n),
          hotkey: past ? aHotkey(owner) : aHotkey(n),
          commitmentBlock: block,
          fingerprint: past ? '' : String(ppm),
          past,
        };
      }),
    );
    fc.assert(
      fc.property(any, (claims) => {
        const found = findKinships(claims, distance);
        expect([...findKinships([...claims].reverse(), distance)]).to.have.deep.members([...found]);
        for (const start of found.keys()) {
          let [at, steps] = [start, 0];
          for (let next = found.get(at); next !== undefined; next = found.get(at)) {
            at = next.of;
            expect(++steps).to.be.at.most(claims.length);
          }
        }
      }),
    );
  });

  it('is told in words', () => {
    const of = { of: aHotkey(1), model: aModel(1), tensorsPercent: 60, distancePpm: 170_000 } as const;
    expect(kinshipEvidence({ ...of, kind: 'derivative', because: 'same output' })).to.equal(
      'the same prompts sound alike (170000 ppm apart, below 250000); 60 % of the tensors are the same',
    );
    expect(kinshipEvidence({ ...of, kind: 'derivative', because: 'same tensors', distancePpm: null })).to.equal(
      '60 % of the tensors are the same',
    );
  });
});
