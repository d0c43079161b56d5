import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { expect } from 'chai';
import fc from 'fast-check';
import { quantise, WEIGHT_MAX, withBurn } from '../../../scoring/weights.js';
import { aHotkey } from '../../support/keys.js';

const ROOT = fileURLToPath(new URL('../../..', import.meta.url));

/** What decides a value that all validators must agree on, or that the chain computes again. */
const EXACT = [
  'chain/commit-hash.ts',
  'chain/commitment.ts',
  'chain/emission.ts',
  'chain/epoch.ts',
  'chain/fixed.ts',
  'chain/liquid-alpha.ts',
  'chain/scale.ts',
  'chain/simulate.ts',
  'chain/submission.ts',
  'chain/weight-checks.ts',
  'chain/weight-payload.ts',
  'chain/yuma.ts',
  'chain/substrate/stake.ts',
  'scoring/weights.ts',
  'scoring/weigh.ts',
  'scoring/standing.ts',
];

/** What makes a fraction of a whole number, or asks the processor for one. A division under `Math.floor` is exact below 2⁵³, see below. */
const FRACTIONS: readonly (readonly [string, RegExp])[] = [
  ['a fraction', /(?<![\w.'"])\d[\d_]*\.\d/],
  ['an exponent', /(?<![\w.'"])\d[\d_]*e-\d/i],
  ['a function that rounds as the machine likes', /\bMath\.(?!max\b|min\b|abs\b|floor\b)\w+/],
  ['a floating-point array', /\bFloat(16|32|64)Array\b/],
  ['a number read as a fraction', /\bparseFloat\b/],
  ['a number made a text of', /\.toFixed\(|\.toPrecision\(/],
];

/** Without comments and texts. */
function codeOf(path: string): readonly string[] {
  return readFileSync(`${ROOT}/${path}`, 'utf8')
    .replace(/\/\*[\s\S]*?\*\//g, (comment) => comment.replace(/[^\n]/g, ''))
    .replace(/\/\/.*$/gm, '')
    .replace(/'(?:[^'\\\n]|\\.)*'|`(?:[^`\\]|\\.)*`/g, (text) => text.replace(/[^\n]/g, ''))
    .split('\n');
}

describe('a value of consensus', () => {
  it('is decided by whole numbers: no source of one has a fraction in it', () => {
    const found = EXACT.flatMap((path) =>
      codeOf(path).flatMap((line, at) =>
        FRACTIONS.filter(([, pattern]) => pattern.test(line)).map(([what]) => `${path}:${at + 1}: ${what}: ${line.trim()}`),
      ),
    );
    expect(found).to.deep.equal([]);
    for (const line of ['x * 0.5', 'Math.exp(x)', 'Math.round(a / b)', 'new Float64Array(3)', '1e-7', 'x.toFixed(2)'])
      expect(
        FRACTIONS.some(([, pattern]) => pattern.test(line)),
        line,
      ).to.equal(true);
  });

  it('is a weight to the last unit, as whole numbers of any size would have it', () => {
    const shares = fc.array(fc.nat(1_000_000), { minLength: 1, maxLength: 12 });
    fc.assert(
      fc.property(shares, fc.nat(99), (ppm, percent) => {
        fc.pre(ppm.some((share) => share > 0));
        const seats = Array.from({ length: ppm.length + 1 }, (_, uid) => ({ uid, hotkey: aHotkey(uid) }));
        const owner = aHotkey(ppm.length);
        const given = withBurn(new Map(ppm.map((share, uid) => [aHotkey(uid), share])), percent === 0 ? null : { percent, hotkey: owner });
        const { uids, values } = quantise(given, seats, seats.length);
        const largest = [...given.values()].reduce((most, share) => (BigInt(share) > most ? BigInt(share) : most), 0n);
        const exact = seats.map(({ hotkey }) => Number((BigInt(given.get(hotkey) ?? 0) * BigInt(WEIGHT_MAX)) / largest));
        expect(uids.map((uid, i) => [uid, values[i]])).to.deep.equal(exact.map((value, uid) => [uid, value]));
        expect([...given.values()].every((share) => Number.isSafeInteger(share * WEIGHT_MAX))).to.equal(true);
      }),
      { numRuns: 500 },
    );
  });
});
