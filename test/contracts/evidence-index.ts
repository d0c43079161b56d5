import { expect } from 'chai';
import type { Hotkey } from '../../protocol/names.js';
import type { MemoryEvidenceIndex } from '../support/memory-evidence-index.js';
import { hotkeyNamed } from '../support/store-samples.js';

/** What the folders of evidence rely on: a mark and a lease exclude each other. */
export function evidenceIndexContract(name: string, create: () => Promise<MemoryEvidenceIndex>): void {
  describe(`the evidence index, ${name}`, () => {
    const [a, b]: readonly [Hotkey, Hotkey] = [hotkeyNamed('a'), hotkeyNamed('b')];

    it('has a row from the beginning of a folder until it is forgotten', async () => {
      const index = await create();
      expect(await index.list()).to.deep.equal([]);
      await index.begin(1, a);
      await index.begin(1, a);
      await index.complete(1, a);
      await index.begin(2, b);
      expect(await index.list()).to.have.deep.members([
        { round: 1, hotkey: a, state: 'kept' },
        { round: 2, hotkey: b, state: 'kept' },
      ]);
      await index.forget(1, a);
      await index.forget(1, a);
      expect(await index.list()).to.deep.equal([{ round: 2, hotkey: b, state: 'kept' }]);
    });

    it('marks nothing that is read, and lets nobody read what is marked', async () => {
      const index = await create();
      expect(await index.lease(1, a)).to.equal(null);
      await index.complete(1, a);
      const [first, second] = [await index.lease(1, a), await index.lease(1, a)];
      expect(first).to.deep.include({ host: 'here' });
      expect(await index.mark(1, a)).to.equal(false);
      await first?.release();
      await first?.release();
      expect(await index.mark(1, a)).to.equal(false);
      await second?.release();
      expect(await index.mark(1, a)).to.equal(true);
      expect(await index.list()).to.deep.equal([{ round: 1, hotkey: a, state: 'going' }]);
      expect(await index.lease(1, a)).to.equal(null);
    });

    it('never gives a lease and a mark at once, whoever is first', async () => {
      const index = await create();
      for (let round = 1; round <= 20; round += 1) {
        await index.complete(round, a);
        const asked = round % 2 === 0 ? [index.mark(round, a), index.lease(round, a)] : [index.lease(round, a), index.mark(round, a)];
        const answers = await Promise.all(asked);
        expect(answers.filter((answer) => answer === true || (answer !== null && answer !== false))).to.have.length(1);
      }
    });

    it('begins a folder again that was marked', async () => {
      const index = await create();
      await index.begin(1, a);
      await index.mark(1, a);
      await index.begin(1, a);
      expect(await index.list()).to.deep.equal([{ round: 1, hotkey: a, state: 'kept' }]);
      expect(await index.lease(1, a)).to.not.equal(null);
    });
  });
}
