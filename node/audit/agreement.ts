import type { Hotkey } from '../../protocol/names.js';
import { agreementOf, type PairAgreement } from '../../scoring/agreement.js';
import type { Disbelief } from '../../scoring/audit.js';
import type { Stores } from '../ports.js';
import { disbelievedIn } from './beliefs.js';
import type { AuditRow, ExchangeFlag } from './ports.js';

export interface AgreementReport {
  readonly round: number;
  readonly self: Hotkey;
  /** Everybody who committed, revealed, was flagged or is disbelieved; ascending. */
  readonly validators: readonly {
    readonly hotkey: Hotkey;
    readonly committed: boolean;
    readonly records: number;
    readonly privateRecords: number;
    readonly disbelieved: Disbelief | null;
    /** Left out of the weights of this round; null while it is not weighed. */
    readonly leftOut: boolean | null;
  }[];
  readonly pairs: readonly PairAgreement[];
  readonly audits: readonly AuditRow[];
  readonly flags: readonly ExchangeFlag[];
  /** Audits of this round in which our own ears were wrong. */
  readonly oursWrong: number;
  /** A pair of validators that are believed is outside of the tolerances. */
  readonly alarm: boolean;
}

/** How the validators of a round agree, from the rows of this node. Null: nobody committed to anything in it. */
export async function readAgreement(
  stores: Stores,
  of: { readonly round: number; readonly self: Hotkey },
): Promise<AgreementReport | null> {
  const { round, self } = of;
  const [scores, commits, audits, flags, disbelieved, row] = await Promise.all([
    stores.scores.ofRound(round),
    stores.scores.commitsOf(round),
    stores.audits.ofRound(round),
    stores.flags.ofRound(round),
    disbelievedIn(stores, round),
    stores.rounds.get(round),
  ]);
  if (scores.length === 0 && commits.length === 0 && flags.length === 0) return null;
  const beliefs = row?.weighing?.beliefs ?? null;
  const hotkeys = new Set([
    ...scores.map(({ validator }) => validator),
    ...commits.map(({ validator }) => validator),
    ...flags.map(({ validator }) => validator),
    ...disbelieved.map(({ validator }) => validator),
  ]);
  const pairs = agreementOf(scores);
  const doubted = new Set([...disbelieved.map(({ validator }) => validator), ...(beliefs?.disbelieved ?? [])]);
  return {
    round,
    self,
    validators: [...hotkeys].sort().map((hotkey) => {
      const own = scores.filter(({ validator }) => validator === hotkey);
      return {
        hotkey,
        committed: commits.some(({ validator }) => validator === hotkey),
        records: own.length,
        privateRecords: own.filter(({ record }) => record.private !== undefined).length,
        disbelieved: disbelieved.find(({ validator }) => validator === hotkey) ?? null,
        leftOut: beliefs?.disbelieved.includes(hotkey) ?? null,
      };
    }),
    pairs,
    audits,
    flags,
    oursWrong: audits.filter(({ oursWrong }) => oursWrong).length,
    alarm: pairs.some(({ a, b, alarm }) => alarm && !doubted.has(a) && !doubted.has(b)),
  };
}

/** Our own pairs in one line: the largest difference and the least agreement in rank. */
export function ownAgreement({ pairs, self }: AgreementReport): {
  readonly validators: number;
  readonly differencePpmMax: number;
  readonly tauPpmMin: number | null;
} {
  const own = pairs.filter(({ a, b, models }) => models > 0 && (a === self || b === self));
  const taus = own.flatMap(({ tauPpm }) => tauPpm ?? []);
  return {
    validators: own.length,
    differencePpmMax: own.reduce((most, { differencePpmMax }) => Math.max(most, differencePpmMax), 0),
    tauPpmMin: taus.length === 0 ? null : Math.min(...taus),
  };
}
