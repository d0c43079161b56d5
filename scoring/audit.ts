/** Audits: which records of others are heard again, what comes of it, and whom that leaves to believe. Pure; docs/scoring.md, "Audits". */
import { sha256Hex } from '../protocol/digest.js';
import type { Hotkey } from '../protocol/names.js';
import { AGREEMENT_TOLERANCE_PPM, comparable, compareRecords, type SignedRecord } from './agreement.js';
import { createChance } from './chance.js';
import { FINGERPRINT_UTTERANCES, fingerprintDistance } from './fingerprint.js';
import type { EngineName } from './ports.js';
import { combinePrompts } from './profile.js';
import type { ScoreRecord } from './record.js';

/** Public prompts of one record that an audit hears again: those of the fingerprint, and some by lot. */
export const AUDIT_PROMPTS_MAX = 8;
/** Of records that should not be audited by lot, but because of doubt: at most so many in a round. */
export const DOUBTED_AUDITS_MAX = 16;
/** An audit that failed this many rounds ago or more is forgotten. */
export const DISBELIEF_ROUNDS_MAX = 200;
/** Clean audits, in later rounds, after which a validator is believed again. */
export const CLEAN_AUDITS_WANTED = 3;
/** Two honest validators' fingerprints of one model are closer than this, ppm. */
const FINGERPRINT_TOLERANCE_PPM = 10_000;

/**
 * `reproduced`: within the tolerance. `not_reproduced`: the wasm engine does not bear it out, or the record contradicts itself. `ours_wrong`: the
 * wasm engine bears the other one out, and not us. `unheard`: we could not hear it again, for reasons of our own.
 */
export type AuditVerdict = 'reproduced' | 'not_reproduced' | 'ours_wrong' | 'unheard';

/** Why a record is heard again. */
export type AuditCause = 'lot' | 'dispute' | 'doubt';

export interface AuditTask extends SignedRecord {
  readonly cause: AuditCause;
}

/** The seed of our audits of a round. Others cannot know it before we reveal our secret, and everybody can check it afterwards. */
export function auditSeed(of: { readonly roundSeed: string; readonly self: Hotkey; readonly secret: string }): string {
  return sha256Hex(`voxd/audit/1|${of.roundSeed}|${of.self}|${of.secret}`);
}

/**
 * Which records of others are heard again.
 *
 * Every validator whose record differs from ours has its most different record heard, and one that contradicts itself that one (`dispute`); of every disbelieved one a record by lot (`doubt`),
 * so that there is a way back; and `count` of the others by lot. The order in which records arrived does not matter.
 */
export function drawAudits(of: {
  readonly seed: string;
  readonly self: Hotkey;
  readonly records: readonly SignedRecord[];
  readonly disbelieved: ReadonlySet<Hotkey>;
  readonly count: number;
}): readonly AuditTask[] {
  const lots = of.records
    .filter(({ validator }) => validator !== of.self)
    .map((signed) => ({ ...signed, lot: lotOf(of.seed, signed) }))
    .sort((a, b) => (a.lot < b.lot ? -1 : 1));
  const drawn = new Map<string, AuditTask>();
  const take = ({ validator, record }: SignedRecord, cause: AuditCause) => {
    const key = taskKey({ validator, record });
    if (!drawn.has(key)) drawn.set(key, { validator, record, cause });
  };
  const disputes = disputesOf(of.records, of.self);
  for (const dispute of disputes.slice(0, DOUBTED_AUDITS_MAX)) take(dispute.theirs, 'dispute');
  const doubtful = new Set(disputes.map(({ theirs }) => theirs.validator));
  for (const lot of lots)
    if (!doubtful.has(lot.validator) && drawn.size < DOUBTED_AUDITS_MAX && contradictionOf(lot.record) !== null) {
      doubtful.add(lot.validator);
      take(lot, 'dispute');
    }
  for (const validator of [...of.disbelieved].sort()) {
    const first = lots.find((lot) => lot.validator === validator);
    if (first !== undefined && !doubtful.has(validator) && drawn.size < DOUBTED_AUDITS_MAX) take(first, 'doubt');
  }
  let left = of.count;
  for (const lot of lots) {
    if (left === 0) break;
    if (drawn.has(taskKey(lot))) continue;
    take(lot, 'lot');
    left--;
  }
  return [...drawn.values()];
}

