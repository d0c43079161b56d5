/** Published voices on disk become packages: the folder is read, understood (scoring/contracts/), copied and sealed. */
import { constants } from 'node:fs';
import { copyFile, mkdir, stat, writeFile } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { unwrap } from '../../protocol/result.js';
import { deriveVoice } from '../contracts/derive.js';
import type { Derived, Finding, GraphSource, ImportChoices, VoiceSources } from '../contracts/sources.js';
import { modelFailure } from '../failures.js';
import { readModel } from '../graph/reader.js';
import { MANIFEST_FILE_NAME, MODEL_SIZE_BYTES_MAX } from '../manifest.js';
import type { PackageMeta } from '../package.js';
import type { VerifiedModel } from '../ports.js';
import { folderUnreadable, namesIn, readWhole, sealPackage } from './package-files.js';

/** Configurations and token files beside a graph. */
export const SIDE_FILE_BYTES_MAX = 8 * 1024 * 1024;
const SIDE_FILE = /\.(json|txt)$/;
const TABLE_FILE = /\.bin$/;

export interface ImportedVoice {
  readonly model: VerifiedModel;
  readonly findings: readonly Finding[];
}

/**
 * Copies what a published voice needs into a new folder and seals it. The source is a folder with one voice, or its `.onnx` in a folder with
 * several; a vocoder elsewhere is named.
 * Errors: rejects with model.import_incomplete, model.config_malformed, model.graph_malformed, model.folder_unreadable, and as sealPackage.
 */
export async function importVoice(
  source: string,
  target: string,
  meta: PackageMeta,
  choices: ImportChoices & { readonly vocoder?: string | undefined } = {},
): Promise<ImportedVoice> {
  const sources = await readSources(source, choices.vocoder);
  const derived = unwrap(deriveVoice(sources.voice, choices));
  try {
    await mkdir(target, { recursive: true });
    for (const name of derived.files) {
      await copyFile(join(sources.folderOf(name), name), join(target, name), constants.COPYFILE_EXCL);
    }
    if (derived.cut !== null)
      await writeFile(join(target, derived.cut.path), await cutOut(sources.folderOf(derived.cut.from), derived.cut), { flag: 'wx' });
  } catch (error) {
    throw folderUnreadable(target, error);
  }
  return { model: await sealPackage(target, { ...derived.description, ...meta }), findings: derived.findings };
}

/** What `importVoice` would make of it, and of which files; nothing is written. Errors: as importVoice, for the source. */
export async function lookAtVoice(
  source: string,
  choices: ImportChoices & { readonly vocoder?: string | undefined } = {},
): Promise<{ readonly findings: readonly Finding[]; readonly files: readonly { readonly path: string; readonly sizeBytes: number }[] }> {
  const { voice, folderOf } = await readSources(source, choices.vocoder);
  const { findings, files, cut } = unwrap(deriveVoice(voice, choices));
  const kept = files.map(async (path) => ({ path, sizeBytes: (await stat(join(folderOf(path), path))).size }));
  return { findings, files: [...(await Promise.all(kept)), ...(cut === null ? [] : [{ path: cut.path, sizeBytes: cut.sizeBytes }])] };
}

/** The same in place: the folder with its voice becomes a package. Errors: as importVoice. */
export async function sealVoiceFolder(directory: string, meta: PackageMeta, choices: ImportChoices = {}): Promise<ImportedVoice> {
  const { voice } = await readSources(directory);
  const derived = unwrap(deriveVoice(voice, choices));
  if (derived.cut !== null) await writeFile(join(directory, derived.cut.path), await cutOut(directory, derived.cut));
  return { model: await sealPackage(directory, { ...derived.description, ...meta }), findings: derived.findings };
}

interface Sources {
  readonly voice: VoiceSources;
  readonly folderOf: (name: string) => string;
}

async function readSources(source: string, vocoder?: string): Promise<Sources> {
  const isFolder = await stat(source).then(
    (found) => found.isDirectory(),
    (error: unknown) => {
      throw folderUnreadable(source, error);
    },
  );
  const folder = isFolder ? source : dirname(source);
  const names = (await namesIn(folder)).filter((name) => name !== MANIFEST_FILE_NAME);
  const paths = isFolder ? names.filter((name) => name.endsWith('.onnx')) : [basename(source)];
  const elsewhere = vocoder === undefined ? null : basename(vocoder);
  const wanted = [...paths.filter((name) => name !== elsewhere), ...(elsewhere === null ? [] : [elsewhere])];
  const folderOf = (name: string) => (name === elsewhere && vocoder !== undefined ? dirname(vocoder) : folder);
  const graphs: GraphSource[] = [];
  for (const path of wanted) graphs.push(await readGraph(folderOf(path), path));
  const texts = new Map<string, Uint8Array>();
  // Of several voices in one folder only the one that is meant counts, with its own configuration.
  const others = new Set(names.filter((name) => name.endsWith('.onnx') && !wanted.includes(name)).map((name) => `${name}.json`));
  for (const name of names.filter((entry) => SIDE_FILE.test(entry) && !others.has(entry)))
    texts.set(name, await readWhole(folder, name, SIDE_FILE_BYTES_MAX));
  const tables = [];
  for (const path of names.filter((name) => TABLE_FILE.test(name))) tables.push({ path, sizeBytes: (await stat(join(folder, path))).size });
  return { voice: { graphs, texts, tables }, folderOf };
}

async function readGraph(folder: string, path: string): Promise<GraphSource> {
  const model = readModel(await readWhole(folder, path, MODEL_SIZE_BYTES_MAX));
  if (!model.ok) throw modelFailure('model.graph_malformed', { ...model.error });
  return { path, model: model.value };
}

async function cutOut(folder: string, { from, startByte, sizeBytes }: NonNullable<Derived['cut']>): Promise<Uint8Array> {
  const whole = await readWhole(folder, from, MODEL_SIZE_BYTES_MAX);
  return whole.subarray(startByte, startByte + sizeBytes);
}
