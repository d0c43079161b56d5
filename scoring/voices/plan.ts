/**
 * From IPA to timed pieces: the few rules of English timing and melody that both the reference synthesiser and the voice graphs follow.
 */
import type { Phone } from '../phonemes.js';
import { ipaOf } from '../phonemes.js';
import { EDGE_MS, MARK, type Piece, SOUNDS, type Sound, silence } from './formants.js';

/** Vowel length by stress; a long mark adds the vowel's own length again, times this. */
export const TIMING = {
  primary: 1.15,
  secondary: 1.05,
  unstressed: 0.85,
  longMark: 0.75,
  /** A fricative behind a stop of the same word: affricate. */
  affricateTail: 0.65,
  affricateHead: 0.75,
  /** The last sounds before the end are drawn out. */
  finalSounds: 3,
  final: 1.3,
} as const;

/** Melody, semitones about the voice's pitch. */
export const MELODY = {
  start: 2.2,
  end: -2.2,
  primary: 3,
  secondary: 1.2,
  /** Of the whole length, where the last movement starts, and how far it goes. */
  tailFrom: 0.75,
  fall: -3,
  rise: 8,
} as const;

export interface PlannedPiece extends Piece {
  /** Semitones that stress lifts this piece by. */
  readonly accent: number;
}

export interface Plan {
  readonly pieces: readonly PlannedPiece[];
  readonly question: boolean;
}

const BY_IPA: ReadonlyMap<string, Sound> = new Map(SOUNDS.map((sound) => [sound.ipa, sound]));
const AFFRICATES: Readonly<Record<string, string>> = { t: 'ʃ', d: 'ʒ' };

/** Shape: phones → pieces at rate 1, silence at both ends. Errors: throws TypeError on what is not a phone. */
export function planOf(phones: readonly Phone[]): Plan {
  const ipa = ipaOf(phones);
  const pieces: PlannedPiece[] = [{ ...silence(EDGE_MS), accent: 0 }];
  const finals = finalIndex(ipa);
  ipa.forEach((symbol, index) => {
    const own = BY_IPA.get(symbol === MARK.long ? (ipa[index - 1] ?? symbol) : symbol);
    if (own === undefined) throw new TypeError(`no sound for ${symbol}`);
    const stress = stressAt(ipa, symbol === MARK.long ? index - 1 : index);
    const stretch = stretchAt(ipa, index, own, stress) * (index >= finals && own.group !== 'pause' ? TIMING.final : 1);
    const borrowed = symbol === 'h' ? BY_IPA.get(nextSound(ipa, index))?.pieces[0] : undefined;
    for (const piece of own.pieces) {
      pieces.push({
        ...piece,
        formantsHz: borrowed?.formantsHz ?? piece.formantsHz,
        ms: piece.ms * stretch,
        accent: own.group === 'vowel' ? accentOf(stress) : 0,
      });
    }
  });
  pieces.push({ ...silence(EDGE_MS), accent: 0 });
  return { pieces, question: ipa.includes('?') };
}

function stressAt(ipa: readonly string[], index: number): 'primary' | 'secondary' | 'none' {
  const before = ipa[index - 1];
  if (before === MARK.primary) return 'primary';
  return before === MARK.secondary ? 'secondary' : 'none';
}

function accentOf(stress: 'primary' | 'secondary' | 'none'): number {
  if (stress === 'none') return 0;
  return stress === 'primary' ? MELODY.primary : MELODY.secondary;
}

function stretchAt(ipa: readonly string[], index: number, sound: Sound, stress: 'primary' | 'secondary' | 'none'): number {
  if (sound.group === 'vowel') {
    const byStress = stress === 'none' ? TIMING.unstressed : TIMING[stress];
    return ipa[index] === MARK.long ? byStress * TIMING.longMark : byStress;
  }
  const tail = AFFRICATES[sound.ipa];
  if (tail !== undefined && ipa[index + 1] === tail) return TIMING.affricateHead;
  const before = ipa[index - 1];
  return before !== undefined && AFFRICATES[before] === sound.ipa ? TIMING.affricateTail : 1;
}

function nextSound(ipa: readonly string[], index: number): string {
  const next = ipa[index + 1] ?? '';
  return next === MARK.primary || next === MARK.secondary ? (ipa[index + 2] ?? '') : next;
}

/** Index of the first symbol that counts as final: a closing mark of punctuation and the sounds before it. */
function finalIndex(ipa: readonly string[]): number {
  return ipa.length - 1 - TIMING.finalSounds;
}
