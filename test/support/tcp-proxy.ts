/** A relay in front of a TCP port whose line can be cut as a cable is: nothing passes, nobody is told, and what was under way comes when it is whole again. */
import { type AddressInfo, connect, createServer, type Socket } from 'node:net';

export interface TcpProxy {
  readonly port: number;
  /** Connections accepted so far. */
  accepted(): number;
  /** While on, nothing passes in either direction and the sockets stay open. */
  silence(on: boolean): void;
  close(): Promise<void>;
}

/** In front of the same port at another address. */
export async function startTcpProxy(upstreamIp: string): Promise<TcpProxy> {
  const sockets = new Set<Socket>();
  let silent = false;
  let accepted = 0;

  const listener = createServer((client) => {
    accepted += 1;
    const upstream = connect({ host: upstreamIp, port });
    const cut = () => {
      client.destroy();
      upstream.destroy();
    };
    for (const [from, to] of [
      [client, upstream],
      [upstream, client],
    ] as const) {
      sockets.add(from);
      from.setNoDelay(true).on('error', cut);
      from.on('close', () => {
        sockets.delete(from);
        // The other end of a cut cable does not hear of it.
        if (!silent) cut();
      });
      from.on('data', (bytes: Uint8Array) => to.write(bytes));
      if (silent) from.pause();
    }
  });
  await new Promise<void>((resolve) => listener.listen(0, '127.0.0.1', resolve));
  // Safety: a TCP server that listens has such an address.
  const { port } = listener.address() as AddressInfo;

  return {
    port,
    accepted: () => accepted,
    silence: (on) => {
      silent = on;
      for (const socket of sockets) {
        if (on) socket.pause();
        else socket.resume();
      }
    },
    close: async () => {
      for (const socket of sockets) socket.destroy();
      await new Promise<void>((resolve) => listener.close(() => resolve()));
    },
  };
}
