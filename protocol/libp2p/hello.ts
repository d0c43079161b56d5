/** The greeting: on every new connection the dialling side shows its binding and gets the other's. */
import type { Connection, Stream } from '@libp2p/interface';
import {
  assembleBinding,
  BINDING_ADDRESSES_MAX,
  BINDING_SIZE_BYTES_MAX,
  bindingBytesToSign,
  encodeBindingBody,
  type PeerBinding,
} from '../binding.js';
import { type P2pCode, protocolFailures } from '../failures.js';
import { parsePeerId } from '../peer-id.js';
import type { Clock, Logger, Signer } from '../ports.js';
import { createRateLimiter, type RateLimit } from '../rate.js';
import { Hello, HelloReply } from '../streams.pb.js';
import { type NetworkId, streamProtocolOf } from '../topics.js';
import { answerOnce, askOnce } from './frames.js';
import type { PeerBook } from './peer-book.js';
import { signWithSeed } from './peer-key.js';

export const HELLO_TIMEOUT_MS = 5_000;
export const HELLO_SIZE_BYTES_MAX = BINDING_SIZE_BYTES_MAX + 64;
const BINDING_LIFETIME_MS = 60 * 60_000;
/** A binding older than this is made anew before it is shown. */
export const BINDING_RENEW_AFTER_MS = 20 * 60_000;

/** Greetings a peer may send us; each costs two signatures. */
const GREETINGS: RateLimit = { intervalMs: 3_000, burst: 5 };
const GREETERS_MAX = 512;

const STATUS_OK = 1;
/** The place in this list plus 2 is the status of a refusal. */
const REFUSALS = [
  'p2p.binding_malformed',
  'p2p.binding_wrong_network',
  'p2p.binding_expired',
  'p2p.binding_bad_signature',
  'p2p.binding_other_peer',
  'p2p.binding_key_mismatch',
  'p2p.binding_stale',
  'p2p.banned',
  'p2p.full',
  'p2p.range_full',
  'p2p.coldkey_full',
] as const satisfies readonly P2pCode[];

type Refusal = (typeof REFUSALS)[number];

export interface HelloDeps {
  readonly book: PeerBook;
  readonly signer: Signer;
  readonly seed: Uint8Array;
  readonly peerKey: Uint8Array;
  readonly clock: Clock;
  readonly logger: Logger;
}

export interface HelloProtocol {
  readonly protocol: string;
  readonly onStream: (data: { readonly stream: Stream; readonly connection: Connection }) => void;
  /** Greets; on refusal by either side the connection is closed. Rejects with a `p2p.*` failure. */
  greet(connection: Connection): Promise<void>;
  /** Our binding as it is shown now; what others hand on as our node record. */
  ownBinding(): Promise<Uint8Array>;
}

