/** Voices behind the sandbox: a verified package in, audio out. */
import { invariant, isFailure } from '../../protocol/failure.js';
import { unwrap } from '../../protocol/result.js';
import { ipaSymbols, symbolsOf } from '../contracts/text.js';
import { scoringFailure } from '../failures.js';
import { contractOf, precheckGraph } from '../graph/precheck.js';
import { type SeededGraph, seedRandomNodes } from '../graph/random.js';
import { fileOf, type Manifest } from '../manifest.js';
import type { EngineName, Phonemiser, RunLimits, Utterance, VerifiedModel, VoiceRunner, VoiceSession } from '../ports.js';
import { styleRow, tokenise } from '../tokens.js';
import { engineIdOf } from './engines.js';
import { audioOf, feedsOf, type Material } from './feeds.js';
import { type GraphProcess, openGraphs } from './graph-process.js';
import { readVerified } from './package-files.js';
import { type Confinement, findConfinement, type SandboxReport } from './sandbox.js';

/** A session starts a new process after one that died, this often; then it repeats the last failure. */
export const RESTARTS_MAX = 3;

export interface OnnxVoiceRunner extends VoiceRunner {
  /** What confines a model on this machine. Errors: rejects with scoring.sandbox_unavailable. */
  sandboxReport(): Promise<SandboxReport>;
}

export interface VoiceRunnerOptions {
  readonly engine: EngineName;
  /** For voices whose manifest asks for it; without it they are refused with scoring.phonemiser_missing. */
  readonly phonemiser?: Phonemiser;
  /** Tests of the sandbox only: runs graphs that the pre-check refuses. */
  readonly skipPrecheck?: boolean;
}

/** One runner per engine and process; the way of confinement is found at the first use and kept. */
export function createVoiceRunner({ engine, phonemiser, skipPrecheck = false }: VoiceRunnerOptions): OnnxVoiceRunner {
  let confinement: Promise<Confinement> | null = null;
  const confine = () => {
    confinement ??= findConfinement().catch((error: unknown) => {
      confinement = null;
      throw error;
    });
    return confinement;
  };

  return {
    engine,
    engineId: engineIdOf(engine),
    async sandboxReport() {
      return (await confine()).report;
    },
    async open(model, limits, signal) {
      const found = await confine();
      if (engine === 'native' && !found.report.memoryBounded) {
        throw scoringFailure('scoring.sandbox_unavailable', { problem: 'memory cannot be limited, so only the wasm engine may run' });
      }
      await phonemiser?.check(model.manifest.text.espeak);
      if (phonemiser === undefined && model.manifest.text.espeak !== null) throw phonemiserMissing(model.manifest);
      const graphs = await readGraphs(model, skipPrecheck);
      const voice: Voice = { manifest: model.manifest, graphs, styles: await readStyles(model), limits, phonemiser };
      const bytes = graphs.map((graph) => graph.bytes);
      const outputBytesMax = samplesMax(voice) * Float32Array.BYTES_PER_ELEMENT;
      const start = (startSignal?: AbortSignal) => openGraphs(found, bytes, { engine, limits, outputBytesMax }, startSignal);
      return createSession(voice, await start(signal), start);
    },
  };
}

/** Random nodes of the second graph are numbered on from here, so that no two nodes of a voice draw alike. */
const NODES_PER_GRAPH = 1 << 16;

async function readGraphs(model: VerifiedModel, skipPrecheck: boolean): Promise<readonly SeededGraph[]> {
  const graphs: SeededGraph[] = [];
  for (const [at, { file }] of model.manifest.graphs.entries()) {
    const bytes = await readVerified(model, fileOf(model.manifest, file));
    if (skipPrecheck) graphs.push({ bytes, seedInput: null });
    else graphs.push(unwrap(seedRandomNodes(unwrap(precheckGraph(bytes, contractOf(model.manifest, at))), at * NODES_PER_GRAPH)));
  }
  return graphs;
}

async function readStyles(model: VerifiedModel): Promise<Float32Array | null> {
  const { style } = model.manifest;
  if (style === null) return null;
  const bytes = await readVerified(model, fileOf(model.manifest, style.file));
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  return Float32Array.from({ length: style.rows * style.columns }, (_, n) => view.getFloat32(n * 4, true));
}

