/**
 * The reading process of the registry benchmark: one way of reading per process, so that its peak memory is its own. Connects, then reads
 * whenever it is told to and answers with what it took. Arguments: way, address of the chain, data directory.
 */
import { mkdirSync } from 'node:fs';
import { ApiPromise, WsProvider } from '@polkadot/api';
import { applySnapshot } from '../chain/registry.js';
import { createChainClient } from '../chain/substrate/client.js';
import type { RpcProvider } from '../chain/substrate/provider.js';
import { createSystemClock } from '../node/clock.js';
import { createLogger } from '../node/logger.js';
import { openDatabase } from '../node/postgres/database.js';
import { createStores } from '../node/postgres/stores.js';

export type Way = 'voxd' | 'sdk-at-once' | 'sdk-in-turn';

export interface Reading {
  readonly readMs: number;
  /** Null where nothing is stored. */
  readonly saveMs: number | null;
  readonly requests: number;
  readonly neurons: number;
  readonly peakMiB: number;
}

interface Reader {
  read(): Promise<Omit<Reading, 'peakMiB'>>;
  stop(): Promise<void>;
}

const NETUID = 1;
const ROOT_NETUID = 0;
/** The items of chain/substrate/neurons.ts, by hand. */
const PER_SUBNET = [
  'networksAdded',
  'subnetworkN',
  'tempo',
  'minAllowedWeights',
  'weightsVersionKey',
  'weightsSetRateLimit',
  'activityCutoffFactorMilli',
  'immunityPeriod',
  'maxAllowedValidators',
  'maxAllowedUids',
  'commitRevealWeightsEnabled',
  'revealPeriodEpochs',
  'servingRateLimit',
  'burn',
  'networkRegistrationAllowed',
  'active',
  'validatorPermit',
  'lastUpdate',
  'incentive',
  'dividends',
  'emission',
] as const;

async function openVoxd(endpoint: string, dataDir: string): Promise<Reader> {
  const clock = createSystemClock();
  const logger = createLogger({ level: 'silent' });
  mkdirSync(dataDir, { recursive: true, mode: 0o700 });
  const database = await openDatabase({ clock, logger }, { url: null, dataDir });
  const { registry } = createStores(database);
  const client = createChainClient({ clock, logger }, { endpoints: [endpoint], genesis: null });
  await client.start(AbortSignal.timeout(30_000));
  return {
    async read() {
      const before = client.status().requests;
      const fromMs = performance.now();
      const snapshot = await client.reader.snapshot(NETUID);
      const readMs = performance.now() - fromMs;
      const { changes } = applySnapshot(null, snapshot);
      await registry.save(snapshot, changes);
      const saveMs = performance.now() - fromMs - readMs;
      return { readMs, saveMs, requests: client.status().requests - before, neurons: snapshot.neurons.length };
    },
    async stop() {
      await client.stop();
      await database.stop();
    },
  };
}

async function openSdk(endpoint: string, atOnce: boolean): Promise<Reader> {
  // Longer than the library's own, so that all at once may take as long as it does.
  const provider = new WsProvider(endpoint, undefined, undefined, 300_000);
  // Safety: the library's own provider; its declaration leaves out that an optional method may be undefined.
  const api = await ApiPromise.create({ provider: provider as unknown as RpcProvider, noInitWarn: true });
  const sent = () => provider.stats.total.requests;
  const ask = (pallet: string, item: string, ...keys: unknown[]) => {
    const query = api.query[pallet]?.[item];
    // An item that this runtime lacks costs nothing in either way of reading.
    return query === undefined ? Promise.resolve(null) : query(...keys);
  };
  const person = (hotkey: string) =>
    [
      ['subtensorModule', 'owner', hotkey],
      ['subtensorModule', 'axons', NETUID, hotkey],
      ['subtensorModule', 'neuronCertificates', NETUID, hotkey],
      ['commitments', 'commitmentOf', NETUID, hotkey],
      ['subtensorModule', 'totalHotkeyAlpha', hotkey, NETUID],
      ['subtensorModule', 'totalHotkeyAlpha', hotkey, ROOT_NETUID],
      ['subtensorModule', 'childKeys', hotkey, NETUID],
      ['subtensorModule', 'parentKeys', hotkey, NETUID],
    ] as const;
  type Question = readonly [string, string, ...unknown[]];
  const askAll = async (questions: readonly Question[]) => {
    if (atOnce) return Promise.all(questions.map(([pallet, item, ...keys]) => ask(pallet, item, ...keys)));
    const answers: Awaited<ReturnType<typeof ask>>[] = [];
    for (const [pallet, item, ...keys] of questions) answers.push(await ask(pallet, item, ...keys));
    return answers;
  };
  return {
    async read() {
      const before = sent();
      const fromMs = performance.now();
      const subnet = await askAll(PER_SUBNET.map((item) => ['subtensorModule', item, NETUID] as const));
      const uids = Array.from({ length: Number(subnet[1]?.toString()) }, (_, uid) => uid);
      const hotkeys = (await askAll(uids.map((uid) => ['subtensorModule', 'keys', NETUID, uid] as const))).map(String);
      await askAll(uids.map((uid) => ['subtensorModule', 'blockAtRegistration', NETUID, uid] as const));
      await askAll(hotkeys.flatMap(person));
      return { readMs: performance.now() - fromMs, saveMs: null, requests: sent() - before, neurons: hotkeys.length };
    },
    stop: () => api.disconnect(),
  };
}

const [way, endpoint = '', dataDir = ''] = process.argv.slice(2);
const reader = way === 'voxd' ? await openVoxd(endpoint, dataDir) : await openSdk(endpoint, way === 'sdk-at-once');
const answer = (reading: Reading | 'ready') => process.send?.(reading);
process.on('message', (command) => {
  void (async () => {
    if (command === 'read') {
      const reading = await reader.read();
      answer({ ...reading, peakMiB: process.resourceUsage().maxRSS / 1024 });
    } else {
      await reader.stop();
      process.exit(0);
    }
  })();
});
answer('ready');
