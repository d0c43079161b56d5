/** Everything builtin-1 measures of one utterance, before any of it is judged. */

import type { Audio } from './audio.js';
import { activityOf, secondsOf, trimmed } from './dsp/activity.js';
import { centred, clippedShare, levelled } from './dsp/loudness.js';
import { melodyOf, pitchTrack } from './dsp/pitch.js';
import { resample } from './dsp/resample.js';
import { HEARING_RATE_HZ, melBank, melDecibels, powerSpectra, type Rows } from './dsp/spectrum.js';
import { balanceOf, bandSnrDb, decayDb, holesPerSecond, repeatedShare, syllableModulation } from './dsp/texture.js';

export interface Heard {
  /** 16 kHz, levelled, from first to last sound. */
  readonly speech: Float64Array;
  /** 40 bands, 10 ms, of `speech`. */
  readonly mel: Rows;
  readonly speechSeconds: number;
  readonly leadSeconds: number;
  readonly trailSeconds: number;
  readonly longestPauseSeconds: number;
  readonly snrDb: number;
  readonly clippedShare: number;
  readonly modulation: number;
  readonly holesPerSecond: number;
  readonly voicedShare: number;
  readonly spreadSemitones: number;
  readonly jumpShare: number;
  readonly harmonicityDb: number;
  readonly repeatedShare: number;
  readonly decayDb: number;
  /** 1..1.6 kHz against 0.2..0.8 kHz. */
  readonly lowMidDb: number;
  readonly midDb: number;
  readonly highDb: number;
}

const MEL_BANDS = 40;
const BANK = melBank(MEL_BANDS, 60, 7_800);
const HOP = 160;

/** Shape: any finite audio → its measures. */
export function hear(audio: Audio): Heard {
  const samples = centred(resample(audio.samples, audio.sampleRateHz, HEARING_RATE_HZ));
  const whole = levelled(samples, activityOf(samples));
  const activity = activityOf(whole);
  const speech = trimmed(whole, activity);
  const inner = activityOf(speech);
  const spectra = powerSpectra(speech, HOP);
  const mel = melDecibels(spectra, BANK);
  return {
    speech,
    mel,
    speechSeconds: secondsOf(activity.end - activity.first),
    leadSeconds: secondsOf(activity.first),
    trailSeconds: secondsOf(activity.frames - activity.end),
    longestPauseSeconds: secondsOf(activity.longestPauseFrames),
    snrDb: bandSnrDb(mel),
    clippedShare: clippedShare(audio.samples),
    modulation: syllableModulation(inner.levelsDb, inner.first, inner.end),
    holesPerSecond: holesPerSecond(speech),
    repeatedShare: repeatedShare(mel),
    decayDb: decayDb(mel),
    ...melodyOf(pitchTrack(speech), inner.speaking),
    ...balanceOf(spectra, inner.speaking),
  };
}
