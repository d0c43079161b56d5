/** What was heard, kept for people: WAV files and a report per round and model, a few rounds back. */
import { mkdir, readdir, rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Audio } from '../../scoring/audio.js';
import { encodeWav } from '../../scoring/wav.js';
import type { Evidence } from '../scorer.js';

/** Rounds whose evidence stays on disk. */
export const EVIDENCE_ROUNDS_KEPT = 4;

export function createEvidence(directory: string): Evidence & { readonly directory: string } {
  const prepared = new Map<string, Promise<string>>();

  function folderOf(round: number, hotkey: string): Promise<string> {
    const name = join(`round-${round}`, hotkey);
    const known = prepared.get(name);
    if (known) return known;
    const made = prepare(round, join(directory, name));
    if (prepared.size > 1024) prepared.clear();
    prepared.set(name, made);
    // A folder that could not be made is tried again with the next file.
    made.catch(() => prepared.delete(name));
    return made;
  }

  async function prepare(round: number, folder: string): Promise<string> {
    await mkdir(folder, { recursive: true });
    const rounds = (await readdir(directory)).flatMap((name) => (/^round-\d+$/.test(name) ? [Number(name.slice(6))] : []));
    for (const old of rounds.filter((kept) => kept <= round - EVIDENCE_ROUNDS_KEPT))
      await rm(join(directory, `round-${old}`), { recursive: true, force: true });
    return folder;
  }

  async function replace(file: string, content: Uint8Array | string): Promise<void> {
    await writeFile(`${file}.part`, content);
    await rename(`${file}.part`, file);
  }

  return {
    directory,
    async keepAudio(round, hotkey, prompt, audio: Audio) {
      const name = `prompt-${String(prompt.index).padStart(2, '0')}-${prompt.kind}.wav`;
      await replace(join(await folderOf(round, hotkey), name), encodeWav(audio));
    },
    async keepReport(round, hotkey, report) {
      await replace(join(await folderOf(round, hotkey), 'report.json'), `${JSON.stringify(report, null, 2)}\n`);
    },
  };
}
