import { expect } from 'chai';
import { createSystemClock } from '../../../node/clock.js';
import { startAll } from '../../../node/lifecycle.js';
import { createLogger } from '../../../node/logger.js';
import { runLoop } from '../../../node/loop.js';
import type { Service } from '../../../node/service.js';

const deps = { clock: createSystemClock(), logger: createLogger({ level: 'silent' }) };
const signal = new AbortController().signal;

describe('lifecycle', () => {
  let events: string[];
  beforeEach(() => {
    events = [];
  });
  const service = (name: string, over: Partial<Service> = {}): Service => ({
    name,
    start: async () => void events.push(`start ${name}`),
    stop: async () => void events.push(`stop ${name}`),
    ...over,
  });

  it('starts in order, stops in reverse, once', async () => {
    const running = await startAll([service('a'), service('b')], deps, { signal });
    const first = running.stop();
    expect(running.stop()).to.equal(first);
    expect(await first).to.deep.equal({ hanging: [], failed: [] });
    expect(events).to.deep.equal(['start a', 'start b', 'stop b', 'stop a']);
  });

  it('stops what had started when a later one fails', async () => {
    const bad = service('c', { start: () => Promise.reject(new Error('no')) });
    const failure = await startAll([service('a'), service('b'), bad, service('d')], deps, { signal }).catch((err: unknown) => err);
    expect(failure).to.have.property('message', 'no');
    expect(events).to.deep.equal(['start a', 'start b', 'stop b', 'stop a']);
  });

  it('goes on past one that hangs and one that fails, and names both', async () => {
    const hanging = service('hangs', { stop: () => new Promise(() => {}) });
    const failing = service('fails', { stop: () => Promise.reject(new Error('broken')) });
    const running = await startAll([service('a'), hanging, failing], deps, { signal, stopTimeoutMs: 10 });
    const report = await running.stop();
    expect(report.hanging).to.deep.equal(['hangs']);
    expect(report.failed.map(({ name }) => name)).to.deep.equal(['fails']);
    expect(events.at(-1)).to.equal('stop a');
  });

  it('starts nothing more once aborted', async () => {
    const abort = new AbortController();
    const stopper = service('stopper', { start: async () => abort.abort(new Error('enough')) });
    const failure = await startAll([stopper, service('b')], deps, { signal: abort.signal }).catch((err: unknown) => err);
    expect(failure).to.have.property('message', 'enough');
    expect(events).to.deep.equal(['stop stopper']);
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
