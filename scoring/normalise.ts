/**
 * English text as the words that are spoken: the same for what a prompt says in digits and for what a recogniser writes down. American reading;
 * what English leaves open ("1984", "St.") follows the fixed rules of docs/scoring.md, "Words of a text".
 */
import { err, ok, type Result } from '../protocol/result.js';
import { ABBREVIATIONS, CONTRACTIONS, MONTHS, PRONOUNS, SPELLINGS, SYMBOLS, UNITS } from './normalise-tables.js';
import { CARDINAL_MAX, cardinalWords, digitWords, ordinalOf, ordinalWords, yearWords } from './numbers.js';

/** Longer texts are refused. */
export const TEXT_LENGTH_MAX = 4_096;

type Words = readonly string[];

interface Rule {
  /** Sticky. */
  readonly pattern: RegExp;
  /** Null: this rule does not apply after all. */
  readonly read: (match: readonly string[], before: Words) => Words | null;
}

/** Shape: text → lower-case words of a to z. Errors: in words, when it is longer than TEXT_LENGTH_MAX. Reading the words again gives them back. */
export function spokenWords(text: string): Result<Words, string> {
  if (text.length > TEXT_LENGTH_MAX) return err(`at most ${TEXT_LENGTH_MAX} characters, these are ${text.length}`);
  const folded = fold(text);
  const words: string[] = [];
  let at = 0;
  while (at < folded.length) {
    const step = readOne(folded, at, words);
    words.push(...step.words);
    at = step.next;
  }
  return ok(words);
}

function readOne(text: string, at: number, before: Words): { readonly words: Words; readonly next: number } {
  for (const { pattern, read } of RULES) {
    pattern.lastIndex = at;
    const match = pattern.exec(text);
    if (!match || match[0] === '') continue;
    const next = at + match[0].length;
    const words = read(
      [...match].map((part) => part ?? ''),
      before,
    );
    if (words !== null) return { words, next };
  }
  return { words: [], next: at + 1 };
}

