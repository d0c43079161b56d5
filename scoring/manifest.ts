/**
 * The manifest of a model package, `voxd-voice/2`: which files belong to it, how text becomes tokens, how each graph is fed, and what it
 * returns. Every published kind of voice is described by the same few words; the loader knows no family.
 *
 * It has one byte form (canonical JSON, integers only; scales are in thousandths), and the sha-256 of those bytes is the model's digest.
 */
import { z } from 'zod';
import { canonicalJson, sha256Hex } from '../protocol/digest.js';
import type { Failure } from '../protocol/failure.js';
import { type ModelDigest, parseModelDigest } from '../protocol/names.js';
import { err, ok, type Result, unwrap } from '../protocol/result.js';
import { graphInput, inputProblems } from './contracts/inputs.js';
import { modelFailure } from './failures.js';

export const MANIFEST_SCHEMA = 'voxd-voice/2';
export const MANIFEST_FILE_NAME = 'manifest.json';
export const MANIFEST_SIZE_BYTES_MAX = 256 * 1024;
/** All files together, without the manifest: a Kokoro voice in float32 has 325 MB. */
export const MODEL_SIZE_BYTES_MAX = 400 * 1024 * 1024;
export const CHUNK_SIZE_BYTES = 1024 * 1024;
export const FILES_MAX = 16;
export const TOKEN_SYMBOLS_MAX = 1024;
export const IDS_PER_SYMBOL_MAX = 8;
export const TOKEN_ID_MAX = 65_535;
/** Most tokens of one utterance that a manifest may allow. */
export const TOKENS_MAX = 8192;
export const SAMPLE_RATE_HZ_MIN = 8_000;
export const SAMPLE_RATE_HZ_MAX = 48_000;
/** An acoustic graph and its vocoder. */
export const GRAPHS_MAX = 2;
export const INPUTS_PER_GRAPH_MAX = 16;
export const OUTPUTS_PER_GRAPH_MAX = 16;
/** A table of styles: rows times columns. */
export const STYLE_ROWS_MAX = 4096;
export const STYLE_COLUMNS_MAX = 4096;

/** Flat names only: no folders, no links, nothing hidden. */
export const FILE_NAME = /^[A-Za-z0-9_-][A-Za-z0-9._-]{0,63}$/;

const DIGEST = z.string().regex(/^[0-9a-f]{64}$/, 'must be 64 lower-case hex digits');
const LINE = z
  .string()
  .min(1)
  .max(64)
  .regex(/^[^\p{Cc}\p{Zl}\p{Zp}]+$/u, 'must be one printable line');
const TENSOR_NAME = z.string().min(1).max(128);
const IDS = z.array(z.number().int().min(0).max(TOKEN_ID_MAX)).max(IDS_PER_SYMBOL_MAX);
const ESPEAK_VOICE = z.string().regex(/^[a-z]{2,3}(-[a-z0-9]{2,8}){0,3}$/, 'must be an espeak-ng voice such as en-us');

export const FAMILIES = ['piper', 'vits', 'mms', 'kokoro', 'matcha', 'generic'] as const;
export const OPERATOR_TIERS = ['plain', 'loops'] as const;
export const TEXT_SYMBOLS = ['espeak', 'misaki', 'characters', 'espeak-ng'] as const;
export const PAD_RULES = ['none', 'after-each', 'after-start', 'around'] as const;
/** Which row of the style table an utterance takes: by its symbols less one, or by its ids less two. */
export const STYLE_ROWS = ['symbols-1', 'ids-2'] as const;

const file = z.strictObject({
  path: z.string().regex(FILE_NAME, 'must be a flat file name of letters, digits, dot, dash and underscore'),
  kind: z.enum(['graph', 'style', 'config']),
  sizeBytes: z.number().int().min(1).max(MODEL_SIZE_BYTES_MAX),
  sha256: DIGEST,
  /** sha-256 of each chunk of `chunkSizeBytes`, in order; what a transfer verifies against. */
  chunks: z
    .array(DIGEST)
    .min(1)
    .max(MODEL_SIZE_BYTES_MAX / CHUNK_SIZE_BYTES),
});

const graph = z.strictObject({
  /** Path of a file of kind `graph`. */
  file: z.string(),
  inputs: z.array(graphInput).min(1).max(INPUTS_PER_GRAPH_MAX),
  /** Every output the graph has. The last graph gives `audio`, the one before it `mel`; the others are not looked at. */
  outputs: z
    .array(z.strictObject({ name: TENSOR_NAME, use: z.enum(['audio', 'mel', 'none']) }))
    .min(1)
    .max(OUTPUTS_PER_GRAPH_MAX),
});

/** A table of float32 rows, one of which is fed to the input bound to `style`. */
const style = z.strictObject({
  /** Path of a file of kind `style`: rows times columns little-endian floats. */
  file: z.string(),
  rows: z.number().int().min(1).max(STYLE_ROWS_MAX),
  columns: z.number().int().min(1).max(STYLE_COLUMNS_MAX),
  row: z.enum(STYLE_ROWS),
});

