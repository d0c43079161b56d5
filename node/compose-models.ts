/** Model packages of this machine: checking a folder as a validator does, sealing a generated voice. */
import { copyFile, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { unwrap } from '../protocol/result.js';
import { contractOf, type GraphFacts, precheckGraph } from '../scoring/graph/precheck.js';
import { graphFile, MANIFEST_FILE_NAME, packageSizeBytes } from '../scoring/manifest.js';
import { sealPackage, verifyPackage } from '../scoring/onnx/package-files.js';
import type { VerifiedModel } from '../scoring/ports.js';
import type { ModelCache } from './ports.js';
import type { OfferedModel } from './presence.js';

/** Errors: rejects with model.* failures. */
export async function checkPackage(directory: string): Promise<{ readonly model: VerifiedModel; readonly facts: GraphFacts }> {
  const model = await verifyPackage(directory);
  return { model, facts: await precheckModel(model) };
}

export async function precheckModel(model: VerifiedModel): Promise<GraphFacts> {
  const graph = await readFile(join(model.directory, graphFile(model.manifest).path));
  return unwrap(precheckGraph(graph, contractOf(model.manifest))).facts;
}

/** A folder with one Piper voice becomes a package. */
export async function sealVoice(
  directory: string,
  meta: { readonly name: string; readonly version: string; readonly licence: string } = {
    name: 'demo voice',
    version: '1',
    licence: 'CC0-1.0',
  },
): Promise<VerifiedModel> {
  return sealPackage(directory, meta);
}

/** Our own model goes the way of everybody's: verified, looked at, then served from the cache. */
export async function importModel(modelDir: string, cache: ModelCache): Promise<OfferedModel> {
  const model = await verifyPackage(modelDir);
  await precheckModel(model);
  const manifest = await readFile(join(modelDir, MANIFEST_FILE_NAME));
  const offered = { model: model.digest, manifestSizeBytes: manifest.length, sizeBytes: packageSizeBytes(model.manifest) };
  if ((await cache.find(model.digest)) !== null) return offered;
  const pending = await cache.begin(model.digest, offered.sizeBytes + manifest.length);
  for (const name of [MANIFEST_FILE_NAME, ...model.manifest.files.map(({ path }) => path)])
    await copyFile(join(modelDir, name), join(pending.directory, name));
  await pending.commit();
  return offered;
}
