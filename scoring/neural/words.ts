/** Texts made comparable before their words are counted, the prompt and the transcript alike. */
import { allWords } from '../bank/bank.js';
import { spokenWords, TEXT_LENGTH_MAX } from '../normalise.js';

const UNITS = `zero one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen sixteen seventeen eighteen
nineteen`.split(/\s+/);
const TENS = ['twenty', 'thirty', 'forty', 'fifty', 'sixty', 'seventy', 'eighty', 'ninety'];
const ORDINALS = `zeroth first second third fourth fifth sixth seventh eighth ninth tenth eleventh twelfth thirteenth fourteenth fifteenth
sixteenth seventeenth eighteenth nineteenth`.split(/\s+/);
const TENTHS = ['twentieth', 'thirtieth', 'fortieth', 'fiftieth', 'sixtieth', 'seventieth', 'eightieth', 'ninetieth'];
const VALUES: ReadonlyMap<string, number> = new Map([
  ...UNITS.map((word, value) => [word, value] as const),
  ...ORDINALS.map((word, value) => [word, value] as const),
  ...TENS.map((word, at) => [word, 20 + 10 * at] as const),
  ...TENTHS.map((word, at) => [word, 20 + 10 * at] as const),
]);
const SCALES: ReadonlyMap<string, number> = new Map([
  ['hundred', 100],
  ['hundredth', 100],
  ['thousand', 1000],
  ['thousandth', 1000],
]);
/** Alone it is a time as often as a place in a row. */
const NO_NUMBER_ALONE = 'second';

/** Words of the bank that sound alike are one word: a recogniser cannot know which was meant. */
const ALIKE: ReadonlyMap<string, string> = (() => {
  const first = new Map<string, string>();
  const alike = new Map<string, string>();
  for (const { text, phones } of allWords().values()) {
    const sound = phones.join(' ');
    const known = first.get(sound);
    if (known === undefined) first.set(sound, text);
    else alike.set(text, known);
  }
  return alike;
})();

/** What a recogniser says about the sound and nobody said. */
const REMARKS = /\([^()]{0,64}\)|\{[^{}]{0,64}\}/g;

/**
 * The words that are spoken (`scoring/normalise.ts`, for the prompt and the transcript alike); every number becomes its digits one by one, however it was
 * said; words of the bank that sound alike become the first of them.
 * Shape: any text, of which TEXT_LENGTH_MAX characters are read → words.
 */
export function wordsOf(text: string): readonly string[] {
  const spoken = spokenWords(text.slice(0, TEXT_LENGTH_MAX).replace(REMARKS, ' '));
  return digitised(spoken.ok ? spoken.value : []).map((word) => ALIKE.get(word) ?? word);
}

/** Numbers in words → their digits, one word each. */
function digitised(words: readonly string[]): readonly string[] {
  const out: string[] = [];
  let at = 0;
  while (at < words.length) {
    const read = numberAt(words, at);
    if (read !== null) {
      out.push(...String(read.value));
      at = read.end;
    } else {
      out.push(words[at]!);
      at++;
    }
  }
  return out;
}

/** The longest run of words that is one number below a million, or null. */
function numberAt(words: readonly string[], start: number): { readonly value: number; readonly end: number } | null {
  let at = start;
  let whole = 0;
  let below = 0;
  /** The largest value that may still be added below a hundred. */
  let room = 100;
  while (at < words.length) {
    const word = words[at]!;
    const scale = SCALES.get(word);
    if (scale !== undefined && at > start && below > 0 && (scale === 1000 || below < 10)) {
      if (scale === 1000 && whole > 0) break;
      if (scale === 1000) {
        whole = below * 1000;
        below = 0;
      } else below *= 100;
      room = 100;
      at++;
      continue;
    }
    const isJoint = word === 'and' && room === 100 && at > start && numberOf(words[at + 1]) !== null;
    if (isJoint) {
      at++;
      continue;
    }
    const value = numberOf(word);
    if (value === null || (word === NO_NUMBER_ALONE && at === start)) break;
    if (value >= room || (value === 0 && at > start)) break;
    below += value;
    room = value >= 20 ? 10 : 0;
    at++;
  }
  return at === start ? null : { value: whole + below, end: at };
}

function numberOf(word: string | undefined): number | null {
  return word === undefined ? null : (VALUES.get(word) ?? null);
}
