import { existsSync, mkdirSync, readdirSync, readFileSync, statSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect } from 'chai';
import type { EvidenceIndex } from '../../../node/explain/ports.js';
import { FIRST_SAMPLES_KEPT, makesPlace, WORST_SAMPLES_KEPT } from '../../../node/explain/utterances.js';
import {
  createEvidence,
  EVIDENCE_ROUNDS_KEPT,
  evidenceFolder,
  evidenceStoreId,
  readSamples,
  samplesIn,
} from '../../../node/files/evidence.js';
import { isFailure } from '../../../protocol/failure.js';
import { createChance } from '../../../scoring/chance.js';
import { faultScore } from '../../../scoring/profile.js';
import { drawPrompts } from '../../../scoring/prompts.js';
import { evidenceIndexContract } from '../../contracts/evidence-index.js';
import { aHotkey } from '../../support/keys.js';
import { createMemoryEvidenceIndex, type MemoryEvidenceIndex } from '../../support/memory-evidence-index.js';
import { temporaryDirectory } from '../../support/temporary.js';

const PROMPTS = drawPrompts('evidence', 16);
const [A, B] = [aHotkey('a'), aHotkey('b')];
/** A WAV file of about 2 KB. */
const AUDIO = { samples: new Float32Array(1_000), sampleRateHz: 16_000 };
const scored = (scorePpm: number) => ({ ...faultScore(''), scorePpm });

evidenceIndexContract('memory', async () => createMemoryEvidenceIndex(() => ''));

