/** A relay in front of a PostgreSQL server that can be told to misbehave at a given statement. */
import { type AddressInfo, connect, createServer, type Socket } from 'node:net';

export interface PgProxy {
  readonly port: number;
  /**
   * Cuts the connection once, at the next statement whose text and values hold all of these words: `before` the server sees it, or `after` it has
   * done it and before its answer comes back. Resolves when that has happened.
   */
  cut(when: 'before' | 'after', words: readonly string[]): Promise<void>;
  /** Calls that once, at the next such statement, before the server sees it. */
  at(words: readonly string[], act: (line: { cut(): void }) => void): void;
  /** Cuts all, and lets nobody in while on. */
  refuse(on: boolean): void;
  /** While on, nothing passes in either direction and the sockets stay open. */
  freeze(on: boolean): void;
  close(): Promise<void>;
}

/** A text among the values of a statement, as it stands in the bytes: not a word of the statement itself. */
export function asValue(text: string): string {
  return `\0\0\0${String.fromCharCode(text.length)}${text}`;
}

/** First byte of a simple query, and of one with values. */
const STATEMENTS = new Set([0x51, 0x50]);

export async function startPgProxy(upstream: { readonly socketDirectory: string; readonly port: number }): Promise<PgProxy> {
  const pairs = new Set<{ readonly client: Socket; readonly server: Socket }>();
  const traps: { readonly words: readonly string[]; readonly spring: (line: { cut(): void; deafen(): void }) => void }[] = [];
  let refusing = false;
  let frozen = false;

  const listener = createServer((client) => {
    client.on('error', () => undefined);
    if (refusing) {
      client.destroy();
      return;
    }
    const server = connect(`${upstream.socketDirectory}/.s.PGSQL.${upstream.port}`);
    const pair = { client, server };
    pairs.add(pair);
    let deaf = false;
    let introduced = false;
    const cut = () => {
      pairs.delete(pair);
      client.destroy();
      server.destroy();
    };
    client.on('data', (bytes) => {
      if (introduced && STATEMENTS.has(bytes[0] ?? 0)) {
        const text = bytes.toString('latin1');
        const sprung = traps.findIndex(({ words }) => words.every((word) => text.includes(word)));
        const deafen = () => {
          deaf = true;
        };
        for (const trap of sprung === -1 ? [] : traps.splice(sprung, 1)) trap.spring({ cut, deafen });
      }
      introduced = true;
      if (!frozen && !server.destroyed) server.write(bytes);
    });
    server.on('data', (bytes) => {
      if (deaf) cut();
      else if (!frozen) client.write(bytes);
    });
    for (const socket of [client, server]) socket.on('error', cut).on('close', cut);
  });
  await new Promise<void>((resolve) => listener.listen(0, '127.0.0.1', resolve));

  return {
    // Safety: a TCP server that listens has such an address.
    port: (listener.address() as AddressInfo).port,
    cut: (when, words) =>
      new Promise((resolve) => {
        traps.push({
          words,
          spring: ({ cut, deafen }) => {
            if (when === 'before') cut();
            else deafen();
            resolve();
          },
        });
      }),
    at: (words, act) => {
      traps.push({ words, spring: act });
    },
    refuse: (on) => {
      refusing = on;
      if (on) for (const { client } of [...pairs]) client.destroy();
    },
    freeze: (on) => {
      frozen = on;
    },
    close: async () => {
      for (const { client } of [...pairs]) client.destroy();
      await new Promise<void>((resolve) => listener.close(() => resolve()));
    },
  };
}
