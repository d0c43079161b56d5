import { commitmentOf } from '../chain/commitment.js';
import { modelClaims } from '../chain/registry.js';
import type { SubnetSnapshot } from '../chain/snapshot.js';
import { byCommitment } from '../scoring/copies.js';
import type { RoundRow, StoredAnnouncement } from './ports.js';

export type RoundEntryRow = RoundRow['entries'][number];

/**
 * The models that take part in a round: claims that were final when it opened, opened by an announcement that matches them.
 *
 * A claim without announcement hides its digest, so nobody can hear it. An announcement without claim, or of another digest, is a hint
 * about nothing.
 */
export function roundEntries(opening: SubnetSnapshot, announcements: readonly StoredAnnouncement[]): readonly RoundEntryRow[] {
  const registeredAt = new Map(opening.neurons.map((neuron) => [neuron.hotkey, neuron.registeredAt]));
  return modelClaims(opening)
    .filter((claim) => claim.block <= opening.block.number)
    .flatMap((claim): RoundEntryRow[] => {
      const opened = announcements.find(({ hotkey, model }) => hotkey === claim.hotkey && commitmentOf(hotkey, model) === claim.commitment);
      if (!opened) return [];
      return [
        { hotkey: claim.hotkey, registeredAt: registeredAt.get(claim.hotkey) ?? 0, model: opened.model, commitmentBlock: claim.block },
      ];
    })
    .sort(byCommitment);
}
