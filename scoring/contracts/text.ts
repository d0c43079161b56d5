/**
 * The front ends: how a prompt becomes the symbols that a voice's token map is keyed by. Our prompts carry their own phones, so a voice that
 * reads phonemes needs no phonemiser, and every node feeds it the same ids.
 */
import type { Manifest } from '../manifest.js';
import { ipaOf, type Phone } from '../phonemes.js';

export type TextSymbols = Manifest['text']['symbols'];

/**
 * Shape: a prompt → symbols, one token map key each. `espeak`: IPA code points as espeak-ng writes en-us. `misaki`: Kokoro's own letters.
 * `characters`: what is read, normalised. For `espeak-ng` an outside program answers instead; its output goes through `ipaSymbols`.
 * Errors: throws TypeError on what is not a phone.
 */
export function symbolsOf(
  kind: Exclude<TextSymbols, 'espeak-ng'>,
  prompt: { readonly phones: readonly Phone[]; readonly text: string },
): readonly string[] {
  if (kind === 'characters') return characters(prompt.text);
  const ipa = ipaOf(prompt.phones);
  return kind === 'misaki' ? misaki(ipa) : ipa;
}

/**
 * Lower case, compatibility forms taken apart, accents dropped, typographic marks made plain, runs of white space one space. Digits stay: our
 * prompts spell their numbers.
 */
export function characters(text: string): readonly string[] {
  const plain = text
    .normalize('NFKD')
    .replaceAll(/\p{M}/gu, '')
    .replaceAll(/[\u2018\u2019]/g, "'")
    .replaceAll(/[\u201c\u201d]/g, '"')
    .replaceAll(/[\u2010-\u2015]/g, '-')
    .toLowerCase()
    .replaceAll(/\s+/g, ' ')
    .trim();
  return [...plain];
}

/** The output of a phonemiser as code points, taken apart as the maps of Piper's voices are keyed. */
export function ipaSymbols(text: string): readonly string[] {
  return [...text.normalize('NFD').replaceAll(/\s+/g, ' ').trim()];
}

/** IPA pairs that misaki writes as one letter (American English). */
const MISAKI: Readonly<Record<string, string>> = { eɪ: 'A', aɪ: 'I', aʊ: 'W', ɔɪ: 'Y', oʊ: 'O', tʃ: 'ʧ', dʒ: 'ʤ' };

function misaki(ipa: readonly string[]): readonly string[] {
  const out: string[] = [];
  for (let at = 0; at < ipa.length; at += 1) {
    const symbol = ipa[at] ?? '';
    const next = ipa[at + 1] ?? '';
    const pair = MISAKI[symbol + next];
    if (pair !== undefined) {
      out.push(pair);
      at += 1;
    } else if (symbol === 'ɜ' && next === 'ː') {
      out.push('ɜ', 'ɹ');
      at += 1;
    } else if (symbol === 'ɚ') out.push('ə', 'ɹ');
    else if (symbol !== 'ː') out.push(symbol);
  }
  return out;
}
