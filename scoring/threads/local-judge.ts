import type { Judge } from '../ports.js';
import { createUtteranceJudge } from '../profile.js';

/** The judge on the caller's own thread: for tests, and for tools that do nothing else meanwhile. */
export function createLocalJudge(): Judge {
  const judge = createUtteranceJudge();
  return {
    judge: (prompt, audio) => Promise.resolve().then(() => judge(prompt, audio)),
    close: () => Promise.resolve(),
  };
}
