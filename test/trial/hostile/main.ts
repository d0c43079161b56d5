/** A rogue as a process of its own. Argument: the file with its orders. It ends by SIGTERM, or when its standard input ends. */
import { readFileSync } from 'node:fs';
import { onStdinEnd } from '../../../node/cli/stdin.js';
import { devSigner } from '../../support/dev-signer.js';
import type { RogueOrders } from '../world.js';
import { flood, withhold } from './floods.js';
import { lieAboutModels } from './lies.js';
import { spam } from './spam.js';

// Safety: written by world.ts.
const orders = JSON.parse(readFileSync(process.argv[2] ?? '', 'utf8')) as RogueOrders;
const stopping = new AbortController();
const stop = () => stopping.abort();
for (const signal of ['SIGTERM', 'SIGINT', 'SIGHUP'] as const) process.on(signal, stop);
onStdinEnd(stop);
// What the other side does to a rogue is no reason to end.
process.on('unhandledRejection', () => {});
process.on('uncaughtException', (error) => process.stderr.write(`${error.stack ?? error.message}\n`));

const common = {
  network: { genesis: orders.genesis, netuid: orders.netuid },
  from: orders.ip,
  targets: orders.targets,
  registered: await devSigner(orders.hotkeyUri),
  signal: stopping.signal,
};
if (orders.rogue === 'spammer') await spam(common);
else if (orders.rogue === 'flooder') await Promise.all([flood(common), withhold(common)]);
else await lieAboutModels({ ...common, person: orders.hotkeyUri.slice(2) });
process.exit(0);
