import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect } from 'chai';
import { COPY_DISTANCE_PPM } from '../../scoring/copies.js';
import { type Evaluation, evaluateModel } from '../../scoring/evaluate.js';
import { importVoice } from '../../scoring/onnx/package-import.js';
import { createVoiceRunner } from '../../scoring/onnx/runner.js';
import type { Judge, RunLimits } from '../../scoring/ports.js';
import { fingerprintDistance } from '../../scoring/profile.js';
import { drawPrompts } from '../../scoring/prompts.js';
import { createJudgePool } from '../../scoring/threads/judge-pool.js';
import { generateVoicePackage, mutateCopy, type VoiceKind } from '../../scoring/voices/onnx-voice.js';

const LIMITS: RunLimits = {
  memoryBytes: 2 * 1024 ** 3,
  cpuSeconds: 120,
  loadTimeoutMs: 30_000,
  utteranceTimeoutMs: 20_000,
  audioSecondsMax: 30,
};
const PROMPTS = drawPrompts('0123456789abcdef'.repeat(4), 8);
const GAP_PPM = 50_000;

describe('the order of generated voices', () => {
  const folders: string[] = [];
  const heard = new Map<string, Evaluation>();
  let judge: Judge;

  async function hear(name: string, kind: VoiceKind, change: (graph: Uint8Array) => Uint8Array = (graph) => graph): Promise<void> {
    const [source, directory] = await Promise.all(['source', 'package'].map((part) => mkdtemp(join(tmpdir(), `voxd-test-${part}-`))));
    folders.push(source!, directory!);
    const files = generateVoicePackage(kind, { name });
    await writeFile(join(source!, 'voice.onnx'), change(files['voice.onnx']!));
    await writeFile(join(source!, 'voice.onnx.json'), files['voice.onnx.json']!);
    const { model } = await importVoice(join(source!, 'voice.onnx'), directory!, {
      name,
      version: '1',
      licence: 'Apache-2.0',
    });
    const runner = createVoiceRunner({ engine: 'native' });
    heard.set(name, await evaluateModel({ runner, judge, model, prompts: PROMPTS, limits: LIMITS, nowMs: () => performance.now() }));
  }

  const of = (name: string): Evaluation => {
    const evaluation = heard.get(name);
    if (!evaluation) throw new Error(`${name} was not heard`);
    return evaluation;
  };
  const score = (name: string): number => of(name).scorePpm;

  before(async function () {
    this.timeout(180_000);
    judge = createJudgePool({ threads: 1 });
    for (const kind of ['good', 'female', 'noisy', 'muffled', 'monotone', 'garbled'] as const) await hear(kind, kind);
    await hear('copy', 'good', (graph) => mutateCopy(graph, 'weights'));
    if (process.env['VOXD_SHOW_SCORES']) {
      for (const [name, { scorePpm, prompts, timings }] of heard) console.log(name, scorePpm, JSON.stringify(prompts[0]!.parts), timings);
    }
  });

  after(async () => {
    await judge.close();
    for (const folder of folders) await rm(folder, { recursive: true, force: true });
  });

  it('puts clear voices first, then noisy, then muffled, with clear gaps', () => {
    const clear = Math.min(score('good'), score('female'));
    expect(clear).to.be.above(850_000);
    expect(clear - score('noisy')).to.be.above(GAP_PPM);
    expect(score('noisy') - score('muffled')).to.be.above(GAP_PPM);
  });

  it('hears a melody that is missing and words that are none', () => {
    expect(score('monotone')).to.be.below(Math.min(score('good'), score('female')) - 4 * GAP_PPM);
    expect(score('garbled')).to.be.below(300_000);
  });

  it('finds no fault, scores every prompt, and tells how long it took', () => {
    for (const { prompts, timings } of heard.values()) {
      expect(prompts.map(({ fault }) => fault)).to.deep.equal(PROMPTS.map(() => null));
      expect(timings.totalMs).to.be.at.least(timings.loadMs);
    }
  });

  it('knows a disguised copy from a voice of its own', () => {
    expect(fingerprintDistance(of('copy').fingerprint, of('good').fingerprint)).to.be.below(COPY_DISTANCE_PPM);
    for (const name of ['female', 'noisy', 'muffled', 'monotone', 'garbled']) {
      expect(fingerprintDistance(of(name).fingerprint, of('good').fingerprint), name).to.be.above(COPY_DISTANCE_PPM);
    }
  });
});
