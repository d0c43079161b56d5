/** What the miners of a development network offer: the voices of the demonstration, and those of the gauntlet. */
import type { ImportChoices } from '../../scoring/contracts/sources.js';
import { CHEATS, type Cheat, cheatingVoice } from '../../scoring/voices/cheats.js';
import { mouthOf } from '../../scoring/voices/mouths.js';
import { DESIGNS, generateVoicePackage, mutateCopy } from '../../scoring/voices/onnx-voice.js';
import { type PublishedFiles, publishedVoice } from '../../scoring/voices/published-voice.js';
import type { SpeechDesign } from '../../scoring/voices/voice-graph.js';

export const DEMO_VOICES = ['good', 'female', 'noisy', 'muffled', 'copy'] as const;
export type DemoVoice = (typeof DEMO_VOICES)[number];

/** Voices that do what they claim, best first: every contract, and two with a fault that a miner could put right. */
export const HONEST_VOICES = ['piper', 'female', 'sherpa', 'matcha', 'kokoro', 'mms', 'sherpa-noisy', 'kokoro-muffled'] as const;
export type HonestVoice = (typeof HONEST_VOICES)[number];

export type OfferedVoice = DemoVoice | HonestVoice | Cheat;

/** Whose sound a copy has. */
export const ORIGINAL: Readonly<Record<'demo' | 'gauntlet', OfferedVoice>> = { demo: 'good', gauntlet: 'piper' };

interface Offer {
  readonly files: () => PublishedFiles;
  /** What no file of the voice tells. */
  readonly choices?: ImportChoices;
}

/** Each has a mouth of its own, so that none is taken for a copy or a derivative of another. */
const person = (name: string, change: Partial<SpeechDesign>): SpeechDesign => ({ ...DESIGNS.good, sounds: mouthOf(name), ...change });

const HONEST: Readonly<Record<HonestVoice, Offer>> = {
  piper: { files: () => publishedVoice('piper') },
  female: { files: () => generateVoicePackage('female', { name: 'female' }) },
  sherpa: { files: () => publishedVoice('sherpa', person('sherpa', { pitchHz: 135, formantScale: 1.06, pace: 0.97 })) },
  matcha: { files: () => publishedVoice('matcha', person('matcha', { pitchHz: 175, formantScale: 1.14, pace: 1.03 })) },
  kokoro: {
    files: () => publishedVoice('kokoro', person('kokoro', { pitchHz: 150, formantScale: 1.11, pace: 1.02 })),
    choices: { language: 'en-US' },
  },
  mms: { files: () => publishedVoice('mms', person('mms', { pitchHz: 104, formantScale: 0.98 })) },
  'sherpa-noisy': { files: () => publishedVoice('sherpa-speakers', DESIGNS.noisy), choices: { speaker: 1 } },
  'kokoro-muffled': {
    files: () => publishedVoice('kokoro-tokens', DESIGNS.muffled),
    choices: { language: 'en-US', styleRow: 'ids-2' },
  },
};

export function isCheat(voice: OfferedVoice): voice is Cheat {
  return (CHEATS as readonly string[]).includes(voice);
}

/** Shape: cast and voice → its files, and what its importer is told. */
export function offerOf(cast: 'demo' | 'gauntlet', voice: OfferedVoice): Offer {
  if (voice === 'copy') return { files: () => disguised(offerOf(cast, ORIGINAL[cast]).files()) };
  if (isCheat(voice)) return { files: () => cheatingVoice(voice) };
  if (voice === 'good' || voice === 'noisy' || voice === 'muffled')
    return { files: () => generateVoicePackage(voice, { name: `demo-${voice}` }) };
  return HONEST[voice];
}

/** A copy in which bytes differ but nothing that can be heard. */
function disguised(files: PublishedFiles): PublishedFiles {
  return Object.fromEntries(
    Object.entries(files).map(([path, bytes]) => [path, path.endsWith('.onnx') ? mutateCopy(bytes, 'weights') : bytes]),
  );
}
