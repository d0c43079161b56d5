/** What an importer works with: the files that were published with a voice, read but not yet understood, and what it says of them. */
import type { Failure } from '../../protocol/failure.js';
import { err, ok, type Result } from '../../protocol/result.js';
import { modelFailure } from '../failures.js';
import type { OnnxGraph, OnnxModel } from '../graph/model.js';
import { LOOP_OPERATORS } from '../graph/operators.js';
import type { PackageDescription } from '../package.js';

export interface GraphSource {
  readonly path: string;
  readonly model: OnnxModel;
}

/** A folder with one voice. */
export interface VoiceSources {
  readonly graphs: readonly GraphSource[];
  /** Small files of text, by name. */
  readonly texts: ReadonlyMap<string, Uint8Array>;
  /** Tables of styles: names and sizes. */
  readonly tables: readonly { readonly path: string; readonly sizeBytes: number }[];
}

/** What a person may say where the files do not. */
export interface ImportChoices {
  readonly language?: string | undefined;
  readonly sampleRateHz?: number | undefined;
  readonly text?: PackageDescription['text']['symbols'] | undefined;
  /** Voice and version of espeak-ng, where `text` is `espeak-ng`. */
  readonly espeak?: { readonly voice: string; readonly version: string } | undefined;
  readonly unknown?: PackageDescription['text']['unknown'] | undefined;
  readonly speaker?: number | undefined;
  readonly styleFile?: string | undefined;
  readonly styleRow?: NonNullable<PackageDescription['style']>['row'] | undefined;
}

/** One thing that was found out, and where. */
export interface Finding {
  readonly what: string;
  readonly value: string;
  readonly from: string;
}

export interface Derived {
  readonly description: Omit<PackageDescription, 'name' | 'version' | 'licence'>;
  readonly findings: readonly Finding[];
  /** Files that the package needs, by their names in the folder. */
  readonly files: readonly string[];
  /** A part of a larger table of styles that becomes a file of its own. */
  readonly cut: { readonly path: string; readonly from: string; readonly startByte: number; readonly sizeBytes: number } | null;
}

export function incomplete(problem: string): Result<never, Failure> {
  return err(modelFailure('model.import_incomplete', { problem }));
}

/** metadata_props as a record; of two entries with one key the first counts. */
export function metadataOf({ metadata }: OnnxModel): Readonly<Record<string, string>> {
  return Object.fromEntries([...metadata].reverse().map(({ key, value }) => [key, value]));
}

/** Whether a graph, or one inside it, uses loops or sequences. */
export function usesLoops(graph: OnnxGraph): boolean {
  return graph.nodes.some(
    ({ operator, attributes }) => LOOP_OPERATORS.has(operator) || attributes.some(({ graphs }) => graphs.some(usesLoops)),
  );
}

export function parseJson(bytes: Uint8Array): Result<unknown, string> {
  try {
    return ok(JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(bytes)));
  } catch {
    return err('not JSON');
  }
}
