/** What scoring needs from the outside: a voice that speaks inside a sandbox, and a judge that listens off the main thread. */
import type { ModelDigest } from '../protocol/names.js';
import type { Audio } from './audio.js';
import type { Manifest } from './manifest.js';
import type { NeuralFeatures } from './neural/features.js';
import type { MelBands } from './neural/whisper-mel.js';
import type { Phone } from './phonemes.js';
import type { PromptScore } from './profile.js';
import type { Prompt } from './prompts.js';

/** `native`: onnxruntime-node, fast, equal between CPUs to about 1e-6. `wasm`: onnxruntime-web, bit-equal everywhere, slower. */
export type EngineName = 'native' | 'wasm';

/** A model package on disk whose every byte has been checked against its manifest. */
export interface VerifiedModel {
  readonly digest: ModelDigest;
  readonly manifest: Manifest;
  readonly directory: string;
}

export interface RunLimits {
  /** RLIMIT_DATA of the child. */
  readonly memoryBytes: number;
  /** RLIMIT_CPU of the child, for the whole session. */
  readonly cpuSeconds: number;
  readonly loadTimeoutMs: number;
  readonly utteranceTimeoutMs: number;
  /** Longest audio of one utterance; more is `scoring.audio_too_long`. */
  readonly audioSecondsMax: number;
}

export interface Utterance {
  readonly phones: readonly Phone[];
  /** The same as it is written, for voices that read letters. */
  readonly text: string;
  /** 32 bytes as hex; drives every random node of the graph. */
  readonly seed: string;
}

export interface Synthesis {
  readonly audio: Audio;
  readonly elapsedMs: number;
  /** Symbols of the prompt that the voice has no token for, left out as its manifest says. */
  readonly dropped: number;
}

/** A program outside that turns text into IPA. Only voices whose manifest asks for it by name and version need it. */
export interface Phonemiser {
  /** Errors: rejects with scoring.phonemiser_* where the program is not the one that is asked for; null asks for nothing. */
  check(wanted: { readonly voice: string; readonly version: string } | null): Promise<void>;
  /** Shape: text → IPA, punctuation kept. Errors: rejects with scoring.phonemiser_failed. */
  ipa(text: string, voice: string, signal?: AbortSignal): Promise<string>;
}

export interface VoiceSession {
  /** Rejects with a `Failure` of a `scoring.*` code; a code of disposition `skip` is the model's own fault, `retry` is ours. */
  synthesise(utterance: Utterance, signal?: AbortSignal): Promise<Synthesis>;
  close(): Promise<void>;
}

export interface VoiceRunner {
  readonly engine: EngineName;
  /** Goes into the scorer digest: engine name, package version, session options. */
  readonly engineId: string;
  /** Pre-checks the graph, starts the sandboxed child and loads the model. */
  open(model: VerifiedModel, limits: RunLimits, signal?: AbortSignal): Promise<VoiceSession>;
}

/** Listens off the main thread: what builtin-1 says, and what neural judges are to be given. */
export interface Listener {
  /** `features` is null where the audio was invalid. */
  listen(prompt: Prompt, audio: Audio, bands: MelBands): Promise<{ readonly score: PromptScore; readonly features: NeuralFeatures | null }>;
  close(): Promise<void>;
}

export interface Judge {
  /** Pure function of its arguments, run where it does not block the main loop. */
  judge(prompt: Prompt, audio: Audio): Promise<PromptScore>;
  /** What depends on all prompts of a model together. Pure. Absent: nothing does. Shape: all scores in order → the final ones. */
  conclude?(scores: readonly PromptScore[]): readonly PromptScore[];
  close(): Promise<void>;
}
