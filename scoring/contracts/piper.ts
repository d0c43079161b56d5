/** A Piper voice: `<name>.onnx` and the `<name>.onnx.json` beside it. */
import { z } from 'zod';
import type { Failure } from '../../protocol/failure.js';
import { err, ok, type Result } from '../../protocol/result.js';
import { bindsOf } from './bind.js';
import type { FamilyFacts } from './families.js';
import { type GraphSource, parseJson } from './sources.js';
import { malformed } from './token-files.js';

const schema = z.object({
  audio: z.object({ sample_rate: z.number().int() }),
  espeak: z.object({ voice: z.string() }).optional(),
  language: z.object({ code: z.string() }).optional(),
  inference: z.object({ noise_scale: z.number(), length_scale: z.number(), noise_w: z.number() }),
  phoneme_type: z.string().optional(),
  num_speakers: z.number().int().min(1),
  default_speaker_id: z.number().int().min(0).optional(),
  phoneme_id_map: z.record(z.string(), z.array(z.number().int())),
});

const SPECIAL = { pad: '_', bos: '^', eos: '$' } as const;
/** Runs through the pads between symbols too; Piper's context is far longer than a prompt. */
const TOKENS = 4096;

/** Errors: model.config_malformed. */
export function piperFacts(acoustic: GraphSource, configPath: string, bytes: Uint8Array): Result<FamilyFacts, Failure> {
  const refuse = (problem: string) => err(malformed(configPath, problem));
  const json = parseJson(bytes);
  if (!json.ok) return refuse(json.error);
  const parsed = schema.safeParse(json.value);
  if (!parsed.success) return refuse(z.prettifyError(parsed.error).slice(0, 500));
  const config = parsed.data;
  const { [SPECIAL.pad]: pad, [SPECIAL.bos]: bos, [SPECIAL.eos]: eos, ...map } = config.phoneme_id_map;
  if (pad === undefined || bos === undefined || eos === undefined) return refuse('phoneme_id_map lacks _, ^ or $');
  const several = bindsOf(acoustic).has('speaker');
  if (several !== config.num_speakers > 1) {
    return refuse(`num_speakers is ${config.num_speakers}, the graph has ${several ? 'an' : 'no'} input for the speaker`);
  }
  const phonemes = config.phoneme_type ?? 'espeak';
  if (phonemes !== 'espeak' && phonemes !== 'text') return refuse(`phoneme_type ${phonemes}; only espeak (IPA) and text`);
  const milli = (value: number) => Math.round(value * 1000);
  const { noise_scale: noise, length_scale: length, noise_w: noiseW } = config.inference;
  return ok({
    family: 'piper',
    from: configPath,
    files: [configPath],
    // Piper writes en_US or, in older files, only espeak's en-us.
    language: (config.language?.code ?? config.espeak?.voice)?.replaceAll('_', '-') ?? null,
    sampleRateHz: config.audio.sample_rate,
    text: phonemes === 'text' ? 'characters' : 'espeak',
    tokens: { map, bos, eos, pad, pads: 'after-start' },
    values: { noise: milli(noise), length: milli(length), noiseW: milli(noiseW) },
    speakers: config.num_speakers,
    speaker: config.default_speaker_id ?? 0,
    tokensMax: TOKENS,
    style: null,
    layout: 'B1T',
    assumed: [],
  });
}
