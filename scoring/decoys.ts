/** Texts that a prompt is told apart from: easy ones say something else at the same length, hard ones differ in one word. */
import { syllablesOf, type Word } from './bank/words.js';
import type { Chance } from './chance.js';
import { countErrors } from './edits.js';
import { phonesOf, type Sentence } from './grammar.js';
import { expectedDurationMs, type Phone } from './phonemes.js';
import type { Drawn } from './sentences.js';

/** The first decoys of a prompt are the easy ones. */
export const EASY_DECOYS = 5;
/** At most this many hard ones follow; fewer where the sentence has fewer replaceable words. */
export const HARD_DECOYS = 3;
/** Other sentences of the same kind are drawn until this many lie at hand; the nearest in length are kept. */
const CANDIDATES = 10;

/** How many of the easy ones share the build of the sentence: against those its fixed words are no help. */
const ALIKE = 2;
/** Percent of the phones. What differs in fewer is hard to tell apart, and no easy decoy while a candidate differs in more: "full, not fool" and "pull, not pool". */
const UNLIKE_PERCENT = 35;

export function decoysOf({ sentence, alike, another }: Drawn, chance: Chance): readonly (readonly Phone[])[] {
  return [...easyDecoys(sentence, alike, ALIKE), ...easyDecoys(sentence, another, EASY_DECOYS - ALIKE), ...hardDecoys(sentence, chance)];
}

function easyDecoys(sentence: Sentence, drawOne: () => Sentence, count: number): readonly (readonly Phone[])[] {
  const said = phonesOf(sentence);
  const lengthMs = expectedDurationMs(said);
  const own = new Set(contentWords(sentence));
  const candidates = Array.from({ length: CANDIDATES }, (_, order) => {
    const other = drawOne();
    const phones = phonesOf(other);
    const shared = contentWords(other).filter((text) => own.has(text)).length;
    const unlike = Math.min(UNLIKE_PERCENT, differingPercent(said, phones));
    return { phones, order, shared, unlike, offMs: Math.abs(expectedDurationMs(phones) - lengthMs) };
  });
  candidates.sort((a, b) => b.unlike - a.unlike || a.shared - b.shared || a.offMs - b.offMs || a.order - b.order);
  return candidates.slice(0, count).map(({ phones }) => phones);
}

function hardDecoys(sentence: Sentence, chance: Chance): readonly (readonly Phone[])[] {
  const places = chance.shuffle(sentence.pieces.flatMap((piece, at) => (piece.pool.length > 1 ? [at] : [])));
  const decoys: (readonly Phone[])[] = [];
  for (const at of places) {
    if (decoys.length === HARD_DECOYS) break;
    const { word, pool } = sentence.pieces[at]!;
    const others = pool.filter((other) => soundsOf(other) !== soundsOf(word) && syllablesOf(other) === syllablesOf(word));
    if (others.length === 0) continue;
    const instead = chance.pick(others);
    const pieces = sentence.pieces.map((piece, index) => (index === at ? { ...piece, word: instead } : piece));
    decoys.push(phonesOf({ ...sentence, pieces }));
  }
  return decoys;
}

/** Phones that differ in percent of those of the text, rounded down. */
function differingPercent(said: readonly Phone[], other: readonly Phone[]): number {
  const { substitutions, deletions, insertions } = countErrors(said, other);
  return Math.floor((100 * (substitutions + deletions + insertions)) / said.length);
}

function contentWords({ pieces }: Sentence): readonly string[] {
  return pieces.filter(({ pool }) => pool.length > 0).map(({ word }) => word.text);
}

function soundsOf({ phones }: Word): string {
  return phones.join(' ');
}
