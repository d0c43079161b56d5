/** The asking side: a `Signer` whose key is in another process. Connects by itself, and again when the signer was restarted. */
import { connect, type Socket } from 'node:net';
import { type Failure, isFailure } from '../../../protocol/failure.js';
import { type Hotkey, parseHotkey } from '../../../protocol/names.js';
import type { Clock, Signer, Verify } from '../../../protocol/ports.js';
import { signerFailure } from '../../signer-failures.js';
import { errnoOf } from '../paths.js';
import { markedKind, type SigningKind } from './policy.js';
import { assertPrivateSocket } from './socket-path.js';
import { createFrameReader, encodeFrame, parseAnswer, SIGNER_PROTOCOL_VERSION, type SignerAnswer, type SignerRequest } from './wire.js';

/** One signature with all attempts, and the connection at the start. */
export const SIGN_TIMEOUT_MS = 10_000;
/** Whether it is there, without a second attempt. */
export const PROBE_TIMEOUT_MS = 2_000;
/** Between two attempts to reach a signer that is being restarted. */
export const RECONNECT_REST_MS = 200;

export interface RemoteSigner extends Signer {
  /** What it lets be signed, as it said last. */
  policy(): ToldPolicy;
  probe(): Promise<void>;
  /** Ends the connection; later calls fail with signer.unreachable. */
  close(): void;
}

export function isRemote(signer: Signer): signer is RemoteSigner {
  return 'policy' in signer;
}

/** The policy of a signer in its own words. */
export interface ToldPolicy {
  readonly kinds: readonly string[];
  readonly calls: readonly string[] | null;
  readonly genesis: string | null;
}

interface Connection {
  /** Rejects with signer.unreachable when the connection ends, signer.bad_answer on nonsense. */
  ask(request: RequestBody): Promise<SignerAnswer>;
  close(reason: string): void;
}

type RequestBody = SignerRequest extends infer R ? (R extends SignerRequest ? Omit<R, 'v' | 'id'> : never) : never;

/**
 * Reaches the signer once, to learn whose key it holds; after that connections come and go.
 *
 * Errors: signer.unreachable, timeout, bad_path, open_to_others, bad_answer, wrong_version. `sign` rejects with signer.* codes.
 */
export async function connectSigner(
  deps: { readonly clock: Clock; readonly verify: Verify },
  options: { readonly socket: string; readonly timeoutMs?: number },
): Promise<RemoteSigner> {
  const { clock } = deps;
  const { socket } = options;
  const timeoutMs = options.timeoutMs ?? SIGN_TIMEOUT_MS;
  let connection: Promise<Connection> | null = null;
  /** The same as soon as it stands, before it has said whose key is there. */
  let line: Connection | null = null;
  let closed = false;
  let hotkey: Hotkey | null = null;
  let policy: ToldPolicy = { kinds: [], calls: null, genesis: null };

  /** One connection for all; its first exchange tells whose key is there. */
  function connected(): Promise<Connection> {
    if (closed) return Promise.reject(signerFailure('signer.unreachable', { socket, reason: 'this side is closed' }));
    if (connection !== null) return connection;
    const opening = open();
    connection = opening;
    const forget = () => {
      if (connection === opening) connection = null;
    };
    opening.catch(forget);
    return opening;

    async function open(): Promise<Connection> {
      await assertPrivateSocket(socket);
      const dialled = await dial(socket, forget);
      line = dialled;
      try {
        await introduce(dialled);
        return dialled;
      } catch (error) {
        dialled.close('refused');
        throw error;
      }
    }
  }

  async function introduce(dialled: Connection): Promise<void> {
    const answer = orThrow(await dialled.ask({ op: 'identity' }), socket);
    if (!('hotkey' in answer)) throw signerFailure('signer.bad_answer', { socket, reason: 'it does not say whose key it has' });
    const told = parseHotkey(answer.hotkey);
    if (!told.ok) throw signerFailure('signer.bad_answer', { socket, reason: 'it names no address' });
    if (hotkey !== null && hotkey !== told.value) throw signerFailure('signer.other_key', { socket, now: told.value, before: hotkey });
    hotkey = told.value;
    policy = { kinds: answer.kinds, calls: answer.calls, genesis: answer.genesis };
  }

  /** Tries until that much time is up: a signer that is being restarted is back in a moment. */
  async function patiently<T>(work: (of: Connection) => Promise<T>, timeoutMs: number, restMs = RECONNECT_REST_MS): Promise<T> {
    const expiresAtMs = clock.nowMs() + timeoutMs;
    const timeUp = new AbortController();
    const late = clock.sleep(Math.max(0, timeoutMs), timeUp.signal).then(() => {
      throw signerFailure('signer.timeout', { socket, timeoutMs });
    });
    late.catch(() => undefined);
    try {
      for (;;) {
        try {
          return await Promise.race([connected().then(work), late]);
        } catch (error) {
          if (!isFailure(error)) throw error;
          // A silent connection is not used again.
          if (error.code === 'signer.timeout') line?.close('it was silent');
          if (error.code !== 'signer.unreachable' || closed || clock.nowMs() + restMs >= expiresAtMs) throw error;
          await clock.sleep(restMs);
        }
      }
    } finally {
      timeUp.abort();
    }
  }

  async function sign(message: Uint8Array, of?: { readonly extrinsic: Uint8Array }): Promise<Uint8Array> {
    const known = hotkey;
    const kind: SigningKind = of ? 'extrinsic' : (markedKind(message) ?? 'bytes');
    const subject = Buffer.from(of?.extrinsic ?? message).toString('base64');
    const expiresAtMs = clock.nowMs() + timeoutMs;
    const answer = await patiently(async (of) => orThrow(await of.ask({ op: 'sign', kind, subject, expiresAtMs }), socket), timeoutMs);
    if (!('signature' in answer)) throw signerFailure('signer.bad_answer', { socket, reason: 'it answers without a signature' });
    const signature = new Uint8Array(Buffer.from(answer.signature, 'hex'));
    if (known === null || !deps.verify(message, signature, known)) {
      throw signerFailure('signer.bad_answer', { socket, reason: 'its signature is not that of its key' });
    }
    return signature;
  }

  await patiently(async () => undefined, timeoutMs).catch((error: unknown) => {
    line?.close('given up');
    throw error;
  });
  if (hotkey === null) throw signerFailure('signer.unreachable', { socket, reason: 'it was never reached' });
  return {
    hotkey,
    policy: () => policy,
    sign,
    probe: () => patiently(introduce, Math.min(timeoutMs, PROBE_TIMEOUT_MS), Number.POSITIVE_INFINITY),
    close() {
      closed = true;
      line?.close('this side is closed');
    },
  };
}