function lotOf(seed: string, { validator, record }: SignedRecord): string {
  return sha256Hex(`voxd/audit-lot/1|${seed}|${validator}|${record.hotkey}|${record.model}`);
}

export function taskKey({ validator, record }: SignedRecord): string {
  return `${validator}/${record.hotkey}/${record.model}`;
}

export interface Dispute {
  readonly ours: ScoreRecord;
  readonly theirs: SignedRecord;
  readonly differencePpm: number;
}

/** Per other validator the record that differs most from ours, when it differs by more than the tolerance; largest difference first. */
export function disputesOf(records: readonly SignedRecord[], self: Hotkey): readonly Dispute[] {
  const ours = new Map(
    records.filter(({ validator }) => validator === self).map(({ record }) => [`${record.hotkey}/${record.model}`, record]),
  );
  const worst = new Map<Hotkey, Dispute>();
  for (const theirs of records) {
    const own = ours.get(`${theirs.record.hotkey}/${theirs.record.model}`);
    if (theirs.validator === self || own === undefined || !comparable(own, theirs.record)) continue;
    const { differencePpm } = compareRecords(own, theirs.record);
    const before = worst.get(theirs.validator)?.differencePpm ?? AGREEMENT_TOLERANCE_PPM;
    if (differencePpm > before) worst.set(theirs.validator, { ours: own, theirs, differencePpm });
  }
  return [...worst.values()].sort((a, b) => b.differencePpm - a.differencePpm || (a.theirs.validator < b.theirs.validator ? -1 : 1));
}

/** Shape: number of public prompts of the record → ascending places of those that are heard again. */
export function auditedPrompts(seed: string, record: ScoreRecord): readonly number[] {
  const places = record.prompts.map((_, at) => at);
  const first = places.slice(0, FINGERPRINT_UTTERANCES);
  const rest = createChance(seed, `audit/${record.hotkey}/${record.model}`).shuffle(places.slice(FINGERPRINT_UTTERANCES));
  return [...first, ...rest].slice(0, AUDIT_PROMPTS_MAX).sort((a, b) => a - b);
}

/** What a record says of itself that cannot be. Null: nothing. */
export function contradictionOf(record: ScoreRecord): string | null {
  const total = combinePrompts(record.prompts);
  if (total !== record.scorePpm) return `its prompts make ${total} ppm, it says ${record.scorePpm}`;
  const broken = record.prompts.findIndex(({ fault, scorePpm }) => fault !== null && scorePpm !== 0);
  return broken < 0 ? null : `prompt ${broken} has a fault and a score`;
}

/** One prompt of an audit. `wasm` is null where it was not needed. */
export interface AuditedPrompt {
  readonly at: number;
  readonly private: boolean;
  readonly theirsPpm: number;
  readonly oursPpm: number;
  readonly wasmPpm: number | null;
}

export interface AuditFinding {
  readonly verdict: AuditVerdict;
  /** In words. */
  readonly reason: string;
  /** Our own ears were outside of the tolerance, whatever the other one's were. */
  readonly oursWrong: boolean;
}

/**
 * Prompts that the wasm engine is asked about: when the mean difference is beyond the tolerance, the AUDIT_PROMPTS_MAX that are furthest apart. Empty:
 * the two agree.
 */
export function disputedPrompts(prompts: readonly AuditedPrompt[]): readonly AuditedPrompt[] {
  const apart = (prompt: AuditedPrompt) => Math.abs(prompt.theirsPpm - prompt.oursPpm);
  if (meanOf(prompts.map(apart)) <= AGREEMENT_TOLERANCE_PPM) return [];
  return prompts
    .filter((prompt) => apart(prompt) > AGREEMENT_TOLERANCE_PPM)
    .sort((a, b) => apart(b) - apart(a) || Number(a.private) - Number(b.private) || a.at - b.at)
    .slice(0, AUDIT_PROMPTS_MAX)
    .sort((a, b) => Number(a.private) - Number(b.private) || a.at - b.at);
}

