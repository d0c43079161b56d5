/**
 * Names on the network: `/voxd/<gen8>/<netuid>/<name>/1`. gen8 depends on chain, subnet and protocol epoch, so that networks that
 * cannot understand each other never meet.
 */
import { fromHex, sha256, toHex } from './digest.js';
import { MESSAGE_KINDS, type MessageKind } from './kinds.js';
import type { Hash } from './names.js';
import { err, ok, type Result } from './result.js';

/** Raised when old and new nodes must not talk. */
export const PROTOCOL_EPOCH = 1;
const TOPIC_VERSION = 1;

export interface NetworkId {
  readonly genesis: Hash;
  readonly netuid: number;
}

export type StreamName = 'hello' | 'artifact' | 'have' | 'offers' | 'peers' | 'probe' | 'goodbye';

export interface Topic {
  readonly gen8: string;
  readonly netuid: number;
  readonly kind: MessageKind;
}

/** Asked for with every message; a network does not change. */
const generations = new WeakMap<NetworkId, string>();

/** First 4 bytes of sha-256(genesis ‖ u16le netuid ‖ epoch byte), 8 hex digits. */
export function generation(network: NetworkId): string {
  const known = generations.get(network);
  if (known !== undefined) return known;
  const tail = Uint8Array.of(network.netuid & 0xff, network.netuid >> 8, PROTOCOL_EPOCH);
  const gen8 = toHex(sha256(fromHex(network.genesis), tail).subarray(0, 4));
  generations.set(network, gen8);
  return gen8;
}

export function topicOf(network: NetworkId, kind: MessageKind): string {
  return `/voxd/${generation(network)}/${network.netuid}/${kind}/${TOPIC_VERSION}`;
}

export function streamProtocolOf(network: NetworkId, name: StreamName): string {
  return `/voxd/${generation(network)}/${network.netuid}/${name}/${TOPIC_VERSION}`;
}

/** Errors: what is wrong with the text. */
export function parseTopic(text: string): Result<Topic, string> {
  const match = /^\/voxd\/([0-9a-f]{8})\/(0|[1-9][0-9]{0,4})\/([A-Za-z]{1,16})\/1$/.exec(text);
  if (match === null) return err('not of the form /voxd/<8 hex>/<netuid>/<kind>/1');
  const [, gen8, netuidText, word] = match;
  const netuid = Number(netuidText);
  if (gen8 === undefined || netuid > 0xffff) return err('netuid is above 65535');
  const kind = MESSAGE_KINDS.find((name) => name === word);
  return kind === undefined ? err(`unknown kind ${word}`) : ok({ gen8, netuid, kind });
}
