/** One judging thread: an utterance in, a score out. */
import { parentPort } from 'node:worker_threads';
import { invariant } from '../../protocol/failure.js';
import { createListening } from './listening.js';
import type { JudgeReply, JudgeRequest, Listened } from './messages.js';
import { yieldThread } from './priority.js';

const port = parentPort;
invariant(port, 'judge-worker runs as a thread');
yieldThread();
const listen = createListening();

port.on('message', ({ id, prompt, samples, sampleRateHz, bands }: JudgeRequest) => {
  port.postMessage(answer(id, () => listen(prompt, { samples, sampleRateHz }, bands)));
});

function answer(id: number, heard: () => Listened): JudgeReply {
  try {
    return { id, listened: heard() };
  } catch (error) {
    return { id, problem: error instanceof Error ? error.message : String(error) };
  }
}
