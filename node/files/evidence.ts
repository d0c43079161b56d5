/**
 * What was heard, kept for people: a report and a few utterances per round and model, under a budget of bytes.
 *
 * A folder has a row in the index before it has a file. It goes in two phases: marked in the index, which fails while somebody reads it, then
 * removed and forgotten. So after a kill anywhere the next start finds either a row whose folder has to go, or the like of nothing: no row points to
 * a folder that is not there, and no folder is without a row. A file appears whole or not at all.
 */
import { randomUUID } from 'node:crypto';
import { mkdir, open, readdir, readFile, rename, rm, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { encodeWav } from '../../scoring/wav.js';
import type { EvidenceIndex } from '../explain/ports.js';
import { makesPlace, utteranceName } from '../explain/utterances.js';
import { nodeFailure } from '../failures.js';
import type { Evidence } from '../rounds/scorer.js';
import { diskFailure, errorCode } from './disk-failures.js';

/** Rounds whose evidence stays on disk, as far as the budget reaches. */
export const EVIDENCE_ROUNDS_KEPT = 4;

const REPORT = 'report.json';
const SAMPLE = /^prompt-(\d+)-([a-z-]+)-(\d{7})\.wav$/;
const TRASH = '.trash';
const IDENTITY = '.identity';

export interface EvidenceSample {
  readonly prompt: number;
  readonly kind: string;
  readonly scorePpm: number;
  readonly path: string;
}

export interface EvidenceStore extends Evidence {
  readonly directory: string;
  usage(): Promise<{ readonly usedBytes: number; readonly budgetBytes: number }>;
}

interface Folder {
  readonly round: number;
  readonly hotkey: string;
  bytes: number;
}

/** Where the evidence of one model in one round lies. */
export function evidenceFolder(directory: string, round: number, hotkey: string): string {
  return join(directory, `round-${round}`, hotkey);
}

/** The identity of a directory, made once and kept in it: it is the same under another name of the machine. */
export async function evidenceStoreId(directory: string): Promise<string> {
  const path = join(directory, IDENTITY);
  await mkdir(directory, { recursive: true, mode: 0o700 });
  const known = await readFile(path, 'utf8').catch(unlessGone);
  if (known !== undefined) return known.trim();
  const made = randomUUID();
  await writeFile(`${path}.part`, `${made}\n`, { flush: true, mode: 0o600 });
  await rename(`${path}.part`, path);
  return made;
}

/** One per directory. Errors: store.full, store.read_only, store.evidence_full, and what the index rejects with. */
export function createEvidence(
  deps: { readonly index: EvidenceIndex },
  options: { readonly directory: string; readonly bytesMax: number },
): EvidenceStore {
  const { index } = deps;
  const { directory, bytesMax } = options;
  // Bounded by bytesMax.
  const folders = new Map<string, Folder>();
  let opened: Promise<void> | null = null;
  let serial = 0;
  let turn: Promise<unknown> = Promise.resolve();

  /** One change at a time: two writers cannot both be promised the same room. */
  function exclusively<T>(work: () => Promise<T>): Promise<T> {
    const result = turn.then(async () => {
      opened ??= recover().catch((error: unknown) => {
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

  const pathOf = (round: number, hotkey: string) => evidenceFolder(directory, round, hotkey);
  const keyOf = (round: number, hotkey: string) => `${round}/${hotkey}`;
  const usedBytes = () => [...folders.values()].reduce((sum, { bytes }) => sum + bytes, 0);

  /** Brings the disk and the index together after whatever ended the last process. */
  async function recover(): Promise<void> {
    await rm(join(directory, TRASH), { recursive: true, force: true });
    await mkdir(join(directory, TRASH), { recursive: true, mode: 0o700 });
    folders.clear();
    const rows = new Map((await index.list()).map((row) => [keyOf(row.round, row.hotkey), row]));
    for (const { round, hotkey } of await foldersIn(directory)) {
      const row = rows.get(keyOf(round, hotkey));
      if (row?.state !== 'kept') {
        await discard(round, hotkey);
        continue;
      }
      folders.set(keyOf(round, hotkey), { round, hotkey, bytes: await measure(pathOf(round, hotkey)) });
      // The machine may have another name by now, and the directory another place.
      await index.begin(round, hotkey);
    }
    for (const [key, { round, hotkey }] of rows) if (!folders.has(key)) await index.forget(round, hotkey);
  }

  /** Out of sight at once, then off the disk. */
  async function discard(round: number, hotkey: string): Promise<void> {
    const trash = join(directory, TRASH, `${round}.${hotkey}.${++serial}`);
    await rename(pathOf(round, hotkey), trash).catch(unlessGone);
    await rm(trash, { recursive: true, force: true });
    const parent = join(directory, `round-${round}`);
    if ((await readdir(parent).catch(() => [''])).length === 0) await rm(parent, { recursive: true, force: true });
  }

  /** False: somebody reads it. */
  async function remove({ round, hotkey }: Folder): Promise<boolean> {
    if (!(await index.mark(round, hotkey))) return false;
    await discard(round, hotkey);
    folders.delete(keyOf(round, hotkey));
    await index.forget(round, hotkey);
    return true;
  }

  /** The oldest rounds make room; what is being written and what is read stays. */
  async function makeRoom(neededBytes: number, current: Folder): Promise<void> {
    const oldest = [...folders.values()].sort((a, b) => a.round - b.round || (a.hotkey < b.hotkey ? -1 : 1));
    for (const folder of oldest) {
      const tooOld = folder.round <= current.round - EVIDENCE_ROUNDS_KEPT;
      if (!tooOld && usedBytes() + neededBytes <= bytesMax) break;
      if (folder !== current) await remove(folder);
    }
    if (usedBytes() + neededBytes > bytesMax) throw nodeFailure('store.evidence_full', { usedBytes: usedBytes(), budgetBytes: bytesMax });
  }

  async function folderOf(round: number, hotkey: string): Promise<Folder> {
    const key = keyOf(round, hotkey);
    const known = folders.get(key);
    if (known !== undefined) return known;
    await index.begin(round, hotkey);
    await mkdir(pathOf(round, hotkey), { recursive: true, mode: 0o700 });
    const folder = { round, hotkey, bytes: 0 };
    folders.set(key, folder);
    return folder;
  }

  async function put(folder: Folder, name: string, content: Uint8Array): Promise<void> {
    const path = join(pathOf(folder.round, folder.hotkey), name);
    const before = await sizeOf(path);
    await makeRoom(content.length, folder);
    const part = `${path}.part`;
    try {
      await writeFile(part, content, { flush: true, mode: 0o600 });
      await rename(part, path);
    } catch (error) {
      await rm(part, { force: true });
      throw error;
    }
    await syncDirectory(pathOf(folder.round, folder.hotkey));
    folder.bytes += content.length - before;
  }

  return {
    directory,
    keepAudio: (round, hotkey, prompt, audio, { scorePpm }) =>
      exclusively(async () => {
        const arrived = { prompt: prompt.index, kind: prompt.kind, scorePpm };
        const { keep, goes } = makesPlace(await samplesIn(pathOf(round, hotkey)), arrived);
        if (!keep) return;
        const folder = await folderOf(round, hotkey);
        await put(folder, `${utteranceName(arrived)}-${String(scorePpm).padStart(7, '0')}.wav`, encodeWav(audio));
        if (goes === null) return;
        folder.bytes -= await sizeOf(goes.path);
        await rm(goes.path, { force: true });
      }),
    keepReport: (round, hotkey, report) =>
      exclusively(async () => {
        await put(await folderOf(round, hotkey), REPORT, Buffer.from(`${JSON.stringify(report, null, 2)}\n`));
        await index.complete(round, hotkey);
      }),
    usage: () => exclusively(async () => ({ usedBytes: usedBytes(), budgetBytes: bytesMax })),
  };
}

/** By ascending prompt; empty when nothing is kept. For a reader that holds a lease. */
export async function samplesIn(folder: string): Promise<readonly EvidenceSample[]> {
  const names = await readdir(folder).catch(() => []);
  return names
    .flatMap((name): EvidenceSample[] => {
      const [, prompt, kind, scorePpm] = SAMPLE.exec(name) ?? [];
      if (prompt === undefined || kind === undefined) return [];
      return [{ prompt: Number(prompt), kind, scorePpm: Number(scorePpm), path: join(folder, name) }];
    })
    .sort((a, b) => a.prompt - b.prompt);
}

/** The samples with their bytes. One that a better one took the place of meanwhile is left out. */
export async function readSamples(folder: string): Promise<readonly (EvidenceSample & { readonly wav: Uint8Array })[]> {
  const found = await Promise.all(
    (await samplesIn(folder)).map(async (sample) => {
      const wav = await readFile(sample.path).catch(unlessGone);
      return wav === undefined ? [] : [{ ...sample, wav }];
    }),
  );
  return found.flat();
}

async function foldersIn(directory: string): Promise<readonly { readonly round: number; readonly hotkey: string }[]> {
  const rounds = (await readdir(directory)).flatMap((name) => {
    const [, round] = /^round-(\d+)$/.exec(name) ?? [];
    return round === undefined ? [] : [Number(round)];
  });
  const found = await Promise.all(
    rounds.map(async (round) => (await readdir(join(directory, `round-${round}`))).map((hotkey) => ({ round, hotkey }))),
  );
  return found.flat();
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

function unlessGone(error: unknown): undefined {
  if (errorCode(error) !== 'ENOENT') throw error;
}
