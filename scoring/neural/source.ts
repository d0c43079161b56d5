/** Where a judge's model comes from, and which bytes it must have. */
import { err, ok, type Result } from '../../protocol/result.js';

/** The networks of the profile, by the names their makers gave them. */
export const NEURAL_GRAPHS = ['silero', 'whisperEncoder', 'whisperDecoder', 'dnsmos', 'utmos', 'speaker'] as const;
export type NeuralGraph = (typeof NEURAL_GRAPHS)[number];

export const NEURAL_MODELS: readonly NeuralModel[] = [...NEURAL_GRAPHS, 'whisperTokenizer'];
export type NeuralModel = NeuralGraph | 'whisperTokenizer';

export interface ModelSource {
  /** A path, or an https address. */
  readonly location: string;
  readonly remote: boolean;
  /** 64 hex digits. */
  readonly sha256: string;
}

/** A file on this machine. */
export interface PinnedFile {
  readonly path: string;
  /** 64 hex digits. */
  readonly sha256: string;
}

export type NeuralFiles = Readonly<Record<NeuralModel, PinnedFile>>;

export const SOURCE_FORM = /^(.+)#sha256=([0-9a-f]{64})$/;

/** Shape: "<path or https URL>#sha256=<64 hex digits>" → source. Errors: what is wrong, in words. */
export function parseSource(text: string): Result<ModelSource, string> {
  const [, location, sha256] = SOURCE_FORM.exec(text) ?? [];
  if (location === undefined || sha256 === undefined)
    return err('a path or https address followed by #sha256= and 64 hex digits is expected');
  if (/^[a-z]+:\/\//i.test(location) && !location.startsWith('https://')) return err('only https addresses are fetched');
  return ok({ location, remote: location.startsWith('https://'), sha256 });
}
