/** Who plays in a development network: names, development keys, loopback addresses and ports, all made from one base port. */
export type VoiceKind = 'good' | 'female' | 'noisy' | 'muffled';

export interface CastMember {
  readonly name: string;
  readonly role: 'validator' | 'miner';
  /** Development key URIs: public knowledge, for development chains only. */
  readonly hotkeyUri: string;
  readonly coldkeyUri: string;
  /** Own loopback address each: the pallet refuses 127.0.0.1 as an axon, and one address per node is how peers see the real network. */
  readonly ip: string;
  readonly p2pPort: number;
  readonly httpPort: number;
  readonly stakeRao: bigint;
  readonly voice: VoiceKind | 'copy' | null;
  /** Starts only when the others have their commitments on chain. */
  readonly late: boolean;
}

const TAO = 1_000_000_000n;

export function castOf(basePort: number): readonly CastMember[] {
  const roles: readonly Pick<CastMember, 'name' | 'role' | 'stakeRao' | 'voice' | 'late'>[] = [
    { name: 'validator-1', role: 'validator', stakeRao: 2000n * TAO, voice: null, late: false },
    { name: 'validator-2', role: 'validator', stakeRao: 1000n * TAO, voice: null, late: false },
    { name: 'miner-good', role: 'miner', stakeRao: 0n, voice: 'good', late: false },
    { name: 'miner-female', role: 'miner', stakeRao: 0n, voice: 'female', late: false },
    { name: 'miner-noisy', role: 'miner', stakeRao: 0n, voice: 'noisy', late: false },
    { name: 'miner-muffled', role: 'miner', stakeRao: 0n, voice: 'muffled', late: false },
    { name: 'miner-copycat', role: 'miner', stakeRao: 0n, voice: 'copy', late: true },
  ];
  return roles.map((role, index) => ({
    ...role,
    hotkeyUri: `//voxd//${role.name}`,
    coldkeyUri: `//voxd//${role.name}//cold`,
    ip: `127.0.1.${index + 1}`,
    p2pPort: basePort + 10 + index,
    httpPort: basePort + 30 + index,
  }));
}
