import { readdirSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { expect } from 'chai';
import { KINDS, MESSAGE_KINDS } from '../../../protocol/kinds.js';
import { RUN_LIMITS } from '../../../scoring/limits.js';

/** docs/limits.md against the sources: every bound is listed, with its value, and nothing is listed that is not there. */
const ROOT = fileURLToPath(new URL('../../..', import.meta.url));
const FOLDERS = ['protocol', 'chain', 'scoring', 'config', 'node'];

/** A constant with one of these words in its name bounds something. */
const BOUND =
  /(^|_)(MAX|MIN|KEPT|HELD|FEW|WANTED|OUTSTANDING|TIMEOUTS?|ATTEMPTS|RESTARTS|RETRY|RESERVE|GRACE|ABANDON|BUDGET|PROTECTS|LIFETIME|BACKOFF|SLACK|LOOKED_BACK|TTL|WAIT|REST|HEARTBEAT|POLL|LIMITS?|SPARE|STALE|PATIENCE|PERIOD|HISTORY|SLOTS|PROBE|BATCH|ROUNDS)(_|$)|_MS$/;
/** Constants of formulas (docs/scoring.md has them) and of the development voices. */
const FORMULAS = /^scoring\/(dsp|voices|bank|neural)\/|^chain\/(yuma|devchain\/(epoch|apis|pallets\/subtensor))/;
/** The largest value of a type. */
const TYPE_MAX = /^U\d+_MAX$/;
/** Named like a bound, but not one. */
const NO_BOUNDS = new Set([
  'protocol/kinds.ts#MINUTE_MS',
  'protocol/kinds.ts#HOUR_MS',
  'protocol/libp2p/rpc-limits.ts#CONTROL_LIMITS',
  'scoring/limits.ts#RUN_LIMITS',
  'chain/refusals.ts#WAIT_UNKNOWN',
  'chain/devchain/server.ts#DECLARED_BLOCK_TIME_MS',
  'chain/devchain/pallets/commitments.ts#MIN_CHARGE_BYTES',
  'scoring/content.ts#FRAMES_WANTED',
  'scoring/content.ts#HOP_MIN',
  'scoring/profile.ts#PAUSE_AT_END_MS',
]);

interface Bound {
  readonly key: string;
  /** Null: not a number that can be read off the text. */
  readonly value: number | null;
}

const sources = FOLDERS.flatMap((folder) =>
  readdirSync(`${ROOT}/${folder}`, { recursive: true, encoding: 'utf8' })
    .filter((name) => name.endsWith('.ts') && !name.endsWith('.pb.ts'))
    .map((name) => `${folder}/${name}`),
).sort();

const constants = readConstants();

function readConstants(): ReadonlyMap<string, number | null> {
  const found = new Map<string, number | null>();
  const byName = new Map<string, number>();
  const texts = sources.map((path) => ({ path, text: readFileSync(`${ROOT}/${path}`, 'utf8') }));
  // Twice, so that a constant may be made of one from a file that is read later.
  for (const { path, text } of [...texts, ...texts]) {
    const value = (expression: string) => numberOf(expression, (name) => found.get(`${path}#${name}`) ?? byName.get(name) ?? null);
    for (const [, name, expression] of text.matchAll(/^(?:export )?const ([A-Z][A-Z0-9_]*)(?:: [^=\n]+)? =\s*([^;]*);/gm)) {
      if (name === undefined || expression === undefined) continue;
      const fields = /^\{([^{}]*)\}(?: as const)?$/.exec(expression.trim());
      if (fields === null) {
        const number = value(expression);
        found.set(`${path}#${name}`, number);
        if (number !== null) byName.set(name, number);
      } else
        for (const [, field, part] of (fields[1] ?? '').matchAll(/(\w+): ([^,]+)/g))
          if (field !== undefined && part !== undefined) found.set(`${path}#${name}.${field}`, value(part));
    }
  }
  return found;
}

/** Numbers, the four operations, powers, and other constants. */
function numberOf(expression: string, lookUp: (name: string) => number | null): number | null {
  const plain = expression
    .replace(/\b[A-Z][A-Z0-9_]+\b/g, (name) => String(lookUp(name)))
    .replace(/(\d)_(?=\d)/g, '$1')
    .replace(/\b(\d+)n\b/g, '$1');
  if (!/^[\d\s.*+\-/()]+$/.test(plain)) return null;
  const value: unknown = new Function(`return (${plain});`)();
  return typeof value === 'number' ? value : null;
}

const page = readFileSync(`${ROOT}/docs/limits.md`, 'utf8');
const listed = new Map(
  [...page.matchAll(/^\| `([\w.]+)` \| ([^|]+) \| `([\w./-]+\.ts)` \| ([^|]+) \|$/gm)].map(([, name, value, path, words]) => [
    `${path}#${name}`,
    { value: value ?? '', words: words ?? '' },
  ]),
);

const UNITS: Readonly<Record<string, number>> = {
  ms: 1,
  s: 1_000,
  min: 60_000,
  h: 3_600_000,
  B: 1,
  KiB: 2 ** 10,
  MiB: 2 ** 20,
  GiB: 2 ** 30,
  MB: 1,
  Hz: 1,
  '%': 1,
};

/** Shape: "16 MiB" → bytes, "30 s" → ms, or seconds where the name says so. */
function shownValue(text: string, name: string): number {
  const [, digits = '', unit = ''] = /^([\d,.]+) ?(\S*)$/.exec(text.trim()) ?? [];
  const factor = unit === '' || (unit === 's' && /SECONDS/.test(name)) ? 1 : UNITS[unit];
  return factor === undefined ? Number.NaN : Number(digits.replaceAll(',', '')) * factor;
}

function isBound({ key }: Bound): boolean {
  const [path = '', name = ''] = key.split('#');
  const [group = ''] = name.split('.');
  if (FORMULAS.test(path) || NO_BOUNDS.has(key) || NO_BOUNDS.has(`${path}#${group}`)) return false;
  return BOUND.test(group) && !TYPE_MAX.test(group);
}

describe('docs/limits.md', () => {
  const bounds = [...constants].map(([key, value]) => ({ key, value })).filter(isBound);

  it('finds bounds to look for', () => {
    expect(bounds.length).to.be.greaterThan(150);
  });

  it('lists every bound of the sources', () => {
    const missing = bounds.filter(({ key, value }) => value !== null && !listed.has(key)).map(({ key, value }) => `${key} = ${value}`);
    expect(missing, 'bounds that docs/limits.md does not list').to.deep.equal([]);
  });

  it('lists nothing that the sources do not have', () => {
    expect(
      [...listed.keys()].filter((key) => !constants.has(key)),
      'listed, but gone',
    ).to.deep.equal([]);
  });

  it('gives every bound its value', () => {
    const wrong = [...listed]
      .filter(([key, { value }]) => shownValue(value, key.split('#')[1] ?? '') !== constants.get(key))
      .map(([key, { value }]) => `${key}: the page says ${value}, the code ${constants.get(key)}`);
    expect(wrong).to.deep.equal([]);
  });

  it('says what happens', () => {
    expect([...listed].filter(([, { words }]) => words.trim().length < 12).map(([key]) => key)).to.deep.equal([]);
  });

  it('has the limits of gossip', () => {
    for (const kind of MESSAGE_KINDS) {
      const { sizeBytesMax, lifetimeMsMax, intervalMs, burst, sequenceWindow, queueMax, queueBytesMax, queueOrder } = KINDS[kind];
      const size = `${sizeBytesMax / 1024} KiB | ${lifetimeMsMax / 3_600_000} h`;
      const rate = `1 per ${intervalMs / 1000} s, ${burst} at once`;
      const row = `| ${kind} | ${size} | ${rate} | ${sequenceWindow.toLocaleString('en-US')} | ${queueMax.toLocaleString('en-US')} | ${queueBytesMax / 2 ** 20} MiB, ${queueOrder} |`;
      expect(page).to.include(row);
    }
  });

  it('has what a model may use', () => {
    for (const [engine, limits] of Object.entries(RUN_LIMITS)) {
      const memory = `${(limits.memoryBytes / 2 ** 20).toLocaleString('en-US')} MiB`;
      const times = [limits.cpuSeconds, limits.loadTimeoutMs / 1000, limits.utteranceTimeoutMs / 1000, limits.audioSecondsMax];
      expect(page).to.include(`| ${engine} | ${memory} | ${times.map((s) => `${s.toLocaleString('en-US')} s`).join(' | ')} |`);
    }
  });
});
