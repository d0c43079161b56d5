/** Mono audio, samples in -1..1. */
export interface Audio {
  readonly samples: Float32Array;
  readonly sampleRateHz: number;
}

export function durationSeconds(audio: Audio): number {
  return audio.samples.length / audio.sampleRateHz;
}
