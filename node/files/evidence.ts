/**
 * What was heard, kept for people: a report and a few utterances per round and model, under a budget of bytes.
 *
 * A file appears whole or not at all. A folder goes in two steps, renamed into the trash and then deleted, so that what stands under its name is
 * never half gone; what a killed process left in the trash or half written goes at the next start. Leased folders stay.
 */
import { mkdir, open, readdir, rename, rm, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Hotkey } from '../../protocol/names.js';
import { encodeWav } from '../../scoring/wav.js';
import { nodeFailure } from '../failures.js';
import type { Evidence } from '../rounds/scorer.js';
import { diskFailure, errorCode } from './disk-failures.js';

/** Rounds whose evidence stays on disk, as far as the budget reaches. */
export const EVIDENCE_ROUNDS_KEPT = 4;
/** Utterances kept of one model and round: the first ones, for everybody the same, and the worst. */
export const FIRST_SAMPLES_KEPT = 2;
export const WORST_SAMPLES_KEPT = 6;

const SAMPLE = /^prompt-(\d+)-([a-z-]+)-(\d{7})\.wav$/;
const TRASH = '.trash';
const LEASES = '.leases';

export interface EvidenceSample {
  readonly prompt: number;
  readonly kind: string;
  readonly scorePpm: number;
  readonly path: string;
}

export interface EvidenceStore extends Evidence {
  readonly directory: string;
  /** By ascending prompt; empty when nothing is kept. */
  samples(round: number, hotkey: Hotkey): Promise<readonly EvidenceSample[]>;
  /** The folder stays until released, or until this process ends. Null: there is none. */
  lease(round: number, hotkey: Hotkey): Promise<{ readonly directory: string; release(): Promise<void> } | null>;
  usage(): Promise<{ readonly usedBytes: number; readonly budgetBytes: number }>;
}

export interface EvidenceOptions {
  readonly bytesMax: number;
  /** A folder has its report. */
  readonly onKept?: (round: number, hotkey: Hotkey, directory: string) => Promise<void>;
}

interface Folder {
  readonly round: number;
  readonly hotkey: string;
  bytes: number;
}

