/** The folder of a development network: one per node, their configuration, the voices, the logs. */
import { existsSync } from 'node:fs';
import { mkdir, readdir, rm, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { stringify } from 'yaml';
import { cliFailure } from '../cli/failures.js';
import { sealVoiceFolder } from '../compose-models.js';
import { type CastMember, type CastName, HTTP_OFFSET, P2P_OFFSET } from './cast.js';
import { type OfferedVoice, offerOf } from './voices.js';

const MARKER = 'devnet.json';
/** Ports that one network takes, counted from its base port. */
export const PORTS_TAKEN = 50;

export interface DevnetFolders {
  readonly root: string;
  readonly chain: string;
  readonly logs: string;
  readonly voices: string;
  readonly nodes: string;
}

/** Empties the folder of an earlier run. A folder that is something else is left alone. Errors: cli.devnet_folder. */
export async function prepareFolders(root: string): Promise<DevnetFolders> {
  const present = existsSync(root) ? await readdir(root) : [];
  if (present.length > 0 && !present.includes(MARKER)) throw cliFailure('cli.devnet_folder', { folder: root });
  for (const name of present) if (name !== MARKER) await rm(join(root, name), { recursive: true, force: true });
  const folders = { root, chain: join(root, 'chain'), logs: join(root, 'logs'), voices: join(root, 'voices'), nodes: join(root, 'nodes') };
  for (const folder of Object.values(folders)) await mkdir(folder, { recursive: true });
  await writeFile(join(root, MARKER), '{"voxd":"devnet"}\n');
  return folders;
}

/** Each voice in a folder of its own name, sealed as its miner would do it. */
export async function writeVoices(folder: string, cast: CastName, voices: readonly OfferedVoice[]): Promise<void> {
  for (const voice of voices) {
    const { files, choices } = offerOf(cast, voice);
    const directory = join(folder, voice);
    await mkdir(directory, { recursive: true });
    for (const [path, bytes] of Object.entries(files())) await writeFile(join(directory, path), bytes);
    await sealVoiceFolder(directory, { name: voice, version: '1', licence: 'CC0-1.0' }, choices);
  }
}

export interface NodeSettings {
  readonly endpoint: string;
  readonly netuid: number;
  readonly cadenceBlocks: number;
  readonly scoring: ScoringSettings;
  readonly folders: DevnetFolders;
  /** Of the health page; default loopback. */
  readonly httpHost?: string;
  /** Default: that of the program. */
  readonly announceIntervalMs?: number;
}

/** The part `scoring` of the configuration. */
export interface ScoringSettings {
  readonly prompts: number;
  readonly firstPrompts?: number;
  readonly cpuSeconds?: number;
  readonly memoryBytes?: number;
  readonly audits?: number;
}

export function configPath(folders: DevnetFolders, member: CastMember): string {
  return join(folders.nodes, member.name, 'voxd.yml');
}

/** Writes what an operator would write. */
export async function writeConfig(member: CastMember, settings: NodeSettings): Promise<void> {
  const folder = join(settings.folders.nodes, member.name);
  await mkdir(folder, { recursive: true });
  const announcing = settings.announceIntervalMs === undefined ? {} : { announceIntervalMs: settings.announceIntervalMs };
  const config = {
    role: member.role,
    dataDir: folder,
    chain: { endpoints: [settings.endpoint], netuid: settings.netuid },
    wallet: { uri: member.hotkeyUri },
    p2p: { listenIp: member.ip, port: member.p2pPort, announceIp: member.ip, allowPrivateAddresses: true },
    http: { port: member.httpPort, ...(settings.httpHost === undefined ? {} : { host: settings.httpHost }) },
    ...(member.voice === null ? {} : { miner: { modelDir: join(settings.folders.voices, member.voice), ...announcing } }),
    // A short round has little room: most of it goes to listening.
    rounds: { cadenceBlocks: settings.cadenceBlocks, commitPercent: 70, revealPercent: 86 },
    scoring: settings.scoring,
    log: { level: 'debug', format: 'json' },
  };
  await writeFile(configPath(settings.folders, member), stringify(config), { mode: 0o600 });
}

/** A base port from which all ports of a network are free on loopback. */
export async function freeBasePort(from: number): Promise<number> {
  for (let base = from; base < from + 40 * PORTS_TAKEN; base += PORTS_TAKEN) {
    const offsets = [0, P2P_OFFSET, P2P_OFFSET + 1, P2P_OFFSET + 2, HTTP_OFFSET, HTTP_OFFSET + 1, HTTP_OFFSET + 6];
    const probes = await Promise.all(offsets.map((offset) => isFree(base + offset)));
    if (probes.every(Boolean)) return base;
  }
  return from;
}

function isFree(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const server = createServer();
    server.once('error', () => resolve(false));
    server.listen(port, '127.0.0.1', () => server.close(() => resolve(true)));
  });
}
