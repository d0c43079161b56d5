/**
 * The manifest of a model package, `voxd-voice/1`: which files belong to it, how the graph is fed, and what it returns.
 *
 * It has one byte form (canonical JSON, integers only; scales are in thousandths), and the sha-256 of those bytes is the model's digest.
 */
import { z } from 'zod';
import { canonicalJson, sha256Hex } from '../protocol/digest.js';
import type { Failure } from '../protocol/failure.js';
import { type ModelDigest, parseModelDigest } from '../protocol/names.js';
import { err, ok, type Result, unwrap } from '../protocol/result.js';
import { modelFailure } from './failures.js';

export const MANIFEST_SCHEMA = 'voxd-voice/1';
export const MANIFEST_FILE_NAME = 'manifest.json';
export const MANIFEST_SIZE_BYTES_MAX = 256 * 1024;
/** All files together, without the manifest. */
export const MODEL_SIZE_BYTES_MAX = 128 * 1024 * 1024;
export const CHUNK_SIZE_BYTES = 1024 * 1024;
export const FILES_MAX = 16;
export const TOKEN_SYMBOLS_MAX = 1024;
export const IDS_PER_SYMBOL_MAX = 8;
export const TOKEN_ID_MAX = 65_535;
/** Most tokens of one utterance that a manifest may allow. */
export const TOKENS_MAX = 8192;
export const SAMPLE_RATE_HZ_MIN = 8_000;
export const SAMPLE_RATE_HZ_MAX = 48_000;
const MILLI_MAX = 10_000;
const SPEAKER_MAX = 65_535;

/** Flat names only: no folders, no links, nothing hidden. */
export const FILE_NAME = /^[A-Za-z0-9_-][A-Za-z0-9._-]{0,63}$/;

const DIGEST = z.string().regex(/^[0-9a-f]{64}$/, 'must be 64 lower-case hex digits');
const LINE = z
  .string()
  .min(1)
  .max(64)
  .regex(/^[^\p{Cc}\p{Zl}\p{Zp}]+$/u, 'must be one printable line');
const TENSOR_NAME = z.string().min(1).max(128);
const MILLI = z.number().int().min(0).max(MILLI_MAX);
const IDS = z.array(z.number().int().min(0).max(TOKEN_ID_MAX)).min(1).max(IDS_PER_SYMBOL_MAX);

const file = z.strictObject({
  path: z.string().regex(FILE_NAME, 'must be a flat file name of letters, digits, dot, dash and underscore'),
  kind: z.enum(['graph', 'config']),
  sizeBytes: z.number().int().min(1).max(MODEL_SIZE_BYTES_MAX),
  sha256: DIGEST,
  /** sha-256 of each chunk of `chunkSizeBytes`, in order; what a transfer verifies against. */
  chunks: z
    .array(DIGEST)
    .min(1)
    .max(MODEL_SIZE_BYTES_MAX / CHUNK_SIZE_BYTES),
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
    /** How text becomes tokens and which inputs the graph has. Only Piper's contract so far. */
    family: z.literal('piper'),
    chunkSizeBytes: z.literal(CHUNK_SIZE_BYTES),
    files: z.array(file).min(1).max(FILES_MAX),
    /** Path of the file of kind `graph`. */
    graph: z.string(),
    /** Names of the graph's inputs: int64[1,N], int64[1], float32[3] and, with several speakers, int64[1]. */
    inputs: z.strictObject({
      tokens: TENSOR_NAME,
      tokenCount: TENSOR_NAME,
      scales: TENSOR_NAME,
      speaker: TENSOR_NAME.nullable(),
    }),
    output: z.strictObject({ name: TENSOR_NAME, layout: z.enum(['B11T', 'B1T', 'BT', 'T']) }),
    sampleRateHz: z.number().int().min(SAMPLE_RATE_HZ_MIN).max(SAMPLE_RATE_HZ_MAX),
    tokens: z.strictObject({
      /** One IPA code point → the ids that stand for it. */
      map: z.record(
        z
          .string()
          .min(1)
          .max(8)
          .refine((symbol) => symbol !== '__proto__'),
        IDS,
      ),
      bos: IDS,
      eos: IDS,
      pad: IDS,
      /** Piper puts the pad after the first symbol too; its old Python runner did not. */
      padAfterBos: z.boolean(),
    }),
    params: z.strictObject({ noiseMilli: MILLI, lengthMilli: MILLI.min(1), noiseWMilli: MILLI }),
    /** Speaker id, where the graph has several voices. */
    speaker: z.number().int().min(0).max(SPEAKER_MAX).nullable(),
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

/** The file that holds the graph; the schema guarantees that there is one. */
export function graphFile(manifest: Manifest): ManifestFile {
  return unwrap(find(manifest));
}

function find(manifest: Manifest): Result<ManifestFile, TypeError> {
  const found = manifest.files.find(({ path }) => path === manifest.graph);
  return found ? ok(found) : err(new TypeError('a manifest without its graph'));
}

function contradictions(manifest: z.input<typeof schema>): readonly string[] {
  const problems: string[] = [];
  const paths = manifest.files.map(({ path }) => path);
  if (paths.some((path, i) => i > 0 && path <= paths[i - 1]!)) problems.push('files must be sorted by path, each once');
  const lowered = new Set(paths.map((path) => path.toLowerCase()));
  if (lowered.size !== paths.length) problems.push('two files differ only in upper and lower case');
  if (lowered.has(MANIFEST_FILE_NAME)) problems.push(`${MANIFEST_FILE_NAME} must not list itself`);
  const graphs = manifest.files.filter(({ kind }) => kind === 'graph');
  if (graphs.length !== 1 || graphs[0]?.path !== manifest.graph)
    problems.push('there must be one file of kind graph, and graph must name it');
  for (const { path, sizeBytes, chunks } of manifest.files) {
    const expected = Math.ceil(sizeBytes / CHUNK_SIZE_BYTES);
    if (chunks.length !== expected) problems.push(`${path} has ${chunks.length} chunk digests, its size calls for ${expected}`);
  }
  const { tokens, tokenCount, scales, speaker } = manifest.inputs;
  const names = [tokens, tokenCount, scales, ...(speaker === null ? [] : [speaker])];
  if (new Set(names).size !== names.length) problems.push('two inputs have the same name');
  if ((speaker === null) !== (manifest.speaker === null)) problems.push('speaker and inputs.speaker must both be given or both be null');
  const symbols = Object.keys(manifest.tokens.map).length;
  if (symbols < 1 || symbols > TOKEN_SYMBOLS_MAX)
    problems.push(`the token map has ${symbols} symbols, 1 to ${TOKEN_SYMBOLS_MAX} are allowed`);
  return problems;
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
