/** The word bank by part of speech, read once. */
import { ADJECTIVES, DAYS, INTERJECTIONS, MANNERS, MONTHS, PREPOSITIONS, SMALL, TIMES } from './describing.js';
import { CREATURES, HOUSEHOLD, TRADES } from './household.js';
import { ANIMALS, FOODS, NAMES, PEOPLE, PLACES, STUFF, THINGS } from './nouns.js';
import { CLUSTER_ADJECTIVES, CLUSTER_NOUNS, CLUSTER_VERBS, MINIMAL_PAIRS, NUMBERS, ORDINALS } from './special.js';
import { DOING, GOING } from './verbs.js';
import { readNouns, readPairs, readVerbs, readWords, type Word } from './words.js';

export const BANK = {
  things: readNouns(THINGS + HOUSEHOLD),
  people: readNouns(PEOPLE + TRADES),
  animals: readNouns(ANIMALS + CREATURES),
  places: readNouns(PLACES),
  foods: readNouns(FOODS),
  stuff: readWords(STUFF),
  names: readWords(NAMES),
  doing: readVerbs(DOING),
  going: readVerbs(GOING),
  adjectives: readWords(ADJECTIVES),
  manners: readWords(MANNERS),
  times: readWords(TIMES),
  days: readWords(DAYS),
  months: readWords(MONTHS),
  prepositions: readWords(PREPOSITIONS),
  interjections: readWords(INTERJECTIONS),
  numbers: readWords(NUMBERS),
  ordinals: readWords(ORDINALS),
  clusterNouns: readNouns(CLUSTER_NOUNS),
  clusterAdjectives: readWords(CLUSTER_ADJECTIVES),
  clusterVerbs: readVerbs(CLUSTER_VERBS),
  minimalPairs: readPairs(MINIMAL_PAIRS),
  small: readWords(SMALL),
} as const;

/** Every distinct word form of the bank by its spelling, derived forms included. */
export function allWords(): ReadonlyMap<string, Word> {
  const all = new Map<string, Word>();
  const add = (word: Word) => {
    if (!all.has(word.text)) all.set(word.text, word);
  };
  for (const entry of Object.values(BANK).flat(2)) {
    if ('text' in entry) add(entry);
    else for (const form of Object.values(entry)) add(form);
  }
  return all;
}

const FORMS = allWords();

/** A word by its spelling, for the fixed words of a pattern. Errors: throws on one the bank lacks, which only a mistake in the grammar can cause. */
export function wordOf(text: string): Word {
  const word = FORMS.get(text);
  if (!word) throw new RangeError(`the bank has no word "${text}"`);
  return word;
}
