import { inflateSync } from 'node:zlib';
import { expect } from 'chai';
import { encodePng } from '../../../scoring/pictures/png.js';
import { speechPicture } from '../../../scoring/pictures/speech.js';
import { escapeText, secondTicks } from '../../../scoring/pictures/svg.js';

const RATE_HZ = 16_000;
/** Silence, a tone of some height, silence. */
const tone = (hertz: number, from: number, to: number, seconds: number) =>
  Float32Array.from({ length: seconds * RATE_HZ }, (_, n) =>
    n < from * RATE_HZ || n >= to * RATE_HZ
      ? 0
      : [1, 2, 3].reduce((sum, harmonic) => sum + Math.sin((2 * Math.PI * hertz * harmonic * n) / RATE_HZ) / (6 * harmonic), 0),
  );

describe('pictures of speech', () => {
  it('a PNG has its pixels, line by line, and its colours', () => {
    const pixels = Uint8Array.of(0, 1, 2, 2, 1, 0);
    const png = Buffer.from(
      encodePng({
        width: 3,
        height: 2,
        pixels,
        palette: [
          [255, 255, 255],
          [9, 8, 7],
          [0, 0, 0],
        ],
      }),
    );
    expect(png.subarray(1, 4).toString()).to.equal('PNG');
    expect([png.readUInt32BE(16), png.readUInt32BE(20), png[24], png[25]]).to.deep.equal([3, 2, 8, 3]);
    const at = png.indexOf('IDAT');
    const lines = inflateSync(png.subarray(at + 4, at + 4 + png.readUInt32BE(at - 4)));
    expect([...lines]).to.deep.equal([0, 0, 1, 2, 0, 2, 1, 0]);
    const colours = png.indexOf('PLTE');
    expect([...png.subarray(colours + 4, colours + 13)]).to.deep.equal([255, 255, 255, 9, 8, 7, 0, 0, 0]);
    expect(() => encodePng({ width: 2, height: 2, pixels, palette: [[0, 0, 0]] })).to.throw(RangeError);
  });

  it('names what is to be seen: length, where speech is, its pitch', () => {
    const { words, svg } = speechPicture({ samples: tone(150, 0.5, 1.5, 2), sampleRateHz: RATE_HZ }, 'prompt <1>');
    expect(words).to.match(
      /^2\.00 s at 16,000 Hz; speech from 0\.5\d to 1\.(49|5\d) s; median 1(49|50|51) Hz, spread 0\.\d semitones, voiced/,
    );
    expect(svg)
      .to.contain('prompt &#60;1&#62;')
      .and.contain('>kHz<')
      .and.contain('>Hz<')
      .and.contain('>seconds<')
      .and.contain('>Spectrogram<');
    expect(svg).to.match(/^<svg [^>]*viewBox="0 0 760 \d+"/);
    expect(svg.match(/<image /g)).to.have.length(1);
    expect(speechPicture({ samples: tone(150, 0.5, 1.5, 2), sampleRateHz: RATE_HZ }, 'prompt <1>').svg).to.equal(svg);
  });

  it('draws the tone where it is: dark rows at its harmonics, the pitch line at its height', () => {
    const { svg } = speechPicture({ samples: tone(200, 0, 1, 1), sampleRateHz: RATE_HZ });
    const points = [...svg.matchAll(/class="pitch" points="([^"]+)"/g)].flatMap(([, list = '']) =>
      list.split(' ').map((pair) => Number(pair.split(',')[1])),
    );
    expect(Math.max(...points) - Math.min(...points)).to.be.below(2);
    const label = /y="([\d.]+)"[^>]*>200<\/text>/.exec(svg);
    expect(points[0]).to.be.closeTo(Number(label?.[1]), 1.5);
  });

  it('silence, one sample and audio without end are pictures too', () => {
    for (const samples of [new Float32Array(RATE_HZ), new Float32Array(1), new Float32Array(0), tone(90, 0, 70, 70)]) {
      const { svg, words } = speechPicture({ samples, sampleRateHz: RATE_HZ });
      expect(svg).to.not.contain('NaN').and.not.contain('Infinity').and.not.contain('undefined');
      if (samples.length <= RATE_HZ) expect(words).to.contain('silence').and.contain('no pitch found');
    }
  });

  it('leaves nothing of a foreign text that markup could be made of', () => {
    expect(escapeText(`<b onload="x('&')">`)).to.equal('&#60;b onload=&#34;x(&#39;&#38;&#39;)&#34;&#62;');
  });

  it('puts round seconds on the axis, few of them', () => {
    expect(secondTicks(2.8).map(({ label }) => label)).to.deep.equal(['0.0', '0.5', '1.0', '1.5', '2.0', '2.5']);
    for (const seconds of [0.2, 1, 7, 30, 60]) expect(secondTicks(seconds).length).to.be.within(2, 10);
  });
});
