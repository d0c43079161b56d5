/** The layers a setting can come from, each read into values by path with their origin. Pure: file contents and variables come in as values. */
import { isAlias, isMap, isScalar, isSeq, LineCounter, parseDocument } from 'yaml';
import type { Failure } from '../protocol/failure.js';
import { type ConfigCode, configFailure } from './failures.js';
import { CONFIG_KEYS, type ConfigKey, keyAt, keyOfVariable, VARIABLE_PREFIX } from './keys.js';
import { nearestName } from './nearest.js';

export type LayerName = 'default' | 'network' | 'file' | 'environment' | 'flag';

export interface Origin {
  readonly layer: LayerName;
  /** Such as "voxd.yml:12", "VOXD_CHAIN__NETUID" or "--netuid". */
  readonly where: string;
}

/** Something wrong with the configuration, ready to be shown. */
export type ConfigProblem = Failure<ConfigCode>;

export interface Layer {
  readonly values: ReadonlyMap<string, { readonly value: unknown; readonly origin: Origin }>;
  readonly problems: readonly ConfigProblem[];
}

export interface ConfigFile {
  readonly path: string;
  readonly text: string;
}

/** What a secret's file held, or why it could not be read. */
export type SecretFile = { readonly text: string } | { readonly error: string };

export type Environment = Readonly<Record<string, string | undefined>>;

/** Variables with our prefix that are no settings: the configuration file's own name, and those of the test suites. */
const NO_SETTINGS = /^VOXD_(CONFIG$|TEST_)/;
const FILE_SUFFIX = '_FILE';
/** The name that database tools use; ours wins over it. */
const DATABASE_VARIABLE = 'DATABASE_URL';

export function readFileLayer({ path, text }: ConfigFile): Layer {
  const lines = new LineCounter();
  const document = parseDocument(text, { lineCounter: lines, uniqueKeys: true, strict: true });
  const values = new Map<string, { value: unknown; origin: Origin }>();
  const problems: ConfigProblem[] = document.errors.map((error) =>
    configFailure('config.bad_file', { origin: `${path}:${lines.linePos(error.pos[0]).line}`, reason: firstLine(error.message) }),
  );
  if (problems.length === 0) walk(document.contents, '', path);
  return { values, problems };

  function walk(node: unknown, group: string, place: string): void {
    if (node === null || (isScalar(node) && node.value === null)) return;
    if (!isMap(node)) {
      problems.push(configFailure('config.bad_file', { origin: place, reason: `"${group || 'the file'}" holds settings, not a value` }));
      return;
    }
    for (const { key, value } of node.items) {
      const name = isScalar(key) ? String(key.value) : '?';
      const setting = group === '' ? name : `${group}.${name}`;
      const range = isScalar(key) ? key.range : null;
      const where = range ? `${path}:${lines.linePos(range[0]).line}` : path;
      if (CONFIG_KEYS.some((known) => known.path.startsWith(`${setting}.`))) walk(value, setting, where);
      else if (keyAt(setting) === null) problems.push(unknownKey(setting, where, settingNames()));
      else {
        const plain = plainValue(value);
        if (plain === undefined) {
          problems.push(configFailure('config.bad_file', { origin: where, reason: `${setting} must be a plain value or a list of them` }));
        } else if (plain !== null) values.set(setting, { value: plain, origin: { layer: 'file', where } });
      }
    }
  }
}

/** A scalar or a list of scalars; null: left empty; undefined: anything else (aliases too: a small file can make them huge). */
function plainValue(node: unknown): unknown {
  if (node === null || node === undefined) return null;
  if (isAlias(node)) return undefined;
  if (isScalar(node)) return node.value;
  if (!isSeq(node)) return undefined;
  return node.items.every((item) => isScalar(item)) ? node.items.map((item) => (isScalar(item) ? item.value : null)) : undefined;
}