const schema = z
  .strictObject({
    schema: z.literal(MANIFEST_SCHEMA),
    name: LINE,
    version: LINE,
    licence: LINE,
    languages: z
      .array(z.string().regex(/^[A-Za-z]{2,3}(-[A-Za-z0-9]{2,8}){0,3}$/, 'must be a language tag such as en-US'))
      .min(1)
      .max(16),
    /** Where the voice comes from; a label, nothing depends on it. */
    family: z.enum(FAMILIES),
    chunkSizeBytes: z.literal(CHUNK_SIZE_BYTES),
    files: z.array(file).min(1).max(FILES_MAX),
    /** `loops` lets the graphs use Loop and sequences, as exports by tracing do; the time limits bound them. */
    operators: z.enum(OPERATOR_TIERS),
    /** One graph from tokens to audio, or one to a mel spectrogram and a vocoder behind it. */
    graphs: z.array(graph).min(1).max(GRAPHS_MAX),
    audio: z.strictObject({
      layout: z.enum(['B11T', 'B1T', 'BT', 'T']),
      sampleRateHz: z.number().int().min(SAMPLE_RATE_HZ_MIN).max(SAMPLE_RATE_HZ_MAX),
    }),
    text: z.strictObject({
      /** What the keys of the token map are written in; see scoring/contracts/text.ts. */
      symbols: z.enum(TEXT_SYMBOLS),
      /** A symbol that the map lacks is left out, or makes the prompt unspeakable. */
      unknown: z.enum(['drop', 'error']),
      /** The phonemiser that `espeak-ng` asks for: its voice and its exact version. */
      espeak: z.strictObject({ voice: ESPEAK_VOICE, version: LINE }).nullable(),
    }),
    tokens: z.strictObject({
      /** One symbol → the ids that stand for it. */
      map: z.record(
        z
          .string()
          .min(1)
          .max(8)
          .refine((symbol) => symbol !== '__proto__'),
        IDS.min(1),
      ),
      bos: IDS,
      eos: IDS,
      pad: IDS,
      /** Where the pad stands; see scoring/tokens.ts. */
      pads: z.enum(PAD_RULES),
    }),
    style: style.nullable(),
    limits: z.strictObject({ tokens: z.number().int().min(16).max(TOKENS_MAX) }),
  })
  .superRefine((manifest, ctx) => {
    for (const problem of contradictions(manifest)) ctx.addIssue({ code: 'custom', message: problem });
  });

export type Manifest = Readonly<z.output<typeof schema>>;
export type ManifestFile = Manifest['files'][number];

/** The one byte form of a manifest. */
export function manifestBytes(manifest: Manifest): Uint8Array {
  return new TextEncoder().encode(canonicalJson(manifest));
}

export function modelDigest(manifest: Manifest): ModelDigest {
  return digestOfManifestBytes(manifestBytes(manifest));
}

export function digestOfManifestBytes(bytes: Uint8Array): ModelDigest {
  const parsed = parseModelDigest(sha256Hex(bytes));
  if (!parsed.ok) throw new TypeError(parsed.error);
  return parsed.value;
}

/** Bytes of all files of the package, the manifest not counted. */
export function packageSizeBytes(manifest: Manifest): number {
  return manifest.files.reduce((sum, { sizeBytes }) => sum + sizeBytes, 0);
}

/**
 * Shape: foreign bytes → manifest. Limit: MANIFEST_SIZE_BYTES_MAX.
 * Errors: model.manifest_too_large, model.manifest_malformed, model.too_large.
 */
export function parseManifest(bytes: Uint8Array): Result<Manifest, Failure> {
  if (bytes.length > MANIFEST_SIZE_BYTES_MAX) {
    return err(modelFailure('model.manifest_too_large', { sizeBytes: bytes.length, maxBytes: MANIFEST_SIZE_BYTES_MAX }));
  }
  const json = parseJson(bytes);
  if (!json.ok) return malformed(json.error);
  const manifest = checkManifest(json.value);
  if (!manifest.ok) return manifest;
  if (!Buffer.from(manifestBytes(manifest.value)).equals(bytes)) return malformed('not in canonical form');
  return manifest;
}

/** The same rules for a manifest made here, as a value. Errors: as parseManifest. */
export function checkManifest(value: unknown): Result<Manifest, Failure> {
  const parsed = schema.safeParse(value);
  if (!parsed.success) return malformed(firstProblems(parsed.error));
  const sizeBytes = packageSizeBytes(parsed.data);
  if (sizeBytes > MODEL_SIZE_BYTES_MAX) return err(modelFailure('model.too_large', { sizeBytes, maxBytes: MODEL_SIZE_BYTES_MAX }));
  return ok(parsed.data);
}

/** The file of that path; the schema guarantees that every graph and every style table has one. */
export function fileOf(manifest: Manifest, path: string): ManifestFile {
  return unwrap(find(manifest, path));
}

