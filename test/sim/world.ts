import type { SubnetSnapshot } from '../../chain/snapshot.js';
import type { MessageKind } from '../../protocol/kinds.js';
import type { ModelDigest } from '../../protocol/names.js';
import type { Gossip, Signer } from '../../protocol/ports.js';
import { createFakeChain } from '../support/fake-chain.js';
import type { FakeChain } from '../support/fake-chain-shape.js';
import { createMemoryStores } from '../support/memory-stores.js';
import { type Person, type RunningValidator, type Surroundings, startMemoryValidator } from '../support/memory-validator.js';
import { POLICY, SCORER } from '../support/small-subnet.js';
import { type Chance, createChance } from './chance.js';
import { type Carrier, createFetching, type Fetching, type TransferEvent } from './fetching.js';
import { type RunningMiner, startMemoryMiner } from './miner.js';
import { createSimulatedNetwork, type SimulatedNetwork } from './network.js';
import { createDisk, type Disk } from './packages.js';
import { simulatedEars, simulatedPerson, simulatedVerifier } from './people.js';
import { privateFromStock } from './stock.js';
import { createTimeline, settled, type Timeline } from './timeline.js';

export const BLOCK_MS = 6_000;
export const SCHEDULE = { cadenceBlocks: 20, commitPercent: 60, revealPercent: 75 };
const START_BLOCK = 100;
const FINALITY_LAG = 2;
/** A head reaches a node within this time. */
const HEAD_DELAY_MS_MAX = 1_500;
const STAKE_RAO = 1_000_000_000_000n;
/** Older rounds are pruned, as they are in the database. */
const ROUNDS_KEPT = 12;

export interface WorldOptions {
  readonly seed: number;
  readonly nodes: number;
  readonly validators: number;
  /** Of validators and of miners. */
  readonly hostilePercent: number;
}

/** One participant: what stays of it when its process is killed, and its process while it runs. */
export interface Inhabitant {
  readonly name: string;
  readonly signer: Signer;
  readonly honest: boolean;
  readonly validator: Person | null;
  readonly stores: Person['stores'];
  readonly disk: Disk;
  model: ModelDigest | null;
  /** Its part in transfers, while it runs. */
  carrier: Carrier | null;
  running: RunningValidator | RunningMiner | null;
  /** Time of the newest start, and of the end before it. */
  upSinceMs: number;
  /** Heads are not heard before this time. */
  stalledUntilMs: number;
  readonly busy: Set<string>;
}

export interface Submission {
  readonly name: string;
  readonly block: number;
}

export interface World {
  readonly timeline: Timeline;
  readonly chance: Chance;
  readonly chain: FakeChain;
  readonly network: SimulatedNetwork;
  readonly inhabitants: readonly Inhabitant[];
  readonly streams: Fetching['streams'];
  /** At the newest finalized block, as nodes read it. */
  snapshot(): Promise<SubnetSnapshot>;
  /** Bytes that were published, by honest members only. */
  onPublished(listener: (by: Inhabitant, kind: MessageKind, envelope: Uint8Array) => void): void;
  /** Weights that a block has taken. */
  onSubmitted(listener: (submission: Submission) => void): void;
  onTransfer(listener: (event: TransferEvent) => void): void;
  start(of: Inhabitant): Promise<void>;
  kill(of: Inhabitant): void;
  /** A miner leaves its seat to a new one. */
  replace(of: Inhabitant): void;
  /** A running miner comes back with another model. */
  renew(of: Inhabitant): Promise<void>;
  /** One block later. */
  block(): Promise<void>;
  /** Goes on with trouble of others: what went wrong in a duty, oldest first. */
  readonly troubles: string[];
}

