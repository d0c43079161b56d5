/** Level and clipping. */
import { ACTIVITY_HOP, type Activity } from './activity.js';

/** Speech is brought to this level before anything is measured. */
const SPEECH_RMS = 0.05;
/** Quieter than this at its loudest is silence (-66 dB of full scale). */
export const SILENCE_PEAK = 0.0005;
const AT_PEAK = 0.985;
const CLIP_RUN = 3;

export function peakOf(samples: ArrayLike<number>): number {
  let peak = 0;
  for (let n = 0; n < samples.length; n++) peak = Math.max(peak, Math.abs(samples[n]!));
  return peak;
}

/** Share of samples that lie flat at the peak in runs of three and more: what a limiter or an overflow leaves. */
export function clippedShare(samples: ArrayLike<number>): number {
  const limit = peakOf(samples) * AT_PEAK;
  let [clipped, run, side] = [0, 0, 0];
  for (let n = 0; n <= samples.length; n++) {
    const value = samples[n] ?? 0;
    const now = limit > 0 && Math.abs(value) >= limit ? Math.sign(value) : 0;
    if (now !== 0 && now === side) run++;
    else {
      if (run >= CLIP_RUN) clipped += run;
      run = now === 0 ? 0 : 1;
    }
    side = now;
  }
  return clipped / Math.max(1, samples.length);
}

/** The samples around their mean. */
export function centred(samples: Float64Array): Float64Array {
  let sum = 0;
  for (const value of samples) sum += value;
  const mean = sum / Math.max(1, samples.length);
  return samples.map((value) => value - mean);
}

/** Brings speaking frames to one level, so that how loud a voice was recorded is heard nowhere. */
export function levelled(samples: Float64Array, { speaking }: Activity): Float64Array {
  let [sum, count] = [0, 0];
  speaking.forEach((on, frame) => {
    if (!on) return;
    for (let n = frame * ACTIVITY_HOP; n < (frame + 1) * ACTIVITY_HOP && n < samples.length; n++) {
      sum += samples[n]! ** 2;
      count++;
    }
  });
  const gain = count === 0 || sum === 0 ? 1 : SPEECH_RMS / Math.sqrt(sum / count);
  return samples.map((value) => value * gain);
}
