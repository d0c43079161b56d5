/** A development chain to be killed: makes blocks in the folder it is given and tells its parent of each. */
import { cryptoWaitReady } from '@polkadot/util-crypto';
import { devGenesis, startDevchain } from '../../chain/devchain/server.js';

await cryptoWaitReady();
const chain = await startDevchain({
  port: 0,
  dataDir: process.argv[2] ?? null,
  blockTimeMs: 5,
  genesis: devGenesis(),
  logger: (event, facts) => {
    if (event === 'block') process.send?.(facts);
  },
});
process.on('disconnect', () => void chain.stop());
