import type { Hotkey } from '../../protocol/names.js';
import { DISBELIEF_ROUNDS_MAX, type Disbelief, disbeliefs, disputesOf, taskKey } from '../../scoring/audit.js';
import type { Beliefs } from '../../scoring/weigh.js';
import type { StoredScore, Stores } from '../ports.js';

/** Whom the audits up to and including a round leave us to disbelieve. */
export async function disbelievedIn(stores: Pick<Stores, 'audits'>, round: number): Promise<readonly Disbelief[]> {
  return disbeliefs(await stores.audits.since(Math.max(0, round - DISBELIEF_ROUNDS_MAX + 1)), round);
}

/**
 * Who and what is believed when a round is weighed: the audits decide; where a record differs from ours and no audit has settled it, its validator
 * is left out of this round.
 */
export async function beliefsIn(
  stores: Pick<Stores, 'audits'>,
  of: { readonly round: number; readonly self: Hotkey; readonly scores: readonly StoredScore[] },
): Promise<Beliefs> {
  const [marked, audits] = await Promise.all([disbelievedIn(stores, of.round), stores.audits.ofRound(of.round)]);
  const settled = new Set(
    audits.filter(({ verdict }) => verdict !== 'unheard').map(({ validator, hotkey, model }) => `${validator}/${hotkey}/${model}`),
  );
  const open = disputesOf(of.scores, of.self).filter(({ theirs }) => !settled.has(taskKey(theirs)));
  const mistaken = new Map(
    audits.filter(({ oursWrong }) => oursWrong).map(({ hotkey, model }) => [`${hotkey}/${model}`, { hotkey, model }]),
  );
  return {
    disbelieved: [...new Set([...marked.map(({ validator }) => validator), ...open.map(({ theirs }) => theirs.validator)])].sort(),
    mistaken: [...mistaken.values()],
  };
}
