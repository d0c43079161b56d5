/** A small ear for tests: is what a voice said nearer to its own text than to the others? */
import type { Audio } from '../../scoring/audio.js';
import { cepstralFeatures } from '../../scoring/dsp/cepstrum.js';
import { resample } from '../../scoring/dsp/resample.js';
import { melBank, melDecibels, powerSpectra } from '../../scoring/dsp/spectrum.js';
import { warpDistance } from '../../scoring/dsp/warping.js';
import type { Phone } from '../../scoring/phonemes.js';
import { REFERENCE_VOICES, synthesiseReference } from '../../scoring/voices/reference.js';

const RATE_HZ = 16_000;
const features = ({ samples, sampleRateHz }: Audio) =>
  cepstralFeatures(melDecibels(powerSpectra(resample(Float64Array.from(samples), sampleRateHz, RATE_HZ), 160), melBank(28, 80, 6500)));

/** Mean distance to the own text over that to the others: above 1 is wrong. */
export function confusion(said: readonly { readonly audio: Audio; readonly phones: readonly Phone[] }[]): number {
  let same = 0;
  let other = 0;
  const references = said.map(({ phones }) => REFERENCE_VOICES.map((voice) => features(synthesiseReference(phones, voice))));
  for (const [at, { audio }] of said.entries()) {
    const heard = features(audio);
    for (const [text, rows] of references.entries()) {
      const distance = rows.reduce((sum, reference) => sum + warpDistance(heard, reference), 0);
      if (text === at) same += distance;
      else other += distance / (said.length - 1);
    }
  }
  return same / other;
}
