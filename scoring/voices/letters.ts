/** English spelling, roughly: what a small voice that reads letters says for each letter and pair of letters. */
import { tokenMap } from './voice-tables.js';

export const LETTER_SOUNDS_MAX = 4;

/** The characters that the voice has tokens for, in the order of their ids from 1. */
export const LETTERS = [..." ',-.!?abcdefghijklmnopqrstuvwxyz"];

/** One letter: IPA. */
const SINGLE: Readonly<Record<string, string>> = {
  ' ': ' ',
  ',': ',',
  '.': '.',
  '!': '!',
  '?': '?',
  '-': ' ',
  a: 'ˈæ',
  b: 'b',
  c: 'k',
  d: 'd',
  e: 'ˈɛ',
  f: 'f',
  g: 'ɡ',
  h: 'h',
  i: 'ˈɪ',
  j: 'dʒ',
  k: 'k',
  l: 'l',
  m: 'm',
  n: 'n',
  o: 'ˈɑ',
  p: 'p',
  q: 'k',
  r: 'ɹ',
  s: 's',
  t: 't',
  u: 'ˈʌ',
  v: 'v',
  w: 'w',
  x: 'ks',
  y: 'i',
  z: 'z',
};

/** Two letters that are one sound, or that change the first. */
const PAIR: Readonly<Record<string, string>> = {
  ai: 'ˈeɪ',
  ar: 'ˈɑɹ',
  au: 'ˈɔː',
  aw: 'ˈɔː',
  ay: 'ˈeɪ',
  ch: 'tʃ',
  ck: 'k',
  ea: 'ˈiː',
  ee: 'ˈiː',
  er: 'ɚ',
  ew: 'ˈuː',
  ir: 'ˈɜː',
  kn: 'n',
  ng: 'ŋ',
  oa: 'ˈoʊ',
  oi: 'ˈɔɪ',
  oo: 'ˈuː',
  or: 'ˈɔɹ',
  ou: 'ˈaʊ',
  ow: 'ˈoʊ',
  oy: 'ˈɔɪ',
  ph: 'f',
  qu: 'kw',
  sh: 'ʃ',
  th: 'ð',
  ur: 'ˈɜː',
  wh: 'w',
  wr: 'ɹ',
};
const SILENT_BEFORE_END = 'e';
const ENDS = " ,.!?'";

export interface LetterTables {
  /** Ids, the blank 0 included. */
  readonly letters: number;
  /** [letters², LETTER_SOUNDS_MAX] rows of the sound table for a letter and the one after it; 0 for nothing. */
  readonly pairs: readonly number[];
  /** [letters²] 0 where a letter is silent because the one before it spoke for both, else 1. */
  readonly silent: readonly number[];
}

export function letterTables(): LetterTables {
  const ids = tokenMap();
  const all = ['', ...LETTERS];
  const rowOf = (sounds: string) => {
    const row = [...sounds].map((symbol) => ids[symbol] ?? 0);
    return Array.from({ length: LETTER_SOUNDS_MAX }, (_, at) => row[at] ?? 0);
  };
  return {
    letters: all.length,
    pairs: all.flatMap((first) => all.flatMap((second) => rowOf(soundsOf(first, second)))),
    silent: all.flatMap((first) => all.map((second) => (isPair(first, second) ? 0 : 1))),
  };
}

function soundsOf(first: string, second: string): string {
  if (first === SILENT_BEFORE_END && (second === '' || ENDS.includes(second))) return '';
  return PAIR[first + second] ?? SINGLE[first] ?? '';
}

function isPair(first: string, second: string): boolean {
  return first !== '' && second !== '' && (Object.hasOwn(PAIR, first + second) || (first === second && /[bcdfglmnprstz]/.test(first)));
}
