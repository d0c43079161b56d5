/** What every implementation of the stores promises. `open` gives empty stores. */
import type { Stores } from '../../node/ports.js';
import { gossipStores } from './stores/gossip.js';
import { registryStores } from './stores/registry.js';
import { roundStores } from './stores/rounds.js';
import { submissionStores } from './stores/submissions.js';

export function storesContract(name: string, open: () => Promise<Stores>): void {
  describe(`stores (${name})`, () => {
    let stores: Stores;
    beforeEach(async () => {
      stores = await open();
    });
    for (const part of [registryStores, gossipStores, roundStores, submissionStores]) part(() => stores);
  });
}
