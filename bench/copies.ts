/** How far voices lie apart that were made from each other, and those that were not: what the thresholds of scoring/copies.ts stand on. */
import { sharedPercent } from '../scoring/copies.js';
import { fingerprintDistance } from '../scoring/fingerprint.js';
import { DERIVATIONS, type KinPicture, type KinVoice, people, pictureOf, siblings } from '../test/support/kin-voices.js';
import { type Benchmark, type BenchRow, median } from './benchmark.js';

const PEOPLE = 20;
const SIBLINGS = 6;
const PEOPLE_QUICK = 5;

export const copies: Benchmark = {
  name: 'copies',
  what: `${PEOPLE} people of five contracts, and ${DERIVATIONS.length + SIBLINGS} voices made from the first one`,
  async run({ quick, note }) {
    const cleanUps: (() => Promise<void>)[] = [];
    const picture = async (voice: KinVoice): Promise<KinPicture> => {
      const made = await pictureOf(voice, cleanUps);
      note(voice.id);
      return made;
    };
    try {
      const apart: KinPicture[] = [];
      for (const person of people(quick ? PEOPLE_QUICK : PEOPLE)) apart.push(await picture(person));
      const pairs = apart.flatMap((a, at) => apart.slice(at + 1).map((b) => distance(a, b)));
      const rows: BenchRow[] = [
        row('people: nearest two', Math.min(...pairs), `${pairs.length} pairs`),
        row('people: median', median(pairs), `${pairs.length} pairs`),
      ];
      const original = apart[0]!;
      for (const voice of [...(quick ? DERIVATIONS.slice(0, 3) : [...DERIVATIONS, ...siblings(SIBLINGS)])]) {
        const made = await picture(voice);
        rows.push(
          row(
            `${voice.kin}: ${voice.id}`,
            distance(original, made),
            `${sharedPercent(original.tensorDigests, made.tensorDigests)} % of the tensors`,
          ),
        );
      }
      return rows;
    } finally {
      for (const cleanUp of cleanUps.reverse()) await cleanUp();
    }
  },
};

function distance(a: KinPicture, b: KinPicture): number {
  return fingerprintDistance(a.fingerprint, b.fingerprint);
}

function row(measure: string, value: number, limit: string): BenchRow {
  return { measure, value, unit: 'ppm', limit };
}
