/** The following process of the connection benchmark. Argument: address of the chain. Answers every command with its figures. */
import { createChainClient } from '../chain/substrate/client.js';

export interface Follower {
  readonly finalized: number;
  readonly requests: number;
  readonly cpuMs: number;
  readonly heapBytes: number;
}

const client = createChainClient(
  { random: () => 0 },
  { endpoints: [process.argv[2] ?? ''], genesis: null, backoffMaxMs: 1, headTimeoutMs: 3_600_000 },
);
await client.start(AbortSignal.timeout(30_000));
let known = 0;

async function afterReconnection(): Promise<void> {
  while (client.status().reconnects <= known || !client.status().connected) await new Promise((resolve) => setTimeout(resolve, 1));
  known = client.status().reconnects;
  await client.reader.finalizedHead();
}

process.on('message', (command) => {
  void (async () => {
    if (command === 'reconnected') await afterReconnection();
    if (command === 'collect') {
      // The library holds on to an ended session for two seconds.
      await new Promise((resolve) => setTimeout(resolve, 4_000));
      globalThis.gc?.();
    }
    const { user, system } = process.cpuUsage();
    const { requests, finalized } = client.status();
    const figures: Follower = {
      finalized: finalized?.number ?? 0,
      requests,
      cpuMs: (user + system) / 1000,
      heapBytes: process.memoryUsage().heapUsed,
    };
    process.send?.(figures);
  })();
});
process.send?.('ready');
