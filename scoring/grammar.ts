/**
 * Seeded sentences over the word bank. A sentence is a list of pieces; a piece that was drawn remembers what it was drawn from, so that a decoy can
 * put another word of the same class in its place.
 */
import { BANK, wordOf } from './bank/bank.js';
import { type Noun, startsWithVowel, type Verb, type Word } from './bank/words.js';
import type { Chance } from './chance.js';
import type { Phone } from './phonemes.js';

export interface Piece {
  readonly word: Word;
  /** What else could stand here; empty for fixed words. */
  readonly pool: readonly Word[];
  /** A comma after it: a short pause. */
  readonly pause: boolean;
  /** How it stands in the written text, where that is not its word; empty: the piece before it stands for it too. */
  readonly written?: string;
}

export interface Sentence {
  readonly pieces: readonly Piece[];
  readonly end: '.' | '?' | '!';
}

const ones = (nouns: readonly Noun[]) => nouns.map(({ one }) => one);
const manys = (nouns: readonly Noun[]) => nouns.map(({ many }) => many);
const pasts = (verbs: readonly Verb[]) => verbs.map(({ past }) => past);
const bases = (verbs: readonly Verb[]) => verbs.map(({ base }) => base);

export const POOLS = {
  thing: ones(BANK.things),
  thingThings: manys(BANK.things),
  person: ones(BANK.people),
  persons: manys(BANK.people),
  animal: ones(BANK.animals),
  animals: manys(BANK.animals),
  place: ones(BANK.places),
  foods: manys(BANK.foods),
  did: pasts(BANK.doing),
  does: bases(BANK.doing),
  went: pasts(BANK.going),
  go: bases(BANK.going),
  clusterNoun: ones(BANK.clusterNouns),
  clusterNouns: manys(BANK.clusterNouns),
  clusterDid: pasts(BANK.clusterVerbs),
  teens: BANK.numbers.slice(2, 20),
  tens: BANK.numbers.slice(20, 28),
  units: BANK.numbers.slice(1, 10),
} as const;

const HOLDERS = ['the', 'the', 'the', 'my', 'his', 'her', 'our', 'their', 'this'];

/** Fixed words, separated by blanks. */
export function fixed(text: string): readonly Piece[] {
  return text.split(' ').map((one) => ({ word: wordOf(one), pool: [], pause: false }));
}

export function draw(chance: Chance, pool: readonly Word[]): Piece {
  return { word: chance.pick(pool), pool, pause: false };
}

/** The same pieces with a comma after the last. */
export function paused(pieces: readonly Piece[]): readonly Piece[] {
  return pieces.map((piece, at) => (at === pieces.length - 1 ? { ...piece, pause: true } : piece));
}

/** An article or possessive, sometimes an adjective, and a noun. */
export function thingPhrase(chance: Chance, pool: readonly Word[], adjectives: readonly Word[] = BANK.adjectives): readonly Piece[] {
  const described = chance.chance(3, 5) ? [draw(chance, adjectives), draw(chance, pool)] : [draw(chance, pool)];
  if (chance.chance(1, 4)) return [...fixed(startsWithVowel(described[0]!.word) ? 'an' : 'a'), ...described];
  return [...fixed(chance.pick(HOLDERS)), ...described];
}

export function placePhrase(chance: Chance): readonly Piece[] {
  return [draw(chance, BANK.prepositions), ...fixed('the'), draw(chance, POOLS.place)];
}

/** Who does something: a name, a person or an animal. */
export function actor(chance: Chance): readonly Piece[] {
  const kind = chance.below(3);
  if (kind === 0) return [draw(chance, BANK.names)];
  return thingPhrase(chance, kind === 1 ? POOLS.person : POOLS.animal);
}

/** Words of numbers that may be mistaken for each other, by class. */
const NUMBER_POOLS: readonly (readonly Word[])[] = [POOLS.units, POOLS.teens, POOLS.tens, BANK.ordinals.slice(0, 19)];

/** A number of 11..99, or up to 999 or 99,099 with a hundred or a thousand in it. */
export function drawNumber(chance: Chance): number {
  const below100 = chance.chance(1, 3) ? 11 + chance.below(9) : 10 * (2 + chance.below(8)) + 1 + chance.below(9);
  if (chance.chance(1, 2)) return below100;
  return (1 + chance.below(9)) * (chance.chance(2, 3) ? 100 : 1000) + below100;
}

/** Words of numbers as pieces that stand as one in the text. Shape: `three hundred forty two`, `342`. */
export function numberPieces(words: readonly string[], written: string): readonly Piece[] {
  return words.map((text, at) => {
    const word = wordOf(text);
    const pool = NUMBER_POOLS.find((words) => words.includes(word)) ?? [];
    return { word, pool, pause: false, written: at === 0 ? written : '' };
  });
}

/** Shape: pieces → text as it is written, with a capital letter, digits and its marks. */
export function textOf({ pieces, end }: Sentence): string {
  const parts: string[] = [];
  pieces.forEach(({ word, pause, written }, at) => {
    if (written !== '') parts.push(written ?? word.text);
    const whole = pieces[at + 1]?.written !== '';
    if (pause && whole) parts.push(`${parts.pop()},`);
  });
  const text = parts.join(' ');
  return `${text[0]!.toUpperCase()}${text.slice(1)}${end}`;
}

/** The same with every number in words. */
export function spokenOf({ pieces, end }: Sentence): string {
  return textOf({ pieces: pieces.map(({ word, pool, pause }) => ({ word, pool, pause })), end });
}

/** Shape: pieces → phones with `|` between words, `,` for pauses and the end mark. */
export function phonesOf({ pieces, end }: Sentence): readonly Phone[] {
  const phones: Phone[] = [];
  pieces.forEach(({ word, pause }, at) => {
    phones.push(...word.phones);
    if (at === pieces.length - 1) phones.push(end);
    else phones.push(pause ? ',' : '|');
  });
  return phones;
}
