/** One round from records to shares: the whole decision as one pure function, so that a replay is a call. */
import type { Hotkey, ModelDigest } from '../protocol/names.js';
import { AGREEMENT_TOLERANCE_PPM, comparable, compareRecords } from './agreement.js';
import { type ContestRules, holdContest } from './contest.js';
import { findCopies } from './copies.js';
import { withPrivateSlice } from './private-slice.js';
import type { ScoreRecord } from './record.js';
import { foldStandings, type Standing } from './standing.js';
import type { Coverage } from './weights.js';

/** What the operator decides; kept with each round. Integers only. */
export interface WeighingPolicy {
  readonly contest: ContestRules;
  /** How far a new score moves a standing, percent. */
  readonly alphaPercent: number;
  /** Gate: least part of the round's models that must have been heard, percent. */
  readonly minCoveragePercent: number;
}

export interface RoundEntry {
  readonly hotkey: Hotkey;
  readonly registeredAt: number;
  readonly model: ModelDigest;
  readonly commitmentBlock: number;
  readonly tensorDigests: readonly string[];
}

/** A record and who signed it. */
export interface Heard {
  readonly validator: Hotkey;
  readonly record: ScoreRecord;
}

export interface WeighedModel extends Standing {
  readonly copyOf: Hotkey | null;
  readonly copyEvidence: string | null;
  readonly sharePpm: number;
}

export interface WeighedRound {
  /** Ascending hotkey; one per registration that has a standing. */
  readonly models: readonly WeighedModel[];
  readonly coverage: Coverage;
  /** Positive shares only; they add up to 1,000,000. */
  readonly shares: ReadonlyMap<Hotkey, number>;
  /** Validators whose records did not agree with ours and were left out. */
  readonly disbelieved: readonly Hotkey[];
}

/** Who and what was not believed, decided before the round was weighed and kept with it. Source: docs/scoring.md, "Audits". */
export interface Beliefs {
  /** Ascending. */
  readonly disbelieved: readonly Hotkey[];
  /** Models of which our own record did not hold against the wasm engine: others are asked. */
  readonly mistaken: readonly { readonly hotkey: Hotkey; readonly model: ModelDigest }[];
}

/**
 * Fold the records of a round into standings and shares.
 *
 * Our own record of a model stands before all others; a model that we did not hear, or heard wrongly, gets the lower median of the records of
 * the validators that are believed. What it says worse in private is taken off. Only records of our scorer digest are looked at.
 *
 * Source: docs/scoring.md, "From records to weights".
 */
export function weighRound(of: {
  readonly round: number;
  readonly block: number;
  readonly self: Hotkey;
  readonly scorer: string;
  readonly entries: readonly RoundEntry[];
  readonly heard: readonly Heard[];
  readonly before: readonly Standing[];
  readonly seats: readonly { readonly hotkey: Hotkey; readonly registeredAt: number }[];
  readonly policy: WeighingPolicy;
  /** Null: a round from before beliefs were kept; whoever differs from us by more than the tolerance is left out of it. */
  readonly beliefs: Beliefs | null;
  readonly distancePpm: (a: string, b: string) => number;
}): WeighedRound {
  const { believed, scores, disbelieved } = believedRecords(of);

  const seated = new Set(of.seats.map(({ hotkey, registeredAt }) => `${hotkey}@${registeredAt}`));
  const standings = foldStandings({
    before: of.before,
    heard: of.entries.map((entry) => ({ ...entry, scorePpm: scores.get(entry.hotkey) ?? null })),
    registered: (hotkey, registeredAt) => seated.has(`${hotkey}@${registeredAt}`),
    alphaPercent: of.policy.alphaPercent,
  });

  const entryOf = new Map(of.entries.map((entry) => [`${entry.hotkey}/${entry.model}`, entry]));
  const current = standings.flatMap((standing) => {
    const entry = entryOf.get(`${standing.hotkey}/${standing.model}`);
    return entry ? [{ standing, entry, record: believed.get(standing.hotkey) }] : [];
  });
  const copies = new Map(
    findCopies(
      current.map(({ entry, record }) => ({ ...entry, fingerprint: record?.fingerprint ?? '' })),
      of.distancePpm,
    ).map((finding) => [finding.copy, finding]),
  );
  const places = holdContest(
    current
      .filter(({ entry }) => !copies.has(entry.hotkey))
      .map(({ standing, entry, record }) => ({
        ...entry,
        standingPpm: standing.standingPpm,
        promptsPpm: record?.prompts.map(({ scorePpm }) => scorePpm) ?? [],
      })),
    of.policy.contest,
    of.block,
  );
  const shares = new Map(places.filter(({ sharePpm }) => sharePpm > 0).map(({ hotkey, sharePpm }) => [hotkey, sharePpm]));

  return {
    models: standings.map((standing) => {
      const finding = copies.get(standing.hotkey);
      return {
        ...standing,
        copyOf: finding?.original ?? null,
        copyEvidence: finding ? evidence(finding.because, finding.measure) : null,
        sharePpm: shares.get(standing.hotkey) ?? 0,
      };
    }),
    coverage: { round: of.round, entered: of.entries.length, heard: believed.size },
    shares,
    disbelieved: [...disbelieved].sort(),
  };
}

