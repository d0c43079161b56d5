// Run as a program by test/integration/sandbox.test.ts, and killed: opens the endless voice in the folder given, says the child's pid, speaks.

import { readFileSync } from 'node:fs';
import { RUN_LIMITS } from '../../scoring/limits.js';
import { verifyPackage } from '../../scoring/onnx/package-files.js';
import { createVoiceRunner } from '../../scoring/onnx/runner.js';

const session = await createVoiceRunner({ engine: 'native', skipPrecheck: true }).open(
  await verifyPackage(process.argv[2] ?? ''),
  RUN_LIMITS.native,
);
const speaking = session.synthesise({ phones: ['AA1', '.'], text: 'ah.', seed: '00'.repeat(32) });
const [pid] = readFileSync(`/proc/self/task/${process.pid}/children`, 'utf8')
  .trim()
  .split(/\s+/)
  .filter((child) => readFileSync(`/proc/${child}/cmdline`, 'utf8').includes('onnx/child'));
process.stdout.write(`${pid}\n`);
await speaking;
