/** Settings from all layers: defaults < network < variables of the original tools < file < environment < flags. Every problem is reported at once, with where it comes from. */
import { err, ok, type Result } from '../protocol/result.js';
import { configFailure } from './failures.js';
import { CONFIG_KEYS, type ConfigKey, flagOf } from './keys.js';
import {
  type ConfigFile,
  type ConfigProblem,
  type Environment,
  type Layer,
  type Origin,
  readEnvironmentLayer,
  readFileLayer,
  readFlagLayer,
  type SecretFile,
} from './layers.js';
import { NETWORK_NAMES, NETWORKS, networkNamed } from './networks.js';
import { chainOfOriginals, readOriginalVariables, WALLET_VARIABLES } from './original-variables.js';
import type { Config } from './schema.js';

export type { ConfigFile, ConfigProblem, Environment, LayerName, Origin, SecretFile } from './layers.js';

export interface ConfigSources {
  /** By path, such as "chain.netuid"; texts and typed values both. Undefined entries are not set. */
  readonly flags: Readonly<Record<string, unknown>>;
  readonly env: Environment;
  readonly file: ConfigFile | null;
  /** A network that counts where no layer names one. */
  readonly preset?: string;
  /** Contents of the files that variables with suffix _FILE name, by path. */
  readonly secretFiles?: ReadonlyMap<string, SecretFile>;
  /** What "~" at the beginning of a path stands for; unset: it stays. */
  readonly homeDir?: string;
}

export interface LoadedConfig {
  readonly config: Config;
  /** Where each setting comes from, by path. */
  readonly origins: ReadonlyMap<string, Origin>;
}

type Found = { readonly value: unknown; readonly origin: Origin };

/** Settings that are paths on this machine. */
const PATHS = new Set([
  'dataDir',
  'wallet.path',
  'miner.modelDir',
  ...CONFIG_KEYS.map(({ path }) => path).filter((path) => path.startsWith('scoring.neural.') && path !== 'scoring.neural.sets'),
]);
const SHOWN_MAX = 80;

/**
 * Reads and checks the whole configuration. Pure: the caller has read files and variables.
 *
 * Errors: config.* codes, all of them at once.
 */
export function loadConfig(sources: ConfigSources): Result<LoadedConfig, readonly ConfigProblem[]> {
  const file = sources.file === null ? EMPTY : readFileLayer(sources.file);
  const environment = readEnvironmentLayer(sources.env, sources.secretFiles ?? new Map());
  const flags = readFlagLayer(sources.flags);
  const ours = [file, environment, flags].map(addressAsEndpoint);
  // A command that has a network of its own to fall back on needs none.
  const original = sources.preset === undefined ? addressAsEndpoint(chainOfOriginals(sources.env, ours)) : EMPTY;
  const told = [original, ...ours];
  const network = networkLayer(told, sources.preset);
  const layers = [defaultLayer(sources.env), network, ...told];

  const found = new Map<string, Found>();
  for (const { values } of layers) for (const [path, entry] of values) found.set(path, entry);

  const problems = layers.flatMap((layer) => layer.problems);
  const values = new Map<string, unknown>();
  for (const key of CONFIG_KEYS) {
    const entry = found.get(key.path);
    if (entry === undefined) {
      if (!(network.problems.length > 0 && key.path === 'chain.endpoints')) problems.push(missing(key));
    } else {
      const parsed = key.form.safeParse(withHome(key, entry.value, sources.homeDir));
      if (parsed.success) values.set(key.path, parsed.data);
      else if (!(network.problems.length > 0 && key.path === 'chain.network')) problems.push(badValue(key, entry, parsed.error.issues));
    }
  }
  problems.push(...contradictions(values, found));
  if (problems.length > 0) return err(problems);
  return ok({ config: nested(values), origins: new Map([...found].map(([path, { origin }]) => [path, origin])) });
}

