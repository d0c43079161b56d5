/**
 * The sounds of our prompts: ARPAbet with stress digits on vowels (`AH0`), `|` between words, `,` for a pause, and `.`, `?` or `!` at the end.
 */
import { err, ok, type Result } from '../protocol/result.js';

export type Phone = string;

/** The longest sequence one prompt may have; a sentence of fifty words has about 250. */
export const PHONES_PER_PROMPT_MAX = 512;

export type PhoneKind = 'vowel' | 'diphthong' | 'glide' | 'liquid' | 'nasal' | 'fricative' | 'affricate' | 'stop' | 'separator';

export interface PhoneFacts {
  readonly symbol: string;
  readonly kind: PhoneKind;
  readonly voiced: boolean;
  /** IPA as espeak-ng writes it for en-us. */
  readonly ipa: string;
  /** Same, where an unstressed vowel has a letter of its own. */
  readonly ipaUnstressed?: string;
  /** Expected length in running speech, milliseconds; of a vowel, when it carries stress. */
  readonly durationMs: number;
}

/** Vowels, ARPAbet; they alone carry a stress digit 0, 1 or 2. */
const VOWELS: readonly PhoneFacts[] = [
  vowel('AA', 'ɑː', 140),
  vowel('AE', 'æ', 140),
  vowel('AH', 'ʌ', 95, 'ə'),
  vowel('AO', 'ɔː', 140),
  vowel('AW', 'aʊ', 170),
  vowel('AY', 'aɪ', 170),
  vowel('EH', 'ɛ', 105),
  vowel('ER', 'ɜː', 135, 'ɚ'),
  vowel('EY', 'eɪ', 140),
  vowel('IH', 'ɪ', 85),
  vowel('IY', 'iː', 120, 'i'),
  vowel('OW', 'oʊ', 150),
  vowel('OY', 'ɔɪ', 190),
  vowel('UH', 'ʊ', 90),
  vowel('UW', 'uː', 120),
];

const CONSONANTS: readonly PhoneFacts[] = [
  consonant('B', 'stop', true, 'b', 70),
  consonant('CH', 'affricate', false, 'tʃ', 115),
  consonant('D', 'stop', true, 'd', 65),
  consonant('DH', 'fricative', true, 'ð', 55),
  consonant('F', 'fricative', false, 'f', 95),
  consonant('G', 'stop', true, 'ɡ', 70),
  consonant('HH', 'fricative', false, 'h', 60),
  consonant('JH', 'affricate', true, 'dʒ', 95),
  consonant('K', 'stop', false, 'k', 95),
  consonant('L', 'liquid', true, 'l', 65),
  consonant('M', 'nasal', true, 'm', 70),
  consonant('N', 'nasal', true, 'n', 65),
  consonant('NG', 'nasal', true, 'ŋ', 75),
  consonant('P', 'stop', false, 'p', 95),
  consonant('R', 'liquid', true, 'ɹ', 65),
  consonant('S', 'fricative', false, 's', 105),
  consonant('SH', 'fricative', false, 'ʃ', 110),
  consonant('T', 'stop', false, 't', 85),
  consonant('TH', 'fricative', false, 'θ', 90),
  consonant('V', 'fricative', true, 'v', 65),
  consonant('W', 'glide', true, 'w', 65),
  consonant('Y', 'glide', true, 'j', 60),
  consonant('Z', 'fricative', true, 'z', 80),
  consonant('ZH', 'fricative', true, 'ʒ', 85),
];

/** Separators; `|` takes no time of its own. */
const SEPARATORS: readonly PhoneFacts[] = [
  separator('|', ' ', 0),
  separator(',', ',', 200),
  separator('.', '.', 200),
  separator('?', '?', 200),
  separator('!', '!', 200),
];

export const INVENTORY: readonly PhoneFacts[] = [...VOWELS, ...CONSONANTS, ...SEPARATORS];

export const STRESSES = [0, 1, 2] as const;
export type Stress = (typeof STRESSES)[number];

const FACTS: ReadonlyMap<string, PhoneFacts> = new Map(INVENTORY.map((facts) => [facts.symbol, facts]));

/** Every phone that may be written: vowels with each stress digit, consonants, separators. */
export const PHONES: readonly Phone[] = INVENTORY.flatMap((facts) =>
  isVowelKind(facts.kind) ? STRESSES.map((stress) => `${facts.symbol}${stress}`) : [facts.symbol],
);

export interface ParsedPhone {
  readonly facts: PhoneFacts;
  readonly stress: Stress;
}