/** A subnet of full nodes over one chain and a simulated network; everything that could be chance comes from the seed. */
export async function createWorld(options: WorldOptions): Promise<World> {
  const chance = createChance(options.seed);
  const chain = createFakeChain({
    netuid: 7,
    startBlock: START_BLOCK,
    blockTimeMs: BLOCK_MS,
    inclusion: 'manual',
    finalityLag: FINALITY_LAG,
    hyperparameters: { weightsRateLimitBlocks: 5, tempo: SCHEDULE.cadenceBlocks, maxUids: 4 * options.nodes },
  });
  const timeline = createTimeline(chain.nowMs());
  const network = createSimulatedNetwork({ timeline, chance });
  const published: ((by: Inhabitant, kind: MessageKind, envelope: Uint8Array) => void)[] = [];
  const submitted: ((submission: Submission) => void)[] = [];
  const inhabitants: Inhabitant[] = [];
  const troubles: string[] = [];
  const transferred: ((event: TransferEvent) => void)[] = [];
  const fetching = createFetching({
    timeline,
    network,
    seed: options.seed,
    holders: inhabitants,
    tell: (event) => {
      for (const listener of transferred) listener(event);
    },
  });
  let born = 0;
  let models = 0;

  /** A block is read once for all: nodes that read it get the same, as from a chain. */
  let read: { readonly hash: string; readonly snapshot: Promise<SubnetSnapshot> } | null = null;
  const reader: FakeChain['reader'] = {
    ...chain.reader,
    async snapshot(netuid, at) {
      const block = at ?? (await chain.reader.finalizedHead());
      if (read?.hash !== block.hash) read = { hash: block.hash, snapshot: chain.reader.snapshot(netuid, block) };
      return read.snapshot;
    },
  };
  const around: Surroundings = {
    chain: { ...chain, reader },
    clock: timeline.clock,
    verifier: simulatedVerifier,
    schedule: SCHEDULE,
    policy: POLICY,
    replication: 4,
    audits: 1,
    weights: {},
    fingerprints: new Map(),
    truth: new Map(),
    inPrivate: new Map(),
    drawPrivate: privateFromStock(),
  };

  /** Weights that were taken are told of with who set them. */
  function chainOf(name: string): FakeChain {
    const setWeights: FakeChain['writer']['setWeights'] = async (...call) => {
      const inclusion = await chain.writer.setWeights(...call);
      for (const listener of submitted) listener({ name, block: inclusion.block.number });
      return inclusion;
    };
    return { ...chain, reader, writer: { ...chain.writer, setWeights } };
  }

  function heardBy(of: Inhabitant, gossip: Gossip): Gossip {
    return {
      ...gossip,
      publish: async (kind, envelope) => {
        const result = await gossip.publish(kind, envelope);
        if (result.recipients > 0) for (const listener of published) listener(of, kind, envelope);
        return result;
      },
    };
  }

  function seat(role: 'validator' | 'miner', honest: boolean): Inhabitant {
    const name = `${honest ? 'honest' : 'hostile'} ${role} ${born++}`;
    const signer = simulatedPerson(name);
    const random = (sizeBytes: number) => Uint8Array.from({ length: sizeBytes }, () => chance.below(256));
    const stores = createMemoryStores({ roundsKept: ROUNDS_KEPT, random });
    const how = role === 'validator' ? { stakeRao: STAKE_RAO * BigInt(1 + chance.below(8)), permit: true } : {};
    chain.register(signer.hotkey, how);
    const person =
      role === 'validator'
        ? {
            name,
            signer,
            stores,
            ears: simulatedEars(honest ? '' : `bias ${chance.below(1 << 30)}`),
            waiting: new Map(),
            lies: new Map(),
            ways: {},
          }
        : null;
    const model = role === 'miner' ? fetching.packages.make(models++).model : null;
    const one: Inhabitant = {
      name,
      signer,
      honest,
      validator: person,
      stores,
      disk: createDisk(fetching.packages),
      model,
      carrier: null,
      running: null,
      upSinceMs: 0,
      stalledUntilMs: 0,
      busy: new Set(),
    };
    inhabitants.push(one);
    return one;
  }

  async function start(of: Inhabitant): Promise<void> {
    if (of.running !== null || !inhabitants.includes(of)) return;
    const own = { gossip: heardBy(of, network.join(of.name)), scorer: SCORER };
    of.upSinceMs = timeline.clock.nowMs();
    of.carrier = fetching.start(of);
    of.running =
      of.validator === null
        ? await startMemoryMiner({ ...of, model: of.model! }, own, around)
        : await startMemoryValidator(of.validator, own, { ...around, chain: chainOf(of.name) });
  }

  function kill(of: Inhabitant): void {
    network.leave(of.name);
    of.carrier?.stop();
    of.carrier = null;
    of.running = null;
    of.busy.clear();
  }

  /** A duty that waits for the chain must not hold up time; it never overlaps itself. */
  function dispatch(of: Inhabitant, duty: string, turn: () => Promise<void>): void {
    if (of.busy.has(duty)) return;
    const { busy, running } = of;
    busy.add(duty);
    turn()
      .catch((error: unknown) => {
        // Whoever is killed leaves things half done.
        if (of.running === running) troubles.push(`${of.name} ${duty}: ${String(error)}`);
      })
      .finally(() => {
        if (of.running === running) busy.delete(duty);
      });
  }

  async function hearHead(of: Inhabitant): Promise<void> {
    const { running } = of;
    if (running === null || timeline.clock.nowMs() < of.stalledUntilMs) return;
    try {
      await running.listen();
    } catch (error) {
      troubles.push(`${of.name} listen: ${String(error)}`);
    }
    if ('present' in running) dispatch(of, 'present', running.present);
    else {
      dispatch(of, 'weigh', running.weigh);
      const snapshot = await reader.snapshot(chain.netuid);
      dispatch(of, 'fetch', async () => of.carrier?.turn(snapshot));
    }
    await settled();
  }

  network.onNeighbour((name) => {
    const running = inhabitants.find((one) => one.name === name)?.running;
    if (running && 'peerArrived' in running) running.peerArrived();
  });
  const validatorsHostile = Math.floor((options.validators * options.hostilePercent) / 100);
  const miners = options.nodes - options.validators;
  const minersHostile = Math.floor((miners * options.hostilePercent) / 100);
  for (let n = 0; n < options.validators; n++) seat('validator', n >= validatorsHostile);
  for (let n = 0; n < miners; n++) seat('miner', n >= minersHostile);
  for (const one of inhabitants) {
    await start(one);
    network.withhold(one.name, !one.honest);
  }

  return {
    timeline,
    chance,
    chain,
    network,
    inhabitants,
    streams: fetching.streams,
    snapshot: () => reader.snapshot(chain.netuid),
    troubles,
    onPublished: (listener) => void published.push(listener),
    onSubmitted: (listener) => void submitted.push(listener),
    onTransfer: (listener) => void transferred.push(listener),
    start,
    kill,
    replace(of) {
      kill(of);
      chain.deregister(of.signer.hotkey);
      inhabitants.splice(inhabitants.indexOf(of), 1);
      const heir = seat('miner', of.honest);
      network.withhold(heir.name, !heir.honest);
      timeline.after(chance.below(BLOCK_MS), () => start(heir));
    },
    async renew(of) {
      kill(of);
      of.model = fetching.packages.make(models++).model;
      await start(of);
    },
    async block() {
      chain.advance(1);
      await settled();
      for (const one of inhabitants) timeline.after(chance.below(HEAD_DELAY_MS_MAX), () => hearHead(one));
      await timeline.run(chain.nowMs() + BLOCK_MS - 1);
    },
  };
}
