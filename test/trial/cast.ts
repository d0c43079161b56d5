/** Who plays: on six hosts three validators and three miners that are honest, on three hosts those that are not. */
import type { CastMember } from '../../node/devnet/cast.js';
import type { OfferedVoice } from '../../node/devnet/voices.js';
import type { Ground, Place, Site } from './ground.js';

export const P2P_PORT = 4010;
export const HTTP_PORT = 4011;
const TAO = 1_000_000_000n;

/** start: from the beginning; partition: while the network is in two; attack: while it is attacked. */
export type Entrance = 'start' | 'partition' | 'attack';

interface Part {
  readonly name: string;
  readonly site: Site;
  readonly entrance: Entrance;
  readonly stakeTao: bigint;
  readonly voice: OfferedVoice | null;
  readonly honest: boolean;
}

const validator = (n: number, site: Site, stakeTao: bigint): Part => ({
  name: `validator-${n}`,
  site,
  entrance: 'start',
  stakeTao,
  voice: null,
  honest: true,
});
const miner = (voice: OfferedVoice, site: Site, entrance: Entrance, honest = true): Part => ({
  name: honest ? `miner-${voice}` : 'copycat',
  site,
  entrance,
  stakeTao: 0n,
  voice,
  honest,
});

/** Nodes that run this program. The copycat too: its lie is its model. */
const PARTS: readonly Part[] = [
  validator(1, 'a', 2_000n),
  validator(2, 'a', 1_500n),
  validator(3, 'b', 1_000n),
  miner('good', 'a', 'start'),
  miner('female', 'b', 'start'),
  miner('noisy', 'a', 'partition'),
  miner('copy', 'b', 'attack', false),
];
/** Whose host the copycat shares. */
const COPYCAT_AT = 'liar';

/** Programs that keep to no rule, with a registered hotkey and a host each. */
export const ROGUES = ['spammer', 'flooder', 'liar'] as const;
export type Rogue = (typeof ROGUES)[number];
const ROGUE_SITE: Readonly<Record<Rogue, Site>> = { spammer: 'a', flooder: 'b', liar: 'b' };

/** Who stands above whom. Two clean voices change places with the prompts of a round; a noisy one does not. */
export const ORDER: readonly (readonly string[])[] = [['miner-good', 'miner-female'], ['miner-noisy']];

export interface Node extends CastMember {
  readonly place: Place;
  readonly entrance: Entrance;
  readonly honest: boolean;
}

export interface RogueMember {
  readonly rogue: Rogue;
  readonly place: Place;
  readonly hotkeyUri: string;
  readonly coldkeyUri: string;
}

export interface Cast {
  readonly nodes: readonly Node[];
  readonly rogues: readonly RogueMember[];
}

export function castOn(ground: Ground): Cast {
  const uris = (name: string) => ({ hotkeyUri: `//voxd//trial//${name}`, coldkeyUri: `//voxd//trial//${name}//cold` });
  const rogues = ROGUES.map((rogue) => ({ rogue, place: ground.place(rogue, ROGUE_SITE[rogue]), ...uris(rogue) }));
  const shared = rogues.find(({ rogue }) => rogue === COPYCAT_AT)!.place;
  return {
    nodes: PARTS.map((part) => {
      const place = part.honest ? ground.place(part.name, part.site) : shared;
      return {
        ...uris(part.name),
        name: part.name,
        role: part.voice === null ? 'validator' : 'miner',
        ip: place.ip,
        p2pPort: P2P_PORT,
        httpPort: HTTP_PORT,
        stakeRao: part.stakeTao * TAO,
        voice: part.voice,
        late: part.entrance !== 'start',
        crew: null,
        place,
        entrance: part.entrance,
        honest: part.honest,
      };
    }),
    rogues,
  };
}