const EMPTY: Layer = { values: new Map(), problems: [] };

function defaultLayer(env: Environment): Layer {
  const origin: Origin = { layer: 'default', where: 'default' };
  const values = new Map<string, Found>();
  for (const key of CONFIG_KEYS) if (key.default !== undefined) values.set(key.path, { value: key.default, origin });
  const dataHome = env['XDG_DATA_HOME'];
  if (dataHome) values.set('dataDir', { value: `${dataHome}/voxd`, origin: { layer: 'default', where: 'XDG_DATA_HOME' } });
  // As the original tools name them; anything of ours wins.
  for (const [path, found] of readOriginalVariables(env, WALLET_VARIABLES)) values.set(path, found);
  return { values, problems: [] };
}

/** `--chain ws://…` means that endpoint. */
function addressAsEndpoint(layer: Layer): Layer {
  const network = layer.values.get('chain.network');
  if (typeof network?.value !== 'string' || !/^wss?:\/\//.test(network.value)) return layer;
  const values = new Map(layer.values);
  values.delete('chain.network');
  if (!values.has('chain.endpoints')) values.set('chain.endpoints', { value: [network.value], origin: network.origin });
  return { ...layer, values };
}

/** The settings of the network that the highest layer names. */
function networkLayer(told: readonly Layer[], preset: string | undefined): Layer {
  const named = told.map(({ values }) => values.get('chain.network')).findLast((entry) => entry !== undefined);
  const wanted = named ?? (preset === undefined ? undefined : { value: preset, origin: { layer: 'default', where: 'preset' } as const });
  if (wanted === undefined || typeof wanted.value !== 'string') return EMPTY;
  const name = networkNamed(wanted.value);
  if (name === null) {
    const facts = { origin: wanted.origin.where, network: wanted.value.slice(0, SHOWN_MAX), networks: NETWORK_NAMES.join(', ') };
    return { values: new Map(), problems: [configFailure('config.unknown_network', facts)] };
  }
  const origin: Origin = { layer: 'network', where: `network ${name}` };
  const values = new Map<string, Found>(Object.entries(NETWORKS[name]).map(([path, value]) => [path, { value, origin }]));
  if (named === undefined) values.set('chain.network', { value: name, origin: wanted.origin });
  return { values, problems: [] };
}

function withHome(key: ConfigKey, value: unknown, homeDir: string | undefined): unknown {
  if (homeDir === undefined || !PATHS.has(key.path) || typeof value !== 'string') return value;
  return value === '~' ? homeDir : value.startsWith('~/') ? `${homeDir}${value.slice(1)}` : value;
}

function missing(key: ConfigKey): ConfigProblem {
  if (key.path === 'chain.endpoints') return configFailure('config.no_endpoint', { networks: NETWORK_NAMES.join(', ') });
  const { path, variable, description } = key;
  return configFailure('config.missing', { key: path, flag: flagOf(key), variable, description });
}

function badValue(key: ConfigKey, { value, origin }: Found, issues: readonly { readonly message: string }[]): ConfigProblem {
  const { path, description, secret } = key;
  const reason = [...new Set(issues.map(({ message }) => message))].join('; ');
  return configFailure('config.bad_value', {
    origin: origin.where,
    key: path,
    value: secret === true ? '[secret]' : shown(value),
    reason,
    description,
  });
}

function shown(value: unknown): string {
  const text = JSON.stringify(value) ?? String(value);
  return text.length > SHOWN_MAX ? `${text.slice(0, SHOWN_MAX)}…` : text;
}

interface Rule {
  readonly paths: readonly string[];
  readonly broken: (...values: readonly unknown[]) => boolean;
  readonly reason: string;
  readonly fix: string;
}

const above = (a: unknown, b: unknown) => typeof a === 'number' && typeof b === 'number' && a > b;

const RULES: readonly Rule[] = [
  {
    paths: ['rounds.commitPercent', 'rounds.revealPercent'],
    broken: (commit, reveal) => above(commit, reveal) || commit === reveal,
    reason: 'scores would be revealed before the last commitments are in',
    fix: 'Set rounds.commitPercent below rounds.revealPercent.',
  },
  {
    paths: ['weights.epsilonFloorPpm', 'weights.epsilonPpm'],
    broken: above,
    reason: 'the lead cannot sink to a floor that is above it',
    fix: 'Set weights.epsilonFloorPpm to at most weights.epsilonPpm.',
  },
  {
    paths: ['weights.curve'],
    broken: (curve) => Array.isArray(curve) && curve.every((share) => share === 0),
    reason: 'a curve of zeros gives nobody anything',
    fix: 'Give the first place of weights.curve a share, such as 1000.',
  },
  {
    paths: ['http.port', 'p2p.port', 'http.enabled'],
    broken: (http, p2p, enabled) => http === p2p && enabled === true,
    reason: 'HTTP and peers cannot share a port',
    fix: 'Set http.port and p2p.port to different ports.',
  },
  {
    paths: ['p2p.dialOnly', 'p2p.announceIp'],
    broken: (dialOnly, ip) => dialOnly === true && ip !== null,
    reason: 'a node without a port cannot be reached at an address',
    fix: 'Remove p2p.announceIp, or p2p.dialOnly.',
  },
  {
    paths: ['p2p.mdns', 'p2p.allowPrivateAddresses'],
    broken: (mdns, allowed) => mdns === true && allowed === false,
    reason: 'peers of the local network have private addresses, which may not be dialled',
    fix: 'Set p2p.allowPrivateAddresses as well, on a private network only; or remove p2p.mdns.',
  },
  {
    paths: ['wallet.uri', 'chain.network'],
    broken: (uri, network) => uri !== null && (network === 'finney' || network === 'test'),
    reason: 'a development key is known to everybody and not allowed on a public network',
    fix: 'Remove wallet.uri; name a wallet with --wallet and --hotkey.',
  },
  {
    paths: ['wallet.uri', 'wallet.signer'],
    broken: (uri, signer) => uri !== null && signer !== null,
    reason: 'a development key and a signer are two keys',
    fix: 'Remove one of them.',
  },
  {
    paths: ['role', 'miner.modelDir'],
    broken: (role, modelDir) => role === 'miner' && modelDir === null,
    reason: 'a miner needs a model',
    fix: 'Name the folder of the model package with --model (`voxd model check FOLDER` looks at it first).',
  },
];

/** What no single setting shows. Only settings that are good by themselves are compared. */
function contradictions(values: ReadonlyMap<string, unknown>, found: ReadonlyMap<string, Found>): ConfigProblem[] {
  return RULES.flatMap(({ paths, broken, reason, fix }) => {
    if (!paths.every((path) => values.has(path)) || !broken(...paths.map((path) => values.get(path)))) return [];
    const origin = paths.map((path) => `${path} (${found.get(path)?.origin.where ?? 'unset'})`).join(', ');
    return [configFailure('config.conflict', { origin, reason, fix })];
  });
}

function nested(values: ReadonlyMap<string, unknown>): Config {
  const root: Record<string, unknown> = {};
  for (const [path, value] of values) {
    const parts = path.split('.');
    const name = parts.pop() ?? path;
    let group = root;
    for (const part of parts) {
      const next = group[part] ?? {};
      group[part] = next;
      // Safety: groups and settings have different names in the schema, so what stands at a group's place is a group.
      group = next as Record<string, unknown>;
    }
    group[name] = Array.isArray(value) ? Object.freeze([...value]) : value;
  }
  for (const group of Object.values(root)) Object.freeze(group);
  // Safety: CONFIG_KEYS is read off the schema, every key of it is present and parsed by its own part of the schema.
  return Object.freeze(root) as unknown as Config;
}
