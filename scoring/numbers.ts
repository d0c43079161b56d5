/** Numbers as they are spoken in American English, in words. */
import { invariant } from '../protocol/failure.js';

const SMALL = [
  ...['zero', 'one', 'two', 'three', 'four', 'five', 'six', 'seven', 'eight', 'nine', 'ten', 'eleven', 'twelve', 'thirteen'],
  ...['fourteen', 'fifteen', 'sixteen', 'seventeen', 'eighteen', 'nineteen'],
] as const;
const TENS = ['', '', 'twenty', 'thirty', 'forty', 'fifty', 'sixty', 'seventy', 'eighty', 'ninety'] as const;
const POWERS = ['', 'thousand', 'million', 'billion', 'trillion'] as const;
const IRREGULAR: Readonly<Record<string, string>> = {
  one: 'first',
  two: 'second',
  three: 'third',
  five: 'fifth',
  eight: 'eighth',
  nine: 'ninth',
  twelve: 'twelfth',
};

/** Larger numbers are read digit by digit. */
export const CARDINAL_MAX = 999_999_999_999_999;

/** Shape: 342 → three, hundred, forty, two. Errors: throws on what is no whole number of 0..CARDINAL_MAX. */
export function cardinalWords(value: number): readonly string[] {
  invariant(Number.isInteger(value) && value >= 0 && value <= CARDINAL_MAX, `no cardinal number: ${value}`);
  if (value === 0) return ['zero'];
  const words: string[] = [];
  for (let power = POWERS.length - 1; power >= 0; power--) {
    const group = Math.floor(value / 1000 ** power) % 1000;
    if (group === 0) continue;
    words.push(...below1000(group));
    if (power > 0) words.push(POWERS[power]!);
  }
  return words;
}

/** Shape: 21 → twenty, first. */
export function ordinalWords(value: number): readonly string[] {
  const words = cardinalWords(value);
  return [...words.slice(0, -1), ordinalOf(words.at(-1)!)];
}

/** Shape: 1984 → nineteen, eighty, four; 2007 → two, thousand, seven; 1905 → nineteen, oh, five; else as a cardinal. */
export function yearWords(value: number): readonly string[] {
  const [head, tail] = [Math.floor(value / 100), value % 100];
  if (value < 1100 || value > 2099 || head === 20) {
    return value >= 2010 && value <= 2099 ? [...below1000(head), ...below1000(tail)] : cardinalWords(value);
  }
  if (tail === 0) return [...below1000(head), 'hundred'];
  return [...below1000(head), ...(tail < 10 ? ['oh'] : []), ...below1000(tail)];
}

/** Shape: '0417' → zero, four, one, seven. What is not a digit is left out. */
export function digitWords(digits: string): readonly string[] {
  return [...digits].flatMap((digit) => SMALL[digit.charCodeAt(0) - 48] ?? []);
}

export function ordinalOf(word: string): string {
  const irregular = IRREGULAR[word];
  if (irregular !== undefined) return irregular;
  return word.endsWith('y') ? `${word.slice(0, -1)}ieth` : `${word}th`;
}

/** English ending of an ordinal in digits. Shape: 21 → st. */
export function ordinalEnding(value: number): 'st' | 'nd' | 'rd' | 'th' {
  if (value % 100 >= 11 && value % 100 <= 13) return 'th';
  return (['th', 'st', 'nd', 'rd'] as const)[value % 10] ?? 'th';
}

function below1000(value: number): readonly string[] {
  const words: string[] = [];
  if (value >= 100) words.push(SMALL[Math.floor(value / 100)]!, 'hundred');
  const rest = value % 100;
  if (rest >= 20) words.push(TENS[Math.floor(rest / 10)]!, ...(rest % 10 > 0 ? [SMALL[rest % 10]!] : []));
  else if (rest > 0) words.push(SMALL[rest]!);
  return words;
}
