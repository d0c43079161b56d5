import { expect } from 'chai';
import { sha256Hex } from '../../../../protocol/digest.js';
import { cepstralFeatures } from '../../../../scoring/dsp/cepstrum.js';
import { melBank, melDecibels, powerSpectra } from '../../../../scoring/dsp/spectrum.js';
import { warpDistance } from '../../../../scoring/dsp/warping.js';
import { expectedDurationMs, PHONES } from '../../../../scoring/phonemes.js';
import { REFERENCE_VOICES, synthesiseReference } from '../../../../scoring/voices/reference.js';
import { bandPower, levels, middle, strongestBand } from '../../../support/sounds.js';

const CANOE = 'DH AH0 | B ER1 CH | K AH0 N UW1 | S L IH1 D | AA1 N | DH AH0 | S M UW1 DH | P L AE1 NG K S .'.split(' ');
const GLUE = 'G L UW1 | DH AH0 | SH IY1 T | T UW0 | DH AH0 | D AA1 R K | B L UW1 | B AE1 K G R AW2 N D .'.split(' ');
const [ADAM, EVE] = REFERENCE_VOICES;
if (ADAM === undefined || EVE === undefined) throw new Error('two reference voices are needed');
const say = (phones: readonly string[], voice = ADAM) => synthesiseReference(phones, voice).samples;
const features = (samples: Float32Array) =>
  cepstralFeatures(melDecibels(powerSpectra(Float64Array.from(samples), 160), melBank(28, 80, 6500)));

describe('voices/reference', () => {
  it('gives the same samples for the same phones, on every machine', () => {
    const digest = (samples: Float32Array) => sha256Hex(new Uint8Array(samples.buffer));
    expect(digest(say(CANOE))).to.equal('aca0b92c31a60c9c08048a7b1ce903f8d4e6ac3e36972e68022bfc992e50eac6');
    expect(digest(say(CANOE, EVE))).to.equal('2f2bdbe1c57d391530831cc03d075f13098dba3f46d1c320a56af44d7c835dc9');
  });

  it('says every phone with finite samples below the peak', () => {
    for (const phone of PHONES) {
      const samples = say(['AH0', phone, 'AH0']);
      expect(
        samples.every((value) => Number.isFinite(value) && Math.abs(value) <= 0.701),
        phone,
      ).to.equal(true);
    }
    expect(() => say(['XX'])).to.throw(TypeError);
  });

  it('takes about the expected time', () => {
    for (const phones of [CANOE, GLUE]) {
      expect(say(phones).length / 16 / expectedDurationMs(phones)).to.be.within(0.85, 1.15);
      expect(say(phones, { ...ADAM, rate: 2 }).length / say(phones).length).to.be.closeTo(0.5, 0.01);
    }
  });

  it('puts the formants of vowels where they belong', () => {
    const vowel = (phone: string) => middle(say([phone, phone, phone], { ...ADAM, liveliness: 0 }), 0.4);
    expect(strongestBand(vowel('IY1'), 16_000, 1000, 3000)).to.be.within(1950, 2450);
    expect(strongestBand(vowel('AA1'), 16_000, 500, 3000)).to.be.within(600, 1250);
    expect(strongestBand(vowel('UW1'), 16_000, 600, 3000)).to.be.within(800, 1400);
    expect(bandPower(vowel('IY1'), 16_000, 600, 1400)).to.be.below(bandPower(vowel('AA1'), 16_000, 600, 1400) / 10);
  });

  it('hisses where s and sh hiss', () => {
    const hiss = (phone: string) => middle(say([phone, phone, phone]), 0.4);
    const share = (samples: Float32Array, fromHz: number) => bandPower(samples, 16_000, fromHz, 8000) / bandPower(samples, 16_000, 0, 8000);
    expect(share(hiss('S'), 4000)).to.be.above(0.8);
    expect(share(hiss('SH'), 4000)).to.be.below(0.4);
    expect(share(hiss('AA1'), 4000)).to.be.below(0.01);
  });

  it('closes the mouth for a stop', () => {
    const around = levels(say(['AA1', 'T', 'AA1']), 16_000).slice(8, -8);
    const quietest = Math.min(...around);
    expect(quietest).to.be.below(Math.max(...around) / 50);
    expect(around.indexOf(quietest)).to.be.within(5, around.length - 5);
  });

  it('lets one voice recognise the words of the other', () => {
    const [canoe, glue] = [features(say(CANOE)), features(say(GLUE))];
    const heard = features(say(CANOE, EVE));
    expect(warpDistance(heard, canoe)).to.be.below(0.9 * warpDistance(heard, glue));
  });
});
