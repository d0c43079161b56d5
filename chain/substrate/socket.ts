import { type RawData, WebSocket } from 'ws';

/** One message of the node, at most: a full subnet of 4,096 seats read at once is a tenth of it. */
export const MAX_RPC_MESSAGE_BYTES = 64 * 1024 ** 2;
/** Notifications that arrive before the answer to their subscription; more are dropped, oldest first. */
export const MAX_EARLY_NOTIFICATIONS = 64;

/** The node said no. `code`, `message` and `data` are its own. */
export class RpcError extends Error {
  constructor(
    readonly code: number,
    message: string,
    readonly data: unknown,
  ) {
    super(message);
  }
}

export interface RpcSocketEvents {
  /** At most once, after it was open; not after `close`. Everything unanswered has been told. */
  readonly onClosed: () => void;
  /** The peer does not speak JSON-RPC. */
  readonly onNonsense: (reason: string) => void;
}

/** What a notification brings; the shape is the caller's to check. */
export type OnNotification = (error: Error | null, result: unknown) => void;

/** A JSON-RPC 2.0 client on one WebSocket: no reconnecting, no timers, and nothing left after `close`. */
export interface RpcSocket {
  /** Errors: what the system or the peer says. */
  open(): Promise<void>;
  isOpen(): boolean;
  /** The answer to one request. Errors: `RpcError`, and `gone()` when the socket ends before it. `forget` gives it up. */
  ask(method: string, params: readonly unknown[], onNotification?: OnNotification): { answer: Promise<unknown>; forget: () => void };
  /** No more notifications of this subscription. False: there is none of that id. */
  unlisten(subscription: string): boolean;
  /** Resolves when the socket is gone. Whoever waits for an answer is told at once. */
  close(): Promise<void>;
}

interface Asked {
  readonly resolve: (result: unknown) => void;
  readonly reject: (error: Error) => void;
  readonly onNotification: OnNotification | undefined;
}

export function createRpcSocket(endpoint: string, gone: () => Error, events: RpcSocketEvents): RpcSocket {
  const asked = new Map<number, Asked>();
  const listeners = new Map<string, OnNotification>();
  let early: { readonly subscription: string; readonly params: object }[] = [];
  let socket: WebSocket | null = null;
  let lastId = 0;
  let live = false;

  function end(): void {
    live = false;
    const unanswered = [...asked.values()];
    asked.clear();
    listeners.clear();
    early = [];
    for (const { reject } of unanswered) reject(gone());
  }

  function notify(subscription: string, params: object): void {
    const listener = listeners.get(subscription);
    if (listener === undefined) {
      early = [...early, { subscription, params }].slice(-MAX_EARLY_NOTIFICATIONS);
      return;
    }
    const error = 'error' in params ? errorOf(params.error) : null;
    listener(error, 'result' in params ? params.result : undefined);
  }

  function answered({ resolve, reject, onNotification }: Asked, message: object): void {
    const result = 'result' in message ? message.result : undefined;
    if ('error' in message) reject(errorOf(message.error));
    else if (result === undefined) reject(new Error('the answer has neither result nor error'));
    else resolve(result);
    if (onNotification === undefined || result === undefined) return;
    const subscription = String(result);
    listeners.set(subscription, onNotification);
    const waiting = early.filter((one) => one.subscription === subscription);
    early = early.filter((one) => one.subscription !== subscription);
    for (const { params } of waiting) notify(subscription, params);
  }

  function receive(data: RawData): void {
    const message = objectOf(data);
    if (message === null) events.onNonsense('a message that is no JSON object');
    else if (!('method' in message)) settle(message);
    else if ('params' in message && typeof message.params === 'object' && message.params !== null) {
      if ('subscription' in message.params) notify(String(message.params.subscription), message.params);
    }
  }

  function settle(message: object): void {
    const id = 'id' in message && typeof message.id === 'number' ? message.id : 0;
    const request = asked.get(id);
    // An answer to nobody: its request was given up.
    if (request === undefined) return;
    asked.delete(id);
    answered(request, message);
  }

  return {
    open: () =>
      new Promise((resolve, reject) => {
        const opening = new WebSocket(endpoint, { maxPayload: MAX_RPC_MESSAGE_BYTES });
        socket = opening;
        opening.on('error', reject);
        opening.on('close', () => {
          const wasLive = live;
          end();
          reject(new Error('the node closed the connection'));
          if (wasLive) events.onClosed();
        });
        opening.on('message', receive);
        opening.on('open', () => {
          live = true;
          resolve();
        });
      }),
    isOpen: () => live,
    ask: (method, params, onNotification) => {
      lastId += 1;
      const id = lastId;
      const answer = new Promise<unknown>((resolve, reject) => {
        if (!live || socket === null) return reject(gone());
        asked.set(id, { resolve, reject, onNotification });
        socket.send(JSON.stringify({ id, jsonrpc: '2.0', method, params }));
      });
      return { answer, forget: () => void asked.delete(id) };
    },
    unlisten: (subscription) => listeners.delete(subscription),
    close: async () => {
      end();
      const closing = socket;
      if (closing === null || closing.readyState === WebSocket.CLOSED) return;
      const closed = new Promise<void>((resolve) => closing.once('close', () => resolve()));
      // The peer is told, but not waited for: it may be frozen.
      if (closing.readyState === WebSocket.OPEN) closing.close(1000);
      closing.terminate();
      await closed;
    },
  };
}

function objectOf(data: RawData): object | null {
  try {
    // Safety: ws gives text as a Buffer unless told otherwise.
    const message: unknown = JSON.parse((data as Buffer).toString('utf8'));
    return typeof message === 'object' ? message : null;
  } catch {
    return null;
  }
}

function errorOf(error: unknown): Error {
  if (typeof error !== 'object' || error === null) return new Error('the node refused without saying why');
  const code = 'code' in error && typeof error.code === 'number' ? error.code : 0;
  const message = 'message' in error ? String(error.message) : '';
  return new RpcError(code, `${code}: ${message}`, 'data' in error ? dataOf(error.data) : undefined);
}

/** Kept as it is where it is text. */
function dataOf(data: unknown): unknown {
  return typeof data === 'object' && data !== null ? JSON.stringify(data) : data;
}
