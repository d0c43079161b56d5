/** Other people: the sounds of the table as another mouth makes them. */
import { createChance } from '../chance.js';
import { SOUNDS, type Sound } from './formants.js';

/** How far a sound's formants and its length may lie from the table's, share of them. */
const DRIFT = { formants: 0.05, length: 0.2 } as const;
const STEPS = 1_000;

/** Every sound with formants and a length of this person's own. The same name gives the same mouth. Shape: any name → sounds of the table's order. */
export function mouthOf(name: string, sounds: readonly Sound[] = SOUNDS): readonly Sound[] {
  return sounds.map((sound) => {
    const chance = createChance(name, `mouth/${sound.ipa}`);
    const about = (reach: number) => 1 + (reach * (chance.below(2 * STEPS + 1) - STEPS)) / STEPS;
    const length = about(DRIFT.length);
    const [first, second, third, fourth] = [about(DRIFT.formants), about(DRIFT.formants), about(DRIFT.formants), about(DRIFT.formants)];
    return {
      ...sound,
      pieces: sound.pieces.map((piece) => {
        const [f1, f2, f3, f4] = piece.formantsHz;
        return { ...piece, ms: piece.ms * length, formantsHz: [f1 * first, f2 * second, f3 * third, f4 * fourth] as const };
      }),
    };
  });
}
