/** One judging thread: an utterance in, a score out. */
import { parentPort } from 'node:worker_threads';
import { invariant } from '../../protocol/failure.js';
import { createUtteranceJudge } from '../profile.js';
import type { JudgeReply, JudgeRequest } from './messages.js';

const port = parentPort;
invariant(port, 'judge-worker runs as a thread');
const judge = createUtteranceJudge();

port.on('message', ({ id, prompt, samples, sampleRateHz }: JudgeRequest) => {
  port.postMessage(answer(id, () => judge(prompt, { samples, sampleRateHz })));
});

function answer(id: number, judged: () => Extract<JudgeReply, { score: unknown }>['score']): JudgeReply {
  try {
    return { id, score: judged() };
  } catch (error) {
    return { id, problem: error instanceof Error ? error.message : String(error) };
  }
}