/**
 * The verdict. Disputed prompts must carry what the wasm engine made of them, unless our own engine is that one.
 *
 * Source: docs/scoring.md, "Audits".
 */
export function judgeAudit(of: {
  readonly prompts: readonly AuditedPrompt[];
  readonly engine: EngineName;
  readonly fingerprints: { readonly theirs: string; readonly ours: string } | null;
}): AuditFinding {
  const disputed = disputedPrompts(of.prompts);
  const truth = (prompt: AuditedPrompt) => (of.engine === 'wasm' ? prompt.oursPpm : prompt.wasmPpm);
  if (disputed.some((prompt) => truth(prompt) === null))
    return { verdict: 'unheard', reason: 'the wasm engine has not spoken', oursWrong: false };
  const off = (side: 'theirsPpm' | 'oursPpm') => meanOf(disputed.map((prompt) => Math.abs(prompt[side] - (truth(prompt) ?? 0))));
  const theirsOff = off('theirsPpm');
  const oursOff = off('oursPpm');
  const oursWrong = oursOff > AGREEMENT_TOLERANCE_PPM;
  const asked = `${disputed.length} of ${of.prompts.length} prompts`;
  if (theirsOff > AGREEMENT_TOLERANCE_PPM)
    return { verdict: 'not_reproduced', reason: `${asked} are ${theirsOff} ppm off on the wasm engine, ours ${oursOff} ppm`, oursWrong };
  if (oursWrong)
    return { verdict: 'ours_wrong', reason: `${asked} are ${oursOff} ppm off on the wasm engine, theirs ${theirsOff} ppm`, oursWrong };
  const likeness = of.fingerprints === null ? 0 : distanceOf(of.fingerprints.theirs, of.fingerprints.ours);
  if (likeness > FINGERPRINT_TOLERANCE_PPM)
    return { verdict: 'not_reproduced', reason: `the fingerprint is ${likeness} ppm away from what the prompts sound like`, oursWrong };
  return { verdict: 'reproduced', reason: `${of.prompts.length} prompts heard again`, oursWrong };
}

function distanceOf(a: string, b: string): number {
  if (a === b) return 0;
  return a === '' || b === '' ? 1_000_000 : fingerprintDistance(a, b);
}

/** Rounded down. */
function meanOf(values: readonly number[]): number {
  return values.length === 0 ? 0 : Math.floor(values.reduce((sum, value) => sum + value, 0) / values.length);
}

export interface AuditOutcome {
  readonly round: number;
  readonly validator: Hotkey;
  readonly verdict: AuditVerdict;
  readonly reason: string;
}

export interface Disbelief {
  readonly validator: Hotkey;
  /** The newest round in which a record of it did not reproduce. */
  readonly round: number;
  readonly reason: string;
  /** Rounds since then in which every audit of it was clean. */
  readonly cleanRounds: number;
}

/**
 * Whom the audits leave us to disbelieve in a round: a validator with a record that did not reproduce, until CLEAN_AUDITS_WANTED later rounds brought
 * clean audits and none that failed, or DISBELIEF_ROUNDS_MAX rounds have passed.
 *
 * Shape: audits in any order → ascending hotkeys. What happened after `round` does not count.
 */
export function disbeliefs(audits: readonly AuditOutcome[], round: number): readonly Disbelief[] {
  const known = audits.filter((audit) => audit.round <= round && audit.round > round - DISBELIEF_ROUNDS_MAX);
  const found: Disbelief[] = [];
  for (const validator of [...new Set(known.map((audit) => audit.validator))].sort()) {
    const own = known.filter((audit) => audit.validator === validator);
    const failed = own
      .filter(({ verdict }) => verdict === 'not_reproduced')
      .sort((a, b) => b.round - a.round || (a.reason < b.reason ? -1 : 1))[0];
    if (failed === undefined) continue;
    const clean = own.filter((audit) => audit.round > failed.round && (audit.verdict === 'reproduced' || audit.verdict === 'ours_wrong'));
    const cleanRounds = new Set(clean.map((audit) => audit.round)).size;
    if (cleanRounds < CLEAN_AUDITS_WANTED) found.push({ validator, round: failed.round, reason: failed.reason, cleanRounds });
  }
  return found;
}
