import { connect, createServer } from 'node:net';

export interface ByteCounter {
  readonly port: number;
  /** Both directions, since the last call. */
  take(): number;
  close(): void;
}

/** A TCP relay to a port of this machine that counts what passes. */
export async function startByteCounter(targetPort: number): Promise<ByteCounter> {
  let passed = 0;
  const server = createServer((near) => {
    const far = connect(targetPort, '127.0.0.1').setNoDelay(true);
    near.setNoDelay(true);
    for (const [from, to] of [
      [near, far],
      [far, near],
    ] as const) {
      from.on('data', (piece: Buffer) => {
        passed += piece.length;
      });
      from.on('error', () => to.destroy());
      from.pipe(to);
    }
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  return {
    port: typeof address === 'object' && address !== null ? address.port : 0,
    take() {
      const taken = passed;
      passed = 0;
      return taken;
    },
    close: () => void server.close(),
  };
}
