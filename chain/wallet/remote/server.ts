/** The signing side: holds the key, looks at what it is asked to sign, and answers on a unix socket. */
import { createHash } from 'node:crypto';
import { chmod, lstat, unlink } from 'node:fs/promises';
import { connect, createServer, type Server, type Socket } from 'node:net';
import { blake2AsU8a } from '@polkadot/util-crypto';
import type { Failure } from '../../../protocol/failure.js';
import { isFailure } from '../../../protocol/failure.js';
import type { Clock, Logger, Signer } from '../../../protocol/ports.js';
import { type RateLimit, takeTokens } from '../../../protocol/rate.js';
import { signerFailure } from '../../signer-failures.js';
import { errnoOf } from '../paths.js';
import { callOf, permits, type SigningPolicy } from './policy.js';
import { privateFolderOf } from './socket-path.js';
import {
  createFrameReader,
  encodeFrame,
  parseRequest,
  SIGNER_PROTOCOL_VERSION,
  type SignerAnswer,
  type SignerRequest,
  SUBJECT_SIZE_BYTES_MAX,
} from './wire.js';

export const CLIENTS_MAX = 16;
/** Of one client, not answered yet. */
export const REQUESTS_WAITING_MAX = 64;
/** A frame that has begun must end. */
export const FRAME_TIMEOUT_MS = 5_000;
/** A client comes back by itself. */
export const CLIENT_IDLE_MS_MAX = 10 * 60_000;
export const ANSWERS_BUFFERED_BYTES_MAX = 256 * 1024;
/** A round of a large subnet is some hundred messages at once; the rest is a few per block. */
export const SIGNATURES: RateLimit = { intervalMs: 100, burst: 1_000 };
/** A longer extrinsic is signed by its digest (Substrate's rule). */
const RAW_EXTRINSIC_BYTES_MAX = 256;

export interface SignerServer {
  /** Resolves when no client is connected and the socket is gone. Idempotent. */
  stop(): Promise<void>;
}

export interface SignerServerDeps {
  readonly signer: Signer;
  readonly clock: Clock;
  readonly logger: Logger;
}

/**
 * Listens. A socket file that nobody listens on any more is replaced.
 *
 * Errors: signer.bad_path, signer.open_to_others, signer.socket_taken.
 */
