/** Several models at once: as many as there are seats, and never one more. */
import { expect } from 'chai';
import { modelsAtOnce } from '../../../node/cli/capacity.js';
import { JUDGE_THREADS_MAX } from '../../../scoring/threads/judge-pool.js';
import { aHotkey, aModel } from '../../support/keys.js';
import { createMemoryQueue } from '../../support/memory-queue.js';
import { aScorer, ENTRY, JOB, ROW, TONE } from '../../support/scorer-bench.js';

const SEATS = 3;
const MODELS = 7;
const GIB = 1024 ** 3;

describe('scorer, in parallel', () => {
  it('hears as many models at once as there are seats, never more, and in the end all of them', async () => {
    const entries = Array.from({ length: MODELS }, (_, n) => ({ ...ENTRY, hotkey: aHotkey(n), model: aModel(n) }));
    let [speaking, most, scored] = [0, 0, 0];
    let allHere: () => void = () => {};
    const together = new Promise<void>((resolve) => {
      allHere = resolve;
    });
    // Nobody finishes a word before every seat is taken: with fewer seats than promised this never ends.
    const say = async () => {
      speaking += 1;
      most = Math.max(most, speaking);
      if (speaking === SEATS) allHere();
      await together;
      await new Promise(setImmediate);
      speaking -= 1;
      return TONE;
    };
    const { scorer, stores } = await aScorer({ voice: { say } });
    await stores.rounds.update(JOB.round, { entries });
    for (const { hotkey, model } of entries) await stores.models.put({ ...ROW, hotkey, model });
    const queue = createMemoryQueue();
    await queue.add(entries.map(({ hotkey, model }) => ({ ...JOB, hotkey, model })));
    let everyoneHeard: () => void = () => {};
    const end = new Promise<void>((resolve) => {
      everyoneHeard = resolve;
    });
    const worker = await queue.work(async (job, signal) => {
      const outcome = await scorer.handle(job, signal);
      if (++scored === MODELS) everyoneHeard();
      return outcome;
    }, SEATS);
    await end;
    await worker.stop();
    expect(most).to.equal(SEATS);
    expect((await stores.scores.ofRound(JOB.round)).map(({ record }) => record.hotkey)).to.have.members(
      entries.map(({ hotkey }) => hotkey),
    );
  });

  it('has a seat for each processor but one, as far as the memory reaches', () => {
    const machine = { processors: 8, memoryBytes: 64 * GIB };
    expect(modelsAtOnce({ memoryBytes: 2 * GIB }, machine)).to.equal(7);
    expect(modelsAtOnce({ memoryBytes: 2 * GIB }, { ...machine, memoryBytes: 9 * GIB })).to.equal(4);
    expect(modelsAtOnce({ memoryBytes: 2 * GIB }, { processors: 1, memoryBytes: GIB })).to.equal(1);
    expect(modelsAtOnce({ memoryBytes: 1 }, { processors: 500, memoryBytes: 64 * GIB })).to.equal(JUDGE_THREADS_MAX);
  });
});