export interface BelievedRecords {
  /** By hotkey: the one record that counts. */
  readonly believed: ReadonlyMap<Hotkey, ScoreRecord>;
  /** By hotkey: its score, less what the model said worse in private, ppm. */
  readonly scores: ReadonlyMap<Hotkey, number>;
  readonly disbelieved: ReadonlySet<Hotkey>;
}

/** Which records of a round count. Source: docs/scoring.md, "From records to weights", step 1. */
export function believedRecords(of: {
  readonly round: number;
  readonly self: Hotkey;
  readonly scorer: string;
  readonly entries: readonly Pick<RoundEntry, 'hotkey' | 'model'>[];
  readonly heard: readonly Heard[];
  readonly beliefs: Beliefs | null;
}): BelievedRecords {
  const comparable = of.heard.filter(({ record }) => record.scorer === of.scorer && record.round === of.round);
  const disbelieved = of.beliefs === null ? disagreeing(comparable, of.self) : new Set(of.beliefs.disbelieved);
  const mistaken = new Set(of.beliefs?.mistaken.map(({ hotkey, model }) => `${hotkey}/${model}`));
  const believed = new Map<Hotkey, ScoreRecord>();
  const scores = new Map<Hotkey, number>();
  for (const entry of of.entries) {
    const about = comparable
      .filter(({ record }) => record.hotkey === entry.hotkey && record.model === entry.model)
      .filter(({ validator }) => (validator === of.self ? !mistaken.has(`${entry.hotkey}/${entry.model}`) : !disbelieved.has(validator)));
    const record = believe(about, of.self);
    if (!record) continue;
    believed.set(entry.hotkey, record);
    const privatePpm = about.flatMap(({ record: { private: slice } }) => slice?.prompts.map(({ scorePpm }) => scorePpm) ?? []);
    const publicPpm = record.prompts.map(({ scorePpm }) => scorePpm);
    scores.set(entry.hotkey, withPrivateSlice(record.scorePpm, publicPpm, privatePpm));
  }
  return { believed, scores, disbelieved };
}

/** Validators with any record that differs from ours by more than the tolerance. */
function disagreeing(heard: readonly Heard[], self: Hotkey): ReadonlySet<Hotkey> {
  const ours = new Map(heard.filter(({ validator }) => validator === self).map(({ record }) => [record.model, record]));
  const apart = new Set<Hotkey>();
  for (const { validator, record } of heard) {
    const own = ours.get(record.model);
    if (own && comparable(own, record) && compareRecords(own, record).differencePpm > AGREEMENT_TOLERANCE_PPM) apart.add(validator);
  }
  return apart;
}

function believe(about: readonly Heard[], self: Hotkey): ScoreRecord | undefined {
  const own = about.find(({ validator }) => validator === self);
  if (own) return own.record;
  const others = [...about];
  others.sort((a, b) => a.record.scorePpm - b.record.scorePpm || (a.validator < b.validator ? -1 : 1));
  return others[Math.floor((others.length - 1) / 2)]?.record;
}

function evidence(because: string, measure: number): string {
  if (because === 'same tensors') return `${measure} % of the tensors are the same`;
  if (because === 'same output') return `the same prompts sound the same (distance ${measure} ppm)`;
  return 'the package is the same';
}
