import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect } from 'chai';
import { createEvidence, FIRST_SAMPLES_KEPT, WORST_SAMPLES_KEPT } from '../../../node/files/evidence.js';
import { isFailure } from '../../../protocol/failure.js';
import { faultScore } from '../../../scoring/profile.js';
import { drawPrompts } from '../../../scoring/prompts.js';
import { aHotkey } from '../../support/keys.js';
import { temporaryDirectory } from '../../support/temporary.js';

const PROMPTS = drawPrompts('evidence', 16);
const [A, B] = [aHotkey('a'), aHotkey('b')];
/** A WAV file of about 2 KB. */
const AUDIO = { samples: new Float32Array(1_000), sampleRateHz: 16_000 };
const scored = (scorePpm: number) => ({ ...faultScore(''), scorePpm });

describe('evidence', () => {
  let folder: ReturnType<typeof temporaryDirectory>;
  beforeEach(() => {
    folder = temporaryDirectory();
  });
  afterEach(() => folder.remove());
  const evidence = (bytesMax = 1_000_000) => createEvidence(folder.path, { bytesMax });
  const code = (work: Promise<unknown>) =>
    work.then(
      () => 'done',
      (error: unknown) => (isFailure(error) ? error.code : String(error)),
    );

  it('keeps the first utterances and the worst ones, also across a restart', async () => {
    const ppm = PROMPTS.map(({ index }) => (index % 2 === 0 ? 900_000 - index : 100_000 + index));
    for (const [at, prompt] of PROMPTS.entries()) await evidence().keepAudio(3, A, prompt, AUDIO, scored(ppm[at]!));
    const kept = await evidence().samples(3, A);
    expect(kept).to.have.length(FIRST_SAMPLES_KEPT + WORST_SAMPLES_KEPT);
    expect(kept.map(({ prompt }) => prompt)).to.deep.equal([0, 1, 3, 5, 7, 9, 11, 13]);
    expect(kept.map(({ prompt, scorePpm }) => scorePpm === ppm[prompt])).to.deep.equal(kept.map(() => true));
    const { usedBytes } = await evidence().usage();
    expect(usedBytes).to.equal(kept.length * 2_044);
  });

  it('makes room from the oldest round, never from what is leased or being written', async () => {
    const store = evidence(7_000);
    await store.keepAudio(1, A, PROMPTS[0]!, AUDIO, scored(1));
    await store.keepAudio(2, A, PROMPTS[0]!, AUDIO, scored(1));
    await store.keepAudio(2, B, PROMPTS[0]!, AUDIO, scored(1));
    const lease = await store.lease(1, A);
    expect(lease?.directory).to.equal(join(folder.path, 'round-1', A));
    await store.keepAudio(3, A, PROMPTS[0]!, AUDIO, scored(1));
    expect(await store.samples(1, A)).to.have.length(1);
    expect((await store.samples(2, A)).length + (await store.samples(2, B)).length).to.equal(1);
    await lease?.release();
    await store.keepAudio(3, B, PROMPTS[0]!, AUDIO, scored(1));
    expect(existsSync(join(folder.path, 'round-1'))).to.equal(false);
    expect((await store.usage()).usedBytes).to.be.at.most(7_000);
    expect(await store.lease(1, A)).to.equal(null);
    expect(readdirSync(join(folder.path, '.trash'))).to.deep.equal([]);
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
    expect(
      readdirSync(folder.path)
        .filter((name) => name.startsWith('round-'))
        .sort(),
    ).to.deep.equal(['round-2', 'round-5']);
  });

  it('clears what a killed process left: half-written files, the trash, its leases', async () => {
    const store = evidence(5_000);
    await store.keepAudio(1, A, PROMPTS[0]!, AUDIO, scored(1));
    writeFileSync(join(folder.path, 'round-1', A, 'report.json.part'), 'half');
    mkdirSync(join(folder.path, '.trash', '1.x'), { recursive: true });
    // No process has a number this high.
    writeFileSync(join(folder.path, '.leases', `1.${A}.999999999.1`), '');
    const next = evidence(5_000);
    await next.keepAudio(2, A, PROMPTS[0]!, AUDIO, scored(1));
    await next.keepAudio(2, B, PROMPTS[0]!, AUDIO, scored(1));
    expect(readdirSync(folder.path).sort()).to.deep.equal(['.leases', '.trash', 'round-2']);
    expect(readdirSync(join(folder.path, '.trash'))).to.deep.equal([]);
    expect(readdirSync(join(folder.path, '.leases'))).to.deep.equal([]);
  });
});
