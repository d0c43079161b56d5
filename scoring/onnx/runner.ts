/** Voices behind the sandbox: a verified package in, audio out. */
import { fromHex } from '../../protocol/digest.js';
import { invariant, isFailure } from '../../protocol/failure.js';
import { unwrap } from '../../protocol/result.js';
import type { Audio } from '../audio.js';
import { scoringFailure } from '../failures.js';
import { contractOf, precheckGraph } from '../graph/precheck.js';
import { SEED_WORDS, type SeededGraph, seedRandomNodes, seedWords } from '../graph/random.js';
import { graphFile, type Manifest } from '../manifest.js';
import { ipaOf } from '../phonemes.js';
import type { EngineName, RunLimits, Utterance, VoiceRunner, VoiceSession } from '../ports.js';
import { tokenIds } from '../tokens.js';
import { engineIdOf } from './engines.js';
import { type GraphProcess, type GraphTensor, openGraph } from './graph-process.js';
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
  /** Tests of the sandbox only: runs graphs that the pre-check refuses. */
  readonly skipPrecheck?: boolean;
}

/** One runner per engine and process; the way of confinement is found at the first use and kept. */
export function createVoiceRunner({ engine, skipPrecheck = false }: VoiceRunnerOptions): OnnxVoiceRunner {
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
      const bytes = await readVerified(model, graphFile(model.manifest));
      const graph = skipPrecheck ? { bytes, seedInput: null } : repeatable(bytes, model.manifest);
      const outputBytesMax = samplesMax(model.manifest, limits) * Float32Array.BYTES_PER_ELEMENT;
      const start = (startSignal?: AbortSignal) => openGraph(found, graph.bytes, { engine, limits, outputBytesMax }, startSignal);
      return createSession(model.manifest, graph, limits, await start(signal), start);
    },
  };
}

function repeatable(bytes: Uint8Array, manifest: Manifest): SeededGraph {
  return unwrap(seedRandomNodes(unwrap(precheckGraph(bytes, contractOf(manifest)))));
}

type Start = (signal?: AbortSignal) => Promise<GraphProcess>;

function createSession(manifest: Manifest, graph: SeededGraph, limits: RunLimits, first: GraphProcess, start: Start): VoiceSession {
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
    const ids = unwrap(tokenIds(manifest, ipaOf(utterance.phones)));
    const process = await alive(signal);
    try {
      const { tensors, elapsedMs } = await process.run(feedsOf(manifest, graph, ids, utterance.seed), [manifest.output.name], signal);
      return { audio: audioOf(manifest, limits, tensors[0]), elapsedMs };
    } catch (error) {
      if (!process.alive) lastDeath = error;
      throw tooLong(error, manifest, limits);
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

function feedsOf(manifest: Manifest, graph: SeededGraph, ids: readonly number[], seed: string): readonly GraphTensor[] {
  const { inputs, params, speaker } = manifest;
  const scales = Float32Array.of(params.noiseMilli / 1000, params.lengthMilli / 1000, params.noiseWMilli / 1000);
  const feeds = [
    int64(inputs.tokens, [1, ids.length], BigInt64Array.from(ids.map(BigInt))),
    int64(inputs.tokenCount, [1], BigInt64Array.of(BigInt(ids.length))),
    { name: inputs.scales, type: 'float32', dims: [3], bytes: new Uint8Array(scales.buffer) } as const,
  ];
  if (inputs.speaker !== null) feeds.push(int64(inputs.speaker, [1], BigInt64Array.of(BigInt(speaker ?? 0))));
  if (graph.seedInput !== null) feeds.push(int64(graph.seedInput, [SEED_WORDS], seedWords(fromHex(seed))));
  return feeds;
}

function int64(name: string, dims: readonly number[], values: BigInt64Array): GraphTensor {
  return { name, type: 'int64', dims, bytes: new Uint8Array(values.buffer, values.byteOffset, values.byteLength) };
}

/** Errors: throws scoring.audio_*. Silence is left to the judge. */
function audioOf(manifest: Manifest, limits: RunLimits, tensor: GraphTensor | undefined): Audio {
  const rank = manifest.output.layout.length;
  const shaped = tensor?.type === 'float32' && tensor.dims.length === rank && tensor.dims.slice(0, -1).every((dim) => dim === 1);
  if (tensor === undefined || !shaped || tensor.dims.at(-1) !== tensor.bytes.length / 4) {
    const actual = tensor === undefined ? 'missing' : `${tensor.type}[${tensor.dims.join(',')}]`;
    throw scoringFailure('scoring.audio_shape', {
      actual,
      expected: `float32[${manifest.output.layout.replaceAll('B', '1').split('').join(',')}]`,
    });
  }
  const { bytes } = tensor;
  const samples = new Float32Array(bytes.buffer, bytes.byteOffset, bytes.length / 4);
  if (samples.length === 0) throw scoringFailure('scoring.audio_empty');
  const maxSamples = samplesMax(manifest, limits);
  if (samples.length > maxSamples) throw scoringFailure('scoring.audio_too_long', { samples: samples.length, maxSamples });
  const index = samples.findIndex((sample) => !Number.isFinite(sample));
  if (index >= 0) throw scoringFailure('scoring.audio_not_finite', { index });
  return { samples, sampleRateHz: manifest.sampleRateHz };
}

function samplesMax(manifest: Manifest, limits: RunLimits): number {
  return Math.floor(limits.audioSecondsMax * manifest.sampleRateHz);
}

/** The process knows bytes only; the facts a person needs are added here. */
function tooLong(error: unknown, manifest: Manifest, limits: RunLimits): unknown {
  if (!isFailure(error) || error.code !== 'scoring.audio_too_long') return error;
  return scoringFailure('scoring.audio_too_long', { ...error.facts, maxSamples: samplesMax(manifest, limits) });
}
