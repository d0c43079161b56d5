import type { SubnetSnapshot } from '../../chain/snapshot.js';
import type { Peers } from '../../protocol/ports.js';

/** Tells the network who is registered, and where the chain says they are. */
export function tellPeers(peers: Pick<Peers, 'setMembers' | 'setDirectory'>, { neurons }: SubnetSnapshot): void {
  peers.setMembers(
    new Map(neurons.map(({ hotkey, coldkey, stakeRao, validatorPermit }) => [hotkey, { permitted: validatorPermit, coldkey, stakeRao }])),
  );
  peers.setDirectory(
    neurons.flatMap(({ hotkey, axon }) => (axon === null ? [] : [{ hotkey, ip: axon.ip, port: axon.port, peerKey: axon.peerKey }])),
  );
}
