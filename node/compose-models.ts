/** Model packages of this machine: checking a folder as a validator does, sealing a generated voice. */
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { unwrap } from '../protocol/result.js';
import { contractOf, type GraphFacts, precheckGraph } from '../scoring/graph/precheck.js';
import { graphFile } from '../scoring/manifest.js';
import { sealPackage, verifyPackage } from '../scoring/onnx/package-files.js';
import type { VerifiedModel } from '../scoring/ports.js';

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
export async function sealVoice(directory: string, name = 'demo voice'): Promise<VerifiedModel> {
  return sealPackage(directory, { name, version: '1', licence: 'CC0-1.0' });
}
