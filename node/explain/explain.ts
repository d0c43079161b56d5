/** Everything this node has on record about a miner in one round, from rows alone. */
import type { Facts } from '../../protocol/failure.js';
import type { Hotkey } from '../../protocol/names.js';
import { type Climb, climbOf } from '../../scoring/climb.js';
import type { Kinship } from '../../scoring/copies.js';
import { lossesOf, type PartLoss } from '../../scoring/losses.js';
import { drawPrompts, type Prompt } from '../../scoring/prompts.js';
import type { ScoreRecord } from '../../scoring/record.js';
import { believedRecords } from '../../scoring/weigh.js';
import type { RoundRow, StandingRow, StoredScore, Stores } from '../ports.js';
import { recordKey } from '../rounds/weighing.js';
import { adviceOf } from './advice.js';

export interface Explanation {
  readonly hotkey: Hotkey;
  readonly round: number;
  /** With it and the number of prompts `voxd model score` makes the same record again. */
  readonly seed: string;
  readonly engine: string | null;
  readonly model: string | null;
  readonly state: string | null;
  readonly reason: { readonly code: string; readonly facts: Facts } | null;
  readonly score_ppm: number | null;
  readonly standing_ppm: number | null;
  readonly share_ppm: number | null;
  readonly rank: number | null;
  readonly contenders: number;
  /** Whose voice it is, or was made from, and what that was told by; null: an original. */
  readonly kinship: Kinship | null;
  readonly copy_of: Hotkey | null;
  readonly copy_evidence: string | null;
  /** The voice of its family or its owner that stands for it. */
  readonly behind: Hotkey | null;
  /** Rounds in a row in which this model got no score. */
  readonly unheard_rounds: number;
  /** The one that costs most first. */
  readonly parts: readonly PartLoss[];
  /** Worst first. */
  readonly prompts: readonly ExplainedPrompt[];
  readonly heard_by: readonly { readonly validator: Hotkey; readonly score_ppm: number }[];
  /** Null: the round is not weighed, or it takes no part in the contest. */
  readonly climb: Climb | null;
  readonly advice: readonly string[];
}

export interface ExplainedPrompt {
  readonly index: number;
  readonly kind: string;
  readonly text: string;
  readonly score_ppm: number;
  readonly parts: Readonly<Record<string, number>>;
  readonly fault: string | null;
}

/** Rounds that are looked at for the newest one with weights. */
const ROUNDS_SEARCHED = 16;

/** Null: nothing is known. */
export async function explain(
  stores: Pick<Stores, 'rounds' | 'models' | 'standings' | 'scores'>,
  of: { readonly hotkey: Hotkey; readonly self: Hotkey; readonly round: number | null },
): Promise<Explanation | null> {
  const row = of.round === null ? await newestRound(stores) : await stores.rounds.get(of.round);
  if (!row) return null;
  const model = (await stores.models.list())
    .filter(({ hotkey }) => hotkey === of.hotkey)
    .sort((a, b) => b.commitmentBlock - a.commitmentBlock)[0];
  const [standings, scores] = await Promise.all([stores.standings.ofRound(row.round), stores.scores.ofRound(row.round)]);
  const standing = standings.find(({ hotkey }) => hotkey === of.hotkey) ?? null;
  const heard = scores.filter(({ record }) => record.hotkey === of.hotkey);
  const record = (heard.find(({ validator }) => validator === of.self) ?? heard[0])?.record ?? null;
  if (!model && !standing && !record) return null;

  const climb = record === null ? null : climbIn({ row, standings, scores, self: of.self, scorer: record.scorer }, of.hotkey);
  const parts = lossesOf(record?.prompts ?? []);
  return {
    hotkey: of.hotkey,
    round: row.round,
    seed: row.seed,
    engine: record?.engine ?? null,
    model: standing?.model ?? model?.model ?? null,
    state: model?.state ?? null,
    reason: model?.reason ?? null,
    score_ppm: record?.scorePpm ?? null,
    standing_ppm: standing?.standingPpm ?? null,
    share_ppm: standing?.sharePpm ?? null,
    rank: climb?.rank ?? null,
    contenders: climb?.contenders ?? standings.filter(({ copyOf }) => copyOf === null).length,
    kinship: standing?.kinship ?? null,
    copy_of: standing?.copyOf ?? null,
    copy_evidence: standing?.copyEvidence ?? null,
    behind: standing?.behind ?? null,
    unheard_rounds: standing?.unheardRounds ?? 0,
    parts,
    prompts: record === null ? [] : promptsOf(record),
    heard_by: heard.map(({ validator, record: { scorePpm } }) => ({ validator, score_ppm: scorePpm })),
    climb,
    advice: adviceOf({ standing, climb, parts }),
  };
}

async function newestRound(stores: Pick<Stores, 'rounds'>): Promise<RoundRow | null> {
  const rounds = await stores.rounds.list(ROUNDS_SEARCHED);
  return rounds.find(({ weighing }) => weighing !== null) ?? rounds[0] ?? null;
}

/** The texts are drawn again from the seed of the record: prompt n is the same however many are drawn. Worst first. */
function promptsOf({ seed, prompts }: ScoreRecord): readonly ExplainedPrompt[] {
  const drawn: readonly Prompt[] = prompts.length === 0 ? [] : drawPrompts(seed, prompts.length);
  return prompts
    .map(({ scorePpm, parts, fault }, index) => {
      const { kind = '', text = '' } = drawn[index] ?? {};
      return { index, kind, text, score_ppm: scorePpm, parts, fault };
    })
    .sort((a, b) => a.score_ppm - b.score_ppm || a.index - b.index);
}

/** The contest of the round once more, with the records that counted in it. */
function climbIn(
  of: {
    readonly row: RoundRow;
    readonly standings: readonly StandingRow[];
    readonly scores: readonly StoredScore[];
    readonly self: Hotkey;
    readonly scorer: string;
  },
  hotkey: Hotkey,
): Climb | null {
  const { weighing, entries, round } = of.row;
  if (weighing === null) return null;
  const used = new Set(weighing.records);
  const heard = of.scores.filter((score) => used.has(recordKey(score)));
  const { believed } = believedRecords({ round, self: of.self, scorer: of.scorer, entries, heard, beliefs: weighing.beliefs ?? null });
  const coldkeys = new Map(weighing.seats.map((seat) => [seat.hotkey, seat.coldkey ?? null]));
  const contenders = of.standings.flatMap((standing) => {
    const { model, standingPpm, commitmentBlock, copyOf, kinship, rank, behind } = standing;
    const entry = entries.find((each) => each.hotkey === standing.hotkey && each.model === model);
    // Without an entry it took part as long as its miner's next model waits.
    if (copyOf !== null || (entry === undefined && rank === null && behind === null)) return [];
    const promptsPpm = entry === undefined ? [] : (believed.get(standing.hotkey)?.prompts.map(({ scorePpm }) => scorePpm) ?? []);
    const kin = { coldkey: coldkeys.get(standing.hotkey) ?? null, parent: kinship?.of ?? null };
    return [
      { ...kin, hotkey: standing.hotkey, model, commitmentBlock: entry?.commitmentBlock ?? commitmentBlock, standingPpm, promptsPpm },
    ];
  });
  return climbOf({ contenders, rules: weighing.policy.contest, block: weighing.block }, hotkey);
}
