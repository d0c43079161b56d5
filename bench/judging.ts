/** The pieces of hearing: looking into a graph, telling whether the text was said, and the measures that everything else is made of. */
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { sha256Hex } from '../protocol/digest.js';
import { unwrap } from '../protocol/result.js';
import { createContentListener } from '../scoring/content.js';
import { pitchTrack } from '../scoring/dsp/pitch.js';
import { FFT_SIZE, HEARING_RATE_HZ, melBank, melDecibels, powerSpectra } from '../scoring/dsp/spectrum.js';
import { precheckGraph } from '../scoring/graph/precheck.js';
import { hear } from '../scoring/hearing.js';
import { createUtteranceJudge } from '../scoring/profile.js';
import { drawPrompts } from '../scoring/prompts.js';
import { REFERENCE_VOICES, synthesiseReference } from '../scoring/voices/reference.js';
import { type Benchmark, type BenchRow, median, rowBeside } from './benchmark.js';
import { heavyVoice, KOKORO_SIZE, MEDIUM, type VoiceWeight } from './heavy-voice.js';

const HOP = 160;
const MEL_BANDS = 40;
const PEERS = '.cache/peers';
const PEERS_HINT = `no peer: npm install --prefix ${PEERS} --ignore-scripts meyda@5.6.3 pitchfinder@2.3.4`;

function timed(times: number, work: () => unknown): number {
  work();
  return median(
    Array.from({ length: times }, () => {
      const fromMs = performance.now();
      work();
      return performance.now() - fromMs;
    }),
  );
}

/** Foreign libraries that are measured beside ours; they are no dependency. */
function peer(name: string): unknown {
  try {
    return createRequire(join(process.cwd(), PEERS, 'package.json'))(name);
  } catch {
    return null;
  }
}

interface Meyda {
  bufferSize: number;
  sampleRate: number;
  melBands: number;
  windowingFunction: string;
  extract(features: string, signal: Float32Array): unknown;
}

type DetectPitch = (signal: Float32Array) => number | null;
interface Pitchfinder {
  YIN(options: { readonly sampleRate: number }): DetectPitch;
}

function frontEnd(samples: Float64Array, seconds: number, times: number): readonly BenchRow[] {
  const bank = melBank(MEL_BANDS, 60, 7_800);
  const perSecond = (ms: number) => ms / seconds;
  const mel = perSecond(timed(times, () => melDecibels(powerSpectra(samples, HOP), bank)));
  const pitch = perSecond(timed(times, () => pitchTrack(samples)));
  const single = Float32Array.from(samples);
  const framesOf = (size: number) =>
    Array.from({ length: Math.max(0, Math.floor((single.length - size) / HOP)) }, (_, n) => single.subarray(n * HOP, n * HOP + size));

  const meyda = peer('meyda') as Meyda | null;
  const pitchfinder = peer('pitchfinder') as Pitchfinder | null;
  const melRow = { measure: `log-mel, ${MEL_BANDS} bands, per second of audio`, value: mel, unit: 'ms' };
  const pitchRow = { measure: 'pitch, per second of audio', value: pitch, unit: 'ms' };
  const rows: BenchRow[] = [];
  if (meyda === null) rows.push({ ...melRow, limit: PEERS_HINT });
  else {
    Object.assign(meyda, { bufferSize: FFT_SIZE, sampleRate: HEARING_RATE_HZ, melBands: MEL_BANDS, windowingFunction: 'hanning' });
    const frames = framesOf(FFT_SIZE);
    const value = perSecond(timed(times, () => frames.map((frame) => meyda.extract('melBands', frame))));
    rows.push(rowBeside({ ...melRow, limit: 'one FFT of 512 points per 10 ms' }, { name: 'meyda melBands, ms', value }));
  }
  if (pitchfinder === null) rows.push({ ...pitchRow, limit: PEERS_HINT });
  else {
    const detect = pitchfinder.YIN({ sampleRate: HEARING_RATE_HZ });
    const frames = framesOf(1_024);
    const value = perSecond(timed(times, () => frames.map((frame) => detect(frame))));
    rows.push(
      rowBeside(
        { ...pitchRow, limit: 'normalised autocorrelation of 30 ms at 8 kHz, 116 lags per 10 ms' },
        { name: 'pitchfinder YIN, ms', value },
      ),
    );
  }
  return rows;
}

function precheck(label: string, weight: VoiceWeight, times: number): BenchRow {
  const graph = heavyVoice(weight)['voice.onnx'] ?? new Uint8Array(0);
  const value = timed(times, () => unwrap(precheckGraph(graph, null)));
  const digest = timed(times, () => sha256Hex(graph));
  const row = {
    measure: `pre-check of a graph of ${label}`,
    value,
    unit: 'ms',
    limit: 'a digest of every tensor, for the search for copies; nothing is copied',
  };
  return rowBeside(row, { name: 'sha-256 of the file, ms', value: digest });
}

export const judging: Benchmark = {
  name: 'judging',
  what: 'the pieces of hearing, each on one core',
  async run({ quick, note }) {
    const times = quick ? 2 : 9;
    const prompts = drawPrompts('5e', quick ? 2 : 8);
    const spoken = prompts.map((prompt) => {
      const { samples, sampleRateHz } = synthesiseReference(prompt.phones, REFERENCE_VOICES[0]!);
      return { prompt, audio: { samples: Float32Array.from(samples), sampleRateHz } };
    });
    const seconds = spoken.reduce((sum, { audio }) => sum + audio.samples.length / audio.sampleRateHz, 0) / spoken.length;
    const each = (work: (one: (typeof spoken)[number]) => unknown) => timed(times, () => spoken.map(work)) / spoken.length;

    const heard = spoken.map(({ prompt, audio }) => ({ prompt, speech: hear(audio).speech }));
    const listener = createContentListener();
    for (const { prompt, speech } of heard) listener.listen(prompt, speech);
    const warping = timed(times, () => heard.map(({ prompt, speech }) => listener.listen(prompt, speech))) / heard.length;
    note(`warping ${warping.toFixed(1)} ms`);
    const references =
      timed(quick ? 1 : 3, () => heard.map(({ prompt, speech }) => createContentListener().listen(prompt, speech))) / heard.length -
      warping;
    const judge = createUtteranceJudge(listener);
    const whole = each(({ prompt, audio }) => judge(prompt, audio));
    const measures = each(({ audio }) => hear(audio));
    const length = `utterances of ${seconds.toFixed(1)} s in the mean`;
    const rows: BenchRow[] = [
      { measure: 'one utterance judged by builtin-1', value: whole, unit: 'ms', limit: length },
      { measure: '  of it: measures of the signal', value: measures, unit: 'ms', limit: 'resampling, spectra, pitch, texture' },
      {
        measure: '  of it: contrastive time warping',
        value: warping,
        unit: 'ms',
        limit: '2 reference voices, the text and up to 8 decoys, 5 tract lengths; stretches found in place',
      },
      { measure: 'reference speech of one prompt, once a round', value: references, unit: 'ms', limit: 'up to 9 texts said by 2 voices' },
    ];
    const all = Float64Array.from(heard.flatMap(({ speech }) => [...speech]));
    rows.push(...frontEnd(all, all.length / HEARING_RATE_HZ, times));
    note('front end done');
    rows.push(precheck('63 MB', MEDIUM, quick ? 1 : 5));
    if (!quick) rows.push(precheck('325 MB', KOKORO_SIZE, 3));
    return rows;
  },
};
