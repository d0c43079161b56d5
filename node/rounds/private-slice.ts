import { toHex } from '../../protocol/digest.js';
import type { Hotkey, ModelDigest } from '../../protocol/names.js';
import { drawPrivatePrompts } from '../../scoring/private-slice.js';
import type { Prompt } from '../../scoring/prompts.js';
import type { RoundRow, Stores } from '../ports.js';

/** Our own private prompts of a model in a round; none when we promised no secret in the round before. */
export async function ownPrivatePrompts(
  stores: Pick<Stores, 'scores'>,
  of: { readonly row: Pick<RoundRow, 'round' | 'seed'>; readonly self: Hotkey; readonly model: ModelDigest },
  draw = drawPrivatePrompts,
): Promise<readonly Prompt[]> {
  const { row, self, model } = of;
  const before = (await stores.scores.commitsOf(row.round - 1)).find(({ validator }) => validator === self);
  if ((before?.nextNonceDigest ?? null) === null) return [];
  const secret = toHex(await stores.scores.nonce(row.round));
  return draw({ roundSeed: row.seed, secret, validator: self, model });
}