/** Errors: store.full, store.read_only, store.evidence_full. */
export function createEvidence(directory: string, options: EvidenceOptions): EvidenceStore {
  // Bounded by bytesMax.
  const folders = new Map<string, Folder>();
  let opened: Promise<void> | null = null;
  let serial = 0;
  let turn: Promise<unknown> = Promise.resolve();

  /** One change at a time: two writers cannot both be promised the same room. */
  function exclusively<T>(work: () => Promise<T>): Promise<T> {
    const result = turn.then(async () => {
      opened ??= scan().catch((error: unknown) => {
        opened = null;
        throw error;
      });
      await opened;
      return work();
    });
    turn = result.catch(() => {});
    return result.catch((error: unknown) => {
      throw diskFailure(error, directory) ?? error;
    });
  }

  const pathOf = (round: number, hotkey: string) => join(directory, `round-${round}`, hotkey);
  const keyOf = (round: number, hotkey: string) => `${round}/${hotkey}`;
  const usedBytes = () => [...folders.values()].reduce((sum, { bytes }) => sum + bytes, 0);

  async function scan(): Promise<void> {
    for (const name of [TRASH, LEASES]) await mkdir(join(directory, name), { recursive: true, mode: 0o700 });
    await rm(join(directory, TRASH), { recursive: true, force: true });
    await mkdir(join(directory, TRASH), { mode: 0o700 });
    folders.clear();
    for (const name of await readdir(directory)) {
      const round = /^round-(\d+)$/.exec(name)?.[1];
      if (round === undefined) continue;
      for (const hotkey of await readdir(join(directory, name))) {
        const folder = { round: Number(round), hotkey, bytes: await measure(join(directory, name, hotkey)) };
        folders.set(keyOf(folder.round, hotkey), folder);
      }
    }
  }

  async function isLeased(round: number, hotkey: string): Promise<boolean> {
    const prefix = `${round}.${hotkey}.`;
    const leases = (await readdir(join(directory, LEASES))).filter((name) => name.startsWith(prefix));
    let held = false;
    for (const name of leases) {
      if (lives(Number(name.slice(prefix.length).split('.')[0]))) held = true;
      else await rm(join(directory, LEASES, name), { force: true });
    }
    return held;
  }

  async function remove(folder: Folder): Promise<void> {
    const trash = join(directory, TRASH, `${folder.round}.${folder.hotkey}.${process.pid}.${++serial}`);
    await rename(pathOf(folder.round, folder.hotkey), trash).catch(unlessGone);
    folders.delete(keyOf(folder.round, folder.hotkey));
    await rm(trash, { recursive: true, force: true });
    const round = join(directory, `round-${folder.round}`);
    if ((await readdir(round).catch(() => [''])).length === 0) await rm(round, { recursive: true, force: true });
  }

  /** The oldest rounds make room; what is being written and what is leased stays. */
  async function makeRoom(neededBytes: number, current: Folder): Promise<void> {
    const oldest = [...folders.values()].sort((a, b) => a.round - b.round || (a.hotkey < b.hotkey ? -1 : 1));
    for (const folder of oldest) {
      const tooOld = folder.round <= current.round - EVIDENCE_ROUNDS_KEPT;
      if (!tooOld && usedBytes() + neededBytes <= options.bytesMax) break;
      if (folder === current || (await isLeased(folder.round, folder.hotkey))) continue;
      await remove(folder);
    }
    if (usedBytes() + neededBytes > options.bytesMax) {
      throw nodeFailure('store.evidence_full', { usedBytes: usedBytes(), budgetBytes: options.bytesMax });
    }
  }

  async function folderOf(round: number, hotkey: string): Promise<Folder> {
    const key = keyOf(round, hotkey);
    const folder = folders.get(key) ?? { round, hotkey, bytes: 0 };
    await mkdir(pathOf(round, hotkey), { recursive: true, mode: 0o700 });
    folders.set(key, folder);
    return folder;
  }

  async function put(folder: Folder, name: string, content: Uint8Array): Promise<void> {
    const path = join(pathOf(folder.round, folder.hotkey), name);
    const before = await sizeOf(path);
    await makeRoom(content.length, folder);
    const part = `${path}.part`;
    await writeFile(part, content, { flush: true, mode: 0o600 });
    await rename(part, path);
    await syncDirectory(pathOf(folder.round, folder.hotkey));
    folder.bytes += content.length - before;
  }

  async function samplesIn(round: number, hotkey: string): Promise<readonly EvidenceSample[]> {
    const folder = pathOf(round, hotkey);
    const names = await readdir(folder).catch(() => []);
    return names
      .flatMap((name): EvidenceSample[] => {
        const [, prompt, kind, scorePpm] = SAMPLE.exec(name) ?? [];
        if (prompt === undefined || kind === undefined) return [];
        return [{ prompt: Number(prompt), kind, scorePpm: Number(scorePpm), path: join(folder, name) }];
      })
      .sort((a, b) => a.prompt - b.prompt);
  }

  return {
    directory,
    keepAudio: (round, hotkey, prompt, audio, { scorePpm }) =>
      exclusively(async () => {
        const others = (await samplesIn(round, hotkey)).filter((sample) => sample.prompt >= FIRST_SAMPLES_KEPT);
        const best = others.reduce<EvidenceSample | null>((top, sample) => (top && top.scorePpm >= sample.scorePpm ? top : sample), null);
        const full = prompt.index >= FIRST_SAMPLES_KEPT && others.length >= WORST_SAMPLES_KEPT && best !== null;
        if (full && best.scorePpm <= scorePpm) return;
        const folder = await folderOf(round, hotkey);
        const name = `prompt-${String(prompt.index).padStart(2, '0')}-${prompt.kind}-${String(scorePpm).padStart(7, '0')}.wav`;
        await put(folder, name, encodeWav(audio));
        if (!full) return;
        folder.bytes -= await sizeOf(best.path);
        await rm(best.path, { force: true });
      }),
    keepReport: (round, hotkey, report) =>
      exclusively(async () => {
        await put(await folderOf(round, hotkey), 'report.json', Buffer.from(`${JSON.stringify(report, null, 2)}\n`));
        await options.onKept?.(round, hotkey, pathOf(round, hotkey));
      }),
    samples: (round, hotkey) => exclusively(() => samplesIn(round, hotkey)),
    lease: (round, hotkey) =>
      exclusively(async () => {
        const lease = join(directory, LEASES, `${round}.${hotkey}.${process.pid}.${++serial}`);
        // The lease first: whoever deletes looks for leases before it renames.
        await writeFile(lease, '', { mode: 0o600 });
        const release = () => rm(lease, { force: true });
        const there = await stat(pathOf(round, hotkey)).catch(() => null);
        if (there !== null) return { directory: pathOf(round, hotkey), release };
        await release();
        return null;
      }),
    usage: () => exclusively(async () => ({ usedBytes: usedBytes(), budgetBytes: options.bytesMax })),
  };
}

/** Half-written files go on the way: nobody writes when this is asked. */
async function measure(folder: string): Promise<number> {
  let bytes = 0;
  for (const name of await readdir(folder).catch(() => [])) {
    if (name.endsWith('.part')) await rm(join(folder, name), { force: true });
    else bytes += await sizeOf(join(folder, name));
  }
  return bytes;
}

async function sizeOf(path: string): Promise<number> {
  return (await stat(path).catch(() => null))?.size ?? 0;
}

async function syncDirectory(path: string): Promise<void> {
  const handle = await open(path, 'r');
  await handle.sync().finally(() => handle.close());
}

function unlessGone(error: unknown): void {
  if (errorCode(error) !== 'ENOENT') throw error;
}

function lives(pid: number): boolean {
  if (!Number.isSafeInteger(pid) || pid <= 0) return false;
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return errorCode(error) === 'EPERM';
  }
}
