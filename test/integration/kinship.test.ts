/** The thresholds of scoring/copies.ts on a sample of the voices they were chosen by; `npm run bench copies` has all. Needs the compiled child. */
import { expect } from 'chai';
import { COPY_DISTANCE_PPM, DERIVATIVE_DISTANCE_PPM } from '../../scoring/copies.js';
import { fingerprintDistance } from '../../scoring/fingerprint.js';
import { DERIVATIONS, type Kin, people, pictureOf } from '../support/kin-voices.js';

const SAMPLE = ['weights in 16 bits', 'moved to matcha', 'noise 30 dB below', 'treble lifted', 'played 6 % faster'];
const BANDS: Readonly<Record<Exclude<Kin, 'between'>, readonly [from: number, to: number]>> = {
  same: [0, COPY_DISTANCE_PPM],
  made: [0, DERIVATIVE_DISTANCE_PPM],
  apart: [DERIVATIVE_DISTANCE_PPM, 1_000_001],
};

describe('kinship by ear', function () {
  this.timeout(120_000);
  const cleanUps: (() => Promise<void>)[] = [];
  after(async () => {
    for (const cleanUp of cleanUps.reverse()) await cleanUp();
  });

  it('tells what was made from a voice from other people, of every contract', async () => {
    const [original, ...others] = people(4);
    const { fingerprint } = await pictureOf(original!, cleanUps);
    for (const voice of [...others, ...DERIVATIONS.filter(({ id }) => SAMPLE.includes(id))]) {
      const distance = fingerprintDistance(fingerprint, (await pictureOf(voice, cleanUps)).fingerprint);
      const [from, to] = BANDS[voice.kin === 'between' ? 'made' : voice.kin];
      expect(distance, voice.id).to.be.within(from, to - 1);
    }
  });
});
