import { readdirSync, readFileSync } from 'node:fs';
import { expect } from 'chai';
import { multiply, ONE, ratio, toFixed } from '../../../chain/fixed.js';
import { exponential } from '../../../chain/liquid-alpha.js';
import { type EpochInput, type EpochOutput, runEpoch, type StoredRow } from '../../../chain/yuma.js';

const FOLDER = new URL('../../vectors/yuma/', import.meta.url);
const U16 = 65_535;
const PPM = 1_000_000;
/** Where a case is documented in decimals it is to a thousandth. */
const TOLERANCE_PPM = 1_000;

/** "row,column" → value. */
type Cells = Readonly<Record<string, number>>;

interface Expected extends Partial<Record<'active' | 'validatorPermit', readonly boolean[]>> {
  readonly consensus?: readonly number[];
  readonly incentive?: readonly number[];
  readonly dividends?: readonly number[];
  readonly validatorTrust?: readonly number[];
  readonly emissionRao?: readonly string[];
  readonly serverEmissionRao?: readonly string[];
  readonly validatorEmissionRao?: readonly string[];
  readonly bonds?: Cells;
  readonly dividendsPpm?: readonly number[];
  readonly consensusPpm?: Readonly<Record<string, number>>;
  readonly bondsPpm?: Cells;
}

interface Case {
  readonly source: string;
  readonly about: string;
  readonly start: Record<string, unknown>;
  readonly epochs: readonly { readonly set: Record<string, unknown>; readonly expect: Expected }[];
}

const AMOUNTS = ['stakeRao', 'stakeThresholdRao', 'serverPoolRao', 'validatorPoolRao'];

/** Amounts are strings in JSON. */
function withAmounts(fields: Record<string, unknown>): Partial<EpochInput> {
  const amount = (value: unknown) => (Array.isArray(value) ? value.map((each) => BigInt(String(each))) : BigInt(String(value)));
  return Object.fromEntries(Object.entries(fields).map(([name, value]) => [name, AMOUNTS.includes(name) ? amount(value) : value]));
}

function cell(rows: readonly StoredRow[], at: string): number {
  const [row = 0, column = 0] = at.split(',').map(Number);
  return rows[row]?.find(([uid]) => uid === column)?.[1] ?? 0;
}

function ppm(u16: number): number {
  return (u16 * PPM) / U16;
}

function check(out: EpochOutput, expected: Expected, where: string): void {
  for (const name of ['active', 'validatorPermit', 'consensus', 'incentive', 'dividends', 'validatorTrust'] as const) {
    if (expected[name] !== undefined) expect(out[name], `${where}: ${name}`).to.deep.equal(expected[name]);
  }
  for (const name of ['emissionRao', 'serverEmissionRao', 'validatorEmissionRao'] as const) {
    if (expected[name] !== undefined) expect(out[name].map(String), `${where}: ${name}`).to.deep.equal(expected[name]);
  }
  const bonds = Object.keys(expected.bonds ?? {});
  expect(Object.fromEntries(bonds.map((at) => [at, cell(out.bonds, at)])), `${where}: bonds`).to.deep.equal(expected.bonds ?? {});
  const near = (actual: number, wanted: number, what: string) =>
    expect(ppm(actual), `${where}: ${what}`).to.be.closeTo(wanted, TOLERANCE_PPM);
  for (const [uid, wanted] of (expected.dividendsPpm ?? []).entries()) near(out.dividends[uid] ?? 0, wanted, `dividends of ${uid}`);
  for (const [uid, wanted] of Object.entries(expected.consensusPpm ?? {}))
    near(out.consensus[Number(uid)] ?? 0, wanted, `consensus of ${uid}`);
  for (const [at, wanted] of Object.entries(expected.bondsPpm ?? {})) near(cell(out.bonds, at), wanted, `bond ${at}`);
}

function run({ start, epochs }: Case): void {
  // Safety: the files are written in the shape of EpochInput; a missing field fails in runEpoch.
  let input = withAmounts(start) as EpochInput;
  for (const [number, { set, expect: expected }] of epochs.entries()) {
    const { resetBondsInto, ...fields } = set;
    input = { ...input, ...withAmounts(fields) };
    if (resetBondsInto !== undefined) input = { ...input, bonds: input.bonds.map((row) => row.filter(([uid]) => uid !== resetBondsInto)) };
    const out = runEpoch(input);
    check(out, expected, `epoch ${number}`);
    input = { ...input, bonds: out.bonds, validatorPermit: out.validatorPermit };
  }
}

function load<T>(name: string): T {
  // Safety: files of this repository.
  return JSON.parse(readFileSync(new URL(name, FOLDER), 'utf8')) as T;
}

describe("the pallet's documented cases", () => {
  const names = readdirSync(FOLDER).filter((name) => name !== 'sigmoid.json');
  for (const name of names) {
    const vector = load<Case>(name);
    it(`${name}: ${vector.about}`, () => run(vector));
  }

  it('sigmoid.json: the sigmoid to the last bit', () => {
    interface Sigmoid {
      readonly cases: readonly { readonly rho: number; readonly xBits: string; readonly resultBits: string; readonly documented: string }[];
    }
    for (const { rho, xBits, resultBits, documented } of load<Sigmoid>('sigmoid.json').cases) {
      const exponent = multiply(-toFixed(rho), BigInt(xBits) - ONE / 2n);
      expect(ratio(ONE, ONE + exponential(exponent)), documented).to.equal(BigInt(resultBits));
    }
  });
});
