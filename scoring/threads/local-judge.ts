import { scoringFailure } from '../failures.js';
import type { Judge, Listener } from '../ports.js';
import { createListening } from './listening.js';

/** The judge on the caller's own thread: for tests, and for tools that do nothing else meanwhile. */
export function createLocalJudge(): Judge & Listener {
  const listen = createListening();
  let closed = false;
  return {
    async judge(prompt, audio) {
      if (closed) throw scoringFailure('scoring.judge_closed');
      return listen(prompt, audio, null).score;
    },
    async listen(prompt, audio, bands) {
      if (closed) throw scoringFailure('scoring.judge_closed');
      return listen(prompt, audio, bands);
    },
    async close() {
      closed = true;
    },
  };
}
