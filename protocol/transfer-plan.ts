/**
 * Who is asked for which chunk next, while one model comes from several providers at once. Time does not enter here (protocol/provider-watch.ts
 * has it) and chance is passed in, so a transfer can be played again.
 *
 * Rarest first, ties by lot: what only one peer holds is safe as soon as we have it. Each copy of a chunk comes from one provider whole, so a
 * wrong one has one author. When every missing chunk is on its way, those who are done help with what others still owe: the end game.
 */
import { invariant } from './failure.js';

/** Copies of one chunk under way at one time, in the end game. */
export const COPIES_MAX = 2;

export interface TransferPlan {
  /** `holds`: which chunks it has; null: all. Called again when it has more. */
  setProvider(id: string, holds: ReadonlySet<number> | null): void;
  /** What it owed is free again. */
  dropProvider(id: string): void;
  /** The chunk this provider is to send next, now owed by it. Null: nothing for it at this moment. */
  next(id: string): number | null;
  /** A verified copy came. False: another one came before it, or the chunk is not wanted. */
  done(id: string, chunk: number): boolean;
  isMissing(chunk: number): boolean;
  /** Whoever holds everything would be asked for something now. */
  hasWork(): boolean;
  /** Chunks that are not here yet. */
  readonly missing: number;
  /** A missing chunk that no provider holds, if there is one. */
  orphan(): number | null;
}

interface Provider {
  holds: ReadonlySet<number> | null;
  readonly owes: Set<number>;
}

/** Shape: chunks by number from 0; `isHere` says which need not come; `random` gives [0, 1). */
export function createTransferPlan(chunkCount: number, isHere: (chunk: number) => boolean, random: () => number): TransferPlan {
  const missing = new Set<number>();
  for (let chunk = 0; chunk < chunkCount; chunk += 1) if (!isHere(chunk)) missing.add(chunk);
  // Bounded by the transfer: it adds as many providers as it may ask.
  const providers = new Map<string, Provider>();
  const copies = new Map<number, number>();
  /** Holders of a chunk among those that do not have everything. */
  const partHolders = new Map<number, number>();

  const holdsIt = ({ holds }: Provider, chunk: number) => holds === null || holds.has(chunk);
  const copiesOf = (chunk: number) => copies.get(chunk) ?? 0;

  const isEndGame = () => [...missing].every((chunk) => copiesOf(chunk) > 0);

  function count(holds: ReadonlySet<number> | null, by: 1 | -1): void {
    for (const chunk of holds ?? []) partHolders.set(chunk, (partHolders.get(chunk) ?? 0) + by);
  }

  function release(provider: Provider, chunk: number): void {
    if (!provider.owes.delete(chunk)) return;
    const left = copiesOf(chunk) - 1;
    if (left === 0) copies.delete(chunk);
    else copies.set(chunk, left);
  }

  /** Among the missing that pass, one of those with the lowest rank; each of them as likely as the others. */
  function pick(passes: (chunk: number) => boolean, rank: (chunk: number) => number): number | null {
    let best: number | null = null;
    let bestRank = Number.POSITIVE_INFINITY;
    let ties = 0;
    for (const chunk of missing) {
      if (!passes(chunk)) continue;
      const its = rank(chunk);
      if (its > bestRank) continue;
      ties = its < bestRank ? 1 : ties + 1;
      bestRank = its;
      if (random() * ties < 1) best = chunk;
    }
    return best;
  }

  return {
    get missing() {
      return missing.size;
    },
    setProvider(id, holds) {
      const known = providers.get(id);
      count(known?.holds ?? null, -1);
      count(holds, 1);
      if (known === undefined) providers.set(id, { holds, owes: new Set() });
      else known.holds = holds;
    },
    dropProvider(id) {
      const provider = providers.get(id);
      if (provider === undefined) return;
      for (const chunk of [...provider.owes]) release(provider, chunk);
      count(provider.holds, -1);
      providers.delete(id);
    },
    next(id) {
      const provider = providers.get(id);
      invariant(provider !== undefined, 'only a provider of this plan is asked');
      const free = pick(
        (chunk) => copiesOf(chunk) === 0 && holdsIt(provider, chunk),
        (chunk) => partHolders.get(chunk) ?? 0,
      );
      const chunk =
        free ??
        (isEndGame() ? pick((each) => !provider.owes.has(each) && copiesOf(each) < COPIES_MAX && holdsIt(provider, each), copiesOf) : null);
      if (chunk === null) return null;
      provider.owes.add(chunk);
      copies.set(chunk, copiesOf(chunk) + 1);
      return chunk;
    },
    done(id, chunk) {
      const provider = providers.get(id);
      if (provider !== undefined) release(provider, chunk);
      return missing.delete(chunk);
    },
    isMissing: (chunk) => missing.has(chunk),
    hasWork() {
      const copiesMax = isEndGame() ? COPIES_MAX : 1;
      return [...missing].some((chunk) => copiesOf(chunk) < copiesMax);
    },
    orphan() {
      const all = [...providers.values()];
      for (const chunk of missing) if (!all.some((provider) => holdsIt(provider, chunk))) return chunk;
      return null;
    },
  };
}
