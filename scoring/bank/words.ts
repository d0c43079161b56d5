/**
 * Reads the word bank. One line is a word and its ARPAbet sounds with stress digits; `|` introduces an irregular form. Regular forms are derived
 * from spelling and sound, so one line of a noun or verb is worth two to four words.
 */
import { invariant } from '../../protocol/failure.js';
import type { Phone } from '../phonemes.js';

export interface Word {
  readonly text: string;
  readonly phones: readonly Phone[];
}

export interface Noun {
  readonly one: Word;
  readonly many: Word;
}

export interface Verb {
  readonly base: Word;
  readonly past: Word;
}

const SIBILANTS = new Set(['S', 'Z', 'SH', 'ZH', 'CH', 'JH']);
const VOICELESS = new Set(['P', 'T', 'K', 'F', 'TH', 'S', 'SH', 'CH']);

export function readWords(table: string): readonly Word[] {
  return lines(table).map(readWord);
}

export function readNouns(table: string): readonly Noun[] {
  return lines(table).map((line) => {
    const [one, many] = line.split(' | ').map(readWord);
    invariant(one, `a noun line without a word: ${line}`);
    return { one, many: many ?? plural(one) };
  });
}

export function readVerbs(table: string): readonly Verb[] {
  return lines(table).map((line) => {
    const [base, past] = line.split(' | ').map(readWord);
    invariant(base, `a verb line without a word: ${line}`);
    return { base, past: past ?? regularPast(base) };
  });
}

/** Lines of `word sounds / word sounds`. */
export function readPairs(table: string): readonly (readonly [Word, Word])[] {
  return lines(table).map((line) => {
    const [a, b] = line.split(' / ').map(readWord);
    invariant(a && b, `a pair has two words: ${line}`);
    return [a, b];
  });
}

/** Vowels carry a stress digit, one per syllable. */
export function syllablesOf(word: Word): number {
  return word.phones.filter((phone) => /\d$/.test(phone)).length;
}

export function startsWithVowel(word: Word): boolean {
  return /\d$/.test(word.phones[0] ?? '');
}

export function plural({ text, phones }: Word): Word {
  const last = phones.at(-1) ?? '';
  const sound = SIBILANTS.has(last) ? ['AH0', 'Z'] : VOICELESS.has(last) ? ['S'] : ['Z'];
  const spelt = /(s|x|z|ch|sh)$/.test(text) ? `${text}es` : /[^aeiou]y$/.test(text) ? `${text.slice(0, -1)}ies` : `${text}s`;
  return { text: spelt, phones: [...phones, ...sound] };
}

export function regularPast(word: Word): Word {
  const { phones } = word;
  const last = phones.at(-1) ?? '';
  const sound = last === 'T' || last === 'D' ? ['AH0', 'D'] : VOICELESS.has(last) ? ['T'] : ['D'];
  return { text: speltPast(word), phones: [...phones, ...sound] };
}

function speltPast(word: Word): string {
  const { text } = word;
  if (text.endsWith('e')) return `${text}d`;
  if (/[^aeiou]y$/.test(text)) return `${text.slice(0, -1)}ied`;
  const doubles = syllablesOf(word) === 1 && /[^aeiou][aeiou][^aeiouwxy]$/.test(text);
  return doubles ? `${text}${text.at(-1)}ed` : `${text}ed`;
}

function readWord(line: string): Word {
  const [text, ...phones] = line.trim().split(' ');
  invariant(text && phones.length > 0, `a word without sounds: ${line}`);
  return { text, phones };
}

function lines(table: string): readonly string[] {
  return table.split('\n').filter((line) => line !== '');
}
