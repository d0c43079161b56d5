/** Foreign models in the real sandbox. Needs the compiled child: `npx tsc -p tsconfig.build.json`. */
import { spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { readdirSync, readFileSync } from 'node:fs';
import { getPriority, tmpdir } from 'node:os';
import { fileURLToPath } from 'node:url';
import { expect } from 'chai';
import { isFailure } from '../../protocol/failure.js';
import { RUN_LIMITS } from '../../scoring/limits.js';
import { type GraphProcess, openGraph } from '../../scoring/onnx/graph-process.js';
import { createVoiceRunner } from '../../scoring/onnx/runner.js';
import { findConfinement } from '../../scoring/onnx/sandbox.js';
import type { EngineName, RunLimits, Synthesis, VoiceSession } from '../../scoring/ports.js';
import * as attacks from '../support/onnx-attacks.js';
import { sealTinyVoice } from '../support/voice-package.js';

const PHONES = ['HH', 'AH0', 'L', 'OW1', '|', 'W', 'ER1', 'L', 'D', '.'];
const SEED = 'ab'.repeat(32);
/** sha-256 of the samples that the wasm engine makes of the noise voice, PHONES and SEED: the same on every machine. */
const WASM_GOLDEN = '42e42c4f31d3a872542a0c8a70ae088ffedd7da1586d8bf6e0e1d86c014d6c3a';

describe('the sandboxed engines', function () {
  this.timeout(60_000);
  const cleanUps: (() => Promise<void>)[] = [];
  afterEach(async () => {
    for (const cleanUp of cleanUps.splice(0).reverse()) await cleanUp();
  });

  async function open(graph: Uint8Array, options: { engine?: EngineName; limits?: Partial<RunLimits>; skipPrecheck?: boolean } = {}) {
    const { engine = 'native', limits, skipPrecheck = false } = options;
    const model = await sealTinyVoice(graph, cleanUps);
    const session = await createVoiceRunner({ engine, skipPrecheck }).open(model, { ...RUN_LIMITS[engine], ...limits });
    cleanUps.push(() => session.close());
    return session;
  }
  const speak = (session: VoiceSession, seed = SEED) => session.synthesise({ phones: PHONES, text: 'hello world.', seed });

  for (const engine of ['native', 'wasm'] as const) {
    describe(engine, () => {
      it('speaks, repeats itself bit for bit in and across processes, and differs with the seed', async () => {
        const graph = attacks.noiseVoice();
        const session = await open(graph, { engine });
        const first = await speak(session);
        expect(first.audio.sampleRateHz).to.equal(attacks.RATE_HZ);
        expect(first.audio.samples.length % attacks.SAMPLES_PER_TOKEN).to.equal(0);
        const rms = Math.sqrt(first.audio.samples.reduce((sum, sample) => sum + sample * sample, 0) / first.audio.samples.length);
        expect(rms).to.be.closeTo(0.1, 0.01);
        expect(digest(await speak(session))).to.equal(digest(first));
        expect(digest(await speak(session, 'cd'.repeat(32)))).to.not.equal(digest(first));
        expect(digest(await speak(await open(graph, { engine })))).to.equal(digest(first));
      });

      it('leaves silence to the judge', async () => {
        const { audio } = await speak(await open(attacks.silentVoice(), { engine }));
        expect(audio.samples.every((sample) => sample === 0)).to.equal(true);
      });

      const faults: readonly [string, () => Uint8Array, string][] = [
        ['not-a-number', attacks.nanVoice, 'scoring.audio_not_finite'],
        ['no audio', attacks.emptyVoice, 'scoring.audio_empty'],
        ['an hour of audio', attacks.hourVoice, 'scoring.audio_too_long'],
        ['two channels', attacks.stereoVoice, 'scoring.audio_shape'],
        ['terabytes in one tensor', attacks.hugeVoice, 'scoring.memory_exceeded'],
        ['a tensor that doubles', attacks.doublingVoice, 'scoring.memory_exceeded'],
      ];
      for (const [what, graph, code] of faults) {
        it(`refuses ${what} with ${code}`, async () => {
          const session = await open(graph(), { engine });
          const failure = await failureOf(speak(session));
          expect(failure.code, failure.message).to.equal(code);
          expect(failure.disposition).to.equal('skip');
          // The next utterance gets the same answer, whether the process survived or not.
          expect((await failureOf(speak(session))).code).to.equal(code);
        });
      }

      it('refuses a bomb that goes off while constants are folded', async () => {
        const graph = attacks.foldingVoice();
        const failure = await failureOf(open(graph, { engine }).then(speak));
        expect(failure.code, failure.message).to.equal('scoring.memory_exceeded');
      });

      it('kills a loop without end by the wall clock and can speak no more after its restarts', async () => {
        const session = await open(attacks.loopVoice(), { engine, skipPrecheck: true, limits: { utteranceTimeoutMs: 700 } });
        for (let i = 0; i < 5; i += 1) {
          const failure = await failureOf(speak(session));
          expect(['scoring.utterance_timeout', 'scoring.starved']).to.include(failure.code);
        }
      });

      it('kills hours of allowed arithmetic by the CPU limit', async () => {
        const failure = await failureOf(
          open(attacks.endlessVoice(), { engine, limits: { cpuSeconds: 4, utteranceTimeoutMs: 55_000 } }).then(speak),
        );
        expect(failure.code, failure.message).to.equal('scoring.cpu_exceeded');
      });

      it('names a file that is not a model', async () => {
        const failure = await failureOf(open(new Uint8Array(100).fill(7), { engine, skipPrecheck: true }));
        expect(failure.code).to.equal('scoring.load_failed');
      });
    });
  }

  it('gives the same bits on every machine with the wasm engine', async () => {
    const { audio } = await speak(await open(attacks.noiseVoice(), { engine: 'wasm' }));
    expect(digest({ audio })).to.equal(WASM_GOLDEN);
  });

  it('makes the same audio with both engines to about 1e-5', async () => {
    const native = (await speak(await open(attacks.noiseVoice()))).audio.samples;
    const wasm = (await speak(await open(attacks.noiseVoice(), { engine: 'wasm' }))).audio.samples;
    expect(native.length).to.equal(wasm.length);
    expect(Math.max(...native.map((sample, i) => Math.abs(sample - wasm[i]!)))).to.be.lessThan(1e-5);
  });

  it('refuses before anything is started what the pre-check finds', async () => {
    const before = sandboxFolders();
    expect((await failureOf(open(attacks.loopVoice()))).code).to.equal('model.operator_refused');
    expect((await failureOf(open(attacks.externalVoice()))).code).to.equal('model.external_data');
    expect(sandboxFolders()).to.deep.equal(before);
  });

  it('reads no file for a model, even if the pre-check let it through', async () => {
    for (const path of ['secret.bin', '/etc/hostname', '../../etc/hostname']) {
      const failure = await failureOf(open(attacks.externalVoice(path), { skipPrecheck: true }).then(speak));
      expect(failure.code).to.equal('scoring.load_failed');
    }
  });

  it('stops at once when it is aborted, with the reason that was given', async () => {
    const session = await open(attacks.loopVoice(), { skipPrecheck: true });
    const controller = new AbortController();
    const reason = new Error('enough');
    const speaking = session.synthesise({ phones: PHONES, text: 'hello world.', seed: SEED }, controller.signal);
    controller.abort(reason);
    expect(
      await speaking.then(
        () => null,
        (error: unknown) => error,
      ),
    ).to.equal(reason);
  });

  it('leaves no process and no folder behind', async () => {
    const before = sandboxFolders();
    const session = await open(attacks.loopVoice(), { skipPrecheck: true, limits: { utteranceTimeoutMs: 60_000 } });
    const speaking = failureOf(speak(session));
    await session.close();
    expect((await speaking).code).to.equal('scoring.session_closed');
    expect((await failureOf(speak(session))).code).to.equal('scoring.session_closed');
    expect(sandboxFolders()).to.deep.equal(before);
    expect(children()).to.deep.equal([]);
  });

  it('does not outlive a daemon that was killed', async function () {
    if (!(await createVoiceRunner({ engine: 'native' }).sandboxReport()).diesWithParent) return this.skip();
    const { directory } = await sealTinyVoice(attacks.loopVoice(), cleanUps);
    const program = fileURLToPath(new URL('../support/endless-speaker.ts', import.meta.url));
    const daemon = spawn(process.execPath, ['--import', 'tsx', program, directory], { stdio: ['ignore', 'pipe', 'inherit'] });
    const [line] = await once(daemon.stdout, 'data');
    const pid = Number(String(line));
    expect(isRunning(pid), 'the child speaks').to.equal(true);
    daemon.kill('SIGKILL');
    await once(daemon, 'close');
    const deadline = performance.now() + 5000;
    while (isRunning(pid) && performance.now() < deadline) await new Promise((resolve) => setImmediate(resolve));
    expect(isRunning(pid), 'the child is gone').to.equal(false);
  });

  it('falls back to the shell for limits, and starts nothing without any', async () => {
    const shell = await findConfinement((name) => (name === 'sh' ? '/bin/sh' : null));
    expect(shell.report).to.include({
      limits: 'ulimit',
      memoryBounded: true,
      networkRemoved: false,
      noNewPrivileges: false,
      diesWithParent: false,
    });
    const limits = { ...RUN_LIMITS.native, cpuSeconds: 2 };
    const failure = await failureOf(
      openGraph(shell, attacks.endlessVoice(), { engine: 'native', limits, outputBytesMax: 1024 }).then(runOnce),
    );
    expect(failure.code).to.equal('scoring.cpu_exceeded');
    expect((await failureOf(findConfinement(() => null))).code).to.equal('scoring.sandbox_unavailable');
    expect((await failureOf(findConfinement(() => '/nowhere/prlimit'))).code).to.equal('scoring.sandbox_unavailable');
  });

  it('reports what is in force, and never less than limits on memory', async () => {
    const report = await createVoiceRunner({ engine: 'native' }).sandboxReport();
    expect(report.memoryBounded).to.equal(true);
    expect(report.unprivilegedUser || process.getuid?.() === 0).to.equal(true);
    expect(report.yields).to.equal(getPriority() < 19);
  });
});

function runOnce(process: GraphProcess) {
  const tokens = { name: 'input', type: 'int64', dims: [1, 1], bytes: new Uint8Array(8).fill(1) } as const;
  const count = { name: 'input_lengths', type: 'int64', dims: [1], bytes: new Uint8Array(8) } as const;
  const scales = { name: 'scales', type: 'float32', dims: [3], bytes: new Uint8Array(12) } as const;
  return process.run([tokens, count, scales], ['output']).finally(() => process.close());
}

function digest({ audio }: Pick<Synthesis, 'audio'>): string {
  const { buffer, byteOffset, byteLength } = audio.samples;
  return createHash('sha256')
    .update(new Uint8Array(buffer, byteOffset, byteLength))
    .digest('hex');
}

async function failureOf(promise: Promise<unknown>) {
  const error = await promise.then(
    () => new Error('it succeeded'),
    (reason: unknown) => reason,
  );
  if (!isFailure(error)) throw error;
  return error;
}

/** Running, and not a zombie that waits to be reaped. */
function isRunning(pid: number): boolean {
  try {
    return !/^State:\s+Z/m.test(readFileSync(`/proc/${pid}/status`, 'utf8'));
  } catch {
    return false;
  }
}

function sandboxFolders(): readonly string[] {
  return readdirSync(tmpdir()).filter((name) => name.startsWith(`voxd-sandbox-${process.pid}-`));
}

/** Processes whose parent we are and that run the sandbox's entry. */
function children(): readonly string[] {
  const pids = readFileSync(`/proc/self/task/${process.pid}/children`, 'utf8').trim().split(/\s+/).filter(Boolean);
  return pids.filter((pid) => readFileSync(`/proc/${pid}/cmdline`, 'utf8').includes('onnx/child'));
}
