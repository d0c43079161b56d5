/**
 * What commands share: their common options, the configuration, and the ways to chain, wallet and database. What is heavy (chain client, key
 * cryptography, database, engines) is loaded by the command that needs it: the others, and every wrong command line, answer at once.
 */
import { existsSync } from 'node:fs';
import { homedir } from 'node:os';
import { join, resolve } from 'node:path';
import type { Command } from 'commander';
import type { ChainReader, ChainWriter } from '../../chain/ports.js';
import { configFailure } from '../../config/failures.js';
import type { LoadedConfig } from '../../config/load.js';
import { readConfig } from '../../config/read.js';
import type { Config } from '../../config/schema.js';
import type { Failure } from '../../protocol/failure.js';
import type { Hash, Hotkey } from '../../protocol/names.js';
import type { Clock, Signer } from '../../protocol/ports.js';
import { RUN_LIMITS } from '../../scoring/limits.js';
import type { RunLimits } from '../../scoring/ports.js';
import { createSystemClock } from '../clock.js';
import type { DaemonOptions } from '../daemon-options.js';
import { createLogger } from '../logger.js';
import type { Stores } from '../ports.js';
import type { Database } from '../postgres/database.js';
import { judgesOf } from '../rounds/judges.js';
import { modelsAtOnce } from './capacity.js';
import type { Environment } from './environment.js';
import { cliFailure } from './failures.js';
import { openColdkeySigner } from './signers.js';

export type Flags = Readonly<Record<string, unknown>>;

export const CONFIG_FILE_NAME = 'voxd.yml';
const COMMAND_TIMEOUT_MS = 120_000;

/** Option of the command line → setting. */
const SETTING_OF: Readonly<Record<string, string>> = {
  role: 'role',
  dataDir: 'dataDir',
  chain: 'chain.network',
  netuid: 'chain.netuid',
  walletPath: 'wallet.path',
  wallet: 'wallet.name',
  hotkey: 'wallet.hotkey',
  uri: 'wallet.uri',
  signer: 'wallet.signer',
  databaseUrl: 'database.url',
  listenIp: 'p2p.listenIp',
  p2pPort: 'p2p.port',
  announceIp: 'p2p.announceIp',
  httpPort: 'http.port',
  model: 'miner.modelDir',
  node: 'worker.nodeUrl',
  logLevel: 'log.level',
  logFormat: 'log.format',
};

export function addConfigOptions(command: Command): Command {
  return command
    .option('--config <file>', `settings (default: ${CONFIG_FILE_NAME} in the data directory, when it is there)`)
    .option('--data-dir <dir>', 'folder of everything this node keeps')
    .option('--set <key=value>', 'any setting, may be repeated (docs/config.md)', collect, [])
    .option('--json', 'print JSON');
}

export function addChainOptions(command: Command): Command {
  return command
    .option('--chain <network|url>', 'finney, test, local, or the ws:// or wss:// address of a node')
    .option('--netuid <n>', 'number of the subnet');
}

export function addWalletOptions(command: Command): Command {
  return addKeyFileOptions(command).option(
    '--signer <unix:path>',
    'socket of a `voxd signer` that holds the hotkey, instead of a wallet file',
  );
}

/** A key that this process holds itself. */
export function addKeyFileOptions(command: Command): Command {
  return command
    .option('--wallet-path <dir>', 'folder of the wallets')
    .option('--wallet <name>', 'name of the wallet')
    .option('--hotkey <name>', 'name of the hotkey in the wallet')
    .option('--uri <uri>', 'development key such as //Alice instead of a wallet; never on a public network');
}

export function addNodeOptions(command: Command): Command {
  return addWalletOptions(addChainOptions(command))
    .option('--announce-ip <ip>', 'address under which other nodes reach this one, written to the chain')
    .option('--listen-ip <ip>', 'address to listen on for peers')
    .option('--p2p-port <port>', 'TCP port for peers')
    .option('--http-port <port>', 'port of health and metrics on loopback')
    .option('--database-url <url>', 'PostgreSQL server; default: one of its own')
    .option('--log-level <level>', 'debug, info, warn, error or silent')
    .option('--log-format <form>', 'auto, json or pretty')
    .option('--no-weights', 'never set weights')
    .option('--dry-run', 'decide everything, write nothing to the chain: no weights, no address, no commitment');
}

