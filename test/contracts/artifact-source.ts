/** What every source of model packages promises. `open` gives one that holds exactly one package. */
import { expect } from 'chai';
import { sha256Hex } from '../../protocol/digest.js';
import type { ModelDigest } from '../../protocol/names.js';
import type { ArtifactSource, PackageLayout } from '../../protocol/ports.js';
import { aModel } from '../support/keys.js';

export interface OpenedSource {
  readonly source: ArtifactSource;
  readonly model: ModelDigest;
  readonly layout: PackageLayout;
  remove(): Promise<void>;
}

export function artifactSourceContract(name: string, open: () => Promise<OpenedSource>): void {
  describe(`artifact source contract: ${name}`, () => {
    let opened: OpenedSource;
    before(async () => {
      opened = await open();
    });
    after(() => opened.remove());

    it('gives the manifest whose digest was asked for', async () => {
      const { source, model } = opened;
      const manifest = await source.manifest(model);
      expect(manifest && sha256Hex(manifest)).to.equal(model);
    });

    it('gives every chunk as the manifest promises it, also to several at once', async () => {
      const { source, model, layout } = opened;
      expect(Math.max(...layout.files.map(({ chunks }) => chunks.length)), 'more than one chunk').to.be.greaterThan(1);
      for (const [fileIndex, { sizeBytes, chunks }] of layout.files.entries()) {
        const given = await Promise.all(chunks.map((_, chunkIndex) => source.chunk(model, fileIndex, chunkIndex)));
        expect(given.map((bytes) => bytes && sha256Hex(bytes))).to.deep.equal(chunks);
        expect(given.reduce((sum, bytes) => sum + (bytes?.length ?? 0), 0)).to.equal(sizeBytes);
        expect(given.slice(0, -1).every((bytes) => bytes?.length === layout.chunkSizeBytes)).to.equal(true);
      }
    });

    it('has no other model, file or chunk', async () => {
      const { source, model, layout } = opened;
      expect(await source.manifest(aModel('other'))).to.equal(null);
      expect(await source.chunk(aModel('other'), 0, 0)).to.equal(null);
      for (const fileIndex of [layout.files.length, -1, 0.5, Number.NaN]) expect(await source.chunk(model, fileIndex, 0)).to.equal(null);
      for (const chunkIndex of [layout.files[0]!.chunks.length, -1, 0.5, Number.NaN]) {
        expect(await source.chunk(model, 0, chunkIndex), String(chunkIndex)).to.equal(null);
      }
    });

    it("gives bytes that are the asker's to change", async () => {
      const { source, model } = opened;
      const first = await source.chunk(model, 0, 0);
      const before = first?.slice();
      first?.fill(0);
      expect(await source.chunk(model, 0, 0)).to.deep.equal(before);
      (await source.manifest(model))?.fill(0);
      expect(sha256Hex((await source.manifest(model))!)).to.equal(model);
    });
  });
}
