/** From the newest weighed round to the vector that is wanted on chain. */
import type { WeightFacts } from '../../chain/ports.js';
import type { SubnetSnapshot } from '../../chain/snapshot.js';
import type { Facts, Failure } from '../../protocol/failure.js';
import { quantise, type WeightVector, withBurn } from '../../scoring/weights.js';
import type { Burn, RoundRow, Stores } from '../ports.js';
import { submissionFailure } from './failures.js';

export const ROUNDS_LOOKED_BACK = 8;

export interface WantedWeights {
  readonly round: RoundRow;
  readonly vector: WeightVector;
  readonly burn: Burn | null;
  /** Why this vector must not be sent; null when nothing of ours stands in its way. */
  readonly refusal: Failure | null;
}

/** Null: no round has been weighed. The owner's hotkey is looked up by key in `snapshot`, like every other. */
export async function wantedWeights(
  stores: { readonly rounds: Pick<Stores['rounds'], 'list'>; readonly standings: Pick<Stores['standings'], 'ofRound'> },
  snapshot: SubnetSnapshot,
  facts: Pick<WeightFacts, 'ownerHotkey'>,
  burnPercent: number,
): Promise<WantedWeights | null> {
  const round = (await stores.rounds.list(ROUNDS_LOOKED_BACK)).find(({ state }) => state === 'weighed');
  if (round === undefined) return null;
  const standings = await stores.standings.ofRound(round.round);
  const seated = snapshot.neurons.filter(({ hotkey, registeredAt }) =>
    standings.every((standing) => standing.hotkey !== hotkey || standing.registeredAt === registeredAt),
  );
  const shares = new Map(standings.filter(({ sharePpm }) => sharePpm > 0).map(({ hotkey, sharePpm }) => [hotkey, sharePpm]));
  const burn = burnPercent === 0 ? null : ownersPart(snapshot, facts, burnPercent);
  const vector = quantise(withBurn(shares, burn), seated, snapshot.hyperparameters.minAllowedWeights);
  if (burnPercent === 0 || burn !== null) return { round, vector, burn, refusal: null };
  const refusal = submissionFailure('weights.no_owner_seat', {
    percent: burnPercent,
    netuid: snapshot.netuid,
    owner: facts.ownerHotkey ?? 'the chain names no owner',
  });
  return { round, vector, burn: null, refusal };
}

function ownersPart({ neurons }: SubnetSnapshot, { ownerHotkey }: Pick<WeightFacts, 'ownerHotkey'>, percent: number): Burn | null {
  const seat = neurons.find(({ hotkey }) => hotkey === ownerHotkey);
  return seat === undefined ? null : { percent, hotkey: seat.hotkey };
}

/** A round of which nothing is sent, and what the gate said of it. */
export interface HeldBack {
  readonly round: number;
  readonly code: string;
  readonly facts: Facts;
}

/** Rounds newer than the one whose weights are wanted that the gate held back or does not let through yet, oldest first. */
export function heldBackSince(rounds: readonly Pick<RoundRow, 'round' | 'state' | 'note'>[], weighed: number | null): readonly HeldBack[] {
  return rounds
    .filter(({ round, state }) => state !== 'weighed' && round > (weighed ?? -1))
    .flatMap(({ round, note }) => (note === null ? [] : [{ round, ...note }]))
    .sort((a, b) => a.round - b.round);
}
