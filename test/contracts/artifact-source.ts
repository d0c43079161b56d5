/** What every source of model packages promises. `open` gives one that holds exactly one package. */
import { expect } from 'chai';
import { sha256Hex } from '../../protocol/digest.js';
import type { ModelDigest } from '../../protocol/names.js';
import type { ArtifactSource, OpenArtifact, PackageLayout } from '../../protocol/ports.js';
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

    const openIt = async (): Promise<OpenArtifact> => {
      const artifact = await opened.source.open(opened.model);
      if (artifact === null) throw new Error('it is not there');
      return artifact;
    };

    it('gives the manifest whose digest was asked for', async () => {
      const artifact = await openIt();
      expect(sha256Hex(await artifact.manifest())).to.equal(opened.model);
      await artifact.close();
    });

    it('gives every chunk as the manifest promises it, also to several at once', async () => {
      const { layout } = opened;
      const artifact = await openIt();
      expect(Math.max(...layout.files.map(({ chunks }) => chunks.length)), 'more than one chunk').to.be.greaterThan(1);
      for (const [fileIndex, { sizeBytes, chunks }] of layout.files.entries()) {
        const given = await Promise.all(chunks.map((_, chunkIndex) => artifact.chunk(fileIndex, chunkIndex)));
        expect(given.map((bytes) => bytes && sha256Hex(bytes))).to.deep.equal(chunks);
        expect(given.reduce((sum, bytes) => sum + (bytes?.length ?? 0), 0)).to.equal(sizeBytes);
        expect(given.slice(0, -1).every((bytes) => bytes?.length === layout.chunkSizeBytes)).to.equal(true);
      }
      await artifact.close();
    });

    it('has no other model, file or chunk', async () => {
      const { source, layout } = opened;
      expect(await source.open(aModel('other'))).to.equal(null);
      const artifact = await openIt();
      for (const fileIndex of [layout.files.length, -1, 0.5, Number.NaN]) expect(await artifact.chunk(fileIndex, 0)).to.equal(null);
      for (const chunkIndex of [layout.files[0]!.chunks.length, -1, 0.5, Number.NaN]) {
        expect(await artifact.chunk(0, chunkIndex), String(chunkIndex)).to.equal(null);
      }
      await artifact.close();
    });

    it('says what it holds, model by model and chunk by chunk', async () => {
      const { source, model, layout } = opened;
      expect(await source.holds([aModel('other'), model])).to.deep.equal(['none', 'whole']);
      const artifact = await openIt();
      const count = layout.files.reduce((sum, { chunks }) => sum + chunks.length, 0);
      expect(await artifact.holdings()).to.deep.equal({ chunks: null, count });
      await artifact.close();
      await artifact.close();
    });

    it("gives bytes that are the asker's to change", async () => {
      const artifact = await openIt();
      const first = await artifact.chunk(0, 0);
      const before = first?.slice();
      first?.fill(0);
      expect(sha256Hex((await artifact.chunk(0, 0)) ?? new Uint8Array())).to.equal(sha256Hex(before ?? new Uint8Array()));
      (await artifact.manifest()).fill(0);
      expect(sha256Hex(await artifact.manifest())).to.equal(opened.model);
      await artifact.close();
    });
  });
}
