import { expect } from 'chai';
import { isFailure } from '../../protocol/failure.js';
import { drawPrompts } from '../../scoring/prompts.js';
import { createJudgePool, JUDGE_QUEUE_MAX } from '../../scoring/threads/judge-pool.js';
import { createLocalJudge } from '../../scoring/threads/local-judge.js';
import { judgeContract } from '../contracts/judge.js';

const PROMPT = drawPrompts('pool', 1)[0]!;
const AUDIO = { samples: Float32Array.from({ length: 32_000 }, (_, n) => Math.sin(n / 9) / 3), sampleRateHz: 16_000 };
const codeOf = (work: Promise<unknown>) =>
  work.then(
    () => 'none',
    (error: unknown) => (isFailure(error) ? `${error.code} ${error.disposition}` : String(error)),
  );

judgeContract('one thread', () => createJudgePool({ threads: 1 }));
judgeContract('two threads', () => createJudgePool({ threads: 2 }));
judgeContract('this thread', createLocalJudge);

describe('judge pool', () => {
  it('gives up what waits when it is closed, closes twice, and hears nothing afterwards', async () => {
    const judge = createJudgePool({ threads: 1 });
    const waiting = [codeOf(judge.judge(PROMPT, AUDIO)), codeOf(judge.judge(PROMPT, AUDIO))];
    await Promise.all([judge.close(), judge.close()]);
    expect(await Promise.all(waiting)).to.deep.equal(['scoring.judge_closed retry', 'scoring.judge_closed retry']);
    expect(await codeOf(judge.judge(PROMPT, AUDIO))).to.equal('scoring.judge_closed retry');
  });

  it('refuses more than its queue holds', async () => {
    const judge = createJudgePool({ threads: 1 });
    const asked = Array.from({ length: JUDGE_QUEUE_MAX + 2 }, () => codeOf(judge.judge(PROMPT, AUDIO)));
    expect(await asked.at(-1)).to.equal('scoring.judge_overloaded retry');
    await judge.close();
    await Promise.all(asked);
  });

  it('replaces a thread that does not answer in time', async () => {
    const judge = createJudgePool({ threads: 1, timeoutMs: 1 });
    expect(await codeOf(judge.judge(PROMPT, AUDIO))).to.equal('scoring.judge_failed retry');
    expect(await codeOf(judge.judge(PROMPT, AUDIO))).to.equal('scoring.judge_failed retry');
    await judge.close();
  });
});
