/** The engine and the judge, as the daemon and the miner's own command both use them. */
import { createVoiceRunner, type OnnxVoiceRunner } from '../scoring/onnx/runner.js';
import type { EngineName, Judge, RunLimits } from '../scoring/ports.js';
import { createJudgePool } from '../scoring/threads/judge-pool.js';

/** What a model may use on a validator's machine; the same for everybody, since it decides who fails. */
export const DEFAULT_RUN_LIMITS: RunLimits = {
  memoryBytes: 2 * 1024 ** 3,
  cpuSeconds: 600,
  loadTimeoutMs: 30_000,
  utteranceTimeoutMs: 20_000,
  audioSecondsMax: 60,
};

export function composeRunner(engine: EngineName): OnnxVoiceRunner {
  return createVoiceRunner({ engine });
}

export function composeJudge(threads: number): Judge {
  return createJudgePool({ threads });
}
