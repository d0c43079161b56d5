/** The models of profile neural-1 on disk: each is pinned by its digest, and looked at before it is run like any foreign model. */
import { createHash } from 'node:crypto';
import { constants } from 'node:fs';
import { open } from 'node:fs/promises';
import { isFailure } from '../../protocol/failure.js';
import { scoringFailure } from '../failures.js';
import type { OnnxGraph } from '../graph/model.js';
import { precheckGraph } from '../graph/precheck.js';
import { type NeuralContracts, readContract } from '../neural/contracts.js';
import { NEURAL_PROFILE, type NeuralDigests } from '../neural/profile.js';
import { NEURAL_GRAPHS, NEURAL_MODELS, type NeuralFiles, type NeuralGraph, type NeuralModel, type PinnedFile } from '../neural/source.js';
import { readTokenizer, type WhisperTokenizer } from '../neural/tokenizer.js';

/** The largest published judge (UTMOS, 390 MB) twice over. */
export const JUDGE_MODEL_BYTES_MAX = 800 * 1024 * 1024;
export const TOKENIZER_BYTES_MAX = 16 * 1024 * 1024;

/** Every model is there, has its digest and fits. Bytes are not kept: they are read again when a graph is opened. */
export interface NeuralModels {
  readonly files: NeuralFiles;
  readonly digests: NeuralDigests;
  readonly tokenizer: WhisperTokenizer;
  readonly contracts: NeuralContracts;
}

/** Errors: rejects with scoring.profile_incomplete, scoring.profile_wrong_model, scoring.profile_unfit. */
export async function openNeuralModels(files: NeuralFiles): Promise<NeuralModels> {
  const tokenizer = readTokenizer(await readPinned('whisperTokenizer', files.whisperTokenizer));
  if (!tokenizer.ok) throw unfit('whisperTokenizer', tokenizer.error);
  const graphs = new Map<NeuralGraph, OnnxGraph>();
  for (const name of NEURAL_GRAPHS) graphs.set(name, await readGraph(name, files[name]));
  const contract = <K extends NeuralGraph>(name: K): NeuralContracts[K] => {
    const read = readContract[name](graphs.get(name)!);
    if (!read.ok) throw unfit(name, read.error);
    return read.value;
  };
  return {
    files,
    digests: digestsOf(files),
    tokenizer: tokenizer.value,
    contracts: {
      silero: contract('silero'),
      whisperEncoder: contract('whisperEncoder'),
      whisperDecoder: contract('whisperDecoder'),
      dnsmos: contract('dnsmos'),
      utmos: contract('utmos'),
      speaker: contract('speaker'),
    },
  };
}

function digestsOf(files: NeuralFiles): NeuralDigests {
  // Safety: NEURAL_MODELS has every name of the type, once.
  return Object.fromEntries(NEURAL_MODELS.map((name) => [name, files[name].sha256])) as NeuralDigests;
}

async function readGraph(name: NeuralGraph, file: PinnedFile): Promise<OnnxGraph> {
  const checked = precheckGraph(await readPinned(name, file), null, JUDGE_MODEL_BYTES_MAX);
  if (!checked.ok) throw unfit(name, checked.error.message);
  if (checked.value.facts.randomNodes > 0) throw unfit(name, 'it draws random numbers');
  return checked.value.model.graph;
}

/** The bytes of a pinned file, read once and held against their digest. Errors: scoring.profile_incomplete, scoring.profile_wrong_model. */
export async function readPinned(model: NeuralModel, { path, sha256 }: PinnedFile): Promise<Uint8Array> {
  const bytes = await readBounded(path, model === 'whisperTokenizer' ? TOKENIZER_BYTES_MAX : JUDGE_MODEL_BYTES_MAX).catch(
    (error: unknown) => {
      const problem = error instanceof Error ? error.message : String(error);
      throw scoringFailure('scoring.profile_incomplete', { profile: NEURAL_PROFILE.id, model, problem }, error);
    },
  );
  const actual = createHash('sha256').update(bytes).digest('hex');
  if (actual !== sha256) throw scoringFailure('scoring.profile_wrong_model', { model, path, actual, expected: sha256 });
  return bytes;
}

async function readBounded(path: string, maxBytes: number): Promise<Uint8Array> {
  const file = await open(path, constants.O_RDONLY);
  try {
    const stat = await file.stat();
    if (!stat.isFile()) throw new RangeError(`${path} is not a file`);
    if (stat.size > maxBytes) throw new RangeError(`${path} has ${stat.size} bytes, at most ${maxBytes} are read`);
    return await file.readFile();
  } finally {
    await file.close();
  }
}

/** Shape: which model, and a failure or words → scoring.profile_unfit. */
export function unfit(model: NeuralModel, problem: unknown): Error {
  const words = isFailure(problem) || problem instanceof Error ? problem.message : String(problem);
  return scoringFailure('scoring.profile_unfit', { profile: NEURAL_PROFILE.id, model, problem: words });
}
