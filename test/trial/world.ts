/** A subnet of real processes, each on a host of its own: the chain, the nodes as `voxd start`, and the rogues. */
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { ChainReader, ChainWriter } from '../../chain/ports.js';
import { signerFromUri } from '../../chain/wallet/keys.js';
import { createSystemClock } from '../../node/clock.js';
import { composeChain } from '../../node/compose-chain.js';
import { configPath, type DevnetFolders, freeBasePort, prepareFolders, writeConfig, writeVoices } from '../../node/devnet/files.js';
import { type KeptProcess, keepProcess } from '../../node/devnet/processes.js';
import { createLogger } from '../../node/logger.js';
import type { Stores } from '../../node/ports.js';
import { openDatabase } from '../../node/postgres/database.js';
import { createStores } from '../../node/postgres/stores.js';
import { entryPoint } from '../../protocol/entry.js';
import type { Hash, Hotkey } from '../../protocol/names.js';
import type { Signer } from '../../protocol/ports.js';
import { type Cast, castOn, type Node, P2P_PORT, type RogueMember } from './cast.js';
import type { Ground } from './ground.js';
import { createLogTail, type LogLine, type LogTail } from './log-tail.js';

export const NETUID = 1;
export const MECHANISM = 0;
const TEMPO = 20;
const BALANCE_RAO = 100_000_000_000_000n;
const ROGUE_ENTRY = fileURLToPath(new URL('./hostile/main.ts', import.meta.url));

export interface WorldOptions {
  readonly dataDir: string;
  readonly blockTimeMs: number;
  readonly cadenceBlocks: number;
  readonly prompts: number;
  readonly announceIntervalMs: number;
  readonly env: Readonly<Record<string, string>>;
  /** A process keeps ending, and nothing more can come of it. */
  readonly onHopeless: (reason: string) => void;
}

/** What a rogue is told. */
export interface RogueOrders {
  readonly rogue: RogueMember['rogue'];
  readonly ip: string;
  readonly port: number;
  readonly genesis: Hash;
  readonly netuid: number;
  readonly hotkeyUri: string;
  /** Of the honest nodes. */
  readonly targets: readonly { readonly name: string; readonly ip: string; readonly port: number; readonly hotkeyUri: string }[];
}

export interface World {
  readonly cast: Cast;
  readonly folders: DevnetFolders;
  readonly chain: ChainReader & ChainWriter;
  hotkeyOf(who: { readonly hotkeyUri: string }): Hotkey;
  start(node: Node): void;
  /** kill -9; it is started again at once. */
  kill(node: Node): void;
  restartsOf(node: Node): number;
  unleash(rogue: RogueMember, targets: readonly Node[]): Promise<void>;
  /** Ends the rogues. */
  subdue(): Promise<void>;
  /** The history of a validator. */
  storesOf(node: Node): Promise<Stores>;
  /** A database that was started again is opened anew. */
  forgetStores(): Promise<void>;
  /** What it said so far that matters here. */
  said(name: string): readonly LogLine[];
  stop(): Promise<void>;
}

