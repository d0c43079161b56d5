/** The thin reader beside the pure loader: the configuration file and the files of secrets. */
import { readFileSync, statSync } from 'node:fs';
import { homedir } from 'node:os';
import { err, type Result } from '../protocol/result.js';
import { configFailure } from './failures.js';
import { secretPaths } from './layers.js';
import { type ConfigFile, type ConfigProblem, type Environment, type LoadedConfig, loadConfig, type SecretFile } from './load.js';

/** A configuration is a page of text. */
export const CONFIG_SIZE_BYTES_MAX = 1024 ** 2;
export const SECRET_SIZE_BYTES_MAX = 64 * 1024;
/** Names the configuration file where no flag does. */
export const CONFIG_VARIABLE = 'VOXD_CONFIG';

/**
 * Reads what there is to read and loads the configuration. `configPath` null: the file that VOXD_CONFIG names, or none.
 *
 * Errors: config.* codes, all of them at once.
 */
export function readConfig(from: {
  readonly flags: Readonly<Record<string, unknown>>;
  readonly env: Environment;
  readonly configPath: string | null;
  readonly preset?: string;
}): Result<LoadedConfig, readonly ConfigProblem[]> {
  const { flags, env, preset } = from;
  const named = from.configPath ?? (env[CONFIG_VARIABLE] || null);
  let file: ConfigFile | null = null;
  if (named !== null) {
    const content = readSmall(named, CONFIG_SIZE_BYTES_MAX);
    if ('error' in content) {
      const origin = from.configPath === null ? CONFIG_VARIABLE : '--config';
      return err([configFailure('config.unreadable', { origin, path: named, reason: content.error })]);
    }
    file = { path: named, text: content.text };
  }
  const secretFiles = new Map(secretPaths(env).map((path) => [path, readSmall(path, SECRET_SIZE_BYTES_MAX)] as const));
  return loadConfig({ flags, env, file, secretFiles, homeDir: homedir(), ...(preset === undefined ? {} : { preset }) });
}

function readSmall(path: string, sizeBytesMax: number): SecretFile {
  try {
    const { size } = statSync(path);
    if (size > sizeBytesMax) return { error: `it has ${size} bytes, ${sizeBytesMax} at most are read` };
    return { text: readFileSync(path, 'utf8') };
  } catch (error) {
    return { error: error instanceof Error ? error.message : String(error) };
  }
}
