/** The judge of profile neural-1: builtin-1 listens on its threads, six networks listen in confined processes, one formula puts it together. */
import { scoringFailure } from '../failures.js';
import { compareTexts } from '../neural/errors.js';
import { FBANK_BANDS } from '../neural/fbank.js';
import { DNSMOS_SAMPLES, dnsmosWindows, type NeuralFeatures, SILERO_CONTEXT, SILERO_WINDOW, sileroWindows } from '../neural/features.js';
import { concludeVoices, dnsmosOf, type Heard, neuralScore, speechShare } from '../neural/profile.js';
import { NEURAL_GRAPHS, type NeuralGraph } from '../neural/source.js';
import { WHISPER_FRAMES, WHISPER_RATE_HZ } from '../neural/whisper-mel.js';
import type { EngineName, Judge, Listener } from '../ports.js';
import { createJudgeGraph, float32Tensor, floatsOf, int64Tensor, type JudgeGraph } from './judge-graph.js';
import { type NeuralModels, unfit } from './judge-models.js';
import type { Confinement } from './sandbox.js';
import { transcribe } from './whisper.js';

/** Sets of networks, each for one utterance at a time. */
export const NEURAL_SEATS_MAX = 16;
/** Utterances that may wait for a set; callers judge one at a time. */
export const NEURAL_QUEUE_MAX = 64;
const SILERO_STATE = 2 * 128;

export interface NeuralJudge extends Judge {
  /** Lets every network hear a second of noise. Errors: rejects with scoring.profile_unfit. */
  tryOut(): Promise<void>;
}

export interface NeuralJudgeDeps {
  /** Owned from now on: closed with the judge. */
  readonly listener: Listener;
  readonly models: NeuralModels;
  readonly confinement: Confinement;
}

type Graphs = Readonly<Record<NeuralGraph, JudgeGraph>>;

/** Processes are started when first needed. */
export function createNeuralJudge(
  { listener, models, confinement }: NeuralJudgeDeps,
  options: { readonly engine: EngineName; readonly seats: number },
): NeuralJudge {
  const seats = Array.from({ length: Math.max(1, Math.min(NEURAL_SEATS_MAX, options.seats)) }, () => ({
    graphs: graphsOf(models, confinement, options.engine),
    waiting: 0,
    last: Promise.resolve() as Promise<unknown>,
  }));
  let closing: Promise<void> | null = null;

  /** The set with the shortest queue. */
  function seated<T>(work: (graphs: Graphs) => Promise<T>): Promise<T> {
    const seat = seats.reduce((best, one) => (one.waiting < best.waiting ? one : best));
    if (closing) return Promise.reject(scoringFailure('scoring.judge_closed'));
    if (seat.waiting >= NEURAL_QUEUE_MAX) return Promise.reject(scoringFailure('scoring.judge_overloaded', { waiting: seat.waiting }));
    seat.waiting += 1;
    const mine = seat.last.then(() => work(seat.graphs));
    seat.last = mine.then(
      () => (seat.waiting -= 1),
      () => (seat.waiting -= 1),
    );
    return mine;
  }

  return {
    async judge(prompt, audio) {
      const { score, features } = await listener.listen(prompt, audio, models.contracts.whisperEncoder.bands);
      if (features === null) return score;
      const heard = await seated((graphs) => hear(graphs, models, features));
      return neuralScore(score, { ...heard, recognition: compareTexts(prompt.spoken, heard.transcript) });
    },
    conclude: concludeVoices,
    async tryOut() {
      await seated((graphs) => tryGraphs(graphs, models));
    },
    close() {
      closing ??= (async () => {
        await Promise.all([listener.close(), ...seats.flatMap(({ graphs }) => Object.values(graphs).map((graph) => graph.close()))]);
      })();
      return closing;
    },
  };
}

function graphsOf(models: NeuralModels, confinement: Confinement, engine: EngineName): Graphs {
  const entries = NEURAL_GRAPHS.map((name) => [name, createJudgeGraph(name, models.files[name], { confinement, engine })]);
  // Safety: NEURAL_GRAPHS has every name of the type, once.
  return Object.fromEntries(entries) as Graphs;
}