function find(manifest: Manifest, wanted: string): Result<ManifestFile, TypeError> {
  const found = manifest.files.find(({ path }) => path === wanted);
  return found ? ok(found) : err(new TypeError(`a manifest without ${wanted}`));
}

function contradictions(manifest: z.input<typeof schema>): readonly string[] {
  const problems: string[] = [];
  const paths = manifest.files.map(({ path }) => path);
  if (paths.some((path, i) => i > 0 && path <= paths[i - 1]!)) problems.push('files must be sorted by path, each once');
  const lowered = new Set(paths.map((path) => path.toLowerCase()));
  if (lowered.size !== paths.length) problems.push('two files differ only in upper and lower case');
  if (lowered.has(MANIFEST_FILE_NAME)) problems.push(`${MANIFEST_FILE_NAME} must not list itself`);
  const graphFiles = manifest.files.filter(({ kind }) => kind === 'graph').map(({ path }) => path);
  const named = manifest.graphs.map((entry) => entry.file);
  if (graphFiles.length !== named.length || new Set(named).size !== named.length || named.some((path) => !graphFiles.includes(path)))
    problems.push('graphs must name every file of kind graph, each once');
  for (const { path, sizeBytes, chunks } of manifest.files) {
    const expected = Math.ceil(sizeBytes / CHUNK_SIZE_BYTES);
    if (chunks.length !== expected) problems.push(`${path} has ${chunks.length} chunk digests, its size calls for ${expected}`);
  }
  problems.push(...manifest.graphs.flatMap((entry, at) => graphProblems(entry, at, manifest.graphs.length)));
  problems.push(...styleProblems(manifest));
  if ((manifest.text.symbols === 'espeak-ng') !== (manifest.text.espeak !== null))
    problems.push('text.espeak is given where text.symbols is espeak-ng, and only there');
  if (manifest.tokens.pads !== 'none' && manifest.tokens.pad.length === 0) problems.push('tokens.pads needs a pad');
  const symbols = Object.keys(manifest.tokens.map).length;
  if (symbols < 1 || symbols > TOKEN_SYMBOLS_MAX)
    problems.push(`the token map has ${symbols} symbols, 1 to ${TOKEN_SYMBOLS_MAX} are allowed`);
  return problems;
}

function graphProblems(entry: z.input<typeof graph>, at: number, graphs: number): readonly string[] {
  const problems = inputProblems(entry.inputs).map((problem) => `${entry.file}: ${problem}`);
  const binds = entry.inputs.map(({ bind }) => bind);
  const [fed, unfed] = at === 0 ? ['tokens', 'mel'] : ['mel', 'tokens'];
  if (!binds.some((bind) => bind === fed)) problems.push(`${entry.file} has no input bound to ${fed}`);
  if (binds.some((bind) => bind === unfed)) problems.push(`${entry.file} cannot have an input bound to ${unfed}`);
  const uses = entry.outputs.map(({ use }) => use).filter((use) => use !== 'none');
  const expected = at === graphs - 1 ? 'audio' : 'mel';
  if (uses.length !== 1 || uses[0] !== expected) problems.push(`${entry.file} must have one output of use ${expected}`);
  if (new Set(entry.outputs.map(({ name }) => name)).size !== entry.outputs.length)
    problems.push(`${entry.file}: two outputs have one name`);
  return problems;
}

function styleProblems({ graphs, style: table, files }: z.input<typeof schema>): readonly string[] {
  const bound = graphs.some(({ inputs }) => inputs.some(({ bind }) => bind === 'style'));
  if (bound !== (table !== null)) return ['style is given where an input is bound to it, and only there'];
  const styles = files.filter(({ kind }) => kind === 'style');
  if (table === null) return styles.length === 0 ? [] : ['a file of kind style that no input uses'];
  const [found, more] = styles;
  if (found === undefined || more !== undefined || found.path !== table.file)
    return ['there must be one file of kind style, and style.file must name it'];
  const expected = table.rows * table.columns * Float32Array.BYTES_PER_ELEMENT;
  return found.sizeBytes === expected ? [] : [`${found.path} has ${found.sizeBytes} bytes, its rows and columns call for ${expected}`];
}

function malformed(problem: string): Result<never, Failure> {
  return err(modelFailure('model.manifest_malformed', { problem }));
}

const PROBLEMS_SHOWN_MAX = 5;

function firstProblems(error: z.ZodError): string {
  const lines = error.issues.map(({ path, message }) => (path.length === 0 ? message : `${path.join('.')}: ${message}`));
  const more = lines.length - PROBLEMS_SHOWN_MAX;
  return lines.slice(0, PROBLEMS_SHOWN_MAX).join('; ').slice(0, 1000) + (more > 0 ? `; and ${more} more` : '');
}

function parseJson(bytes: Uint8Array): Result<unknown, string> {
  try {
    return ok(JSON.parse(new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes)));
  } catch {
    return err('not JSON in UTF-8');
  }
}