export function readEnvironmentLayer(env: Environment, secretFiles: ReadonlyMap<string, SecretFile>): Layer {
  const values = new Map<string, { value: unknown; origin: Origin }>();
  const problems: ConfigProblem[] = [];
  const databaseUrl = env[DATABASE_VARIABLE];
  if (databaseUrl) values.set('database.url', { value: databaseUrl, origin: { layer: 'environment', where: DATABASE_VARIABLE } });
  for (const [variable, text] of Object.entries(env)) {
    // An empty variable counts as unset: compose files pass on what is not set as empty text.
    if (!variable.startsWith(VARIABLE_PREFIX) || NO_SETTINGS.test(variable) || !text) continue;
    const secret = secretOf(variable);
    const key = keyOfVariable(variable) ?? secret;
    if (key === null) {
      problems.push(
        unknownKey(
          variable,
          'environment',
          CONFIG_KEYS.map((known) => known.variable),
        ),
      );
      continue;
    }
    const origin: Origin = { layer: 'environment', where: variable };
    if (secret === null) values.set(key.path, { value: fromText(key, text), origin });
    else if (env[key.variable]) {
      const reason = `${key.variable} and ${variable} are both set`;
      problems.push(configFailure('config.conflict', { origin: variable, reason, fix: 'Unset one of them.' }));
    } else {
      const file = secretFiles.get(text) ?? { error: 'it was not read' };
      if ('error' in file) problems.push(configFailure('config.unreadable', { origin: variable, path: text, reason: file.error }));
      else values.set(key.path, { value: file.text.trim(), origin });
    }
  }
  return { values, problems };
}

/** The files that secrets are to be read from, for the reader beside this. */
export function secretPaths(env: Environment): readonly string[] {
  return Object.entries(env).flatMap(([variable, path]) => (secretOf(variable) !== null && path ? [path] : []));
}

function secretOf(variable: string): ConfigKey | null {
  if (!variable.startsWith(VARIABLE_PREFIX) || !variable.endsWith(FILE_SUFFIX)) return null;
  const key = keyOfVariable(variable.slice(0, -FILE_SUFFIX.length));
  return key?.secret === true ? key : null;
}

export function readFlagLayer(flags: Readonly<Record<string, unknown>>): Layer {
  const values = new Map<string, { value: unknown; origin: Origin }>();
  const problems: ConfigProblem[] = [];
  for (const [path, given] of Object.entries(flags)) {
    if (given === undefined) continue;
    const key = keyAt(path);
    if (key === null) problems.push(unknownKey(path, 'command line', settingNames()));
    else {
      const value = typeof given === 'string' ? fromText(key, given) : given;
      values.set(path, { value, origin: { layer: 'flag', where: key.flag ?? `--set ${path}` } });
    }
  }
  return { values, problems };
}

/** Text as the kind the setting has; what does not fit is left for the schema to refuse. */
function fromText({ kind }: ConfigKey, text: string): unknown {
  const trimmed = text.trim();
  if (kind === 'number') return numberOf(trimmed);
  if (kind === 'boolean') return /^(true|yes|on|1)$/i.test(trimmed) ? true : /^(false|no|off|0)$/i.test(trimmed) ? false : text;
  if (kind === 'list' || kind === 'numbers') {
    const items = trimmed.split(',').flatMap((item) => (item.trim() === '' ? [] : [item.trim()]));
    return kind === 'list' ? items : items.map(numberOf);
  }
  return text;
}

function numberOf(text: string): unknown {
  return /^-?\d+$/.test(text) ? Number(text) : text;
}

function unknownKey(key: string, origin: string, names: Iterable<string>): ConfigProblem {
  const nearest = nearestName(key, names);
  const advice = nearest === null ? 'Nothing of ours has a name like it.' : `Did you mean "${nearest}"?`;
  return configFailure('config.unknown_key', { origin, key, advice, ...(nearest === null ? {} : { nearest }) });
}

function settingNames(): ReadonlySet<string> {
  return new Set(CONFIG_KEYS.flatMap(({ path }) => [path, ...(path.includes('.') ? [path.slice(0, path.lastIndexOf('.'))] : [])]));
}

function firstLine(message: string): string {
  return (message.split('\n')[0] ?? message).replace(/ at line \d+, column \d+:?$/, '');
}
