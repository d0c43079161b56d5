import { commitmentOf } from '../../chain/commitment.js';
import { modelClaims } from '../../chain/registry.js';
import type { SubnetSnapshot } from '../../chain/snapshot.js';
import { byCommitment } from '../../scoring/copies.js';
import type { RoundOpening, RoundRow, StoredAnnouncement } from '../ports.js';

export type RoundEntryRow = RoundRow['entries'][number];

/** What a round takes from the subnet at the block that opened it. The owner of the subnet always has a permit, also when nobody is there. */
export function openingOf(snapshot: SubnetSnapshot): RoundOpening {
  const registeredAt = new Map(snapshot.neurons.map((neuron) => [neuron.hotkey, neuron.registeredAt]));
  return {
    listeners: snapshot.neurons
      .filter(({ validatorPermit, stakeRao }) => validatorPermit && stakeRao > 0n)
      .map(({ hotkey, stakeRao }) => ({ hotkey, stakeRao })),
    claims: modelClaims(snapshot)
      .filter(({ block }) => block <= snapshot.block.number)
      .map(({ hotkey, block, commitment }) => ({ hotkey, registeredAt: registeredAt.get(hotkey) ?? 0, commitment, block })),
  };
}

/**
 * The models that take part in a round: claims that were final when it opened, opened by an announcement that matches them.
 *
 * A claim without announcement hides its digest, so nobody can hear it. An announcement without claim, or of another digest, is a hint
 * about nothing.
 */
export function roundEntries(opening: RoundOpening, announcements: readonly StoredAnnouncement[]): readonly RoundEntryRow[] {
  return opening.claims
    .flatMap((claim): RoundEntryRow[] => {
      const opened = announcements.find(({ hotkey, model }) => hotkey === claim.hotkey && commitmentOf(hotkey, model) === claim.commitment);
      if (!opened) return [];
      return [{ hotkey: claim.hotkey, registeredAt: claim.registeredAt, model: opened.model, commitmentBlock: claim.block }];
    })
    .sort(byCommitment);
}