interface Voice {
  readonly manifest: Manifest;
  readonly graphs: readonly SeededGraph[];
  readonly styles: Float32Array | null;
  readonly limits: RunLimits;
  readonly phonemiser: Phonemiser | undefined;
}

type Start = (signal?: AbortSignal) => Promise<GraphProcess>;

function createSession(voice: Voice, first: GraphProcess, start: Start): VoiceSession {
  let current = first;
  let restarts = 0;
  let lastDeath: unknown = null;
  let busy = false;
  let closed = false;

  const alive = async (signal?: AbortSignal): Promise<GraphProcess> => {
    if (closed) throw scoringFailure('scoring.session_closed');
    if (current.alive) return current;
    if (restarts >= RESTARTS_MAX) throw lastDeath;
    restarts += 1;
    await current.close();
    current = await start(signal);
    return current;
  };

  const speak = async (utterance: Utterance, signal?: AbortSignal) => {
    const { material, dropped } = await materialOf(voice, utterance, signal);
    const process = await alive(signal);
    try {
      const { tensor, elapsedMs } = await runGraphs(voice, process, material, signal);
      return { audio: audioOf(voice.manifest, samplesMax(voice), tensor), elapsedMs, dropped };
    } catch (error) {
      if (!process.alive) lastDeath = error;
      throw tooLong(error, voice);
    }
  };

  return {
    async synthesise(utterance, signal) {
      invariant(!busy, 'a session speaks one utterance at a time');
      busy = true;
      try {
        return await speak(utterance, signal);
      } finally {
        busy = false;
      }
    },
    async close() {
      closed = true;
      await current.close();
    },
  };
}

/** Text to ids. Errors: rejects with scoring.prompt_* and scoring.phonemiser_*. */
async function materialOf({ manifest, styles, phonemiser }: Voice, utterance: Utterance, signal?: AbortSignal) {
  const { symbols: kind, espeak } = manifest.text;
  let symbols: readonly string[];
  if (kind !== 'espeak-ng') symbols = symbolsOf(kind, utterance);
  else if (phonemiser === undefined || espeak === null) throw phonemiserMissing(manifest);
  else symbols = ipaSymbols(await phonemiser.ipa(utterance.text, espeak.voice, signal));
  const tokens = unwrap(tokenise(manifest, symbols));
  const { style } = manifest;
  const from = style === null ? 0 : styleRow(style, tokens) * style.columns;
  const row = style === null || styles === null ? null : styles.slice(from, from + style.columns);
  const material: Material = { ids: tokens.ids, style: row, mel: null, seed: utterance.seed };
  return { material, dropped: tokens.dropped };
}

/** One graph after the other, each fed with what the one before gave. */
async function runGraphs({ manifest, graphs }: Voice, process: GraphProcess, material: Material, signal?: AbortSignal) {
  let elapsedMs = 0;
  let tensor: Material['mel'] = null;
  for (const [at, { inputs, outputs }] of manifest.graphs.entries()) {
    const output = outputs.find(({ use }) => use !== 'none')?.name ?? '';
    const feeds = feedsOf(inputs, graphs[at]?.seedInput ?? null, { ...material, mel: tensor });
    const result = await process.run(feeds, [output], signal, { graph: at });
    elapsedMs += result.elapsedMs;
    tensor = result.tensors[0] ?? null;
  }
  return { tensor: tensor ?? undefined, elapsedMs };
}

function phonemiserMissing(manifest: Manifest) {
  return scoringFailure('scoring.phonemiser_missing', { version: manifest.text.espeak?.version ?? '' });
}

function samplesMax({ manifest, limits }: Pick<Voice, 'manifest' | 'limits'>): number {
  return Math.floor(limits.audioSecondsMax * manifest.audio.sampleRateHz);
}

/** The process knows bytes only; the facts a person needs are added here. */
function tooLong(error: unknown, voice: Voice): unknown {
  if (!isFailure(error) || error.code !== 'scoring.audio_too_long') return error;
  return scoringFailure('scoring.audio_too_long', { ...error.facts, maxSamples: samplesMax(voice) });
}
