/** A relay in front of a TCP port that shows every piece of what passes, and may change it. */
import { type AddressInfo, connect, createServer, type Socket } from 'node:net';

/** up: from whoever connected to the port behind; down: back to him. */
export type Direction = 'up' | 'down';

export interface ByteRelay {
  readonly port: number;
  close(): Promise<void>;
}

export async function startByteRelay(
  toPort: number,
  through: (bytes: Uint8Array, direction: Direction) => Uint8Array = (bytes) => bytes,
  options: { readonly delayMs?: number } = {},
): Promise<ByteRelay> {
  const sockets = new Set<Socket>();
  const listener = createServer((client) => {
    const upstream = connect({ host: '127.0.0.1', port: toPort });
    for (const [from, to, direction] of [
      [client, upstream, 'up'],
      [upstream, client, 'down'],
    ] as const) {
      sockets.add(from);
      const hand = (bytes: Uint8Array) => {
        if (!to.destroyed) to.write(bytes);
      };
      from.setNoDelay(true).on('error', () => to.destroy());
      from.on('close', () => {
        sockets.delete(from);
        to.destroy();
      });
      from.on('data', (bytes: Uint8Array) => {
        const changed = through(bytes, direction);
        if (options.delayMs === undefined) hand(changed);
        else setTimeout(hand, options.delayMs, changed);
      });
    }
  });
  await new Promise<void>((resolve) => listener.listen(0, '127.0.0.1', resolve));
  // Safety: a TCP server that listens has such an address.
  const { port } = listener.address() as AddressInfo;
  return {
    port,
    close: async () => {
      for (const socket of sockets) socket.destroy();
      await new Promise<void>((resolve) => listener.close(() => resolve()));
    },
  };
}
