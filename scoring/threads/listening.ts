/** One utterance heard on whatever thread this runs. */
import type { Audio } from '../audio.js';
import { neuralFeatures } from '../neural/features.js';
import type { MelBands } from '../neural/whisper-mel.js';
import { createUtteranceJudge } from '../profile.js';
import type { Prompt } from '../prompts.js';
import type { Listened } from './messages.js';

export function createListening(): (prompt: Prompt, audio: Audio, bands: MelBands | null) => Listened {
  const judge = createUtteranceJudge();
  return (prompt, audio, bands) => {
    const score = judge(prompt, audio);
    return { score, features: bands === null || score.fault !== null ? null : neuralFeatures(audio, bands) };
  };
}
