/** Model packages of this machine: checking a folder as a validator does, making one of a published voice. */
import { copyFile, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { unwrap } from '../protocol/result.js';
import { symbolsOf } from '../scoring/contracts/text.js';
import { contractOf, type GraphFacts, precheckGraph } from '../scoring/graph/precheck.js';
import { fileOf, MANIFEST_FILE_NAME, packageSizeBytes } from '../scoring/manifest.js';
import { readVerified, verifyPackage } from '../scoring/onnx/package-files.js';
import { importVoice, lookAtVoice, sealVoiceFolder } from '../scoring/onnx/package-import.js';
import type { PackageMeta } from '../scoring/package.js';
import { PHONES } from '../scoring/phonemes.js';
import type { VerifiedModel } from '../scoring/ports.js';
import { unmappedSymbols } from '../scoring/tokens.js';
import type { ModelCache } from './model-cache.js';
import type { OfferedModel } from './network/presence.js';

export { importVoice, lookAtVoice, sealVoiceFolder };

/** Errors: rejects with model.* failures. */
export async function checkPackage(directory: string): Promise<{ readonly model: VerifiedModel; readonly facts: readonly GraphFacts[] }> {
  const model = await verifyPackage(directory);
  return { model, facts: await precheckModel(model) };
}

/** What a validator takes down of a package before anybody hears it. Errors: rejects with model.* failures. */
export async function lookInto(
  directory: string,
): Promise<Pick<VerifiedModel, 'manifest'> & { readonly tensorDigests: readonly string[] }> {
  const { model, facts } = await checkPackage(directory);
  return { manifest: model.manifest, tensorDigests: facts.flatMap(({ tensorDigests }) => tensorDigests).sort() };
}

/** Every graph of the model, in the order in which they run. */
export async function precheckModel(model: VerifiedModel): Promise<readonly GraphFacts[]> {
  const facts: GraphFacts[] = [];
  for (const [at, { file }] of model.manifest.graphs.entries()) {
    const graph = await readVerified(model, fileOf(model.manifest, file));
    facts.push(unwrap(precheckGraph(graph, contractOf(model.manifest, at))).facts);
  }
  return facts;
}

/** Symbols of our prompts that the voice has no token for; null where a phonemiser outside decides what they are. */
export function missingSymbols({ manifest }: VerifiedModel): readonly string[] | null {
  const kind = manifest.text.symbols;
  if (kind === 'espeak-ng') return null;
  // Each phone between two vowels, because what stands at the edge of an utterance may be left out.
  const phones = PHONES.flatMap((phone) => ['AA1', phone, 'AA1']);
  return unmappedSymbols(manifest, symbolsOf(kind, { phones, text: LETTERS }));
}

/** A folder with one published voice becomes a package in place. */
export async function sealVoice(directory: string, meta: PackageMeta = DEMO): Promise<VerifiedModel> {
  return (await sealVoiceFolder(directory, meta)).model;
}

const DEMO: PackageMeta = { name: 'demo voice', version: '1', licence: 'CC0-1.0' };
const LETTERS = "abcdefghijklmnopqrstuvwxyz ',.?!";

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
