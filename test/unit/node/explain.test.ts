import { expect } from 'chai';
import { explain } from '../../../node/explain/explain.js';
import { explanationPage } from '../../../node/explain/explain-page.js';
import { PAGE_POLICY, renderPage } from '../../../node/explain/page.js';
import type { RoundRow, StandingRow, Stores } from '../../../node/ports.js';
import { recordKey } from '../../../node/rounds/weighing.js';
import type { Hotkey } from '../../../protocol/names.js';
import { drawPrompts } from '../../../scoring/prompts.js';
import type { ScoreRecord } from '../../../scoring/record.js';
import { aHash, aHotkey, aModel } from '../../support/keys.js';
import { createMemoryStores } from '../../support/memory-stores.js';
import { aStanding } from '../../support/store-samples.js';

const SEED = 'ab'.repeat(32);
const SELF = aHotkey('validator');
const [BEST, WORSE, COPY, NEW] = [aHotkey('best'), aHotkey('worse'), aHotkey('copy'), aHotkey('new')];
const contest = {
  epsilonPpm: 20_000,
  epsilonFloorPpm: 2_000,
  epsilonDecayBlocks: 1_000,
  standardErrors: 2,
  thresholdPpm: 100_000,
  curve: [600, 200],
};
const PARTS = { content: 1_000_000, clean: 600_000, prosody: 1_000_000, rate: 1_000_000, spectrum: 1_000_000, padding: 1_000_000 };

const entryOf = (hotkey: Hotkey, commitmentBlock: number) => ({ hotkey, registeredAt: 1, model: aModel(commitmentBlock), commitmentBlock });
const ENTRIES = [entryOf(BEST, 10), entryOf(WORSE, 20), entryOf(COPY, 30)];

function record(hotkey: Hotkey, scorePpm: number): ScoreRecord {
  const entry = ENTRIES.find((each) => each.hotkey === hotkey)!;
  const prompts = [scorePpm, scorePpm - 100_000].map((ppm) => ({ scorePpm: ppm, parts: PARTS, audioDigest: '', fault: null }));
  const common = {
    version: 1,
    netuid: 1,
    round: 3,
    scorer: 'aa'.repeat(32),
    promptSet: 'bb'.repeat(32),
    seed: SEED,
    engine: 'native',
  } as const;
  return { ...common, hotkey, model: entry.model, prompts, scorePpm, fingerprint: '' };
}

async function aSubnet(): Promise<Stores> {
  const stores = createMemoryStores();
  const scores = [record(BEST, 900_000), record(WORSE, 700_000), record(COPY, 900_000)].map((one) => ({
    record: one,
    validator: SELF,
    envelope: new Uint8Array(),
    receivedAtMs: 1,
  }));
  for (const score of scores) await stores.scores.put(score);
  const row: RoundRow = {
    round: 3,
    openedAt: { number: 120, hash: aHash(120) },
    opening: null,
    seed: SEED,
    entries: ENTRIES,
    state: 'weighed',
    note: null,
    weighing: {
      block: 150,
      minAllowedWeights: 1,
      records: scores.map(recordKey),
      seats: [],
      policy: { contest, alphaPercent: 30, minCoveragePercent: 60 },
    },
  };
  await stores.rounds.open(row);
  await stores.rounds.update(3, { weighing: row.weighing, state: 'weighed' });
  const standing = (hotkey: Hotkey, standingPpm: number, sharePpm: number, copyOf: Hotkey | null = null): StandingRow => {
    const entry = ENTRIES.find((each) => each.hotkey === hotkey)!;
    const { model, commitmentBlock } = entry;
    const kinship: StandingRow['kinship'] =
      copyOf === null
        ? null
        : { kind: 'copy', of: copyOf, model: aModel(10), because: 'same package', tensorsPercent: 100, distancePpm: null };
    const copyEvidence = kinship === null ? null : 'the package is the same';
    const found = { copyOf, copyEvidence, kinship, sharePpm, rank: sharePpm > 0 ? 1 : null };
    return aStanding(3, { hotkey, registeredAt: 1, model, commitmentBlock, scorePpm: standingPpm, standingPpm, ...found });
  };
  await stores.standings.put(3, [standing(BEST, 900_000, 750_000), standing(WORSE, 700_000, 250_000), standing(COPY, 900_000, 0, BEST)]);
  const model = { ...entryOf(NEW, 140), state: 'announced', reason: null, attempts: 0, manifest: null, tensorDigests: [] } as const;
  await stores.models.put(model);
  return stores;
}

describe('explain', () => {
  let stores: Stores;
  before(async () => {
    stores = await aSubnet();
  });
  const about = (hotkey: Hotkey, round: number | null = null) => explain(stores, { hotkey, self: SELF, round });

  it('tells rank, margin and the dearest part, in numbers of the contest', async () => {
    const said = await about(WORSE);
    expect(said).to.deep.include({ round: 3, seed: SEED, rank: 2, contenders: 2, score_ppm: 700_000, share_ppm: 250_000, copy_of: null });
    // 140 blocks after the best one's commitment: 20,000 - 2,520.
    expect(said?.climb?.next).to.include({ rival: BEST, standingPpm: 917_481, newVoicePpm: 917_481, epsilonPpm: 17_480, noisePpm: 0 });
    expect(said?.advice.join('\n'))
      .to.contain('Place 1: a standing of 91.75, 21.75 points more than now')
      .and.contain('A new voice takes place 1 with a first score of 91.75.')
      .and.contain('Most is lost by clean');
    const texts = drawPrompts(SEED, 2);
    expect(said?.prompts.map(({ index, text, score_ppm }) => [index, text, score_ppm])).to.deep.equal([
      [1, texts[1]?.text, 600_000],
      [0, texts[0]?.text, 700_000],
    ]);
  });

  it('tells a leader what guards its place, a copy that it earns nothing, a newcomer what is missing', async () => {
    expect((await about(BEST))?.advice[0]).to.equal(
      'It leads. A later voice must stand above 91.75 to pass it: 1.75 points of epsilon, or the noise where that is more.',
    );
    const copy = await about(COPY);
    expect(copy).to.include({ copy_of: BEST, rank: null });
    expect(copy?.advice).to.deep.equal(['Offer a voice of its own: copies earn nothing, however good.']);
    expect((await about(NEW))?.advice[0]).to.match(/^It has not been scored yet/);
    expect(await about(aHotkey('nobody'))).to.equal(null);
    expect(await about(BEST, 99)).to.equal(null);
  });

  it('a page holds all of it as text, whatever the text is, and asks nobody for anything', async () => {
    const said = (await about(WORSE))!;
    const evil = '<script>alert(1)</script>"\'&';
    const utterance = { prompt: 1, kind: evil, scorePpm: 1, svg: '<svg/>', words: evil, wav: Uint8Array.of(1, 2) };
    const hidden = { ...utterance, prompt: 200 };
    const html = renderPage({
      ...explanationPage(
        { ...said, prompts: [{ ...said.prompts[0]!, text: evil, fault: evil }] },
        { block: 160, inBlocks: 10, inMs: 120_000 },
        evil,
        [utterance, hidden],
      ),
      title: evil,
    });
    expect(html).to.not.contain('<script').and.not.contain('alert(1)</');
    expect(html).to.contain(PAGE_POLICY).and.contain('block 160').and.contain('a private prompt of this validator');
    expect(html).to.not.match(/(src|href)="(?!data:)/);
    expect(html).to.contain('data:audio/wav;base64,AQI=');
  });
});