async function hear(graphs: Graphs, models: NeuralModels, features: NeuralFeatures): Promise<Omit<Heard, 'recognition'>> {
  const [probabilities, transcript, windows, utmos, embedding] = await Promise.all([
    activity(graphs.silero, features.speech),
    recognise(graphs, models, features.mel),
    cleanliness(graphs.dnsmos, models, features.speech),
    naturalness(graphs.utmos, models, features.filled),
    speaker(graphs.speaker, models, features),
  ]);
  return { speechShare: speechShare(probabilities), transcript, dnsmos: dnsmosOf(windows), utmos, embedding };
}

async function recognise(graphs: Graphs, { contracts, tokenizer }: NeuralModels, mel: Float32Array): Promise<string> {
  const { whisperEncoder, whisperDecoder } = contracts;
  const both = { encoder: whisperEncoder, decoder: whisperDecoder };
  return transcribe({ encoder: graphs.whisperEncoder, decoder: graphs.whisperDecoder, contracts: both, tokenizer }, mel);
}

/** Probability of speech per 32 ms. */
export async function activity(silero: JudgeGraph, speech: Float32Array): Promise<readonly number[]> {
  const probabilities: number[] = [];
  let state = new Float32Array(SILERO_STATE);
  for (const window of sileroWindows(speech)) {
    const feeds = [
      float32Tensor('input', [1, SILERO_CONTEXT + SILERO_WINDOW], window),
      float32Tensor('state', [2, 1, 128], state),
      int64Tensor('sr', [], [WHISPER_RATE_HZ]),
    ];
    const heard = await silero.run(feeds, ['output', 'stateN']);
    probabilities.push(floatsOf(heard, 'output')[0]!);
    state = new Float32Array(floatsOf(heard, 'stateN', SILERO_STATE));
  }
  return probabilities;
}

/** Raw numbers per 9.01 s. */
export async function cleanliness(
  dnsmos: JudgeGraph,
  { contracts }: Pick<NeuralModels, 'contracts'>,
  speech: Float32Array,
): Promise<readonly Float32Array[]> {
  const { input, output } = contracts.dnsmos;
  const raw: Float32Array[] = [];
  for (const window of dnsmosWindows(speech)) {
    raw.push(floatsOf(await dnsmos.run([float32Tensor(input, [1, DNSMOS_SAMPLES], window)], [output]), output, 3));
  }
  return raw;
}

async function naturalness(utmos: JudgeGraph, { contracts }: NeuralModels, speech: Float32Array): Promise<number> {
  const { input, output } = contracts.utmos;
  return floatsOf(await utmos.run([float32Tensor(input, [1, speech.length], speech)], [output]), output)[0]!;
}

async function speaker(graph: JudgeGraph, { contracts }: NeuralModels, { fbank }: NeuralFeatures): Promise<Float32Array> {
  const { input, output } = contracts.speaker;
  return floatsOf(await graph.run([float32Tensor(input, [1, fbank.frames, FBANK_BANDS], fbank.data)], [output]), output);
}

/** Each network by itself, so that the one that does not fit is named. */
async function tryGraphs(graphs: Graphs, models: NeuralModels): Promise<void> {
  const speech = Float32Array.from({ length: WHISPER_RATE_HZ }, (_, n) => 0.05 * Math.sin(n * n * 0.01));
  const fbank = { frames: 98, data: new Float32Array(98 * FBANK_BANDS) };
  const mel = new Float32Array(models.contracts.whisperEncoder.bands * WHISPER_FRAMES);
  const tries: readonly (readonly [NeuralGraph, () => Promise<unknown>])[] = [
    ['silero', () => activity(graphs.silero, speech)],
    ['whisperDecoder', () => recognise(graphs, models, mel)],
    ['dnsmos', () => cleanliness(graphs.dnsmos, models, speech)],
    ['utmos', () => naturalness(graphs.utmos, models, speech)],
    ['speaker', () => speaker(graphs.speaker, models, { speech, filled: speech, mel, fbank })],
  ];
  for (const [name, attempt] of tries) {
    await attempt().catch((error: unknown) => {
      throw unfit(name, error);
    });
  }
}
