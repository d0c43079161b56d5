/** One attack on one node: who it is by, and how long the node put up with it. */
import { randomBytes } from 'node:crypto';
import { setTimeout as delay } from 'node:timers/promises';
import type { Connection } from '@libp2p/interface';
import { sr25519PairFromSeed, sr25519Sign } from '@polkadot/util-crypto';
import { hotkeyFromPublicKey } from '../../../protocol/names.js';
import type { Signer } from '../../../protocol/ports.js';
import { type NetworkId, topicOf } from '../../../protocol/topics.js';
import { type Attacker, createAttacker, type GossipLine } from '../../support/attacker.js';
import type { RogueOrders } from '../world.js';

export type Target = RogueOrders['targets'][number];

/** closed: the node ended the connection; held: it was still open when the attack was over; refused: it did not let the attacker in. */
export type Outcome = 'closed' | 'held' | 'refused';

export interface AttackReport {
  readonly attack: string;
  readonly target: string;
  readonly outcome: Outcome;
  readonly afterMs: number;
}

/** Read by log-tail.ts. */
export function report(facts: AttackReport): void {
  process.stdout.write(`${JSON.stringify({ time: new Date().toISOString(), msg: 'attack', ...facts })}\n`);
}

/** A hotkey that nobody registered: it costs nothing. */
export function stranger(): Signer {
  const pair = sr25519PairFromSeed(new Uint8Array(randomBytes(32)));
  return { hotkey: hotkeyFromPublicKey(pair.publicKey), sign: (message) => Promise.resolve(sr25519Sign(message, pair)) };
}

export interface Scene {
  readonly attacker: Attacker;
  readonly connection: Connection;
  readonly line: GossipLine;
  readonly topic: string;
}

/** Connects as a new peer, shows the hotkey, does `work` and sees how long the connection lives. Never rejects. */
export async function strike(
  attack: string,
  of: { readonly network: NetworkId; readonly from: string; readonly target: Target; readonly signer: Signer; readonly patienceMs: number },
  work: (scene: Scene) => Promise<void> | void,
): Promise<void> {
  const attacker = await createAttacker({ network: of.network, from: of.from });
  let beganAtMs = performance.now();
  const tell = (outcome: Outcome) =>
    report({ attack, target: of.target.name, outcome, afterMs: Math.round(performance.now() - beganAtMs) });
  try {
    const connection = await attacker.connect(`/ip4/${of.target.ip}/tcp/${of.target.port}`);
    if ((await attacker.greet(connection, of.signer)) !== 1) return tell('refused');
    const line = await attacker.gossip(connection);
    const topic = topicOf(of.network, 'announce');
    line.send({ subscriptions: [{ subscribe: true, topic }] });
    beganAtMs = performance.now();
    await work({ attacker, connection, line, topic });
    tell((await isClosed(connection, of.patienceMs)) ? 'closed' : 'held');
  } catch {
    tell('refused');
  } finally {
    await attacker.stop();
  }
}

export async function isClosed(connection: Connection, withinMs: number): Promise<boolean> {
  const untilMs = performance.now() + withinMs;
  while (performance.now() < untilMs) {
    if (connection.status !== 'open') return true;
    await delay(50);
  }
  return false;
}