export async function startSignerServer(
  deps: SignerServerDeps,
  options: {
    readonly socket: string;
    readonly policy: SigningPolicy;
    readonly rate?: RateLimit;
    readonly frameTimeoutMs?: number;
  },
): Promise<SignerServer> {
  const { signer, clock, logger } = deps;
  const rate = options.rate ?? SIGNATURES;
  const clients = new Set<Socket>();
  let served = 0;
  let arrivalMs = 0;
  await privateFolderOf(options.socket);
  await removeStale(options.socket);
  const server = createServer((socket) => serve(socket));
  await listen(server, options.socket);
  server.on('error', (error) => logger.warn({ reason: errnoOf(error) }, 'a client could not be taken'));
  await chmod(options.socket, 0o600);

  function serve(socket: Socket): void {
    served += 1;
    const client = served;
    socket.on('error', (error) => logger.debug({ client, reason: errnoOf(error) }, 'a client is gone'));
    if (clients.size >= CLIENTS_MAX) {
      socket.end(encodeFrame(refusal(0, signerFailure('signer.busy', { what: 'clients', most: CLIENTS_MAX }))), () => socket.destroy());
      return;
    }
    clients.add(socket);
    const reader = createFrameReader();
    let waiting = 0;
    let turn: Promise<void> = Promise.resolve();
    let frameTimer: NodeJS.Timeout | null = null;
    socket.setTimeout(CLIENT_IDLE_MS_MAX, () => socket.destroy());
    socket.on('close', () => {
      clients.delete(socket);
      if (frameTimer !== null) clearTimeout(frameTimer);
    });

    const cut = (reason: string, answer?: SignerAnswer) => {
      logger.warn({ client, reason }, 'a client is cut off');
      if (answer) socket.end(encodeFrame(answer), () => socket.destroy());
      else socket.destroy();
    };
    socket.on('data', (bytes) => {
      const frames = reader.read(bytes);
      if (!frames.ok) {
        socket.removeAllListeners('data');
        return cut(frames.error, refusal(0, signerFailure('signer.bad_request', { reason: frames.error })));
      }
      // A frame has its time from its first byte on, however many follow.
      if (frameTimer !== null && (frames.value.length > 0 || !reader.partial)) {
        clearTimeout(frameTimer);
        frameTimer = null;
      }
      if (reader.partial) frameTimer ??= setTimeout(() => cut('a frame did not end'), options.frameTimeoutMs ?? FRAME_TIMEOUT_MS);
      for (const frame of frames.value) {
        if (waiting >= REQUESTS_WAITING_MAX) {
          const request = parseRequest(frame);
          const id = request.ok ? request.value.id : request.error.id;
          send(socket, refusal(id, signerFailure('signer.busy', { what: 'requests waiting', most: REQUESTS_WAITING_MAX })), cut);
          continue;
        }
        waiting += 1;
        turn = turn.then(async () => {
          const answer = await answerTo(frame, client);
          waiting -= 1;
          if (answer !== null) send(socket, answer, cut);
        });
      }
    });
  }

  /** null: nobody waits for it any more. */
  async function answerTo(frame: Uint8Array, client: number): Promise<SignerAnswer | null> {
    const parsed = parseRequest(frame);
    if (!parsed.ok) {
      const { id, version, reason } = parsed.error;
      logger.warn({ client, request: id, reason }, 'not a request');
      return version === null
        ? refusal(id, signerFailure('signer.bad_request', { reason }))
        : refusal(id, signerFailure('signer.wrong_version', { signer: SIGNER_PROTOCOL_VERSION, caller: version }));
    }
    const request = parsed.value;
    if (request.op === 'identity') {
      const { kinds, calls, genesis } = options.policy;
      return {
        v: SIGNER_PROTOCOL_VERSION,
        id: request.id,
        ok: true,
        hotkey: signer.hotkey,
        kinds: [...kinds],
        calls: calls === null ? null : [...calls],
        genesis: genesis === null ? null : `0x${Buffer.from(genesis).toString('hex')}`,
      };
    }
    const subject = Buffer.from(request.subject, 'base64');
    const facts = {
      client,
      request: request.id,
      kind: request.kind,
      ...(request.kind === 'extrinsic' && subject.length > 1 ? { call: callOf(subject) } : {}),
      sizeBytes: subject.length,
      sha256: createHash('sha256').update(subject).digest('hex'),
    };
    try {
      const signature = await sign(request, subject);
      logger.info(facts, 'signed');
      return { v: SIGNER_PROTOCOL_VERSION, id: request.id, ok: true, signature: Buffer.from(signature).toString('hex') };
    } catch (error) {
      const failure = isFailure(error) ? error : signerFailure('signer.failed', { reason: errnoOf(error) }, error);
      logger.warn({ ...facts, code: failure.code, reason: failure.message }, 'not signed');
      return refusal(request.id, failure);
    }
  }

  async function sign(request: SignerRequest & { readonly op: 'sign' }, subject: Uint8Array): Promise<Uint8Array> {
    const nowMs = clock.nowMs();
    if (subject.length > SUBJECT_SIZE_BYTES_MAX) {
      throw signerFailure('signer.bad_request', { reason: `${subject.length} bytes; at most ${SUBJECT_SIZE_BYTES_MAX} are signed` });
    }
    if (nowMs > request.expiresAtMs) throw signerFailure('signer.expired', { lateMs: nowMs - request.expiresAtMs });
    const permitted = permits(options.policy, request.kind, subject);
    if (!permitted.ok) throw signerFailure('signer.refused', { kind: request.kind, reason: permitted.error });
    const next = takeTokens(rate, arrivalMs, nowMs);
    if (next === null) throw signerFailure('signer.too_fast', { waitMs: arrivalMs - nowMs - (rate.burst - 1) * rate.intervalMs });
    arrivalMs = next;
    const digested = request.kind === 'extrinsic' && subject.length > RAW_EXTRINSIC_BYTES_MAX;
    return signer.sign(digested ? blake2AsU8a(subject) : subject, ...(digested ? [{ extrinsic: subject }] : []));
  }

  let stopping: Promise<void> | null = null;
  async function shut(): Promise<void> {
    const closed = new Promise<void>((resolve) => server.close(() => resolve()));
    for (const socket of clients) socket.destroy();
    // The system takes the file away with the listening socket.
    await closed;
  }
  return {
    stop() {
      stopping ??= shut();
      return stopping;
    },
  };
}

function refusal(id: number, failure: Failure): SignerAnswer {
  const facts: Record<string, string | number | boolean> = {};
  for (const [name, value] of Object.entries(failure.facts)) facts[name] = typeof value === 'object' ? value.join(', ') : value;
  return { v: SIGNER_PROTOCOL_VERSION, id, ok: false, code: failure.code, facts };
}

/** A client that does not read its answers does not get more of them. */
function send(socket: Socket, answer: SignerAnswer, cut: (reason: string) => void): void {
  if (!socket.writable) return;
  socket.write(encodeFrame(answer));
  if (socket.writableLength > ANSWERS_BUFFERED_BYTES_MAX) cut('it does not read its answers');
}

async function removeStale(path: string): Promise<void> {
  const found = await lstat(path).catch(() => null);
  if (found === null) return;
  if (!found.isSocket()) throw signerFailure('signer.bad_path', { socket: path, reason: 'there is a file of that name' });
  const alive = await new Promise<boolean>((resolve) => {
    const probe = connect(path);
    probe.once('connect', () => resolve(true));
    probe.once('error', () => resolve(false));
    probe.once('close', () => probe.destroy());
    probe.once('connect', () => probe.destroy());
  });
  if (alive) throw signerFailure('signer.socket_taken', { socket: path });
  await unlink(path).catch(() => undefined);
}

async function listen(server: Server, path: string): Promise<void> {
  await new Promise<void>((resolve, reject) => {
    server.once('error', (error) => reject(signerFailure('signer.bad_path', { socket: path, reason: errnoOf(error) }, error)));
    server.listen(path, resolve);
  });
}
