/** Model packages in temporary folders, with a token map that knows every IPA symbol of our prompts. */
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { sealPackage } from '../../scoring/onnx/package-files.js';
import type { PackageDescription } from '../../scoring/package.js';
import { ipaOf, PHONES } from '../../scoring/phonemes.js';
import type { VerifiedModel } from '../../scoring/ports.js';
import { RATE_HZ } from './onnx-attacks.js';

/** Also serves the tests of the manifest: a description that is right, to be broken one field at a time. */
export function tinyDescription(): PackageDescription {
  const symbols = [...new Set(PHONES.flatMap((phone) => ipaOf(['AA1', phone, 'AA1'])))];
  return {
    name: 'tiny',
    version: '1',
    licence: 'Apache-2.0',
    languages: ['en-US'],
    family: 'piper',
    operators: 'plain',
    graphs: [
      {
        file: 'voice.onnx',
        inputs: [
          { name: 'input', bind: 'tokens', type: 'int64', rank: 2, values: [] },
          { name: 'input_lengths', bind: 'tokenCount', type: 'int64', rank: 1, values: [] },
          { name: 'scales', bind: 'scales', type: 'float32', rank: 1, values: [667, 1000, 800] },
        ],
        outputs: [{ name: 'output', use: 'audio' }],
      },
    ],
    audio: { layout: 'B1T', sampleRateHz: RATE_HZ },
    text: { symbols: 'espeak', unknown: 'drop', espeak: null },
    tokens: { map: Object.fromEntries(symbols.map((symbol, i) => [symbol, [i + 3]])), bos: [1], eos: [2], pad: [0], pads: 'after-start' },
    style: null,
    limits: { tokens: 4096 },
  };
}

/** Seals `graph` in a folder of its own, which the clean-up that is added removes. */
export async function sealTinyVoice(graph: Uint8Array, cleanUps: (() => Promise<void>)[]): Promise<VerifiedModel> {
  const directory = await mkdtemp(join(tmpdir(), 'voxd-test-voice-'));
  cleanUps.push(() => rm(directory, { recursive: true, force: true }));
  await writeFile(join(directory, 'voice.onnx'), graph);
  return sealPackage(directory, tinyDescription());
}
