/** Neurons of the subnet, and the models they claim. Part of the contract of stores. */
import { expect } from 'chai';
import type { Stores } from '../../../node/ports.js';
import { aNeuron, aSnapshot, GENESIS, hashNamed, hotkeyNamed, modelNamed } from '../../support/store-samples.js';
import { codeOf } from '../code-of.js';

export function registryStores(stores: () => Stores): void {
  describe('registry', () => {
    const axon = { ip: '::1', port: 8091, protocol: 4, version: 1, block: 5, peerKey: null };

    it('gives back the newest snapshot, exactly, by ascending uid', async () => {
      const snapshot = aSnapshot(100, [aNeuron({ uid: 0 }), aNeuron({ uid: 4, axon, commitment: { block: 44, data: 'c0ffee' } })]);
      await stores().registry.save({ ...snapshot, neurons: [...snapshot.neurons].reverse() }, []);
      expect(await stores().registry.latest(GENESIS, 58)).to.deep.equal(snapshot);
      expect(await stores().registry.latest(GENESIS, 59)).to.equal(null);
      expect(await stores().registry.latest(hashNamed('another chain'), 58)).to.equal(null);
    });

    it('replaces neurons: seats change hands, people change seats, some leave', async () => {
      const [a, b, c] = [aNeuron({ uid: 0 }), aNeuron({ uid: 1 }), aNeuron({ uid: 2 })];
      await stores().registry.save(aSnapshot(100, [a, b, c]), []);
      const next = aSnapshot(101, [
        { ...b, uid: 0 },
        { ...a, uid: 1, stakeRao: 5n },
        { ...c, registeredAt: 101 },
      ]);
      await stores().registry.save(next, []);
      expect(await stores().registry.latest(GENESIS, 58)).to.deep.equal(next);
    });

    it('refuses an older block and keeps the newer state whole', async () => {
      const snapshot = aSnapshot(100, [aNeuron()]);
      await stores().registry.save(snapshot, []);
      const change = { kind: 'stake', block: 99, hotkey: hotkeyNamed('x'), uid: 0, before: '1', after: '2' } as const;
      expect(await codeOf(stores().registry.save(aSnapshot(99, []), [change]))).to.equal('store.block_older');
      expect(await stores().registry.latest(GENESIS, 58)).to.deep.equal(snapshot);
      expect(await stores().registry.changes(GENESIS, 58, 10)).to.deep.equal([]);
    });

    it('accepts the same block again', async () => {
      await stores().registry.save(aSnapshot(100, [aNeuron()]), []);
      expect(await codeOf(stores().registry.save(aSnapshot(100, [aNeuron()]), []))).to.equal('none');
    });

    it('lists changes newest first, up to the limit', async () => {
      const hotkey = hotkeyNamed('m');
      const joined = { kind: 'registered', block: 100, hotkey, uid: 1, registeredAt: 98 } as const;
      const moved = { kind: 'renumbered', block: 101, hotkey, from: 1, to: 0 } as const;
      const left = { kind: 'deregistered', block: 101, hotkey, uid: 0, replacedBy: null } as const;
      await stores().registry.save(aSnapshot(100, []), [joined]);
      await stores().registry.save(aSnapshot(101, []), [moved, left]);
      expect(await stores().registry.changes(GENESIS, 58, 10)).to.deep.equal([left, moved, joined]);
      expect(await stores().registry.changes(GENESIS, 58, 1)).to.deep.equal([left]);
    });
  });

  describe('models', () => {
    it('puts, replaces, gets and lists', async () => {
      const row = {
        hotkey: hotkeyNamed('m'),
        registeredAt: 7,
        model: modelNamed('a'),
        commitmentBlock: 44,
        state: 'retry',
        reason: { code: 'model.too_large', facts: { sizeBytes: 3, names: ['a', 'b'], strange: 'ends \ud800 with\u0007' } },
        attempts: 2,
        manifest: null,
        tensorDigests: ['f32:3 → aa'],
      } as const;
      expect(await stores().models.get(row.hotkey, row.model)).to.equal(null);
      await stores().models.put({ ...row, reason: { code: 'x', facts: { text: 'plain' } } });
      const earlier = { ...row, model: modelNamed('b'), commitmentBlock: 40, reason: null, state: 'scored' } as const;
      await stores().models.put(earlier);
      await stores().models.put({ ...earlier, attempts: 3 });
      const kept = await stores().models.get(row.hotkey, row.model);
      expect(kept?.reason).to.deep.equal({ code: 'x', facts: { text: 'plain' } });
      expect((await stores().models.list()).map((item) => [item.model, item.attempts])).to.deep.equal([
        [modelNamed('b'), 3],
        [modelNamed('a'), 2],
      ]);
      expect(await codeOf(stores().models.put(row))).to.equal('none');
    });
  });
}
