import { expect } from 'chai';
import { clustersOf } from '../../../node/rounds/clusters.js';
import type { Kinship } from '../../../scoring/copies.js';
import { aHotkey, aModel } from '../../support/keys.js';
import { aStanding } from '../../support/store-samples.js';

const ROUND = 4;
const standing = (n: number, commitmentBlock: number, kinship: Kinship | null = null) =>
  aStanding(ROUND, { hotkey: aHotkey(n), model: aModel(n), commitmentBlock, kinship, copyEvidence: kinship && 'as heard' });
const made = (kind: Kinship['kind'], of: number, model = of): Kinship => {
  return { kind, of: aHotkey(of), model: aModel(model), because: 'same output', tensorsPercent: 3, distancePpm: 9_000 };
};

describe('clusters of a round', () => {
  it('are an original and all that was made from it, the earliest commitment first', () => {
    const rows = [standing(3, 90, made('copy', 2)), standing(1, 10), standing(2, 50, made('derivative', 1)), standing(4, 5)];
    const [cluster, ...more] = clustersOf(rows);
    expect(more).to.deep.equal([]);
    expect(cluster?.head).to.equal(aHotkey(1));
    expect(cluster?.members.map(({ hotkey, as, commitmentBlock }) => [hotkey, as, commitmentBlock])).to.deep.equal([
      [aHotkey(1), 'original', 10],
      [aHotkey(2), 'derivative', 50],
      [aHotkey(3), 'copy', 90],
    ]);
    expect(cluster?.members[2]?.from).to.include({ of: aHotkey(2), committedAt: 50, evidence: 'as heard', distancePpm: 9_000 });
  });

  it('name when the model was committed that was copied, also one that its miner has replaced', () => {
    const newer = { ...standing(1, 80), model: aModel(7), ancestors: [{ model: aModel(1), commitmentBlock: 10 }] };
    const [cluster] = clustersOf([newer, standing(2, 50, made('copy', 1)), standing(3, 60, made('copy', 1, 99))]);
    expect(cluster?.members.map(({ hotkey, from }) => [hotkey, from?.committedAt])).to.deep.equal([
      [aHotkey(2), 10],
      [aHotkey(3), null],
      [aHotkey(1), undefined],
    ]);
  });

  it('go on without an original that left, and are none where nobody is kin', () => {
    const [cluster] = clustersOf([standing(2, 50, made('copy', 1)), standing(3, 60, made('copy', 1))]);
    expect(cluster).to.include({ head: aHotkey(1) });
    expect(cluster?.members).to.have.length(2);
    expect(clustersOf([standing(1, 10), standing(2, 20)])).to.deep.equal([]);
    expect(clustersOf([])).to.deep.equal([]);
  });
});