export function createHello(
  deps: HelloDeps,
  options: {
    readonly network: NetworkId;
    readonly addresses: () => readonly string[];
    /** A peer proved itself by these bytes. */
    readonly onBinding?: (binding: PeerBinding, bytes: Uint8Array) => void;
  },
): HelloProtocol {
  const { book, clock, logger } = deps;
  const protocol = streamProtocolOf(options.network, 'hello');
  const greetings = createRateLimiter(GREETINGS, GREETERS_MAX);
  let own: { readonly bytes: Promise<Uint8Array>; readonly madeAtMs: number; readonly of: string } | null = null;

  function ownBinding(): Promise<Uint8Array> {
    const nowMs = clock.nowMs();
    const addresses = options.addresses().slice(0, BINDING_ADDRESSES_MAX);
    const of = addresses.join(' ');
    if (own !== null && own.of === of && nowMs - own.madeAtMs < BINDING_RENEW_AFTER_MS) return own.bytes;
    const made = { bytes: makeBinding(nowMs, addresses), madeAtMs: nowMs, of };
    own = made;
    // A failed signature is not kept.
    made.bytes.catch(() => {
      if (own === made) own = null;
    });
    return made.bytes;
  }

  async function makeBinding(nowMs: number, addresses: readonly string[]): Promise<Uint8Array> {
    const body = encodeBindingBody({
      genesis: options.network.genesis,
      netuid: options.network.netuid,
      hotkey: deps.signer.hotkey,
      peerKey: deps.peerKey,
      addresses,
      sequence: BigInt(nowMs),
      notBeforeMs: nowMs,
      notAfterMs: nowMs + BINDING_LIFETIME_MS,
    });
    const text = bindingBytesToSign(body);
    return assembleBinding(body, await deps.signer.sign(text), signWithSeed(deps.seed, text));
  }

  /** null: bound. */
  async function examine(connection: Connection, binding: Uint8Array): Promise<Refusal | null> {
    const peer = parsePeerId(connection.remotePeer.toString());
    if (!peer.ok) return 'p2p.binding_other_peer';
    // A stream can arrive before the connection is announced.
    if (connection.status === 'open') book.opened(peer.value);
    const bound = await book.bind(peer.value, binding);
    if (bound.ok) {
      options.onBinding?.(bound.value, binding);
      return null;
    }
    book.refused(peer.value, bound.error);
    logger.info({ peer: peer.value, code: bound.error }, 'a peer was refused');
    return bound.error;
  }

  async function answer(connection: Connection, question: Uint8Array): Promise<{ reply: Uint8Array; refused: boolean }> {
    const code = await examine(connection, decodeHello(question));
    if (code === null) return { reply: HelloReply.encode({ status: STATUS_OK, binding: await ownBinding() }), refused: false };
    const place = REFUSALS.indexOf(code);
    return { reply: HelloReply.encode({ status: place + 2 }), refused: true };
  }

  async function greet(connection: Connection): Promise<void> {
    const peer = connection.remotePeer.toString();
    const question = Hello.encode({ binding: await ownBinding() });
    const limits = { answerSizeMax: HELLO_SIZE_BYTES_MAX, timeoutMs: HELLO_TIMEOUT_MS };
    const bytes = await askOnce(connection, protocol, question, limits).catch((cause: unknown) => {
      throw protocolFailures('p2p.hello_failed', { peer }, cause);
    });
    const reply = decodeReply(bytes);
    if (reply.status !== STATUS_OK) {
      const reason = REFUSALS[reply.status - 2] ?? 'unknown';
      const id = parsePeerId(peer);
      if (id.ok) book.refused(id.value, 'p2p.refused_by_peer');
      throw protocolFailures('p2p.refused_by_peer', { peer, reason });
    }
    const code = await examine(connection, reply.binding);
    if (code !== null) throw protocolFailures(code, { peer });
  }

  return {
    protocol,
    ownBinding,
    onStream({ stream, connection }) {
      if (!greetings.take(connection.remotePeer.toString(), clock.nowMs())) return stream.abort(new Error('greeted too often'));
      let refused = false;
      answerOnce(stream, { questionSizeMax: HELLO_SIZE_BYTES_MAX, timeoutMs: HELLO_TIMEOUT_MS }, async (question) => {
        const result = await answer(connection, question);
        refused = result.refused;
        return result.reply;
      })
        .catch((error: unknown) => logger.debug({ err: error, peer: connection.remotePeer.toString() }, 'a greeting failed'))
        .finally(() => {
          if (refused) closeQuietly(connection);
        });
    },
    async greet(connection) {
      try {
        await greet(connection);
      } catch (cause) {
        closeQuietly(connection);
        throw cause;
      }
    },
  };
}

export function closeQuietly(connection: Connection): void {
  connection.close({ signal: AbortSignal.timeout(1_000) }).catch(() => connection.abort(new Error('closed')));
}

function decodeHello(bytes: Uint8Array): Uint8Array {
  try {
    return Hello.decode(bytes).binding;
  } catch {
    return new Uint8Array();
  }
}

function decodeReply(bytes: Uint8Array): { readonly status: number; readonly binding: Uint8Array } {
  try {
    return HelloReply.decode(bytes);
  } catch {
    return { status: 0, binding: new Uint8Array() };
  }
}
