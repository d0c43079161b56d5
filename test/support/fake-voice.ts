/** A voice without a model or a sandbox: the same contract (test/contracts/voice.ts), spoken by our own synthesiser. */

import { invariant } from '../../protocol/failure.js';
import type { Audio } from '../../scoring/audio.js';
import { scoringFailure } from '../../scoring/failures.js';
import type { RunLimits, Utterance, VoiceRunner, VoiceSession } from '../../scoring/ports.js';
import { REFERENCE_VOICES, synthesiseReference } from '../../scoring/voices/reference.js';

export interface FakeVoice extends VoiceRunner {
  readonly counts: { opened: number; closed: number; said: number };
}

export interface FakeVoiceOptions {
  /** Throws to fail, waits to be slow (pass the signal on), returns null to speak properly. `nth` counts from 0 over all sessions. */
  readonly say?: (utterance: Utterance, nth: number, signal: AbortSignal | undefined) => Promise<Audio | null> | Audio | null;
  /** Throws to fail. `nth` counts from 0. */
  readonly open?: (nth: number) => void;
}

export function createFakeVoice({ say = () => null, open = () => {} }: FakeVoiceOptions = {}): FakeVoice {
  const counts = { opened: 0, closed: 0, said: 0 };

  function session(limits: RunLimits): VoiceSession {
    let busy = false;
    const closing = new AbortController();
    async function speak(utterance: Utterance, signal: AbortSignal | undefined): Promise<Audio> {
      if (closing.signal.aborted) throw scoringFailure('scoring.session_closed');
      const either = AbortSignal.any([closing.signal, ...(signal ? [signal] : [])]);
      const audio = await unlessAborted(either, async () => (await say(utterance, counts.said++, either)) ?? pronounce(utterance));
      const maxSamples = Math.floor(limits.audioSecondsMax * audio.sampleRateHz);
      if (audio.samples.length > maxSamples) throw scoringFailure('scoring.audio_too_long', { samples: audio.samples.length, maxSamples });
      return audio;
    }
    return {
      async synthesise(utterance, signal) {
        invariant(!busy, 'a session speaks one utterance at a time');
        busy = true;
        try {
          return { audio: await speak(utterance, signal), elapsedMs: 1, dropped: 0 };
        } finally {
          busy = false;
        }
      },
      async close() {
        if (!closing.signal.aborted) counts.closed += 1;
        closing.abort(scoringFailure('scoring.session_closed'));
      },
    };
  }

  return {
    engine: 'native',
    engineId: 'fake',
    counts,
    async open(_model, limits, signal) {
      signal?.throwIfAborted();
      open(counts.opened++);
      return session(limits);
    },
  };
}

/** The reference speaker, a little higher or lower by the seed. */
function pronounce({ phones, seed }: Utterance): Audio {
  const voice = REFERENCE_VOICES[0]!;
  return synthesiseReference(phones, { ...voice, pitchHz: voice.pitchHz + (Number.parseInt(seed.slice(0, 4), 16) % 40) });
}

function unlessAborted<T>(signal: AbortSignal, work: () => Promise<T>): Promise<T> {
  return new Promise((resolve, reject) => {
    if (signal.aborted) return reject(signal.reason);
    const onAbort = () => reject(signal.reason);
    signal.addEventListener('abort', onAbort, { once: true });
    work()
      .then(resolve, reject)
      .finally(() => signal.removeEventListener('abort', onAbort));
  });
}
