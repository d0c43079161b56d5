import type { Facts } from '../protocol/failure.js';
import type { Hotkey } from '../protocol/names.js';
import type { StandingRow, Stores } from './ports.js';

export interface Explanation {
  readonly hotkey: Hotkey;
  readonly round: number;
  readonly model: string | null;
  readonly state: string | null;
  readonly reason: { readonly code: string; readonly facts: Facts } | null;
  readonly score_ppm: number | null;
  readonly standing_ppm: number | null;
  readonly share_ppm: number | null;
  readonly rank: number | null;
  readonly contenders: number;
  readonly copy_of: Hotkey | null;
  readonly copy_evidence: string | null;
  readonly parts: readonly { readonly part: string; readonly mean_ppm: number; readonly worst_ppm: number }[];
  /** Worst first. */
  readonly prompts: readonly {
    readonly index: number;
    readonly score_ppm: number;
    readonly weakest: string;
    readonly fault: string | null;
  }[];
  readonly heard_by: readonly { readonly validator: Hotkey; readonly score_ppm: number }[];
  readonly advice: string;
}

/** Everything this node has on record about a miner in one round. Null: nothing. */
export async function explain(
  stores: Stores,
  of: { readonly hotkey: Hotkey; readonly self: Hotkey; readonly round: number | null },
): Promise<Explanation | null> {
  const rounds = await stores.rounds.list(16);
  const row = of.round === null ? (rounds.find(({ weighing }) => weighing !== null) ?? rounds[0]) : await stores.rounds.get(of.round);
  const model = (await stores.models.list())
    .filter(({ hotkey }) => hotkey === of.hotkey)
    .sort((a, b) => b.commitmentBlock - a.commitmentBlock)[0];
  if (!row) return null;
  const standings = await stores.standings.ofRound(row.round);
  const standing = standings.find(({ hotkey }) => hotkey === of.hotkey) ?? null;
  const heard = (await stores.scores.ofRound(row.round)).filter(({ record }) => record.hotkey === of.hotkey);
  const record = (heard.find(({ validator }) => validator === of.self) ?? heard[0])?.record ?? null;
  if (!model && !standing && !record) return null;

  const ranked = standings.filter(({ copyOf }) => copyOf === null).sort((a, b) => b.sharePpm - a.sharePpm || b.standingPpm - a.standingPpm);
  const place = ranked.findIndex(({ hotkey }) => hotkey === of.hotkey);
  const names = [...new Set(record?.prompts.flatMap(({ parts }) => Object.keys(parts)) ?? [])];
  const parts = names.map((part) => {
    const values = record?.prompts.map((prompt) => prompt.parts[part] ?? 0) ?? [];
    return { part, mean_ppm: Math.round(values.reduce((sum, value) => sum + value, 0) / values.length), worst_ppm: Math.min(...values) };
  });
  const prompts = (record?.prompts ?? [])
    .map(({ scorePpm, parts: heardParts, fault }, index) => ({ index, score_ppm: scorePpm, weakest: weakestOf(heardParts), fault }))
    .sort((a, b) => a.score_ppm - b.score_ppm);
  return {
    hotkey: of.hotkey,
    round: row.round,
    model: standing?.model ?? model?.model ?? null,
    state: model?.state ?? null,
    reason: model?.reason ?? null,
    score_ppm: record?.scorePpm ?? null,
    standing_ppm: standing?.standingPpm ?? null,
    share_ppm: standing?.sharePpm ?? null,
    rank: place < 0 ? null : place + 1,
    contenders: ranked.length,
    copy_of: standing?.copyOf ?? null,
    copy_evidence: standing?.copyEvidence ?? null,
    parts,
    prompts,
    heard_by: heard.map(({ validator, record: { scorePpm } }) => ({ validator, score_ppm: scorePpm })),
    advice: advise(standing, ranked, place, parts),
  };
}

function workOn(weakest: { readonly part: string; readonly mean_ppm: number } | undefined): string {
  if (!weakest) return 'nothing more is known';
  const { part, mean_ppm: mean } = weakest;
  return mean === 1_000_000 ? 'no part of it leaves anything to wish for' : `its weakest part is ${part} (${(mean / 10_000).toFixed(1)} %)`;
}

function weakestOf(parts: Readonly<Record<string, number>>): string {
  const [weakest] = Object.entries(parts).sort(([, a], [, b]) => a - b);
  return weakest ? `${weakest[0]} ${(weakest[1] / 1e6).toFixed(2)}` : '–';
}

function advise(
  standing: StandingRow | null,
  ranked: readonly StandingRow[],
  place: number,
  parts: readonly { readonly part: string; readonly mean_ppm: number }[],
): string {
  if (standing === null) return 'it has not been scored yet: see that it is registered, committed, announced and reachable';
  if (standing.copyOf !== null) return 'offer a voice of its own: copies earn nothing, however good';
  const [weakest] = [...parts].sort((a, b) => a.mean_ppm - b.mean_ppm);
  const work = workOn(weakest);
  const above = place > 0 ? ranked[place - 1] : undefined;
  if (!above) return place === 0 ? `it leads; ${work}` : work;
  return `${((above.standingPpm - standing.standingPpm) / 10_000).toFixed(2)} points of standing to the next place; ${work}`;
}
