import { randomBytes } from 'node:crypto';
import { cp, mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect } from 'chai';
import { createArtifactSource } from '../../../node/files/artifacts.js';
import { createModelCache, FOUND_PROTECTS_MS } from '../../../node/files/model-cache.js';
import { openPackagePart } from '../../../node/files/package-part.js';
import { sha256Hex } from '../../../protocol/digest.js';
import { isFailure } from '../../../protocol/failure.js';
import { CHUNK_SIZE_BYTES } from '../../../scoring/manifest.js';
import { sealPackage } from '../../../scoring/onnx/package-files.js';
import { artifactSourceContract } from '../../contracts/artifact-source.js';
import { aModel } from '../../support/keys.js';
import { createManualClock } from '../../support/manual-clock.js';
import { createMemoryModelCache } from '../../support/memory-model-cache.js';
import { quiet, temporaryDirectory } from '../../support/temporary.js';
import { tinyDescription } from '../../support/voice-package.js';

artifactSourceContract('on disk', async () => {
  const directory = temporaryDirectory();
  await writeFile(join(directory.path, 'voice.onnx'), randomBytes(2 * CHUNK_SIZE_BYTES + 500));
  await writeFile(join(directory.path, 'voice.onnx.json'), randomBytes(700));
  const { digest, manifest } = await sealPackage(directory.path, tinyDescription());
  const sizeBytes = manifest.files.reduce((sum, file) => sum + file.sizeBytes, 0);
  const cache = createMemoryModelCache(new Map([[digest, { directory: directory.path, sizeBytes }]]));
  return { source: createArtifactSource(cache), model: digest, layout: manifest, remove: async () => directory.remove() };
});

describe('what is served', () => {
  const directory = temporaryDirectory();
  after(() => directory.remove());
  const graph = randomBytes(2 * CHUNK_SIZE_BYTES + 500);

  async function sealed() {
    const folder = temporaryDirectory();
    await writeFile(join(folder.path, 'voice.onnx'), graph);
    return { folder, ...(await sealPackage(folder.path, tinyDescription())) };
  }

  it('grows while the package arrives: what is here of it, no more, and the rest as it comes', async () => {
    const { folder, digest, manifest: layout } = await sealed();
    const manifest = new Uint8Array(await readFile(join(folder.path, 'manifest.json')));
    await mkdir(join(directory.path, 'part'));
    const part = await openPackagePart(
      { directory: join(directory.path, 'part'), journalPath: join(directory.path, 'journal') },
      { model: digest, manifest, layout },
      { nowMs: () => 0 },
    );
    const arriving = new Map([[digest, { manifest, part }]]);
    const source = createArtifactSource(createMemoryModelCache(new Map()), arriving);
    const write = (chunk: number) =>
      part.write(0, chunk * CHUNK_SIZE_BYTES, new Uint8Array(graph.subarray(chunk * CHUNK_SIZE_BYTES, (chunk + 1) * CHUNK_SIZE_BYTES)));
    expect(await source.holds([digest])).to.deep.equal(['part']);
    const artifact = await source.open(digest);
    if (artifact === null) throw new Error('it is not served');
    expect(sha256Hex(await artifact.manifest())).to.equal(digest);
    expect(await artifact.holdings()).to.deep.equal({ chunks: new Set(), count: 3 });
    expect(await artifact.chunk(0, 1)).to.equal(null);
    await write(1);
    expect(await artifact.holdings()).to.deep.equal({ chunks: new Set([1]), count: 3 });
    expect(sha256Hex((await artifact.chunk(0, 1)) ?? '')).to.equal(layout.files[0]?.chunks[1]);
    expect([await artifact.chunk(0, 0), await artifact.chunk(0, 2), await artifact.chunk(1, 0)]).to.deep.equal([null, null, null]);
    await write(2);
    expect((await artifact.holdings()).chunks).to.deep.equal(new Set([1, 2]));
    expect(await artifact.chunk(0, 2)).to.have.length(500);
    await part.close();
    arriving.delete(digest);
    expect([await source.holds([digest]), await source.open(digest)]).to.deep.equal([['none'], null]);
    folder.remove();
  });

  it('stays in the cache while a peer takes it, whatever room is wanted', async () => {
    const { folder, digest } = await sealed();
    const clock = createManualClock();
    const budgetBytes = 3 * CHUNK_SIZE_BYTES;
    const cache = createModelCache(
      { logger: quiet.logger, clock, verify: async () => {} },
      { directory: join(directory.path, 'cache'), budgetBytes, diskReserveBytes: 0 },
    );
    const pending = await cache.begin(digest, budgetBytes);
    await cp(folder.path, pending.directory, { recursive: true });
    await pending.commit();
    clock.pass(FOUND_PROTECTS_MS);
    const artifact = await createArtifactSource(cache).open(digest);
    clock.pass(FOUND_PROTECTS_MS);
    const busy: unknown = await cache.begin(aModel('other'), budgetBytes).catch((error: unknown) => error);
    expect(isFailure(busy) && busy.code).to.equal('store.cache_busy');
    expect(await artifact?.chunk(0, 2)).to.have.length(500);
    await artifact?.close();
    await (await cache.begin(aModel('other'), budgetBytes)).discard();
    expect(await cache.list()).to.deep.equal([]);
    folder.remove();
  });
});