/** Accents off, one kind of quote and dash, marked noises of recognisers out. */
function fold(text: string): string {
  return text
    .normalize('NFKD')
    .replace(/\p{M}/gu, '')
    .replace(/[\u2018\u2019\u02bc`´]/g, "'")
    .replace(/[\u2010-\u2015\u2212]/g, '-')
    .replace(/\u2044/g, '/')
    .replace(/\[[^[\]]{0,64}\]|<[^<>]{0,64}>/g, ' ');
}

const NUMBER = String.raw`\d{1,3}(?:,\d{3})+|\d+`;

const RULES: readonly Rule[] = [
  rule(/\s+/y, () => []),
  rule(/(\d{1,2})\/(\d{1,2})\/(\d{4})(?!\d)/y, ([, month, day, year]) => numericDate(Number(month), Number(day), Number(year))),
  rule(/(\d{1,2}):([0-5]\d)(?![\d:])/y, ([, hour, minute]) => timeWords(Number(hour), Number(minute))),
  rule(/(?:(\d{3})-)?(\d{3})-(\d{4})(?!\d)/y, ([, area, head, tail]) => digitWords(`${area}${head}${tail}`)),
  rule(new RegExp(`([$£€])(${NUMBER})(?:\\.(\\d+))?(?: (thousand|million|billion|trillion)\\b)?`, 'iy'), moneyWords),
  rule(new RegExp(`(${NUMBER})(st|nd|rd|th)(?![a-z])`, 'iy'), ([, number]) => ordinal(number!)),
  rule(/(1[1-9]|20)(\d)0'?s(?![a-z])/y, ([, century, decade]) => decadeWords(Number(century), Number(decade))),
  rule(/([1-9])\/([2-9])(?![\d/])/y, ([, top, bottom]) => fractionWords(Number(top), Number(bottom))),
  rule(new RegExp(`(${NUMBER})\\.(\\d+)`, 'y'), ([, whole, part]) => [...cardinal(whole!), 'point', ...digitWords(part!)]),
  rule(new RegExp(`(${NUMBER})(?!\\d)`, 'y'), ([, number], before) => plainNumber(number!, before)),
  rule(/#(?=\d)/y, () => ['number']),
  rule(/[Nn]o\. ?(?=\d)/y, () => ['number']),
  rule(/(?<![^\s(])-(?=\d)/y, () => ['minus']),
  rule(/(?<=\d ?)(km|cm|mm|kg|mg|lbs?|mph|ft|oz)(?![a-z])\.?/iy, ([, unit]) => UNITS[unit!.toLowerCase()] ?? null),
  rule(/([ap])\.? ?m(?:\.|(?![a-z]))/iy, ([, half], before) => (CLOCK.test(before.at(-1) ?? '') ? [half!.toLowerCase(), 'm'] : null)),
  rule(/St\.(?= [A-Z])/y, () => ['saint']),
  rule(/St\./y, () => ['street']),
  rule(/(?:[A-Za-z]\.){2,8}/y, ([letters]) => abbreviation(letters!) ?? [...letters!.toLowerCase().replaceAll('.', '')]),
  rule(/([A-Za-z]+)\.?/y, ([, word]) => ABBREVIATIONS[word!.toLowerCase()] ?? null),
  rule(/[A-Za-z]+(?:'[A-Za-z]+)*/y, ([word]) => letters(word!.toLowerCase())),
  rule(/[&+=@%°]/y, ([symbol]) => SYMBOLS[symbol!] ?? null),
];

/** The last word of a time of day. */
const CLOCK = /^(zero|one|two|three|four|five|six|seven|eight|nine|ten|eleven|twelve|\w+teen|twenty|thirty|forty|fifty|oclock)$/;

function rule(pattern: RegExp, read: Rule['read']): Rule {
  return { pattern, read };
}

function abbreviation(dotted: string): Words | null {
  return ABBREVIATIONS[dotted.toLowerCase().replaceAll('.', '')] ?? null;
}

/** A word of letters and apostrophes. */
function letters(word: string): Words {
  const whole = CONTRACTIONS[word] ?? ABBREVIATIONS[word];
  if (whole !== undefined) return whole;
  const [, head, tail] = /^(.+)'([a-z]+)$/.exec(word) ?? [];
  if (head !== undefined && tail !== undefined) {
    if (/.n't$/.test(word)) return [...letters(word.slice(0, -3)), 'not'];
    const added = { re: 'are', ve: 'have', ll: 'will', m: 'am', d: 'would' }[tail];
    if (added !== undefined) return [...letters(head), added];
    if (tail === 's' && PRONOUNS.has(head)) return [head, 'is'];
  }
  const plain = word.replaceAll("'", '');
  return plain === word ? [SPELLINGS[word] ?? word] : letters(plain);
}

function cardinal(digits: string): Words {
  const plain = digits.replaceAll(',', '');
  const value = Number(plain);
  return (plain.length > 1 && plain.startsWith('0')) || value > CARDINAL_MAX ? digitWords(plain) : cardinalWords(value);
}

function ordinal(digits: string): Words {
  const words = cardinal(digits);
  return [...words.slice(0, -1), ordinalOf(words.at(-1) ?? 'zero')];
}

/** A day behind a month; a year behind a date or "in"; else how many. */
function plainNumber(digits: string, before: Words): Words {
  const value = Number(digits);
  const last = before.at(-1) ?? '';
  if (MONTHS.includes(last) && value >= 1 && value <= 31 && digits.length <= 2) return ordinalWords(value);
  const dated = MONTHS.includes(last) || MONTHS.includes(before.at(-2) ?? '') || MONTHS.includes(before.at(-3) ?? '');
  if (/^(1[1-9]|20)\d\d$/.test(digits) && (dated || YEAR_AFTER.has(last))) return yearWords(value);
  return cardinal(digits);
}
const YEAR_AFTER: ReadonlySet<string> = new Set(['in', 'since', 'until', 'year', 'before', 'after', 'by']);

function numericDate(month: number, day: number, year: number): Words | null {
  const name = MONTHS[month - 1];
  return name === undefined || day < 1 || day > 31 ? null : [name, ...ordinalWords(day), ...yearWords(year)];
}

function timeWords(hour: number, minute: number): Words | null {
  if (hour > 24) return null;
  if (minute === 0) return [...cardinalWords(hour), 'oclock'];
  return [...cardinalWords(hour), ...(minute < 10 ? ['oh'] : []), ...cardinalWords(minute)];
}

const MONEY: Readonly<Record<string, readonly [one: string, many: string, cent: string, cents: string]>> = {
  $: ['dollar', 'dollars', 'cent', 'cents'],
  '£': ['pound', 'pounds', 'penny', 'pence'],
  '€': ['euro', 'euros', 'cent', 'cents'],
};

function moneyWords([, symbol, whole, part, scale]: readonly string[]): Words | null {
  const names = MONEY[symbol!];
  if (names === undefined) return null;
  const [one, many, cent, cents] = names;
  const head = cardinal(whole!);
  if (scale || (part && part.length !== 2)) {
    return [...head, ...(part ? ['point', ...digitWords(part)] : []), ...(scale ? [scale.toLowerCase()] : []), many];
  }
  const small = Number(part || 0);
  const big = [...head, Number(whole!.replaceAll(',', '')) === 1 ? one : many];
  return small === 0 ? big : [...big, 'and', ...cardinalWords(small), small === 1 ? cent : cents];
}

function decadeWords(century: number, decade: number): Words | null {
  if (decade === 0) return century === 20 ? ['two', 'thousands'] : [...cardinalWords(century), 'hundreds'];
  const tens = decade === 1 ? 'tens' : `${cardinalWords(decade * 10)[0]!.slice(0, -1)}ies`;
  return [...cardinalWords(century), tens];
}

function fractionWords(top: number, bottom: number): Words {
  const name = bottom === 2 ? (top === 1 ? 'half' : 'halves') : bottom === 4 ? 'quarter' : ordinalOf(cardinalWords(bottom)[0]!);
  return [...cardinalWords(top), top > 1 && bottom !== 2 ? `${name}s` : name];
}
