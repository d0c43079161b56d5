/** The following process of the connection benchmark. Argument: address of the chain. Answers every command with its figures. */
import { getHeapSpaceStatistics } from 'node:v8';
import { createChainClient } from '../chain/substrate/client.js';

export interface Follower {
  readonly finalized: number;
  readonly requests: number;
  readonly cpuMs: number;
  /** Objects that live, after a collection; without the code that the engine compiles and drops as it sees fit. */
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

function objectBytes(): number {
  const spaces = getHeapSpaceStatistics().filter(({ space_name: name }) => !name.includes('code'));
  return spaces.reduce((sum, { space_used_size: size }) => sum + size, 0);
}

process.on('message', (command) => {
  void (async () => {
    if (command === 'reconnected') await afterReconnection();
    if (command === 'collect') {
      // The first collection lets go of what the second can take.
      for (let pass = 0; pass < 3; pass += 1) {
        globalThis.gc?.();
        await new Promise((resolve) => setImmediate(resolve));
      }
    }
    const { user, system } = process.cpuUsage();
    const { requests, finalized } = client.status();
    const figures: Follower = {
      finalized: finalized?.number ?? 0,
      requests,
      cpuMs: (user + system) / 1000,
      heapBytes: objectBytes(),
    };
    process.send?.(figures);
  })();
});
process.send?.('ready');