export function addModelOption(command: Command): Command {
  return command.option('--model <dir>', 'model package to commit to, announce and serve');
}

/** Errors: throws config.* — one failure for one problem, config.invalid with all of them for more. */
export async function loadSettings(flags: Flags, env: Environment, needs: 'chain' | 'no chain' = 'chain'): Promise<Config> {
  return loadWithOrigins(flags, env, needs).config;
}

/** A command that asks no chain is content with the settings of the development network where none is named. */
export function loadWithOrigins(flags: Flags, env: Environment, needs: 'chain' | 'no chain' = 'chain'): LoadedConfig {
  const preset = needs === 'no chain' ? { preset: 'devnet' } : {};
  const loaded = readConfig({ flags: settingsOf(flags), env, configPath: configPathOf(flags, env), ...preset });
  if (loaded.ok) return loaded.value;
  const [first] = loaded.error;
  if (loaded.error.length === 1 && first) throw first;
  throw configFailure('config.invalid', {
    count: loaded.error.length,
    problems: loaded.error.map(({ message, hint }) => `${message} — ${hint}`),
    codes: loaded.error.map(({ code }) => code),
  });
}

function settingsOf(flags: Flags): Record<string, unknown> {
  const settings: Record<string, unknown> = {};
  for (const [name, path] of Object.entries(SETTING_OF)) if (flags[name] !== undefined) settings[path] = flags[name];
  if (flags['weights'] === false) settings['weights.enabled'] = false;
  if (flags['dryRun'] === true) settings['weights.dryRun'] = true;
  for (const pair of Array.isArray(flags['set']) ? flags['set'] : []) {
    const [, key, value] = /^([^=]+)=(.*)$/s.exec(String(pair)) ?? [];
    if (key === undefined) throw cliFailure('cli.bad_setting', { given: String(pair) });
    settings[key] = value;
  }
  return settings;
}

function configPathOf(flags: Flags, env: Environment): string | null {
  if (typeof flags['config'] === 'string') return flags['config'];
  if (env['VOXD_CONFIG']) return env['VOXD_CONFIG'];
  const inDataDir = join(dataDirOf(flags, env), CONFIG_FILE_NAME);
  return existsSync(inDataDir) ? inDataDir : null;
}

/** Where the data directory is before any file has been read. */
export function dataDirOf(flags: Flags, env: Environment): string {
  if (typeof flags['dataDir'] === 'string') return resolve(flags['dataDir']);
  if (env['VOXD_DATA_DIR']) return resolve(env['VOXD_DATA_DIR']);
  return env['XDG_DATA_HOME'] ? join(env['XDG_DATA_HOME'], 'voxd') : join(homedir(), '.local', 'share', 'voxd');
}

export function createClock(): Clock {
  return createSystemClock();
}

export { openSigner } from './signers.js';

/** Who pays: the coldkey of the wallet, in a file or a signer, or a development key. Errors: wallet.*, signer.*, cli.development_key. */
export async function openColdkeyOf(config: Config, env: Environment, flags: Flags): Promise<Signer> {
  const { coldkeyUri, coldkeySigner, passwordFile } = flags;
  if (typeof coldkeyUri !== 'string') {
    return openColdkeySigner(config, env, {
      ...(typeof coldkeySigner === 'string' ? { signer: coldkeySigner } : {}),
      ...(typeof passwordFile === 'string' ? { passwordFile } : {}),
    });
  }
  const { network } = config.chain;
  if (network === 'finney' || network === 'test') throw cliFailure('cli.development_key', { network });
  return (await import('../../chain/wallet/keys.js')).signerFromUri(coldkeyUri);
}

/** Connects for one command, within a deadline, and closes whatever happens. */
export async function withChain<T>(config: Config, work: (of: { readonly chain: ChainReader & ChainWriter }) => Promise<T>): Promise<T> {
  const { composeChain } = await import('../compose-chain.js');
  const logger = createLogger({ level: 'error' });
  const client = composeChain({ clock: createClock(), logger }, config.chain);
  try {
    await client.start(AbortSignal.timeout(COMMAND_TIMEOUT_MS));
    return await work(client);
  } finally {
    await client.stop();
  }
}

