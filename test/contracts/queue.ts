/** What every implementation of the scoring queue promises. `open` gives an empty one. */
import { isDeepStrictEqual } from 'node:util';
import { expect } from 'chai';
import { nodeFailure } from '../../node/failures.js';
import type { ScoringJob, ScoringQueue } from '../../node/ports.js';
import { hotkeyNamed, modelNamed } from '../support/store-samples.js';
import { until } from '../support/until.js';

export function aJob(name: string, round = 1): ScoringJob {
  return { round, hotkey: hotkeyNamed(name), model: modelNamed(name) };
}

export function queueContract(name: string, open: () => Promise<ScoringQueue>): void {
  describe(`scoring queue (${name})`, () => {
    let queue: ScoringQueue;
    let stop: (() => Promise<void>) | null = null;
    beforeEach(async () => {
      queue = await open();
    });
    afterEach(async () => {
      await stop?.();
      stop = null;
    });

    /** What became of the last turn is written down a moment after its handler has ended. */
    async function settlesAt(depth: Awaited<ReturnType<ScoringQueue['depth']>>): Promise<void> {
      let found = await queue.depth();
      const isSettled = async () => {
        found = await queue.depth();
        return isDeepStrictEqual(found, depth);
      };
      await until('the queue to settle', isSettled, 5_000).catch(() => {});
      expect(found).to.deep.equal(depth);
    }

    /** Works until `count` turns have begun; `each` decides how a turn ends. */
    async function workUntil(count: number, each: (job: ScoringJob, turn: number) => void | Promise<void>): Promise<ScoringJob[]> {
      const seen: ScoringJob[] = [];
      await new Promise<void>((resolve) => {
        void queue
          .work(async (job) => {
            seen.push(job);
            const turn = seen.length;
            try {
              await each(job, turn);
            } finally {
              if (turn === count) resolve();
            }
          }, 2)
          .then((worker) => {
            stop = () => worker.stop();
          });
      });
      await stop?.();
      return seen;
    }

    it('does each job once, however often it was added, also after it is done', async () => {
      await queue.add([aJob('a'), aJob('b'), aJob('a')]);
      await queue.add([aJob('a')]);
      expect(await queue.depth()).to.deep.equal({ waiting: 2, running: 0, dead: 0 });
      const seen = await workUntil(2, () => {});
      expect(seen).to.have.deep.members([aJob('a'), aJob('b')]);
      await queue.add([aJob('a')]);
      await settlesAt({ waiting: 0, running: 0, dead: 0 });
    });

    it('tells jobs of different rounds, models and hotkeys apart', async () => {
      await queue.add([aJob('a', 1), aJob('a', 2), { ...aJob('a', 1), hotkey: hotkeyNamed('z') }]);
      expect((await queue.depth()).waiting).to.equal(3);
    });

    it('takes a job that is added while it waits', async () => {
      const seen: string[] = [];
      let arrived = () => {};
      const arrival = new Promise<void>((resolve) => {
        arrived = resolve;
      });
      const worker = await queue.work(async (job) => {
        seen.push(job.hotkey);
        arrived();
      }, 1);
      stop = () => worker.stop();
      await queue.add([aJob('late')]);
      await arrival;
      expect(seen).to.deep.equal([hotkeyNamed('late')]);
    });

    it('does as many jobs at once as it is told, never more', async () => {
      await queue.add(['a', 'b', 'c', 'd', 'e', 'f', 'g'].map((one) => aJob(one)));
      const seats = 3;
      let [running, most, done] = [0, 0, 0];
      let [full, over] = [() => {}, () => {}];
      const everySeatTaken = new Promise<void>((resolve) => {
        full = resolve;
      });
      const allDone = new Promise<void>((resolve) => {
        over = resolve;
      });
      const worker = await queue.work(async () => {
        running += 1;
        most = Math.max(most, running);
        if (running === seats) full();
        await everySeatTaken;
        // Others get their turn, so that one too many would be seen. (The depth counts a job that is done until that is written down.)
        await queue.depth();
        running -= 1;
        if (++done === 7) over();
      }, seats);
      stop = () => worker.stop();
      await allDone;
      expect(most).to.equal(seats);
    });

    it('brings back a job that failed for our reasons', async () => {
      await queue.add([aJob('a')]);
      const seen = await workUntil(2, (_job, turn) => {
        if (turn === 1) throw nodeFailure('store.unreachable', { where: 'x', reason: 'y' });
      });
      expect(seen).to.deep.equal([aJob('a'), aJob('a')]);
      await settlesAt({ waiting: 0, running: 0, dead: 0 });
    });

    it('puts off what asks for it until all others have had their first turn', async () => {
      await queue.add([aJob('a'), aJob('b'), aJob('c')]);
      const seen: string[] = [];
      const untried: number[] = [];
      await new Promise<void>((resolve) => {
        void queue
          .work(async ({ hotkey }) => {
            untried.push(await queue.untried());
            if (seen.push(hotkey) === 6) resolve();
            return seen.length <= 3 ? 'later' : 'done';
          }, 1)
          .then((worker) => {
            stop = () => worker.stop();
          });
      });
      await stop?.();
      const names = ['a', 'b', 'c'].map((one) => hotkeyNamed(one));
      expect(seen.slice(0, 3)).to.have.members(names);
      expect(seen.slice(3)).to.have.members(names);
      expect(untried).to.deep.equal([2, 1, 0, 0, 0, 0]);
      await settlesAt({ waiting: 0, running: 0, dead: 0 });
      await queue.add([aJob('a')]);
      expect((await queue.depth()).waiting).to.equal(0);
    });

    it('drops a job that failed by its own fault', async () => {
      await queue.add([aJob('a')]);
      await workUntil(1, () => {
        throw nodeFailure('store.model_too_large', { sizeBytes: 2, budgetBytes: 1 });
      });
      await settlesAt({ waiting: 0, running: 0, dead: 0 });
    });

    it('counts a job that needs a person as dead', async () => {
      await queue.add([aJob('a')]);
      await workUntil(1, () => {
        throw nodeFailure('store.read_only', { where: 'x' });
      });
      await settlesAt({ waiting: 0, running: 0, dead: 1 });
    });

    it('aborts what runs when it stops, and keeps it for later', async () => {
      await queue.add([aJob('a')]);
      let began = () => {};
      const beginning = new Promise<void>((resolve) => {
        began = resolve;
      });
      const worker = await queue.work(async (_job, signal) => {
        began();
        await new Promise((_resolve, reject) => signal.addEventListener('abort', () => reject(signal.reason)));
      }, 1);
      await beginning;
      expect((await queue.depth()).running).to.equal(1);
      await worker.stop();
      await settlesAt({ waiting: 1, running: 0, dead: 0 });
      expect(await workUntil(1, () => {})).to.deep.equal([aJob('a')]);
    });
  });
}