export async function createWorld(
  ground: Ground,
  options: WorldOptions,
  tell: (line: string) => void,
  signal: AbortSignal,
): Promise<World> {
  const clock = createSystemClock();
  const logger = createLogger({ level: 'silent' });
  const folders = await prepareFolders(options.dataDir);
  const cast = castOn(ground);
  const signers = new Map<string, Signer>();
  for (const { hotkeyUri, coldkeyUri } of [...cast.nodes, ...cast.rogues])
    for (const uri of [hotkeyUri, coldkeyUri]) signers.set(uri, await signerFromUri(uri));
  const signerOf = (uri: string) => signers.get(uri)!;
  const kept = new Map<string, KeptProcess>();
  const tails = new Map<string, LogTail>();
  const closers: (() => Promise<unknown>)[] = [];
  const databases = new Map<string, { readonly stores: Stores; stop(): Promise<void> }>();

  const forgetStores = async () => {
    const open = [...databases.values()];
    databases.clear();
    await Promise.allSettled(open.map((database) => database.stop()));
  };

  async function stop(): Promise<void> {
    await forgetStores();
    for (const close of closers.splice(0).reverse()) await close().catch(() => undefined);
    const [chainProcess, ...others] = [...kept.values()];
    await Promise.all(others.reverse().map((process_) => process_.stop()));
    await chainProcess?.stop();
  }

  function keep(name: string, args: readonly string[], within: readonly string[] = []): void {
    kept.set(
      name,
      keepProcess({
        name,
        args,
        within,
        env: options.env,
        logDirectory: folders.logs,
        onExit: (who, how, restarts) => tell(`${who} ended (${how}) and is started again (${restarts})`),
        onGivenUp: (who) => options.onHopeless(`${who} keeps ending; see ${join(folders.logs, `${who}.log`)}`),
      }),
    );
  }
  const voxd = (...words: readonly string[]) => ['--enable-source-maps', entryPoint('node/cli/main'), ...words, '--until-stdin-ends'];

  try {
    await writeVoices(
      folders.voices,
      'demo',
      cast.nodes.flatMap(({ voice }) => voice ?? []),
    );
    const port = await freeBasePort(42_000);
    const funds = [...cast.nodes, ...cast.rogues].flatMap(({ coldkeyUri }) => ['--fund', `${signerOf(coldkeyUri).hotkey}=${BALANCE_RAO}`]);
    const timing = ['--block-time-ms', `${options.blockTimeMs}`, '--tempo', `${TEMPO}`];
    keep('chain', voxd('devchain', '--port', `${port}`, '--data-dir', folders.chain, ...timing, ...funds));
    await ground.offer(port);
    const client = composeChain({ clock, logger }, { endpoints: [`ws://127.0.0.1:${port}`], genesis: null, beacon: null, patient: true });
    await client.start(signal);
    closers.push(() => client.stop());
    const { chain } = client;
    const scoring = { prompts: options.prompts, firstPrompts: options.prompts, audits: 1 };
    for (const node of cast.nodes)
      await writeConfig(node, {
        endpoint: `ws://${ground.hostFor(node.place.site)}:${port}`,
        netuid: NETUID,
        cadenceBlocks: options.cadenceBlocks,
        scoring,
        folders,
        httpHost: node.ip,
        announceIntervalMs: options.announceIntervalMs,
      });
    await Promise.all(
      [...cast.nodes, ...cast.rogues].map(async (who) => {
        const cold = signerOf(who.coldkeyUri);
        await chain.burnedRegister(cold, NETUID, signerOf(who.hotkeyUri).hotkey);
        const stakeRao = 'stakeRao' in who ? who.stakeRao : 0n;
        if (stakeRao > 0n) await chain.addStake(cold, NETUID, signerOf(who.hotkeyUri).hotkey, stakeRao);
      }),
    );
    tell(`${cast.nodes.length + cast.rogues.length} hotkeys registered on a chain with a block every ${options.blockTimeMs} ms`);

    return {
      cast,
      folders,
      chain,
      hotkeyOf: ({ hotkeyUri }) => signerOf(hotkeyUri).hotkey,
      start: (node) => keep(node.name, voxd('start', '--config', configPath(folders, node)), node.place.within),
      kill(node) {
        const pid = kept.get(node.name)?.pid();
        if (pid != null) process.kill(pid, 'SIGKILL');
      },
      restartsOf: (node) => kept.get(node.name)?.restarts() ?? 0,
      async unleash({ rogue, place, hotkeyUri }, targets) {
        const file = join(folders.root, `${rogue}.json`);
        const orders: RogueOrders = {
          rogue,
          ip: place.ip,
          port: P2P_PORT,
          genesis: chain.identity().genesis,
          netuid: NETUID,
          hotkeyUri,
          targets: targets.map((target) => ({ name: target.name, ip: target.ip, port: target.p2pPort, hotkeyUri: target.hotkeyUri })),
        };
        await writeFile(file, JSON.stringify(orders));
        keep(rogue, ['--import', 'tsx', ROGUE_ENTRY, file], place.within);
      },
      async subdue() {
        for (const { rogue } of cast.rogues) {
          await kept.get(rogue)?.stop();
          kept.delete(rogue);
        }
      },
      async storesOf(node) {
        const open = databases.get(node.name);
        if (open !== undefined) return open.stores;
        const dataDir = join(folders.nodes, node.name);
        const database = await openDatabase({ clock, logger }, { url: null, dataDir, role: 'guest', poolConnectionsMax: 2 });
        const opened = { stores: createStores(database), stop: database.stop };
        databases.set(node.name, opened);
        return opened.stores;
      },
      forgetStores,
      said(name) {
        const tail = tails.get(name) ?? createLogTail(join(folders.logs, `${name}.log`));
        tails.set(name, tail);
        return tail.read();
      },
      stop,
    };
  } catch (error) {
    await stop();
    throw error;
  }
}
