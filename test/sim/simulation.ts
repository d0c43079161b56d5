import { createHash } from 'node:crypto';
import { assemble, bytesToSign, encodeBody } from '../../protocol/envelope.js';
import { topicOf } from '../../protocol/topics.js';
import { holdsIt } from './fetching.js';
import { createObserver, type Observations } from './observer.js';
import { simulatedPerson } from './people.js';
import { BLOCK_MS, createWorld, type Inhabitant, SCHEDULE, type World, type WorldOptions } from './world.js';

/** Part of all transfers in which something goes wrong, at some moment of it. */
const TRANSFERS_DISTURBED = 0.04;
const MID_TRANSFER_MS_MAX = 800;

export interface SimulationOptions extends WorldOptions {
  readonly rounds: number;
  readonly onRound?: (round: number, world: World) => void;
}

export interface SimulationResult extends Observations {
  readonly seed: number;
  /** Over everything that was observed, in order: equal for equal seeds. */
  readonly digest: string;
}

/** Lives through so many rounds of a subnet under the trouble that the seed draws, and says what held. */
export async function simulate(options: SimulationOptions): Promise<SimulationResult> {
  const world = await createWorld(options);
  const observer = createObserver(world);
  disturbTransfers(world, observer.troubled);
  const firstRound = Math.ceil(world.chain.head().number / SCHEDULE.cadenceBlocks);
  await blocks(world, firstRound * SCHEDULE.cadenceBlocks - world.chain.head().number);
  for (let round = 0; round < options.rounds; round++) {
    await trouble(world, observer.troubled);
    await blocks(world, SCHEDULE.cadenceBlocks - (world.chain.head().number % SCHEDULE.cadenceBlocks));
    await observer.roundOver();
    options.onRound?.(round, world);
  }
  const observations = await observer.close();
  const digest = createHash('sha256').update(observer.trace()).digest('hex');
  return { ...observations, seed: options.seed, digest };
}

async function blocks(world: World, count: number): Promise<void> {
  for (let n = 0; n < count; n++) {
    await mischief(world);
    await world.block();
  }
}

/** What goes wrong by itself in a round, planned for some moment of it. */
async function trouble(world: World, troubled: (what: string) => void): Promise<void> {
  const { chance, timeline, network } = world;
  const roundMs = SCHEDULE.cadenceBlocks * BLOCK_MS;
  const later = (most: number, happen: () => void | Promise<void>) => timeline.after(chance.below(most), happen);

  if (chance.happens(0.3))
    network.setWeather({ latencyMs: 5 + chance.below(200), jitterMs: chance.below(300), lossPercent: chance.below(4) });
  if (chance.happens(0.3))
    for (const one of chance.some(world.inhabitants, 1 + chance.below(3))) {
      troubled('a process is killed and comes back');
      later(roundMs, () => {
        if (one.running === null) return;
        world.kill(one);
        timeline.after(chance.below(3 * BLOCK_MS), () => world.start(one));
      });
    }
  if (chance.happens(0.1)) {
    troubled('the network is in two parts');
    const side = chance.some(world.inhabitants, Math.floor(world.inhabitants.length * (0.1 + 0.3 * chance.next())));
    later(roundMs, () => {
      network.partition(new Set(side.map(({ name }) => name)));
      timeline.after((1 + chance.below(6)) * BLOCK_MS, () => network.partition(new Set()));
    });
  }
  if (chance.happens(0.15)) {
    troubled('an endpoint stalls');
    for (const one of chance.some(world.inhabitants, 2)) {
      later(roundMs, () => {
        one.stalledUntilMs = timeline.clock.nowMs() + (1 + chance.below(4)) * BLOCK_MS;
      });
    }
  }
  const miners = world.inhabitants.filter(({ validator, running }) => validator === null && running !== null);
  if (chance.happens(0.25)) {
    troubled('a miner has a new model');
    for (const one of chance.some(miners, 1)) later(roundMs, () => (one.running === null ? undefined : world.renew(one)));
  }
  if (chance.happens(0.1)) {
    troubled('a miner loses its seat');
    for (const one of chance.some(miners, 1)) later(roundMs, () => (world.inhabitants.includes(one) ? world.replace(one) : undefined));
  }
}

/** What goes wrong just while a model moves: one end of a transfer is killed, or the asker is cut off from most. */
function disturbTransfers(world: World, troubled: (what: string) => void): void {
  const { chance, timeline, network, inhabitants } = world;
  world.onTransfer((event) => {
    if (event.what !== 'begun' || !chance.happens(TRANSFERS_DISTURBED)) return;
    const ends = inhabitants.filter((one) => one.name === event.by || holdsIt(one, event.model));
    timeline.after(chance.below(MID_TRANSFER_MS_MAX), () => {
      if (chance.happens(0.3)) {
        troubled('the network is in two parts in the middle of a transfer');
        const side = chance.some(inhabitants, Math.floor(inhabitants.length / 5)).map(({ name }) => name);
        network.partition(new Set([event.by, ...side]));
        timeline.after((1 + chance.below(4)) * BLOCK_MS, () => network.partition(new Set()));
        return;
      }
      const [one] = chance.some(ends, 1);
      if (one === undefined || one.running === null || !inhabitants.includes(one)) return;
      troubled('one end of a transfer is killed and comes back');
      world.kill(one);
      timeline.after(chance.below(3 * BLOCK_MS), () => world.start(one));
    });
  });
}

/** What the hostile send beside withholding: forged, foreign, broken, unregistered and replayed envelopes, to all their neighbours. */
async function mischief(world: World): Promise<void> {
  const { chance, network, timeline, chain } = world;
  for (const one of world.inhabitants) {
    if (one.honest || one.running === null || !chance.happens(0.1)) continue;
    const victim = chance.some(
      world.inhabitants.filter(({ honest }) => honest),
      1,
    )[0]!;
    const nowMs = timeline.clock.nowMs();
    const kinds = ['announce', 'scoreCommit', 'scoreReveal'] as const;
    const kind = kinds[chance.below(3)]!;
    const envelope = async (as: Inhabitant['signer'], netuid: number, signed: boolean) => {
      const body = encodeBody({
        genesis: chain.genesis,
        netuid,
        kind,
        hotkey: as.hotkey,
        sequence: BigInt(nowMs) + BigInt(chance.below(1_000_000)),
        issuedAtMs: nowMs,
        expiresAtMs: nowMs + 60_000,
        referenceBlock: chain.head().number,
        payload: Uint8Array.from({ length: 80 }, () => chance.below(256)),
      });
      const signature = await as.sign(bytesToSign(body, topicOf({ genesis: chain.genesis, netuid }, kind)));
      if (!signed) signature[chance.below(64)]! ^= 1;
      return assemble(body, signature);
    };
    const junk = Uint8Array.from({ length: 1 + chance.below(300) }, () => chance.below(256));
    const ways = [
      () => envelope(victim.signer, chain.netuid, false),
      () => envelope(one.signer, chain.netuid + 1, true),
      () => envelope(simulatedPerson('nobody'), chain.netuid, true),
      () => envelope(one.signer, chain.netuid, true),
      async () => junk,
    ];
    network.inject(one.name, kind, await ways[chance.below(ways.length)]!());
  }
}
