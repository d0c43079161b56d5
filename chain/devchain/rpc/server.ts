/** JSON-RPC 2.0 over WebSocket. */
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { type WebSocket, WebSocketServer } from 'ws';
import { z } from 'zod';
import { devchainFailure } from '../failures.js';
import type { LineFaults } from '../faults.js';
import { methodNotFound, RpcError } from './errors.js';
import type { Methods } from './methods.js';
import type { Subscription } from './subscriptions.js';

export const MAX_MESSAGE_BYTES = 8 * 1024 * 1024;
export const MAX_CONNECTIONS = 256;
export const MAX_SUBSCRIPTIONS_PER_CONNECTION = 1024;
/** A client that lets this much wait unread is cut off. */
export const MAX_UNREAD_BYTES = 64 * 1024 * 1024;
/** Requests in one batch. */
const MAX_BATCH = 256;

const requestSchema = z.object({
  id: z.union([z.number(), z.string(), z.null()]).optional(),
  method: z.string().max(128),
  params: z.array(z.unknown()).optional(),
});
type Request = z.infer<typeof requestSchema>;

export interface RpcServer {
  readonly port: number;
  connections(): number;
  /** Cuts every connection without a word, as a lost network would; returns how many. */
  dropSockets(): number;
  stop(): Promise<void>;
}

export interface RpcSurface {
  readonly methods: Methods;
  /** Answered whatever is wrong with the line. */
  readonly admin: Methods;
  readonly line: Readonly<LineFaults>;
  readonly subscriptions: readonly Subscription[];
}

/** Errors: devchain.port_taken. */
export async function startRpcServer(
  surface: RpcSurface,
  options: {
    readonly host: string;
    readonly port: number;
    readonly onFault: (facts: { readonly method: string; readonly reason: string }) => void;
  },
): Promise<RpcServer> {
  const { host, port } = options;
  const server = new WebSocketServer({ host, port, maxPayload: MAX_MESSAGE_BYTES, clientTracking: true });
  try {
    await once(server, 'listening');
  } catch (error) {
    throw devchainFailure('devchain.port_taken', { host, port, reason: error instanceof Error ? error.message : String(error) }, error);
  }
  server.on('connection', (socket) => {
    if (server.clients.size > MAX_CONNECTIONS) return socket.close(1013, 'too many connections');
    serve(socket, surface, options.onFault);
  });
  const address = server.address();
  return {
    port: typeof address === 'object' && address !== null ? address.port : port,
    connections: () => server.clients.size,
    dropSockets: () => {
      const { size } = server.clients;
      for (const socket of server.clients) socket.terminate();
      return size;
    },
    stop: async () => {
      const closed = new Promise<void>((resolve) => server.close(() => resolve()));
      for (const socket of server.clients) socket.terminate();
      await closed;
    },
  };
}

function serve(
  socket: WebSocket,
  surface: RpcSurface,
  onFault: (facts: { readonly method: string; readonly reason: string }) => void,
): void {
  const active = new Map<string, () => void>();
  const names = methodNames(surface);

  const send = (message: unknown) => {
    if (socket.readyState !== socket.OPEN) return;
    if (socket.bufferedAmount > MAX_UNREAD_BYTES) return socket.terminate();
    socket.send(JSON.stringify(message));
  };
  /** As the line is: at once, late, or never. */
  const deliver = (message: unknown) => {
    const { silent, delayMs } = surface.line;
    if (silent) return;
    if (delayMs === 0) send(message);
    else setTimeout(() => send(message), delayMs).unref();
  };

  function answer(request: Request): unknown {
    const { id = null, method } = request;
    const params = request.params ?? [];
    try {
      return { jsonrpc: '2.0', id, result: call(method, params) };
    } catch (error) {
      if (error instanceof RpcError) {
        const data = error.data === undefined ? {} : { data: error.data };
        return { jsonrpc: '2.0', id, error: { code: error.code, message: error.message, ...data } };
      }
      const reason = error instanceof Error ? (error.stack ?? error.message) : String(error);
      onFault({ method, reason });
      return { jsonrpc: '2.0', id, error: { code: -32603, message: 'Internal error', data: reason.slice(0, 300) } };
    }
  }

  function call(method: string, params: readonly unknown[]): unknown {
    if (method === 'rpc_methods') return { methods: names };
    const found = surface.methods.get(method) ?? surface.admin.get(method);
    if (found !== undefined) return found(params) ?? null;
    const subscription = surface.subscriptions.find((candidate) => candidate.names.includes(method));
    if (subscription !== undefined) return subscribe(subscription, params);
    if (surface.subscriptions.some(({ unsubscribe }) => unsubscribe.includes(method))) return cancel(String(params[0]));
    throw methodNotFound();
  }

  function subscribe(subscription: Subscription, params: readonly unknown[]): string {
    if (active.size >= MAX_SUBSCRIPTIONS_PER_CONNECTION) throw new RpcError(-32006, 'Too many subscriptions on the connection');
    const id = randomBytes(8).toString('hex');
    const early: unknown[] = [];
    let answered = false;
    const notify = (result: unknown) => {
      const message = { jsonrpc: '2.0', method: subscription.notification, params: { subscription: id, result } };
      if (answered) deliver(message);
      else early.push(message);
    };
    active.set(id, subscription.start(params, notify));
    // The first notifications must not overtake the answer that tells the client its subscription's name.
    queueMicrotask(() => {
      answered = true;
      for (const message of early) deliver(message);
    });
    return id;
  }

  function cancel(id: string): boolean {
    active.get(id)?.();
    return active.delete(id);
  }

  socket.on('message', (data) => {
    const messages = parse(String(data));
    if (messages === null) return send({ jsonrpc: '2.0', id: null, error: { code: -32700, message: 'Parse error' } });
    const isAdmin = messages.list.some((message) => surface.admin.has(methodOf(message)));
    if (surface.line.silent && !isAdmin) return;
    const answers = messages.list.map((message) => {
      const request = requestSchema.safeParse(message);
      return request.success ? answer(request.data) : { jsonrpc: '2.0', id: null, error: { code: -32600, message: 'Invalid request' } };
    });
    const reply = messages.batch ? answers : answers[0];
    if (isAdmin) send(reply);
    else deliver(reply);
  });
  socket.on('error', () => socket.terminate());
  socket.on('close', () => {
    for (const stop of active.values()) stop();
    active.clear();
  });
}

function methodOf(message: unknown): string {
  return typeof message === 'object' && message !== null && 'method' in message ? String(message.method) : '';
}

function parse(text: string): { readonly batch: boolean; readonly list: readonly unknown[] } | null {
  try {
    const message: unknown = JSON.parse(text);
    return Array.isArray(message) ? { batch: true, list: message.slice(0, MAX_BATCH) } : { batch: false, list: [message] };
  } catch {
    return null;
  }
}

function methodNames({ methods, admin, subscriptions }: RpcSurface): readonly string[] {
  const more = subscriptions.flatMap(({ names, unsubscribe }) => [...names, ...unsubscribe]);
  return ['rpc_methods', ...methods.keys(), ...admin.keys(), ...more].sort();
}
