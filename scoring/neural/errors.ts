/** Word and character errors by edit distance. */
import { countErrors, type Errors } from '../edits.js';
import { wordsOf } from './words.js';

/** Errors per expected element, at most 1. */
export function errorRate({ substitutions, deletions, insertions, length }: Errors): number {
  return Math.min(1, (substitutions + deletions + insertions) / Math.max(1, length));
}

export interface Recognition {
  readonly words: Errors;
  /** Without blanks, so that a compound written in two words costs nothing here. */
  readonly characters: Errors;
}

/** Shape: prompt and transcript, as written → errors over the normalised texts. */
export function compareTexts(prompt: string, transcript: string): Recognition {
  const expected = wordsOf(prompt);
  const heard = wordsOf(transcript);
  return { words: countErrors(expected, heard), characters: countErrors([...expected.join('')], [...heard.join('')]) };
}
