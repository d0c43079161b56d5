import type { AddressInfo } from 'node:net';
import { type RawData, WebSocket, WebSocketServer } from 'ws';

/** A relay in front of a JSON-RPC node that can be told to misbehave. */
export interface WsProxy {
  readonly url: string;
  /** Requests seen, by method. */
  readonly seen: ReadonlyMap<string, number>;
  /** Connections accepted so far. */
  accepted(): number;
  /** Cuts every connection now. */
  drop(): void;
  /** While frozen nothing passes in either direction, and the sockets stay open. */
  freeze(frozen: boolean): void;
  /** Requests of this method get no answer and do not reach the node. */
  swallow(method: string): void;
  /** Requests of this method reach the node; then the connection is cut before the answer. Once. */
  cutAfter(method: string): void;
  /** Calls that once, before the next request of this method is passed on. */
  before(method: string, act: () => void): void;
  /** The request of that number from now on, counted from 1, does not reach the node: the connection is cut in its place. Once. */
  cutAt(request: number): void;
  /** Notifications of this method (such as `chain_newHead`) no longer arrive. */
  mute(notification: string): void;
  /** Answers requests of this method itself, instead of the node; null: the node is asked. */
  answer(method: string, reply: (params: unknown) => Reply | null): void;
  /** Sends every client a notification of this subscription, as if it came from the node. */
  tell(notification: string, subscription: string, result: unknown): void;
  /** Back to plain relaying. */
  behave(): void;
  close(): Promise<void>;
}

export type Reply =
  | { readonly result: unknown }
  | { readonly error: { readonly code: number; readonly message: string; readonly data?: string } };

/** `upstream` null: there is no node, only what `answer` says. */
export async function startWsProxy(upstream: string | null): Promise<WsProxy> {
  const server = new WebSocketServer({ host: '127.0.0.1', port: 0 });
  await new Promise<void>((resolve) => server.once('listening', () => resolve()));
  // Safety: a listening TCP server has an AddressInfo.
  const { port } = server.address() as AddressInfo;
  const pairs = new Set<{ client: WebSocket; node: WebSocket | null }>();
  const seen = new Map<string, number>();
  const swallowed = new Set<string>();
  const muted = new Set<string>();
  const cutting = new Set<string>();
  const waiting = new Map<string, (() => void)[]>();
  const answers = new Map<string, (params: unknown) => Reply | null>();
  let frozen = false;
  let accepted = 0;
  let requestsLeft = Number.POSITIVE_INFINITY;

  const cut = (pair: { client: WebSocket; node: WebSocket | null }) => {
    pairs.delete(pair);
    pair.client.terminate();
    pair.node?.terminate();
  };

  server.on('connection', (client) => {
    accepted += 1;
    const node = upstream === null ? null : new WebSocket(upstream);
    const pair = { client, node };
    pairs.add(pair);
    const early: string[] = [];
    client.on('message', (data) => {
      const text = textOf(data);
      const { id, method, params } = requestOf(text);
      seen.set(method, (seen.get(method) ?? 0) + 1);
      for (const act of waiting.get(method)?.splice(0) ?? []) act();
      requestsLeft -= 1;
      if (requestsLeft === 0) {
        requestsLeft = Number.POSITIVE_INFINITY;
        return cut(pair);
      }
      if (frozen || swallowed.has(method)) return;
      const reply = answers.get(method)?.(params) ?? null;
      if (reply !== null) return client.send(JSON.stringify({ jsonrpc: '2.0', id, ...reply }));
      if (node === null) return;
      if (node.readyState === WebSocket.OPEN) node.send(text);
      else early.push(text);
      if (cutting.delete(method)) setImmediate(() => cut(pair));
    });
    node?.on('open', () => {
      for (const text of early.splice(0)) node.send(text);
    });
    node?.on('message', (data) => {
      const text = textOf(data);
      const muffled = [...muted].some((notification) => text.includes(`"method":"${notification}"`));
      if (!frozen && !muffled && client.readyState === WebSocket.OPEN) client.send(text);
    });
    node?.on('error', () => cut(pair));
    node?.on('close', () => cut(pair));
    client.on('error', () => cut(pair));
    client.on('close', () => cut(pair));
  });

  return {
    url: `ws://127.0.0.1:${port}`,
    seen,
    accepted: () => accepted,
    drop: () => {
      for (const pair of [...pairs]) cut(pair);
    },
    freeze: (on) => {
      frozen = on;
    },
    swallow: (method) => swallowed.add(method),
    cutAfter: (method) => cutting.add(method),
    before: (method, act) => {
      waiting.set(method, [...(waiting.get(method) ?? []), act]);
    },
    cutAt: (request) => {
      requestsLeft = request;
    },
    mute: (notification) => muted.add(notification),
    answer: (method, reply) => answers.set(method, reply),
    tell: (method, subscription, result) => {
      const text = JSON.stringify({ jsonrpc: '2.0', method, params: { subscription, result } });
      for (const { client } of pairs) client.send(text);
    },
    behave: () => {
      frozen = false;
      swallowed.clear();
      muted.clear();
      cutting.clear();
      waiting.clear();
      requestsLeft = Number.POSITIVE_INFINITY;
      answers.clear();
    },
    close: async () => {
      for (const pair of [...pairs]) cut(pair);
      await new Promise<void>((resolve) => server.close(() => resolve()));
    },
  };
}

function textOf(data: RawData): string {
  return Array.isArray(data) ? Buffer.concat(data).toString('utf8') : Buffer.from(data as ArrayBuffer).toString('utf8');
}

function requestOf(text: string): { id: unknown; method: string; params: unknown } {
  const json: unknown = JSON.parse(text);
  if (typeof json !== 'object' || json === null || !('method' in json) || !('id' in json)) throw new TypeError(`not a request: ${text}`);
  return { id: json.id, method: String(json.method), params: 'params' in json ? json.params : [] };
}
