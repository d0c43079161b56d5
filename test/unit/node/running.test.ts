import { expect } from 'chai';
import { createSystemClock } from '../../../node/clock.js';
import { createLifecycle } from '../../../node/lifecycle.js';
import { createLogger } from '../../../node/logger.js';
import { runLoop } from '../../../node/loop.js';

const deps = { clock: createSystemClock(), logger: createLogger({ level: 'silent' }) };

describe('lifecycle', () => {
  const stops = (events: string[]) => (name: string) => events.push(name);

  it('stops in reverse, once', async () => {
    const events: string[] = [];
    const life = createLifecycle(deps);
    for (const name of ['a', 'b', 'c']) life.own(name, name, stops(events));
    const first = life.stop();
    expect(life.stop()).to.equal(first);
    expect(await first).to.deep.equal({ hanging: [], failed: [] });
    expect(events).to.deep.equal(['c', 'b', 'a']);
  });

  it('goes on past one that hangs and one that fails, and names both', async () => {
    const events: string[] = [];
    const life = createLifecycle(deps);
    life.own('a', 'a', stops(events));
    life.own('hangs', null, () => new Promise(() => {}), 10);
    life.own('fails', null, () => Promise.reject(new Error('broken')));
    life.own('throws', null, () => {
      throw new Error('at once');
    });
    const report = await life.stop();
    expect(report.hanging).to.deep.equal(['hangs']);
    expect(report.failed.map(({ name }) => name)).to.deep.equal(['throws', 'fails']);
    expect(events).to.deep.equal(['a']);
  });
});

describe('loop', () => {
  it('never runs two turns at once, and a trigger during a turn brings one more', async () => {
    let inside = 0;
    let turns = 0;
    const loop = runLoop(deps, {
      name: 'test',
      everyMs: 100_000,
      turn: async () => {
        inside += 1;
        expect(inside).to.equal(1);
        turns += 1;
        if (turns === 1) for (let i = 0; i < 5; i += 1) loop.trigger();
        await deps.clock.sleep(1);
        inside -= 1;
      },
    });
    while (turns < 2) await deps.clock.sleep(1);
    await deps.clock.sleep(10);
    expect(turns).to.equal(2);
    loop.trigger();
    while (turns < 3) await deps.clock.sleep(1);
    await loop.stop();
  });

  it('goes on after an error', async () => {
    let turns = 0;
    const loop = runLoop(deps, {
      name: 'test',
      everyMs: 1,
      turn: async () => {
        turns += 1;
        throw new Error('unexpected');
      },
    });
    while (turns < 3) await deps.clock.sleep(1);
    await loop.stop();
  });

  it('aborts the turn in progress when it stops', async () => {
    let aborted = false;
    const abort = new AbortController();
    const loop = runLoop(deps, {
      name: 'test',
      everyMs: 1,
      signal: abort.signal,
      turn: (turnSignal) =>
        new Promise((_resolve, reject) =>
          turnSignal.addEventListener('abort', () => {
            aborted = true;
            reject(turnSignal.reason);
          }),
        ),
    });
    await deps.clock.sleep(1);
    abort.abort();
    await loop.stop();
    expect(aborted).to.equal(true);
  });
});
