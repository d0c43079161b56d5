/** What every store of known peers promises. `open` gives an empty one; opened again, it has what was saved. */
import { expect } from 'chai';
import { peerIdFromKey } from '../../protocol/peer-id.js';
import type { KnownPeer, PeerStore } from '../../protocol/ports.js';
import { aHotkey } from '../support/keys.js';

export function aKnownPeer(n: number): KnownPeer {
  return {
    hotkey: aHotkey(n),
    peerId: peerIdFromKey(new Uint8Array(32).fill(n)),
    addresses: [`/ip4/192.0.2.${n}/tcp/4010`],
    metAtMs: 1_700_000_000_000 + n,
  };
}

export function peerStoreContract(name: string, open: () => Promise<() => PeerStore>): void {
  describe(`peer store (${name})`, () => {
    it('is empty at first, keeps what was saved last, and nothing else', async () => {
      const reopen = await open();
      expect(await reopen().load()).to.deep.equal([]);
      await reopen().save([aKnownPeer(1), aKnownPeer(2)]);
      expect(await reopen().load()).to.deep.equal([aKnownPeer(1), aKnownPeer(2)]);
      await reopen().save([aKnownPeer(3)]);
      expect(await reopen().load()).to.deep.equal([aKnownPeer(3)]);
      await reopen().save([]);
      expect(await reopen().load()).to.deep.equal([]);
    });
  });
}
