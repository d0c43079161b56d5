/** Who plays in a development network: names, development keys, loopback addresses and ports, all made from one base port. */
import { CHEATS } from '../../scoring/voices/cheats.js';
import { DEMO_VOICES, HONEST_VOICES, type OfferedVoice } from './voices.js';

export const CASTS = ['demo', 'gauntlet'] as const;
export type CastName = (typeof CASTS)[number];

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
  readonly voice: OfferedVoice | null;
  /** Starts only when the others have their commitments on chain. */
  readonly late: boolean;
  /** The process it shares with others; null: one of its own. */
  readonly crew: string | null;
}

const TAO = 1_000_000_000n;
/** Offsets from the base port; each cast fits between them. */
export const P2P_OFFSET = 5;
export const HTTP_OFFSET = 27;
export const MEMBERS_MAX = HTTP_OFFSET - P2P_OFFSET;

type Part = Pick<CastMember, 'name' | 'role' | 'stakeRao' | 'voice' | 'late' | 'crew'>;

const VALIDATORS: readonly Part[] = [2000n, 1000n].map((tao, index) => ({
  name: `validator-${index + 1}`,
  role: 'validator',
  stakeRao: tao * TAO,
  voice: null,
  late: false,
  crew: null,
}));

const miner = (voice: OfferedVoice, more: Partial<Part> = {}): Part => ({
  name: voice === 'copy' ? 'miner-copycat' : `miner-${voice}`,
  role: 'miner',
  stakeRao: 0n,
  voice,
  late: voice === 'copy',
  crew: null,
  ...more,
});

const PARTS: Readonly<Record<CastName, readonly Part[]>> = {
  demo: [...VALIDATORS, ...DEMO_VOICES.map((voice) => miner(voice))],
  // Nineteen miners of their own processes and databases would not fit on a small machine: they are whole nodes all the same.
  gauntlet: [
    ...VALIDATORS,
    ...HONEST_VOICES.map((voice) => miner(voice, { crew: 'miners-honest' })),
    ...CHEATS.map((voice) => miner(voice, { name: `cheat-${voice}`, crew: 'miners-cheating' })),
    miner('copy', { name: 'cheat-copy', crew: 'miners-late' }),
  ],
};

export function castOf(basePort: number, cast: CastName = 'demo'): readonly CastMember[] {
  return PARTS[cast].map((part, index) => ({
    ...part,
    hotkeyUri: `//voxd//${part.name}`,
    coldkeyUri: `//voxd//${part.name}//cold`,
    ip: `127.0.1.${index + 1}`,
    p2pPort: basePort + P2P_OFFSET + index,
    httpPort: basePort + HTTP_OFFSET + index,
  }));
}