describe('evidence', () => {
  let folder: ReturnType<typeof temporaryDirectory>;
  let index: MemoryEvidenceIndex;
  beforeEach(() => {
    folder = temporaryDirectory();
    index = createMemoryEvidenceIndex((round, hotkey) => evidenceFolder(folder.path, round, hotkey));
  });
  afterEach(() => folder.remove());
  const evidence = (bytesMax = 1_000_000, over: EvidenceIndex = index) =>
    createEvidence({ index: over }, { directory: folder.path, bytesMax });
  const samples = (round: number, hotkey: string) => samplesIn(evidenceFolder(folder.path, round, hotkey));
  const code = (work: Promise<unknown>) =>
    work.then(
      () => 'done',
      (error: unknown) => (isFailure(error) ? error.code : String(error)),
    );
  const folders = () =>
    readdirSync(folder.path)
      .filter((name) => name.startsWith('round-'))
      .flatMap((round) => readdirSync(join(folder.path, round)).map((hotkey) => `${round.slice(6)}/${hotkey}`))
      .sort();
  const rows = async () =>
    (await index.list()).map(({ round, hotkey, state }) => `${round}/${hotkey}${state === 'kept' ? '' : ' going'}`).sort();
  const bytesOnDisk = () =>
    folders().reduce((sum, name) => {
      const [round, hotkey] = name.split('/');
      const path = join(folder.path, `round-${round}`, hotkey ?? '');
      return sum + readdirSync(path).reduce((total, file) => total + statSync(join(path, file)).size, 0);
    }, 0);

  it('keeps the first utterances and the worst ones, also across a restart', async () => {
    const ppm = PROMPTS.map(({ index: at }) => (at % 2 === 0 ? 900_000 - at : 100_000 + at));
    for (const [at, prompt] of PROMPTS.entries()) await evidence().keepAudio(3, A, prompt, AUDIO, scored(ppm[at]!));
    const kept = await samples(3, A);
    expect(kept).to.have.length(FIRST_SAMPLES_KEPT + WORST_SAMPLES_KEPT);
    expect(kept.map(({ prompt }) => prompt)).to.deep.equal([0, 1, 3, 5, 7, 9, 11, 13]);
    expect(kept.map(({ prompt, scorePpm }) => scorePpm === ppm[prompt])).to.deep.equal(kept.map(() => true));
    const { usedBytes } = await evidence().usage();
    expect(usedBytes).to.equal(kept.length * 2_044);
    expect((await readSamples(evidenceFolder(folder.path, 3, A))).map(({ wav }) => wav.length)).to.deep.equal(kept.map(() => 2_044));
  });

  it('puts a worse utterance in the place of the best one that is kept', () => {
    const kept = Array.from({ length: WORST_SAMPLES_KEPT }, (_, at) => ({
      prompt: FIRST_SAMPLES_KEPT + at,
      kind: 'plain',
      scorePpm: 100 + at,
    }));
    expect(makesPlace(kept, { prompt: 20, kind: 'plain', scorePpm: 50 })).to.deep.equal({ keep: true, goes: kept.at(-1) });
    expect(makesPlace(kept, { prompt: 20, kind: 'plain', scorePpm: 105 })).to.deep.equal({ keep: false, goes: null });
    expect(makesPlace(kept, { prompt: 0, kind: 'plain', scorePpm: 999 })).to.deep.equal({ keep: true, goes: null });
  });

  it('makes room from the oldest round, never from what is read or being written', async () => {
    const store = evidence(7_000);
    await store.keepAudio(1, A, PROMPTS[0]!, AUDIO, scored(1));
    await store.keepAudio(2, A, PROMPTS[0]!, AUDIO, scored(1));
    await store.keepAudio(2, B, PROMPTS[0]!, AUDIO, scored(1));
    const lease = await index.lease(1, A);
    expect(lease?.directory).to.equal(join(folder.path, 'round-1', A));
    await store.keepAudio(3, A, PROMPTS[0]!, AUDIO, scored(1));
    expect(await samples(1, A)).to.have.length(1);
    expect((await samples(2, A)).length + (await samples(2, B)).length).to.equal(1);
    await lease?.release();
    await store.keepAudio(3, B, PROMPTS[0]!, AUDIO, scored(1));
    expect(existsSync(join(folder.path, 'round-1'))).to.equal(false);
    expect((await store.usage()).usedBytes).to.be.at.most(7_000);
    expect(await index.lease(1, A)).to.equal(null);
    expect(readdirSync(join(folder.path, '.trash'))).to.deep.equal([]);
    expect(await rows()).to.deep.equal(folders());
  });

  it('refuses what does not fit, and goes on', async () => {
    const store = evidence(3_000);
    await store.keepAudio(1, A, PROMPTS[0]!, AUDIO, scored(1));
    expect(await code(store.keepAudio(1, A, PROMPTS[1]!, AUDIO, scored(1)))).to.equal('store.evidence_full');
    await store.keepReport(1, A, { ok: true });
    expect(JSON.parse(readFileSync(join(folder.path, 'round-1', A, 'report.json'), 'utf8'))).to.deep.equal({ ok: true });
  });

  it('drops rounds that are long past', async () => {
    const store = evidence();
    for (const round of [1, 2, 5]) await store.keepReport(round, A, {});
    expect(folders()).to.deep.equal([`2/${A}`, `5/${A}`]);
    expect(await rows()).to.deep.equal(folders());
  });

  it('stays under its budget through many rounds, and knows to the byte what it has', async () => {
    const budget = 40_000;
    const chance = createChance('00', 'evidence');
    let store = evidence(budget);
    for (let round = 1; round <= 40; round += 1) {
      for (const hotkey of [A, B]) {
        for (let take = 0; take < 3; take += 1) {
          const audio = { samples: new Float32Array(200 + chance.below(3_000)), sampleRateHz: 16_000 };
          await store.keepAudio(round, hotkey, PROMPTS[chance.below(PROMPTS.length)]!, audio, scored(chance.below(1_000_000)));
          expect(bytesOnDisk(), `round ${round}`).to.be.at.most(budget);
        }
        await store.keepReport(round, hotkey, { note: 'x'.repeat(chance.below(2_000)) });
      }
      expect((await store.usage()).usedBytes, `round ${round}`).to.equal(bytesOnDisk());
      expect(await rows()).to.deep.equal(folders());
      if (chance.below(5) === 0) store = evidence(budget);
    }
    expect(folders().every((name) => Number(name.split('/')[0]) > 40 - EVIDENCE_ROUNDS_KEPT)).to.equal(true);
  });

  it('says when the disk is full, keeps what it had, and leaves no half file', async function () {
    if (!existsSync('/dev/full')) this.skip();
    const store = evidence();
    await store.keepAudio(1, A, PROMPTS[0]!, AUDIO, scored(1));
    // Whatever is written to this file meets a full disk.
    symlinkSync('/dev/full', join(folder.path, 'round-1', A, 'report.json.part'));
    expect(await code(store.keepReport(1, A, { ok: true }))).to.equal('store.full');
    expect(readdirSync(join(folder.path, 'round-1', A))).to.deep.equal([`prompt-00-${PROMPTS[0]!.kind}-0000001.wav`]);
    expect((await store.usage()).usedBytes).to.equal(bytesOnDisk());
    await store.keepReport(1, A, { ok: true });
    expect(readdirSync(join(folder.path, 'round-1', A))).to.include('report.json');
  });

  it('keeps its identity when the machine is called otherwise', async () => {
    const first = await evidenceStoreId(folder.path);
    expect(first).to.match(/^[0-9a-f-]{36}$/);
    expect(await evidenceStoreId(folder.path)).to.equal(first);
  });

  describe('after a kill', () => {
    class Killed extends Error {}

    /** The process ends at the n-th question to the index: before it is answered, or after. */
    function dyingIndex(at: number, when: 'before' | 'after'): { readonly over: EvidenceIndex; readonly asked: () => number } {
      let asked = 0;
      const dying =
        <Args extends readonly unknown[], T>(ask: (...args: Args) => Promise<T>) =>
        async (...args: Args): Promise<T> => {
          asked += 1;
          if (asked === at && when === 'before') throw new Killed();
          const answer = await ask(...args);
          if (asked === at) throw new Killed();
          return answer;
        };
      const { begin, complete, mark, forget, list } = index;
      return {
        asked: () => asked,
        over: { begin: dying(begin), complete: dying(complete), mark: dying(mark), forget: dying(forget), list: dying(list) },
      };
    }

    const work = async (over: EvidenceIndex) => {
      const store = evidence(7_000, over);
      for (const round of [1, 2, 6]) {
        await store.keepAudio(round, A, PROMPTS[0]!, AUDIO, scored(1));
        await store.keepReport(round, A, {});
      }
    };

    it('at any step no row is without its folder and no folder without its row', async () => {
      const whole = dyingIndex(Number.POSITIVE_INFINITY, 'before');
      await work(whole.over);
      expect(whole.asked()).to.be.at.least(10);
      for (const when of ['before', 'after'] as const) {
        for (let at = 1; at <= whole.asked(); at += 1) {
          folder.remove();
          folder = temporaryDirectory();
          index = createMemoryEvidenceIndex((round, hotkey) => evidenceFolder(folder.path, round, hotkey));
          const error = await work(dyingIndex(at, when).over).catch((reason: unknown) => reason);
          expect(error, `${when} step ${at}`).to.be.instanceOf(Killed);
          const { usedBytes } = await evidence(7_000).usage();
          expect(await rows(), `${when} step ${at}`).to.deep.equal(folders());
          expect(usedBytes, `${when} step ${at}`).to.equal(bytesOnDisk());
          expect(readdirSync(join(folder.path, '.trash'))).to.deep.equal([]);
        }
      }
    });

    it('what was half written, half removed or marked goes at the next start, and nothing else', async () => {
      const store = evidence();
      for (const round of [1, 2, 3]) await store.keepAudio(round, A, PROMPTS[0]!, AUDIO, scored(1));
      writeFileSync(join(folder.path, 'round-1', A, 'report.json.part'), 'half');
      await index.mark(2, A);
      mkdirSync(join(folder.path, '.trash', '1.x'), { recursive: true });
      writeFileSync(join(folder.path, '.trash', '1.x', 'prompt-00-plain-0000001.wav'), 'gone by half');
      mkdirSync(join(folder.path, 'round-3', B));
      await index.begin(4, B);
      await evidence().usage();
      expect(folders()).to.deep.equal([`1/${A}`, `3/${A}`]);
      expect(await rows()).to.deep.equal(folders());
      expect(readdirSync(join(folder.path, 'round-1', A))).to.have.length(1);
      expect(readdirSync(join(folder.path, '.trash'))).to.deep.equal([]);
    });
  });
});
