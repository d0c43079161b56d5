import { scoringFailure } from '../failures.js';
import type { Judge } from '../ports.js';
import { createUtteranceJudge } from '../profile.js';

/** The judge on the caller's own thread: for tests, and for tools that do nothing else meanwhile. */
export function createLocalJudge(): Judge {
  const judge = createUtteranceJudge();
  let closed = false;
  return {
    async judge(prompt, audio) {
      if (closed) throw scoringFailure('scoring.judge_closed');
      return judge(prompt, audio);
    },
    async close() {
      closed = true;
    },
  };
}
