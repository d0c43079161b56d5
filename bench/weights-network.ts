/** A development network for the weights benchmark: a chain, one validator, and miners that join when told; processes as in `voxd devnet`. */
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as rest } from 'node:timers/promises';
import type { ChainReader, ChainWriter } from '../chain/ports.js';
import { signerFromUri } from '../chain/wallet/keys.js';
import { createSystemClock } from '../node/clock.js';
import { composeChain } from '../node/compose-chain.js';
import { type CastMember, castOf } from '../node/devnet/cast.js';
import { configPath, freeBasePort, prepareFolders, writeConfig, writeVoices } from '../node/devnet/files.js';
import { type KeptProcess, keepProcess } from '../node/devnet/processes.js';
import { createLogger } from '../node/logger.js';
import { entryPoint } from '../protocol/entry.js';
import type { Hotkey } from '../protocol/names.js';

export const NETUID = 1;
const FIRST_PORT = 45_000;
const BALANCE_RAO = 100_000_000_000_000n;
const LOOK_MS = 50;
const PASSED_ON = ['PATH', 'HOME', 'TMPDIR', 'LANG', 'XDG_RUNTIME_DIR'] as const;

/** One line of a node's log. */
export interface LogLine {
  readonly atMs: number;
  readonly message: string;
  readonly facts: Readonly<Record<string, unknown>>;
}

export interface Joined {
  readonly member: CastMember;
  readonly hotkey: Hotkey;
}

export interface BenchNetwork {
  readonly chain: ChainReader & ChainWriter;
  readonly miners: readonly CastMember[];
  /** Registers, stakes and starts a node; resolves when the registration is final. */
  join(member: CastMember): Promise<Joined>;
  /** What a node has logged so far, oldest first. */
  log(member: CastMember): Promise<readonly LogLine[]>;
  /** Looks again until there is an answer. Errors: throws after the timeout. */
  until<T>(what: string, ask: () => Promise<T | null>, timeoutMs: number): Promise<T>;
  stop(): Promise<void>;
}

export interface NetworkOptions {
  readonly folder: string;
  readonly blockTimeMs: number;
  readonly tempo: number;
  readonly cadenceBlocks: number;
  readonly prompts: number;
}

export async function startNetwork(options: NetworkOptions): Promise<BenchNetwork & { readonly validator: CastMember }> {
  const folders = await prepareFolders(options.folder);
  const basePort = await freeBasePort(FIRST_PORT);
  const endpoint = `ws://127.0.0.1:${basePort}`;
  const cast = castOf(basePort);
  const entry = entryPoint('node/cli/main');
  const env = Object.fromEntries(PASSED_ON.flatMap((name) => (process.env[name] === undefined ? [] : [[name, process.env[name]]])));
  const kept: KeptProcess[] = [];
  const ignore = () => {};
  const keep = (name: string, args: readonly string[]) =>
    kept.push(keepProcess({ name, args: [entry, ...args], env, logDirectory: folders.logs, onExit: ignore, onGivenUp: ignore }));
  await writeVoices(
    folders.voices,
    'demo',
    cast.flatMap(({ voice }) => voice ?? []),
  );
  const coldkeys = await Promise.all(cast.map(({ coldkeyUri }) => signerFromUri(coldkeyUri)));
  keep('chain', [
    ...['devchain', '--port', String(basePort), '--data-dir', folders.chain],
    ...['--block-time-ms', String(options.blockTimeMs), '--tempo', String(options.tempo)],
    ...coldkeys.flatMap(({ hotkey }) => ['--fund', `${hotkey}=${BALANCE_RAO}`]),
  ]);
  const logger = createLogger({ level: 'silent' });
  const client = composeChain({ clock: createSystemClock(), logger }, { endpoints: [endpoint], genesis: null, beacon: null });

  async function until<T>(what: string, ask: () => Promise<T | null>, timeoutMs: number): Promise<T> {
    const deadline = performance.now() + timeoutMs;
    for (;;) {
      const answer = await ask();
      if (answer !== null) return answer;
      if (performance.now() > deadline) throw new Error(`waited ${timeoutMs / 1000} s for ${what}; see ${folders.logs}`);
      await rest(LOOK_MS);
    }
  }

  async function stop(): Promise<void> {
    await client.stop();
    // The chain, which was first, goes last.
    for (const one of kept.splice(0).reverse()) await one.stop();
  }

  try {
    await until(
      'the chain',
      () =>
        client.start(AbortSignal.timeout(5_000)).then(
          () => true as const,
          () => null,
        ),
      30_000,
    );
  } catch (error) {
    await stop();
    throw error;
  }
  const [validator, ...others] = cast;
  return {
    chain: client.chain,
    validator: validator!,
    miners: others.filter(({ role }) => role === 'miner'),
    until,
    stop,
    async join(member) {
      const coldkey = await signerFromUri(member.coldkeyUri);
      const { hotkey } = await signerFromUri(member.hotkeyUri);
      const { cadenceBlocks, prompts } = options;
      await writeConfig(member, { endpoint, netuid: NETUID, cadenceBlocks, scoring: { prompts }, folders });
      await client.chain.burnedRegister(coldkey, NETUID, hotkey);
      if (member.stakeRao > 0n) await client.chain.addStake(coldkey, NETUID, hotkey, member.stakeRao);
      keep(member.name, ['start', '--config', configPath(folders, member)]);
      return { member, hotkey };
    },
    async log(member) {
      const text = await readFile(join(folders.logs, `${member.name}.log`), 'utf8').catch(() => '');
      return text.split('\n').flatMap(parseLine);
    },
  };
}

function parseLine(line: string): LogLine[] {
  if (!line.startsWith('{')) return [];
  try {
    // Safety: an object, by its first character and the parser.
    const facts = JSON.parse(line) as Readonly<Record<string, unknown>>;
    return [{ atMs: new Date(String(facts['time'])).getTime(), message: String(facts['msg']), facts }];
  } catch {
    // The line that is being written.
    return [];
  }
}
