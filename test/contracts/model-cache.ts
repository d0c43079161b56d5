/** What every model cache promises. */
import { expect } from 'chai';
import { nodeFailure } from '../../node/failures.js';
import type { ModelCache, PendingModel } from '../../node/model-cache.js';
import type { ModelDigest } from '../../protocol/names.js';
import { aModel } from '../support/keys.js';
import { codeOf } from './code-of.js';

export const CACHE_BUDGET_BYTES = 1_000;

export interface OpenedCache {
  readonly cache: ModelCache;
  /** Puts `sizeBytes` into the directory of an arriving package. */
  fill(pending: PendingModel, sizeBytes: number): Promise<void>;
  /** So much time passes that what was given out before may go. */
  pass(): void;
  remove(): Promise<void>;
}

export function modelCacheContract(
  name: string,
  open: (verify: (directory: string, model: ModelDigest) => Promise<void>) => Promise<OpenedCache>,
): void {
  describe(`model cache contract: ${name}`, () => {
    const [A, B, C] = [aModel('a'), aModel('b'), aModel('c')];
    let opened: OpenedCache;
    let verified: [string, ModelDigest][];
    let bad: ModelDigest | null;
    beforeEach(async () => {
      verified = [];
      bad = null;
      opened = await open(async (directory, model) => {
        verified.push([directory, model]);
        if (model === bad) throw nodeFailure('node.no_provider', { model, hotkey: 'test' });
      });
    });
    afterEach(() => opened.remove());

    async function bring(model: ModelDigest, sizeBytes = 400): Promise<string> {
      const pending = await opened.cache.begin(model, sizeBytes);
      await opened.fill(pending, sizeBytes);
      const directory = await pending.commit();
      opened.pass();
      return directory;
    }
    const models = async () => (await opened.cache.list()).map(({ model }) => model).sort();

    it('finds a package from its commit on, not before', async () => {
      const { cache, fill } = opened;
      expect(await cache.find(A)).to.equal(null);
      const pending = await cache.begin(A, 400);
      await fill(pending, 400);
      expect(await cache.find(A)).to.equal(null);
      const directory = await pending.commit();
      expect(directory).to.not.equal(pending.directory);
      expect(await cache.find(A)).to.equal(directory);
      expect(await cache.list()).to.deep.equal([{ model: A, sizeBytes: 400 }]);
      expect(verified).to.deep.equal([[pending.directory, A]]);
    });

    it('keeps nothing that does not verify or is discarded, and gives the room back', async () => {
      const { cache } = opened;
      bad = A;
      expect(await codeOf(cache.begin(A, 900).then((pending) => pending.commit()))).to.equal('node.no_provider');
      const second = await cache.begin(B, 900);
      await second.discard();
      await second.discard();
      expect(await models()).to.deep.equal([]);
      expect(await cache.find(A)).to.equal(null);
      await bring(C, 900);
      expect(await models()).to.deep.equal([C]);
    });

    it('commits once, and a discard afterwards changes nothing', async () => {
      const pending = await opened.cache.begin(A, 100);
      await opened.fill(pending, 100);
      expect(new Set(await Promise.all([pending.commit(), pending.commit()])).size).to.equal(1);
      await pending.discard();
      expect(await opened.cache.find(A)).to.be.a('string');
      expect(verified).to.have.length(1);
    });

    it('gives two arrivals of one model a directory each, and ends with one package', async () => {
      const [first, second] = [await opened.cache.begin(A, 100), await opened.cache.begin(A, 100)];
      expect(first.directory).to.not.equal(second.directory);
      for (const each of [first, second]) await opened.fill(each, 100);
      expect(await first.commit()).to.equal(await second.commit());
      expect(await opened.cache.list()).to.deep.equal([{ model: A, sizeBytes: 100 }]);
    });

    it('lets the oldest go for room, not one that was just given out', async () => {
      await bring(A);
      await bring(B);
      await opened.cache.find(A);
      await bring(C);
      expect(await models()).to.deep.equal([A, C].sort());
    });

    it('keeps what somebody works with, however old, until he is done; room is then asked for again', async () => {
      const { cache } = opened;
      await bring(A);
      await bring(B);
      const [first, second] = [await cache.lease(A), await cache.lease(A)];
      opened.pass();
      await bring(C);
      expect(await models(), 'the younger one goes').to.deep.equal([A, C].sort());
      expect(await cache.find(A)).to.equal(first?.directory);
      opened.pass();
      for (const lease of [first, first]) lease?.release();
      expect(await codeOf(cache.begin(B, CACHE_BUDGET_BYTES)), 'one of two is not both').to.equal('store.cache_busy');
      second?.release();
      const pending = await cache.begin(B, CACHE_BUDGET_BYTES);
      expect(await models()).to.deep.equal([]);
      await pending.discard();
    });

    it('refuses what never fits, and what does not fit beside what is in use', async () => {
      const { cache } = opened;
      expect(await codeOf(cache.begin(A, CACHE_BUDGET_BYTES + 1))).to.equal('store.model_too_large');
      await bring(A);
      await cache.find(A);
      expect(await codeOf(cache.begin(B, CACHE_BUDGET_BYTES))).to.equal('store.cache_busy');
      const arriving = await cache.begin(B, 500);
      expect(await codeOf(cache.begin(C, 500)), 'room of an arriving package is taken').to.equal('store.cache_busy');
      await arriving.discard();
    });
  });
}
