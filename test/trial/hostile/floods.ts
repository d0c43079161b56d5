/** Control messages, subscriptions, bombs, sockets that say nothing, and a neighbour that hands nothing on. */
import { connect as connectSocket, type Socket } from 'node:net';
import { setTimeout as delay } from 'node:timers/promises';
import type { Connection } from '@libp2p/interface';
import { MESSAGE_KINDS } from '../../../protocol/kinds.js';
import type { Signer } from '../../../protocol/ports.js';
import { type NetworkId, topicOf } from '../../../protocol/topics.js';
import { type Attacker, createAttacker } from '../../support/attacker.js';
import { isClosed, report, type Scene, stranger, strike, type Target } from './attack.js';

const PATIENCE_MS = 12_000;
const REST_MS = 3_000;
const SILENT_SOCKETS = 40;
/** The longest that a socket without a word may live is 15 s. */
const SILENT_PATIENCE_MS = 20_000;
const REGRAFT_MS = 20_000;

const ids = (count: number, seed = 0) =>
  Array.from({ length: count }, (_, n) => {
    const id = new Uint8Array(20);
    new DataView(id.buffer).setUint32(0, n + seed);
    return id;
  });

const FLOODS: Readonly<Record<string, (scene: Scene) => void>> = {
  'IHAVE flood': ({ line, topic }) => {
    for (let n = 0; n < 3; n += 1) line.send({ control: { ihave: [{ topicID: topic, messageIDs: ids(80_000) }] } });
  },
  'IWANT flood': ({ line }) => {
    for (let n = 0; n < 200; n += 1) line.send({ control: { iwant: [{ messageIDs: ids(400, n * 400) }] } });
  },
  'GRAFT and PRUNE flood': ({ line, topic }) => {
    for (let n = 0; n < 200; n += 1)
      line.send({ control: { graft: [{ topicID: topic }], prune: [{ topicID: topic, peers: [], backoff: 60 }] } });
  },
  'IDONTWANT flood': ({ line }) => {
    for (let n = 0; n < 200; n += 1) line.send({ control: { idontwant: [{ messageIDs: ids(500, n * 500) }] } });
  },
  'subscription flood': ({ line }) => {
    const junk = Array.from({ length: 20_000 }, (_, n) => ({ subscribe: true, topic: `junk ${n}` }));
    for (let n = 0; n < 3; n += 1) line.send({ subscriptions: junk });
    for (let n = 0; n < 150; n += 1) line.send({ subscriptions: junk.slice(n, n + 16) });
  },
  'frames of nonsense': ({ line }) => {
    for (let n = 0; n < 3; n += 1) line.sendBytes(new Uint8Array(60_000).fill(0x0b));
  },
};

export interface FloodOrders {
  readonly network: NetworkId;
  readonly from: string;
  readonly targets: readonly Target[];
  readonly registered: Signer;
  readonly signal: AbortSignal;
}

export async function flood(of: FloodOrders): Promise<void> {
  const names = Object.keys(FLOODS);
  for (let turn = 0; !of.signal.aborted; turn += 1) {
    const target = of.targets[turn % of.targets.length]!;
    const round = Math.floor(turn / of.targets.length) % (names.length + 1);
    const name = names[round];
    if (name === undefined) await keepSilent(of.from, target);
    else
      await strike(name, { network: of.network, from: of.from, target, signer: stranger(), patienceMs: PATIENCE_MS }, (scene) =>
        FLOODS[name]!(scene),
      );
    await delay(REST_MS, undefined, { signal: of.signal }).catch(() => undefined);
  }
}

/** Slow loris: sockets that connect and never say anything. The report has the one that lived longest. */
async function keepSilent(from: string, target: Target): Promise<void> {
  const beganAtMs = performance.now();
  const sockets: readonly Socket[] = Array.from({ length: SILENT_SOCKETS }, () =>
    connectSocket({ host: target.ip, port: target.port, localAddress: from }).on('error', () => {}),
  );
  const untilMs = beganAtMs + SILENT_PATIENCE_MS;
  const open = () => sockets.some((socket) => !socket.destroyed && !socket.readableEnded);
  for (const socket of sockets) socket.resume();
  while (open() && performance.now() < untilMs) await delay(50);
  const outcome = open() ? 'held' : 'closed';
  report({ attack: 'silent sockets', target: target.name, outcome, afterMs: Math.round(performance.now() - beganAtMs) });
  for (const socket of sockets) socket.destroy();
}

/** In every mesh under a registered hotkey, and nothing is handed on. */
export async function withhold(of: FloodOrders): Promise<void> {
  const seats = new Map<string, { readonly attacker: Attacker; readonly connection: Connection; readonly graft: () => void }>();
  while (!of.signal.aborted) {
    for (const target of of.targets) {
      const seat = seats.get(target.name);
      if (seat?.connection.status === 'open') {
        seat.graft();
        continue;
      }
      seats.delete(target.name);
      await seat?.attacker.stop();
      const taken = await takeSeat(of, target);
      if (taken !== null) seats.set(target.name, taken);
    }
    await delay(REGRAFT_MS, undefined, { signal: of.signal }).catch(() => undefined);
  }
  for (const [name, { attacker, connection }] of seats) {
    const outcome = (await isClosed(connection, 0)) || connection.status !== 'open' ? 'closed' : 'held';
    report({ attack: 'withholding', target: name, outcome, afterMs: 0 });
    await attacker.stop();
  }
}

async function takeSeat({ network, from, registered }: FloodOrders, target: Target) {
  const attacker = await createAttacker({ network, from });
  try {
    const connection = await attacker.connect(`/ip4/${target.ip}/tcp/${target.port}`);
    if ((await attacker.greet(connection, registered)) !== 1) throw new Error('refused');
    const line = await attacker.gossip(connection);
    const topics = MESSAGE_KINDS.map((kind) => topicOf(network, kind));
    line.send({ subscriptions: topics.map((topic) => ({ subscribe: true, topic })) });
    const graft = () => void line.send({ control: { graft: topics.map((topicID) => ({ topicID })) } });
    graft();
    return { attacker, connection, graft };
  } catch {
    await attacker.stop();
    return null;
  }
}
