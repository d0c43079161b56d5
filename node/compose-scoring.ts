/** The engine and the judge, as the daemon and the miner's own command both use them. */
import { createVoiceRunner, type OnnxVoiceRunner } from '../scoring/onnx/runner.js';
import type { EngineName, Judge } from '../scoring/ports.js';
import { createJudgePool } from '../scoring/threads/judge-pool.js';

export function composeRunner(engine: EngineName): OnnxVoiceRunner {
  return createVoiceRunner({ engine });
}

export function composeJudge(threads: number): Judge {
  return createJudgePool({ threads });
}
