/** Who stands with whom: voices that were made from another one, and those whose owner has a better one. Pure. */
import type { Hotkey, ModelDigest } from '../../protocol/names.js';
import { byCommitment, type Kinship } from '../../scoring/copies.js';
import type { StandingRow } from '../ports.js';

export interface ClusterMember {
  readonly hotkey: Hotkey;
  readonly model: ModelDigest;
  readonly commitmentBlock: number;
  readonly as: 'original' | 'derivative' | 'copy';
  /** Whom and what it was made from, when that was committed (null: not known any more), and how that was found; null: an original. */
  readonly from: (Kinship & { readonly evidence: string; readonly committedAt: number | null }) | null;
  readonly sharePpm: number;
}

export interface Cluster {
  /** Whose commitment is the earliest. */
  readonly head: Hotkey;
  /** Earliest commitment first. */
  readonly members: readonly ClusterMember[];
}

/** Shape: the standings of a round → clusters of more than one voice, that of the earliest head first. */
export function clustersOf(standings: readonly StandingRow[]): readonly Cluster[] {
  const rows = new Map(standings.map((standing) => [standing.hotkey, standing]));
  const rootOf = (hotkey: Hotkey, steps = standings.length): Hotkey => {
    const parent = rows.get(hotkey)?.kinship?.of;
    return parent === undefined || steps === 0 ? hotkey : rootOf(parent, steps - 1);
  };
  const families = new Map<Hotkey, StandingRow[]>();
  for (const standing of [...standings].sort(byCommitment)) {
    const root = rootOf(standing.hotkey);
    families.set(root, [...(families.get(root) ?? []), standing]);
  }
  return [...families]
    .filter(([root, members]) => members.some(({ hotkey }) => hotkey !== root))
    .map(([head, members]) => ({ head, members: members.map((standing) => memberOf(standing, rows)) }));
}

function memberOf(standing: StandingRow, rows: ReadonlyMap<Hotkey, StandingRow>): ClusterMember {
  const { hotkey, model, commitmentBlock, kinship, copyEvidence, sharePpm } = standing;
  return {
    hotkey,
    model,
    commitmentBlock,
    as: kinship?.kind ?? 'original',
    from: kinship && { ...kinship, evidence: copyEvidence ?? '', committedAt: committedAt(rows.get(kinship.of), kinship.model) },
    sharePpm,
  };
}

/** When a miner committed to a model that it offers, or offered. */
function committedAt(standing: StandingRow | undefined, model: ModelDigest): number | null {
  if (standing?.model === model) return standing.commitmentBlock;
  return standing?.ancestors.find((ancestor) => ancestor.model === model)?.commitmentBlock ?? null;
}
