/** How well two validators agree about the models that both of them heard. Pure; docs/scoring.md, "Agreement". */
import type { Hotkey, ModelDigest } from '../protocol/names.js';
import { combinePrompts } from './profile.js';
import type { ScoreRecord } from './record.js';

/** Two honest validators differ by less than this on one model, ppm (native engines are equal to about 1e-6). */
export const AGREEMENT_TOLERANCE_PPM = 5_000;
/** Two honest validators rank the models of a round alike: least Kendall tau-b, ppm. */
export const AGREEMENT_TAU_PPM = 950_000;

export interface SignedRecord {
  readonly validator: Hotkey;
  readonly record: ScoreRecord;
}

/** Two records of one model. */
export interface RecordsCompared {
  readonly hotkey: Hotkey;
  readonly model: ModelDigest;
  /** Between the two scores, ppm. */
  readonly differencePpm: number;
  /** Largest between the same prompts, ppm. */
  readonly promptDifferencePpm: number;
  readonly prompts: number;
  /** Prompts whose audio digests are equal; both said nothing counts as equal. */
  readonly digestsEqual: number;
}

export interface PairAgreement {
  readonly a: Hotkey;
  readonly b: Hotkey;
  /** Models both heard, comparably. */
  readonly models: number;
  /** Models both heard by different scorers or prompts: never compared. */
  readonly incomparable: number;
  /** Kendall's tau-b of the two rankings, ppm from -1,000,000; null where one of them ranks nothing. */
  readonly tauPpm: number | null;
  readonly differencePpmMax: number;
  readonly digestsEqual: number;
  readonly digestsCompared: number;
  /** Outside of the tolerances. */
  readonly alarm: boolean;
}

/** Same question, same scorer: only then two records can be held against each other. */
export function comparable(a: ScoreRecord, b: ScoreRecord): boolean {
  return (
    a.hotkey === b.hotkey &&
    a.model === b.model &&
    a.round === b.round &&
    a.scorer === b.scorer &&
    a.seed === b.seed &&
    a.promptSet === b.promptSet
  );
}

/** The caller has asked `comparable`. Where one validator heard more prompts than the other, those count that both heard: the first ones. */
export function compareRecords(a: ScoreRecord, b: ScoreRecord): RecordsCompared {
  const shared = Math.min(a.prompts.length, b.prompts.length);
  let promptDifferencePpm = 0;
  let digestsEqual = 0;
  for (let at = 0; at < shared; at++) {
    const [one, other] = [a.prompts[at], b.prompts[at]];
    if (one === undefined || other === undefined) continue;
    promptDifferencePpm = Math.max(promptDifferencePpm, Math.abs(one.scorePpm - other.scorePpm));
    if (one.audioDigest === other.audioDigest) digestsEqual++;
  }
  const scoreOf = ({ prompts, scorePpm }: ScoreRecord) => (prompts.length === shared ? scorePpm : combinePrompts(prompts.slice(0, shared)));
  return {
    hotkey: a.hotkey,
    model: a.model,
    differencePpm: Math.abs(scoreOf(a) - scoreOf(b)),
    promptDifferencePpm,
    prompts: shared,
    digestsEqual,
  };
}

/**
 * Every pair of validators that heard a model in common.
 *
 * Shape: records of one round → pairs by ascending hotkeys, a before b.
 */
export function agreementOf(records: readonly SignedRecord[]): readonly PairAgreement[] {
  const byValidator = new Map<Hotkey, Map<string, ScoreRecord>>();
  for (const { validator, record } of records) {
    const own = byValidator.get(validator) ?? new Map<string, ScoreRecord>();
    byValidator.set(validator, own.set(`${record.hotkey}/${record.model}`, record));
  }
  const validators = [...byValidator.keys()].sort();
  return validators.flatMap((a, at) =>
    validators.slice(at + 1).flatMap((b) => {
      const pair = pairOf(a, b, byValidator.get(a) ?? new Map(), byValidator.get(b) ?? new Map());
      return pair.models + pair.incomparable === 0 ? [] : [pair];
    }),
  );
}

function pairOf(a: Hotkey, b: Hotkey, ofA: ReadonlyMap<string, ScoreRecord>, ofB: ReadonlyMap<string, ScoreRecord>): PairAgreement {
  const common = [...ofA].flatMap(([key, record]) => {
    const other = ofB.get(key);
    return other === undefined ? [] : [{ record, other }];
  });
  const alike = common.filter(({ record, other }) => comparable(record, other));
  const compared = alike.map(({ record, other }) => compareRecords(record, other));
  const tauPpm = kendallTauPpm(
    alike.map(({ record }) => record.scorePpm),
    alike.map(({ other }) => other.scorePpm),
  );
  const differencePpmMax = compared.reduce((most, { differencePpm }) => Math.max(most, differencePpm), 0);
  return {
    a,
    b,
    models: alike.length,
    incomparable: common.length - alike.length,
    tauPpm,
    differencePpmMax,
    digestsEqual: compared.reduce((sum, { digestsEqual }) => sum + digestsEqual, 0),
    digestsCompared: compared.reduce((sum, { prompts }) => sum + prompts, 0),
    alarm: differencePpmMax > AGREEMENT_TOLERANCE_PPM || (tauPpm !== null && tauPpm < AGREEMENT_TAU_PPM),
  };
}

/**
 * Kendall's tau-b: (concordant − discordant) / √((pairs − ties in x) · (pairs − ties in y)). Two models that both validators hold to be within
 * the tolerance of each other cannot be told apart by anybody and are no pair.
 *
 * Shape: two lists of equal length, ppm → ppm from -1,000,000 to 1,000,000, rounded to the nearest; null when nothing is left to rank.
 */
export function kendallTauPpm(x: readonly number[], y: readonly number[]): number | null {
  let concordance = 0;
  let rankedX = 0;
  let rankedY = 0;
  for (let i = 0; i < x.length; i++)
    for (let j = 0; j < i; j++) {
      const dx = (x[i] ?? 0) - (x[j] ?? 0);
      const dy = (y[i] ?? 0) - (y[j] ?? 0);
      if (Math.abs(dx) <= AGREEMENT_TOLERANCE_PPM && Math.abs(dy) <= AGREEMENT_TOLERANCE_PPM) continue;
      concordance += Math.sign(dx) * Math.sign(dy);
      rankedX += Math.abs(Math.sign(dx));
      rankedY += Math.abs(Math.sign(dy));
    }
  return rankedX === 0 || rankedY === 0 ? null : Math.round((concordance / Math.sqrt(rankedX * rankedY)) * 1_000_000);
}
