/** What a model package says about itself, and how a Piper voice becomes one. Pure; the files are read in scoring/onnx/package-files.ts. */
import { z } from 'zod';
import type { Failure } from '../protocol/failure.js';
import { err, ok, type Result } from '../protocol/result.js';
import { modelFailure } from './failures.js';
import { readModel } from './graph/reader.js';
import { CHUNK_SIZE_BYTES, checkManifest, MANIFEST_SCHEMA, type Manifest, type ManifestFile, TOKENS_MAX } from './manifest.js';

/** The part of a manifest that its author writes; the rest is computed from the files. */
export type PackageDescription = Omit<Manifest, 'schema' | 'files' | 'chunkSizeBytes'>;

export interface PackageMeta {
  readonly name: string;
  readonly version: string;
  readonly licence: string;
  /** From the voice's configuration where left out. */
  readonly languages?: readonly string[];
  /** Speaker id of a voice with several; 0 where left out. */
  readonly speaker?: number;
}

export const PIPER_CONFIG_BYTES_MAX = 1024 * 1024;
/** Runs through the pads between symbols too; Piper's context is far longer than a prompt. */
const PIPER_TOKENS = 4096;

const piperConfig = z.object({
  audio: z.object({ sample_rate: z.number().int() }),
  espeak: z.object({ voice: z.string() }).optional(),
  language: z.object({ code: z.string() }).optional(),
  inference: z.object({ noise_scale: z.number(), length_scale: z.number(), noise_w: z.number() }),
  phoneme_type: z.string().optional(),
  num_speakers: z.number().int().min(1),
  phoneme_id_map: z.record(z.string(), z.array(z.number().int())),
});

const SPECIAL = { pad: '_', bos: '^', eos: '$' } as const;

/**
 * Shape: a Piper voice's `.onnx` and `.onnx.json` bytes → the description of its package.
 * Errors: model.config_malformed, model.graph_malformed. The rest is checked when the package is sealed.
 */
export function describePiper(
  files: { readonly graphPath: string; readonly graph: Uint8Array; readonly configPath: string; readonly config: Uint8Array },
  meta: PackageMeta,
): Result<PackageDescription, Failure> {
  const refuse = (problem: string) => err(modelFailure('model.config_malformed', { file: files.configPath, problem }));
  const config = parseConfig(files.config);
  if (!config.ok) return refuse(config.error);
  const { phoneme_type: phonemeType, phoneme_id_map: ids, audio, inference, num_speakers: speakers } = config.value;
  if (phonemeType !== undefined && phonemeType !== 'espeak') return refuse(`phoneme_type ${phonemeType}; only espeak (IPA) voices`);
  const { [SPECIAL.pad]: pad, [SPECIAL.bos]: bos, [SPECIAL.eos]: eos, ...map } = ids;
  if (pad === undefined || bos === undefined || eos === undefined) return refuse('phoneme_id_map lacks _, ^ or $');

  const model = readModel(files.graph);
  if (!model.ok) return err(modelFailure('model.graph_malformed', { ...model.error }));
  const { inputs, outputs } = model.value.graph;
  const several = inputs.some(({ name }) => name === 'sid');
  const [output] = outputs;
  if (several !== speakers > 1) return refuse(`num_speakers is ${speakers}, the graph has ${several ? 'an' : 'no'} input sid`);
  if (output === undefined) return refuse('the graph has no output');

  return ok({
    name: meta.name,
    version: meta.version,
    licence: meta.licence,
    languages: [...(meta.languages ?? [languageOf(config.value)])],
    family: 'piper',
    graph: files.graphPath,
    inputs: { tokens: 'input', tokenCount: 'input_lengths', scales: 'scales', speaker: several ? 'sid' : null },
    output: { name: output.name, layout: layoutOf(output.tensor?.dims?.length) },
    sampleRateHz: audio.sample_rate,
    tokens: { map, bos, eos, pad, padAfterBos: true },
    params: {
      noiseMilli: Math.round(inference.noise_scale * 1000),
      lengthMilli: Math.round(inference.length_scale * 1000),
      noiseWMilli: Math.round(inference.noise_w * 1000),
    },
    speaker: several ? (meta.speaker ?? 0) : null,
    limits: { tokens: Math.min(PIPER_TOKENS, TOKENS_MAX) },
  });
}

/** Shape: description and the digests of its files → manifest. Errors: model.manifest_malformed, model.too_large. */
export function composeManifest(description: PackageDescription, files: readonly ManifestFile[]): Result<Manifest, Failure> {
  const sorted = [...files].sort((a, b) => (a.path < b.path ? -1 : 1));
  return checkManifest({ ...description, schema: MANIFEST_SCHEMA, chunkSizeBytes: CHUNK_SIZE_BYTES, files: sorted });
}

function layoutOf(rank: number | undefined): PackageDescription['output']['layout'] {
  if (rank === 4) return 'B11T';
  if (rank === 2) return 'BT';
  return rank === 1 ? 'T' : 'B1T';
}

/** Piper writes en_US or, in older files, only espeak's en-us. */
function languageOf(config: z.output<typeof piperConfig>): string {
  return (config.language?.code ?? config.espeak?.voice ?? 'en').replaceAll('_', '-');
}

function parseConfig(bytes: Uint8Array): Result<z.output<typeof piperConfig>, string> {
  if (bytes.length > PIPER_CONFIG_BYTES_MAX) return err(`more than ${PIPER_CONFIG_BYTES_MAX} bytes`);
  const json = parseJson(bytes);
  if (!json.ok) return json;
  const parsed = piperConfig.safeParse(json.value);
  return parsed.success ? ok(parsed.data) : err(z.prettifyError(parsed.error).slice(0, 500));
}

function parseJson(bytes: Uint8Array): Result<unknown, string> {
  try {
    return ok(JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(bytes)));
  } catch {
    return err('not JSON');
  }
}
