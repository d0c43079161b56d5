/** One round from records to shares: the whole decision as one pure function, so that a replay is a call. */

import { commitmentOf } from '../chain/commitment.js';
import type { Hotkey, ModelDigest } from '../protocol/names.js';
import { AGREEMENT_TOLERANCE_PPM, comparable, compareRecords } from './agreement.js';
import { type ContestRules, holdContest } from './contest.js';
import { type Claimant, findKinships, type Kinship, kinshipEvidence } from './copies.js';
import { withPrivateSlice } from './private-slice.js';
import type { ScoreRecord } from './record.js';
import { foldStandings, type Standing, WAITING_ROUNDS_MAX } from './standing.js';
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
}

/** A commitment that was final when the round opened, whether or not anybody knows to what. */
export interface RoundClaim {
  readonly hotkey: Hotkey;
  readonly registeredAt: number;
  readonly commitment: string;
}

/** A record and who signed it. */
export interface Heard {
  readonly validator: Hotkey;
  readonly record: ScoreRecord;
}

export interface WeighedModel extends Standing {
  readonly kinship: Kinship | null;
  /** Of whom it is a copy. */
  readonly copyOf: Hotkey | null;
  /** Why it is a copy or a derivative, in words. */
  readonly copyEvidence: string | null;
  /** 1 is the best; null: it takes no place of its own. */
  readonly rank: number | null;
  /** Whose place its family or its owner has taken. */
  readonly behind: Hotkey | null;
  readonly sharePpm: number;
}

/** What may be asked of a round before: standings and what was found. */
export type WeighedBefore = Standing & Partial<Pick<WeighedModel, 'kinship'>>;

/** Changes with every change of these rules, so that nobody replays a round by others than it was weighed by. */
export const WEIGHING_RULES = 3;

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
 * Our own record of a model stands before all others; a model that we did not hear, or heard wrongly, gets what most of the
 * validators that are believed agree on. What it says worse in private is taken off. Only records of our scorer digest are looked at.
 *
 * Source: docs/scoring.md, "From records to weights".
 */
export function weighRound(of: {
  readonly round: number;
  readonly block: number;
  readonly self: Hotkey;
  readonly scorer: string;
  readonly entries: readonly RoundEntry[];
  readonly claims: readonly RoundClaim[];
  readonly heard: readonly Heard[];
  readonly before: readonly WeighedBefore[];
  readonly seats: readonly { readonly hotkey: Hotkey; readonly registeredAt: number; readonly coldkey?: Hotkey }[];
  readonly tensorsOf: (hotkey: Hotkey, model: ModelDigest) => readonly string[];
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

  const runners = standings.flatMap((standing): Runner[] => {
    const { hotkey, model } = standing;
    const entry = of.entries.find((one) => one.hotkey === hotkey && one.registeredAt === standing.registeredAt && one.model === model);
    const record = entry === undefined ? undefined : believed.get(hotkey);
    if (entry === undefined && !isWaiting(standing, of)) return [];
    return [{ standing, commitmentBlock: (entry ?? standing).commitmentBlock, record }];
  });
  const claimants = runners.map(({ standing: { hotkey, model }, commitmentBlock, record }): Claimant => {
    return { hotkey, model, commitmentBlock, tensorDigests: of.tensorsOf(hotkey, model), fingerprint: record?.fingerprint ?? '' };
  });
  const past = standings.flatMap(({ hotkey, ancestors }) =>
    ancestors.map(
      (ancestor): Claimant => ({ ...ancestor, hotkey, tensorDigests: of.tensorsOf(hotkey, ancestor.model), fingerprint: '', past: true }),
    ),
  );
  const remembered = new Map(of.before.map((standing) => [`${standing.hotkey}/${standing.model}`, standing.kinship ?? null]));
  const kinships = findKinships(
    [...past, ...claimants],
    of.distancePpm,
    ({ hotkey, model }) => remembered.get(`${hotkey}/${model}`) ?? null,
  );
  const coldkeys = new Map(of.seats.map(({ hotkey, coldkey }) => [hotkey, coldkey ?? null]));
  const places = new Map(
    holdContest(
      runners
        .filter(({ standing }) => kinships.get(standing.hotkey)?.kind !== 'copy')
        .map(({ standing, commitmentBlock, record }) => ({
          hotkey: standing.hotkey,
          coldkey: coldkeys.get(standing.hotkey) ?? null,
          parent: kinships.get(standing.hotkey)?.of ?? null,
          model: standing.model,
          commitmentBlock,
          standingPpm: standing.standingPpm,
          promptsPpm: record?.prompts.map(({ scorePpm }) => scorePpm) ?? [],
        })),
      of.policy.contest,
      of.block,
    ).map((place) => [place.hotkey, place]),
  );
  const running = new Set(runners.map(({ standing }) => standing));
  const models = standings.map((standing): WeighedModel => {
    const kinship =
      (running.has(standing) ? kinships.get(standing.hotkey) : remembered.get(`${standing.hotkey}/${standing.model}`)) ?? null;
    const place = running.has(standing) ? places.get(standing.hotkey) : undefined;
    return {
      ...standing,
      kinship,
      copyOf: kinship?.kind === 'copy' ? kinship.of : null,
      copyEvidence: kinship === null ? null : kinshipEvidence(kinship),
      rank: place?.rank ?? null,
      behind: place?.behind ?? null,
      sharePpm: place?.sharePpm ?? 0,
    };
  });
  return {
    models,
    coverage: { round: of.round, entered: of.entries.length, heard: believed.size },
    shares: new Map(models.filter(({ sharePpm }) => sharePpm > 0).map(({ hotkey, sharePpm }) => [hotkey, sharePpm])),
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
    scores.set(entry.hotkey, withPrivateSlice(record.scorePpm, privatePpm));
  }
  return { believed, scores, disbelieved };
}

/** A standing that takes part: the model of the round, or the one before it while that waits. */
interface Runner {
  readonly standing: Standing;
  readonly commitmentBlock: number;
  readonly record: ScoreRecord | undefined;
}

/** Its miner has claimed another model, which nobody has heard yet. */
function isWaiting(standing: Standing, of: { readonly entries: readonly RoundEntry[]; readonly claims: readonly RoundClaim[] }): boolean {
  if (standing.unheardRounds > WAITING_ROUNDS_MAX) return false;
  const own = <T extends { readonly hotkey: Hotkey; readonly registeredAt: number }>(one: T) =>
    one.hotkey === standing.hotkey && one.registeredAt === standing.registeredAt;
  return (
    of.entries.some(own) || of.claims.some((claim) => own(claim) && claim.commitment !== commitmentOf(standing.hotkey, standing.model))
  );
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

/**
 * Our own record; else one of those that most others agree with, within the tolerance: who lies alone, or each with another number, is outvoted by
 * two that heard the same. Among equals, and where nobody agrees with anybody, the lower median.
 */
function believe(about: readonly Heard[], self: Hotkey): ScoreRecord | undefined {
  const own = about.find(({ validator }) => validator === self);
  if (own) return own.record;
  const agreeing = ({ record }: Heard) =>
    about.filter((other) => Math.abs(other.record.scorePpm - record.scorePpm) <= AGREEMENT_TOLERANCE_PPM).length;
  const most = Math.max(0, ...about.map(agreeing));
  const backed = about.filter((one) => agreeing(one) === most);
  backed.sort((a, b) => a.record.scorePpm - b.record.scorePpm || (a.validator < b.validator ? -1 : 1));
  return backed[Math.floor((backed.length - 1) / 2)]?.record;
}
