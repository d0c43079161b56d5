/** Dials an address step by step, so that a failure has a place: name, socket, encryption, multiplexer, greeting, proof. */
import { connect } from 'node:net';
import type { Connection } from '@libp2p/interface';
import { isFailure } from '../failure.js';
import type { ProbePhase } from '../probe.js';
import { closeQuietly } from './hello.js';

export const REACH_TCP_TIMEOUT_MS = 4_000;
export const REACH_UPGRADE_TIMEOUT_MS = 6_000;

export interface Reach {
  /** Null: all phases passed. */
  readonly failedAt: ProbePhase | null;
  /** What the failing phase said. */
  readonly problem: string;
  /** Who proved itself; null where it did not come so far. */
  readonly peer: string | null;
}

/** Closes what it opened. Never rejects. */
export async function reach(
  target: { readonly ip: string; readonly port: number; readonly address: string },
  deps: {
    /** A connection of its own, even where there is one. */
    readonly dial: (address: string, signal: AbortSignal) => Promise<Connection>;
    /** The greeting, or as much of it as can be had. */
    readonly greet: (connection: Connection) => Promise<void>;
  },
): Promise<Reach> {
  const socket = await tcpProblem(target.ip, target.port);
  if (socket !== null) return { failedAt: 'tcp', problem: socket, peer: null };
  let connection: Connection;
  try {
    connection = await deps.dial(target.address, AbortSignal.timeout(REACH_UPGRADE_TIMEOUT_MS));
  } catch (error) {
    return { failedAt: upgradePhase(error), problem: textOf(error), peer: null };
  }
  try {
    await deps.greet(connection);
    return { failedAt: null, problem: '', peer: connection.remotePeer.toString() };
  } catch (error) {
    const isBinding = isFailure(error) && /^p2p\.(binding_|refused_by_peer)/.test(error.code);
    return { failedAt: isBinding ? 'binding' : 'hello', problem: textOf(error), peer: null };
  } finally {
    closeQuietly(connection);
  }
}

/** Null: the port accepts. */
export async function tcpProblem(ip: string, port: number): Promise<string | null> {
  return new Promise((resolve) => {
    const socket = connect({ host: ip, port });
    const end = (problem: string | null) => {
      socket.destroy();
      resolve(problem);
    };
    socket.setTimeout(REACH_TCP_TIMEOUT_MS, () => end(`no answer within ${REACH_TCP_TIMEOUT_MS} ms`));
    socket.once('connect', () => end(null));
    socket.once('error', (error) => end(textOf(error)));
  });
}

/** The socket has just been seen to accept: what fails now fails above it. */
function upgradePhase(error: unknown): ProbePhase {
  return error instanceof Error && error.name === 'MuxerUnavailableError' ? 'mux' : 'noise';
}

function textOf(error: unknown): string {
  if (isFailure(error)) return error.code;
  if (!(error instanceof Error)) return 'unknown';
  return 'code' in error && typeof error.code === 'string' ? error.code : error.message;
}