/** Errors: signer.unreachable. */
async function dial(path: string, onEnd: () => void): Promise<Connection> {
  const socket = await reach(path);
  const waiting = new Map<number, { resolve(answer: SignerAnswer): void; reject(failure: Failure): void }>();
  const reader = createFrameReader();
  let lastId = 0;
  let ended: Failure | null = null;

  function end(failure: Failure): void {
    if (ended !== null) return;
    ended = failure;
    onEnd();
    socket.destroy();
    for (const { reject } of waiting.values()) reject(failure);
    waiting.clear();
  }
  const nonsense = (reason: string) => end(signerFailure('signer.bad_answer', { socket: path, reason }));
  socket.on('error', (error) => end(signerFailure('signer.unreachable', { socket: path, reason: errnoOf(error) }, error)));
  socket.on('close', () => end(signerFailure('signer.unreachable', { socket: path, reason: 'it closed the connection' })));
  socket.on('data', (bytes) => {
    const frames = reader.read(bytes);
    if (!frames.ok) return nonsense(frames.error);
    for (const frame of frames.value) {
      const answer = parseAnswer(frame);
      if (!answer.ok) return nonsense(answer.error);
      // Id 0: said to the connection as a whole.
      if (answer.value.id === 0 && !answer.value.ok) return end(failureOf(answer.value, path));
      waiting.get(answer.value.id)?.resolve(answer.value);
      waiting.delete(answer.value.id);
    }
  });
  // A command ends when its work is done; waiting for an answer keeps it alive.
  socket.unref();

  return {
    ask(request) {
      if (ended !== null) return Promise.reject(ended);
      lastId += 1;
      const id = lastId;
      socket.ref();
      return new Promise<SignerAnswer>((resolve, reject) => {
        waiting.set(id, { resolve, reject });
        socket.write(encodeFrame({ v: SIGNER_PROTOCOL_VERSION, id, ...request }));
      }).finally(() => {
        if (waiting.size === 0) socket.unref();
      });
    },
    close: (reason) => end(signerFailure('signer.unreachable', { socket: path, reason })),
  };
}

function reach(path: string): Promise<Socket> {
  return new Promise((resolve, reject) => {
    const socket = connect(path);
    const fail = (error: Error) => reject(signerFailure('signer.unreachable', { socket: path, reason: wordsOf(errnoOf(error)) }, error));
    socket.once('error', fail);
    socket.once('connect', () => {
      socket.off('error', fail);
      resolve(socket);
    });
  });
}

function wordsOf(code: string): string {
  if (code === 'ENOENT') return 'there is no such socket';
  return code === 'ECONNREFUSED' ? 'nobody listens on it' : code;
}

type Agreed = Extract<SignerAnswer, { ok: true }>;

function orThrow(answer: SignerAnswer, socket: string): Agreed {
  if (answer.ok) return answer;
  throw failureOf(answer, socket);
}

function failureOf({ code, facts }: Extract<SignerAnswer, { ok: false }>, socket: string): Failure {
  const known = Object.keys(signerFailure.table).find((name): name is keyof typeof signerFailure.table => name === code);
  return known === undefined
    ? signerFailure('signer.bad_answer', { socket, reason: `it refuses with "${code}"` })
    : signerFailure(known, { ...facts, socket });
}
