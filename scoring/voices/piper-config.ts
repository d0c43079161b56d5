/** The configuration file that stands beside a Piper voice. */

export interface PiperConfig {
  readonly audio: { readonly sample_rate: number; readonly quality: string };
  readonly espeak: { readonly voice: string };
  readonly inference: { readonly noise_scale: number; readonly length_scale: number; readonly noise_w: number };
  readonly phoneme_type: 'espeak';
  readonly phoneme_map: Readonly<Record<string, never>>;
  readonly phoneme_id_map: Readonly<Record<string, readonly number[]>>;
  readonly num_symbols: number;
  readonly num_speakers: 1;
  readonly speaker_id_map: Readonly<Record<string, never>>;
  readonly piper_version: string;
  readonly language: { readonly code: string; readonly family: string; readonly region: string };
  readonly dataset: string;
}

/** Piper's own names of its special symbols. */
const SPECIAL = { _: [0], '^': [1], $: [2] } as const;
export const PIPER_SCALES = { noise: 0.667, length: 1, noiseW: 0.8 } as const;

export function packageConfig(voice: {
  readonly tokens: Readonly<Record<string, readonly number[]>>;
  readonly sampleRateHz: number;
}): PiperConfig {
  const map = { ...SPECIAL, ...voice.tokens };
  return {
    audio: { sample_rate: voice.sampleRateHz, quality: 'low' },
    espeak: { voice: 'en-us' },
    inference: { noise_scale: PIPER_SCALES.noise, length_scale: PIPER_SCALES.length, noise_w: PIPER_SCALES.noiseW },
    phoneme_type: 'espeak',
    phoneme_map: {},
    phoneme_id_map: map,
    num_symbols: Object.keys(map).length,
    num_speakers: 1,
    speaker_id_map: {},
    piper_version: '1.0.0',
    language: { code: 'en_US', family: 'en', region: 'US' },
    dataset: 'voxd',
  };
}
