/** Voices of every published contract, imported into packages in temporary folders. */
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { ImportChoices } from '../../scoring/contracts/sources.js';
import { type ImportedVoice, importVoice } from '../../scoring/onnx/package-import.js';
import { type PublishedFiles, publishedVoice, type VoiceContract } from '../../scoring/voices/published-voice.js';

export const META = { name: 'voice', version: '1', licence: 'CC0-1.0' };

/** What no file of these voices tells. */
export const TOLD: Readonly<Record<VoiceContract, ImportChoices>> = {
  piper: {},
  'piper-speakers': { speaker: 1 },
  sherpa: {},
  'sherpa-speakers': { speaker: 1 },
  mms: {},
  kokoro: { language: 'en-US' },
  'kokoro-tokens': { language: 'en-US', styleRow: 'ids-2' },
  matcha: {},
};

export async function writeFiles(
  files: PublishedFiles,
  cleanUps: (() => Promise<void>)[],
): Promise<{ readonly source: string; readonly target: string }> {
  const root = await mkdtemp(join(tmpdir(), 'voxd-test-published-'));
  cleanUps.push(() => rm(root, { recursive: true, force: true }));
  const source = join(root, 'source');
  await mkdir(source);
  for (const [name, bytes] of Object.entries(files)) await writeFile(join(source, name), bytes);
  return { source, target: join(root, 'package') };
}

export async function importPublished(contract: VoiceContract, cleanUps: (() => Promise<void>)[]): Promise<ImportedVoice> {
  const { source, target } = await writeFiles(publishedVoice(contract), cleanUps);
  return importVoice(source, target, META, TOLD[contract]);
}
