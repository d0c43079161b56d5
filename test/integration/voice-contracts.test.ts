/** Every published contract of a voice, on both engines. Needs the compiled child: `npx tsc -p tsconfig.build.json`. */
import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { expect } from 'chai';
import type { Audio } from '../../scoring/audio.js';
import { melBank, melDecibels, powerSpectra } from '../../scoring/dsp/spectrum.js';
import { RUN_LIMITS } from '../../scoring/limits.js';
import { createVoiceRunner } from '../../scoring/onnx/runner.js';
import type { EngineName, Utterance, VerifiedModel } from '../../scoring/ports.js';
import { VOICE_CONTRACTS } from '../../scoring/voices/published-voice.js';
import { confusion } from '../support/hearing.js';
import { importPublished } from '../support/published.js';

const CANOE = {
  text: 'The birch canoe slid on the smooth planks.',
  phones: 'DH AH0 | B ER1 CH | K AH0 N UW1 | S L IH1 D | AA1 N | DH AH0 | S M UW1 DH | P L AE1 NG K S .'.split(' '),
};
const GLUE = {
  text: 'Glue the sheet to the dark blue background.',
  phones: 'G L UW1 | DH AH0 | SH IY1 T | T UW0 | DH AH0 | D AA1 R K | B L UW1 | B AE1 K G R AW2 N D .'.split(' '),
};
const SEED = '5e'.repeat(32);
/** sha-256 of the samples that the wasm engine makes of CANOE and SEED, on every machine. */
const GOLDEN = JSON.parse(readFileSync(new URL('../vectors/voices.json', import.meta.url), 'utf8')) as Readonly<Record<string, string>>;
/** Largest difference of a sample, of a peak of 0.7, and mean difference of a mel picture in dB. docs/voices.md names them. */
const SAMPLE_TOLERANCE = 2e-4;
const MEL_TOLERANCE_DB = 0.005;

describe('published voices on both engines', function () {
  this.timeout(120_000);
  const cleanUps: (() => Promise<void>)[] = [];
  after(async () => {
    for (const cleanUp of cleanUps.reverse()) await cleanUp();
  });

  async function speak(model: VerifiedModel, engine: EngineName, said: readonly Omit<Utterance, 'seed'>[]): Promise<readonly Audio[]> {
    const session = await createVoiceRunner({ engine }).open(model, RUN_LIMITS[engine]);
    try {
      const heard: Audio[] = [];
      for (const utterance of said) {
        const { audio, dropped } = await session.synthesise({ ...utterance, seed: SEED });
        expect(dropped).to.equal(0);
        heard.push(audio);
      }
      return heard;
    } finally {
      await session.close();
    }
  }

  for (const contract of VOICE_CONTRACTS) {
    it(`${contract}: imported as it is published, bit-exact in wasm, alike in native, and understood`, async () => {
      const { model } = await importPublished(contract, cleanUps);
      const [wasm] = await speak(model, 'wasm', [CANOE]);
      const [native, again, glue] = await speak(model, 'native', [CANOE, CANOE, GLUE]);
      expect(digest(again!)).to.equal(digest(native!));
      const sample = largestDifference(native!.samples, wasm!.samples);
      const mel = meanDifference(picture(native!), picture(wasm!));
      if (process.env['VOXD_SHOW_SCORES']) console.log(contract, digest(wasm!), sample, mel);
      expect(native!.samples.length).to.equal(wasm!.samples.length);
      expect(sample, 'a sample').to.be.below(SAMPLE_TOLERANCE);
      expect(mel, 'the mel picture').to.be.below(MEL_TOLERANCE_DB);
      const confused = confusion([
        { audio: native!, phones: CANOE.phones },
        { audio: glue!, phones: GLUE.phones },
      ]);
      if (process.env['VOXD_SHOW_SCORES']) console.log(contract, confused);
      expect(confused, 'the right text is nearer').to.be.below(contract === 'mms' ? 0.95 : 0.8);
      expect(digest(wasm!)).to.equal(GOLDEN[contract]);
    });
  }
});

function digest({ samples }: Audio): string {
  return createHash('sha256')
    .update(new Uint8Array(samples.buffer, samples.byteOffset, samples.byteLength))
    .digest('hex');
}

function picture({ samples }: Audio): Float64Array {
  return melDecibels(powerSpectra(Float64Array.from(samples), 160), melBank(40, 80, 7000)).data;
}

function largestDifference(a: Float32Array, b: Float32Array): number {
  return a.reduce((max, value, at) => Math.max(max, Math.abs(value - (b[at] ?? 9))), 0);
}

function meanDifference(a: Float64Array, b: Float64Array): number {
  return a.reduce((sum, value, at) => sum + Math.abs(value - (b[at] ?? 0)), 0) / a.length;
}