/** Shape: one phone → what is known about it, or null. A vowel without a digit counts as stressed. */
export function parsePhone(phone: Phone): ParsedPhone | null {
  const plain = FACTS.get(phone);
  if (plain !== undefined) return { facts: plain, stress: isVowelKind(plain.kind) ? 1 : 0 };
  const stress = STRESSES.find((digit) => phone.endsWith(String(digit)));
  const facts = FACTS.get(phone.slice(0, -1));
  if (stress === undefined || facts === undefined || !isVowelKind(facts.kind)) return null;
  return { facts, stress };
}

export function isPhone(phone: string): phone is Phone {
  return parsePhone(phone) !== null;
}

/** Shape: `HH AH0 L OW1 .` → phones. Errors: what is wrong, in words. Limit: PHONES_PER_PROMPT_MAX. */
export function parsePhones(text: string): Result<readonly Phone[], string> {
  const phones = text.split(/\s+/).filter((part) => part !== '');
  if (phones.length === 0) return err('no phones');
  if (phones.length > PHONES_PER_PROMPT_MAX) return err(`at most ${PHONES_PER_PROMPT_MAX} phones, these are ${phones.length}`);
  const unknown = phones.find((phone) => !isPhone(phone));
  return unknown === undefined ? ok(phones) : err(`${unknown} is not a phone`);
}

export function isVowel(phone: Phone): boolean {
  const parsed = parsePhone(phone);
  return parsed !== null && isVowelKind(parsed.facts.kind);
}

export function isSeparator(phone: Phone): boolean {
  return parsePhone(phone)?.facts.kind === 'separator';
}

export function syllableCount(phones: readonly Phone[]): number {
  return phones.reduce((count, phone) => count + (isVowel(phone) ? 1 : 0), 0);
}

/** The words of a sequence, separators left out. */
export function wordsOf(phones: readonly Phone[]): readonly (readonly Phone[])[] {
  const words: Phone[][] = [[]];
  for (const phone of phones) {
    if (isSeparator(phone)) words.push([]);
    else words.at(-1)?.push(phone);
  }
  return words.filter((word) => word.length > 0);
}

const UNSTRESSED_VOWEL_SHARE = 0.65;
const SECONDARY_VOWEL_SHARE = 0.9;

/** Expected length of one phone in running speech. Units: milliseconds; 0 for what is not a phone. */
export function expectedPhoneMs(phone: Phone): number {
  const parsed = parsePhone(phone);
  if (parsed === null) return 0;
  if (!isVowelKind(parsed.facts.kind) || parsed.stress === 1) return parsed.facts.durationMs;
  return Math.round(parsed.facts.durationMs * (parsed.stress === 2 ? SECONDARY_VOWEL_SHARE : UNSTRESSED_VOWEL_SHARE));
}

/** Expected length of a sequence, final pauses included. Units: milliseconds. */
export function expectedDurationMs(phones: readonly Phone[]): number {
  return phones.reduce((sum, phone) => sum + expectedPhoneMs(phone), 0);
}

/**
 * IPA as espeak-ng writes en-us, one code point per string: what the token maps of Piper's English voices are keyed by. Stress marks stand
 * before the stressed syllable's vowel, as espeak-ng has them; a space parts words; punctuation stays.
 * Errors: throws TypeError on what is not a phone.
 */
export function ipaOf(phones: readonly Phone[]): readonly string[] {
  const out: string[] = [];
  for (const phone of phones) {
    const parsed = parsePhone(phone);
    if (parsed === null) throw new TypeError(`${phone} is not a phone`);
    const { facts, stress } = parsed;
    if (facts.kind === 'separator') {
      if (out.at(-1) === ' ') out.pop();
      out.push(...(facts.symbol === ',' ? [',', ' '] : facts.ipa));
      continue;
    }
    if (isVowelKind(facts.kind) && stress > 0) out.push(stress === 1 ? 'ˈ' : 'ˌ');
    out.push(...(stress === 0 && facts.ipaUnstressed !== undefined ? facts.ipaUnstressed : facts.ipa));
  }
  if (out.at(-1) === ' ') out.pop();
  return out;
}

function vowel(symbol: string, ipa: string, durationMs: number, ipaUnstressed?: string): PhoneFacts {
  const kind = ['AW', 'AY', 'EY', 'OW', 'OY'].includes(symbol) ? 'diphthong' : 'vowel';
  const facts: PhoneFacts = { symbol, kind, voiced: true, ipa, durationMs };
  return ipaUnstressed === undefined ? facts : { ...facts, ipaUnstressed };
}

function consonant(symbol: string, kind: PhoneKind, voiced: boolean, ipa: string, durationMs: number): PhoneFacts {
  return { symbol, kind, voiced, ipa, durationMs };
}

function separator(symbol: string, ipa: string, durationMs: number): PhoneFacts {
  return { symbol, kind: 'separator', voiced: false, ipa, durationMs };
}

function isVowelKind(kind: PhoneKind): boolean {
  return kind === 'vowel' || kind === 'diphthong';
}
