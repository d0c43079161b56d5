/** Levels that the reference synthesiser and the voice graphs share, so that the same table sounds the same in both. */
export const SYNTH = {
  peak: 0.7,
  pulseGain: 1,
  hissGain: 0.75,
  breathGain: 0.1,
  /** The quiet of a room, so that silence is a level and not a void. Raw, beside a vowel of about 4. */
  room: 0.004,
  /** First difference that lifts the treble: y[n] = x[n] - lift * x[n-1]. */
  lift: 0.5,
  /** The same lift as power per kHz², for 16 kHz. */
  liftPerKhz2: 0.154,
} as const;

/** Turbulence depends on the front of the mouth only, which differs less between people than the tract does. */
export function hissScale(voice: { readonly formantScale: number }): number {
  return 1 + (voice.formantScale - 1) / 2;
}