/** The history of this node, whether it runs or not. Errors: cli.nothing_recorded where no node has ever been, store.*. */
export async function withStores<T>(config: Config, work: (stores: Stores & { readonly database: Database }) => Promise<T>): Promise<T> {
  const dataDir = resolve(config.dataDir);
  if (config.database.url === null && !existsSync(join(dataDir, 'postgres'))) throw nothingRecorded('any node', dataDir);
  const { openDatabase } = await import('../postgres/database.js');
  const { createStores } = await import('../postgres/stores.js');
  const logger = createLogger({ level: 'error' });
  const database = await openDatabase(
    { clock: createClock(), logger },
    { url: config.database.url, dataDir, role: 'guest', poolConnectionsMax: 3 },
  );
  try {
    return await work({ ...createStores(database), database });
  } finally {
    await database.stop();
  }
}

/** Whose history this is. Errors: cli.nothing_recorded. */
export async function nodeIdentity(
  stores: { readonly database: Database },
  config: Config,
): Promise<{ readonly hotkey: Hotkey; readonly genesis: Hash; readonly scorer: string }> {
  const { readDaemonIdentity } = await import('../postgres/claim.js');
  const [{ composeRunner }, { scorerOf }] = await Promise.all([import('../compose-scoring.js'), import('../compose-judges.js')]);
  const identity = await readDaemonIdentity(stores.database);
  if (identity === null) throw nothingRecorded('any node', config.dataDir);
  return { ...identity, scorer: scorerOf(composeRunner(config.scoring.engine).engineId, judgesOf(config)) };
}

/** `known` is a sentence about what there is instead. */
export function nothingRecorded(what: string, where: string, known = ''): Failure {
  return cliFailure('cli.nothing_recorded', { what, where, known: known === '' ? '' : `${known} ` });
}

/** Which rounds a node has on record, as a sentence. */
export async function roundsKnown(stores: Stores): Promise<string> {
  const [newest] = await stores.rounds.list(1);
  return newest === undefined ? 'No round is recorded yet.' : `The newest round is ${newest.round}.`;
}

export function daemonOptions(config: Config): DaemonOptions {
  const { scoring, weights } = config;
  return {
    role: config.role,
    dataDir: resolve(config.dataDir),
    databaseUrl: config.database.url,
    chain: config.chain,
    p2p: config.p2p,
    http: config.http,
    miner: config.miner,
    scoring: {
      engine: scoring.engine,
      judges: judgesOf(config),
      strategy: scoring.strategy,
      prompts: scoring.prompts,
      firstPrompts: scoring.firstPrompts,
      incumbents: scoring.incumbents,
      concurrency: scoring.concurrency ?? modelsAtOnce(limitsOf(scoring)),
      replication: scoring.replication,
      audits: scoring.audits,
      limits: limitsOf(scoring),
    },
    rounds: config.rounds,
    weights: {
      enabled: weights.enabled,
      dryRun: weights.dryRun,
      commitReveal: weights.commitReveal,
      burnPercent: weights.burnPercent,
      policy: {
        contest: {
          epsilonPpm: weights.epsilonPpm,
          epsilonFloorPpm: weights.epsilonFloorPpm,
          epsilonDecayBlocks: weights.epsilonDecayBlocks,
          standardErrors: weights.standardErrors,
          thresholdPpm: weights.thresholdPpm,
          curve: weights.curve,
        },
        alphaPercent: weights.emaAlphaPercent,
        minCoveragePercent: weights.minCoveragePercent,
      },
    },
    cacheBytesMax: config.cache.bytesMax,
    evidenceBytesMax: config.evidence.bytesMax,
    workerToken: config.worker.token,
    syncEveryBlocks: config.chain.syncEveryBlocks,
  };
}

/** The engine's own limits, with what the operator has set instead. */
function limitsOf(scoring: Config['scoring']): RunLimits {
  const { memoryBytes, cpuSeconds, loadTimeoutMs, utteranceTimeoutMs, audioSecondsMax } = RUN_LIMITS[scoring.engine];
  return {
    memoryBytes: scoring.memoryBytes ?? memoryBytes,
    cpuSeconds: scoring.cpuSeconds ?? cpuSeconds,
    loadTimeoutMs: scoring.loadTimeoutMs ?? loadTimeoutMs,
    utteranceTimeoutMs: scoring.utteranceTimeoutMs ?? utteranceTimeoutMs,
    audioSecondsMax: scoring.audioSecondsMax ?? audioSecondsMax,
  };
}

function collect(value: string, previous: readonly string[]): readonly string[] {
  return [...previous, value];
}
