import { expect } from 'chai';
import fc from 'fast-check';
import { createOverlay, createState } from '../../../../chain/devchain/state.js';

const HISTORY = 5;
const keyArb = fc.constantFrom('0xa1', '0xa2', '0xb1', '0xb2', '0xc1');
const changesArb = fc.array(fc.tuple(keyArb, fc.option(fc.constantFrom('0x01', '0x02', '0x03'))), { maxLength: 4 });

describe('devchain state', () => {
  it('reads every held block as it was, whatever came after', () => {
    fc.assert(
      fc.property(fc.array(changesArb, { maxLength: 20 }), (blocks) => {
        const state = createState([['0xa1', '0x09']], 0, HISTORY);
        const snapshots: Map<string, string>[] = [new Map([['0xa1', '0x09']])];
        for (const [i, changes] of blocks.entries()) {
          const next = new Map(snapshots.at(-1));
          for (const [key, value] of changes) {
            if (value === null) next.delete(key);
            else next.set(key, value);
          }
          snapshots.push(next);
          state.commit(i + 1, new Map(changes));
        }
        const head = blocks.length;
        expect(state.oldest()).to.equal(Math.max(0, head - HISTORY));
        for (let number = 0; number <= head + 1; number += 1) {
          const view = state.at(number);
          if (number < head - HISTORY || number > head) {
            expect(view).to.equal(null);
            continue;
          }
          for (const key of ['0xa1', '0xa2', '0xb1', '0xb2', '0xc1']) {
            expect(view?.get(key) ?? null).to.equal(snapshots[number]?.get(key) ?? null);
          }
          for (const prefix of ['0x', '0xa', '0xb2', '0xd']) {
            const expected = [...(snapshots[number]?.keys() ?? [])].filter((key) => key.startsWith(prefix)).sort();
            expect(view?.keysWith(prefix)).to.deep.equal(expected);
          }
        }
      }),
    );
  });

  it('is as if lost blocks had never been, and goes on from there', () => {
    fc.assert(
      fc.property(
        fc.array(changesArb, { minLength: 1, maxLength: HISTORY }),
        fc.array(changesArb, { maxLength: HISTORY }),
        fc.array(changesArb, { maxLength: HISTORY }),
        (kept, lost, later) => {
          const straight = createState([['0xa1', '0x09']], 0, 3 * HISTORY);
          const rewound = createState([['0xa1', '0x09']], 0, 3 * HISTORY);
          // Asked for early, so that the order of the keys is kept up from here on.
          expect(rewound.now.keysWith('0x')).to.deep.equal(['0xa1']);
          for (const [i, changes] of kept.entries()) for (const state of [straight, rewound]) state.commit(i + 1, new Map(changes));
          for (const [i, changes] of lost.entries()) rewound.commit(kept.length + i + 1, new Map(changes));
          rewound.rewind(kept.length);
          for (const [i, changes] of later.entries()) {
            for (const state of [straight, rewound]) state.commit(kept.length + i + 1, new Map(changes));
          }
          for (let number = 0; number <= kept.length + lost.length + later.length; number += 1) {
            const [expected, found] = [straight.at(number), rewound.at(number)];
            expect(found?.keysWith('0x')).to.deep.equal(expected?.keysWith('0x'));
            for (const key of expected?.keysWith('0x') ?? []) expect(found?.get(key)).to.equal(expected?.get(key));
          }
        },
      ),
    );
  });

  it('shows an overlay on top, and the store beneath untouched until it is applied', () => {
    const state = createState(
      [
        ['0xa1', '0x01'],
        ['0xa2', '0x02'],
      ],
      0,
      HISTORY,
    );
    const lower = createOverlay(state.now);
    const upper = createOverlay(lower);
    upper.remove('0xa1');
    upper.put('0xa3', '0x03');
    expect(upper.keysWith('0xa')).to.deep.equal(['0xa2', '0xa3']);
    expect(lower.keysWith('0xa')).to.deep.equal(['0xa1', '0xa2']);
    upper.apply(lower);
    expect(lower.get('0xa1')).to.equal(null);
    expect(state.now.get('0xa1')).to.equal('0x01');
  });
});
