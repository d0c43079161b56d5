import { expect } from 'chai';
import fc from 'fast-check';
import { assignModels } from '../../../scoring/assignment.js';
import { aHotkey, aModel } from '../../support/keys.js';

const models = Array.from({ length: 300 }, (_, n) => aModel(n));
const listeners = (stakes: readonly number[]) => stakes.map((stake, n) => ({ hotkey: aHotkey(n), stakeRao: BigInt(stake) }));

describe('assignment', () => {
  it('gives each model to min(replication, validators) different validators', () => {
    fc.assert(
      fc.property(fc.array(fc.nat(1e9), { maxLength: 8 }), fc.integer({ min: 1, max: 6 }), (stakes, replication) => {
        const assigned = assignModels({ seed: 'ab', models: models.slice(0, 5), listeners: listeners(stakes), replication });
        for (const hotkeys of assigned.values()) {
          expect(hotkeys).to.have.length(Math.min(replication, stakes.length));
          expect(new Set(hotkeys).size).to.equal(hotkeys.length);
        }
      }),
    );
  });

  it('is the same whatever the order in which validators are listed', () => {
    const some = listeners([5, 50, 500, 5000]);
    const there = assignModels({ seed: 'ab', models, listeners: some, replication: 2 });
    const back = assignModels({ seed: 'ab', models, listeners: [...some].reverse(), replication: 2 });
    expect([...there]).to.deep.equal([...back]);
  });

  it('moves only the models of a validator that leaves', () => {
    const all = listeners([100, 100, 100, 100]);
    const before = assignModels({ seed: 'ab', models, listeners: all, replication: 1 });
    const after = assignModels({ seed: 'ab', models, listeners: all.slice(1), replication: 1 });
    for (const model of models) if (before.get(model)![0] !== all[0]!.hotkey) expect(after.get(model)).to.deep.equal(before.get(model));
  });

  it('gives more to more stake, and another spread to another seed', () => {
    const all = listeners([1, 1600]);
    const count = (seed: string) =>
      [...assignModels({ seed, models, listeners: all, replication: 1 }).values()].filter(([first]) => first === all[1]!.hotkey).length;
    expect(count('ab')).to.be.greaterThan(250);
    const even = listeners([7, 7]);
    const of = (seed: string) => [...assignModels({ seed, models, listeners: even, replication: 1 }).values()].map(String).join();
    expect(of('ab')).to.not.equal(of('cd'));
  });
});
