import { expect } from 'chai';
import { replayRound } from '../../../node/rounds/replay.js';
import { aModel } from '../../support/keys.js';
import { createSmallSubnet, SCHEDULE, SCORER, type SmallSubnet, type TestValidator } from '../../support/small-subnet.js';

async function newestRound({ stores }: TestValidator) {
  return (await stores.rounds.list(4)).find(({ state }) => state === 'weighed') ?? null;
}

function hear(subnet: SmallSubnet, scores: Readonly<Record<number, number | null>>, who = subnet.validators): void {
  for (const { ears } of who) for (const [n, ppm] of Object.entries(scores)) ears.set(aModel(Number(n)), ppm);
}

/** Two validators, three miners, announced and heard by both. */
async function village(weights: Parameters<typeof createSmallSubnet>[1] = {}): Promise<SmallSubnet> {
  const subnet = await createSmallSubnet(['Alice', 'Bob'], weights);
  for (const n of [1, 2, 3]) await subnet.announce(subnet.miner(n));
  hear(subnet, { 1: 900_000, 2: 700_000, 3: 300_000 });
  return subnet;
}

describe('rounds', () => {
  it('end with the same weights of every validator, on chain as in the rows, once per epoch', async () => {
    const subnet = await village();
    await subnet.live(SCHEDULE.cadenceBlocks * 3);
    const vectors = [];
    for (const validator of subnet.validators) {
      const sent = (await validator.stores.submissions.list(20)).filter(({ state }) => state === 'finalized');
      expect(sent.length).to.be.greaterThan(1);
      expect(new Set(sent.map(({ epochStart }) => epochStart)).size).to.equal(sent.length);
      const { uid } = await subnet.chain.reader.weightFacts(7, 0, validator.signer.hotkey);
      const row = await subnet.chain.reader.weightsOf(7, 0, uid!);
      expect(row.map((entry) => entry.uid)).to.deep.equal(sent[0]!.uids);
      expect(row.map(({ value }) => value)).to.deep.equal(sent[0]!.values);
      vectors.push(sent[0]!.values.join());
    }
    expect(vectors[0]).to.equal(vectors[1]).and.to.equal('65535,21844,10922');
  });

  it('exchange records in two steps: nobody holds another one before its deadline', async () => {
    const subnet = await village();
    const [alice, bob] = subnet.validators as [TestValidator, TestValidator];
    const head = subnet.chain.head().number;
    const round = Math.ceil(head / SCHEDULE.cadenceBlocks);
    await subnet.live(round * SCHEDULE.cadenceBlocks + Math.floor(SCHEDULE.cadenceBlocks * 0.6) - 1 - head);
    const of = async (validator: TestValidator) => (await validator.stores.scores.ofRound(round)).map(({ validator: who }) => who);
    expect(new Set(await of(alice))).to.deep.equal(new Set([alice.signer.hotkey]));
    expect(await alice.stores.scores.commitsOf(round)).to.have.length(2);
    await subnet.live(4);
    expect(new Set(await of(alice))).to.deep.equal(new Set([alice.signer.hotkey, bob.signer.hotkey]));
    expect(await of(alice)).to.have.length(6);
  });

  it('count what was heard of contenders for which there was no time to hear them further', async () => {
    const subnet = await village();
    const [alice] = subnet.validators as [TestValidator];
    // One of three would not be coverage enough.
    for (const { ears, waiting } of subnet.validators)
      for (const [n, ppm] of [
        [1, 900_000],
        [2, 700_000],
      ] as const) {
        ears.set(aModel(n), null);
        waiting.set(aModel(n), ppm);
      }
    await subnet.live(SCHEDULE.cadenceBlocks * 2);
    const row = (await newestRound(alice))!;
    const scores = (await alice.stores.standings.ofRound(row.round)).map(({ scorePpm }) => scorePpm);
    expect(scores).to.have.members([900_000, 700_000, 300_000]);
    expect((await alice.stores.scores.commitsOf(row.round)).map(({ recordDigests }) => recordDigests.length)).to.deep.equal([3, 3]);
  });

  it('replay to the same numbers, and say so when a row was changed', async () => {
    const subnet = await village();
    await subnet.live(SCHEDULE.cadenceBlocks * 2);
    const [alice] = subnet.validators as [TestValidator];
    const row = (await newestRound(alice))!;
    const identity = { self: alice.signer.hotkey, scorer: SCORER, genesis: subnet.chain.genesis, netuid: 7, mechanism: 0 };
    const replay = await replayRound(alice.stores, row, identity);
    expect(replay).to.deep.include({ equal: true, differences: [] });
    const standings = await alice.stores.standings.ofRound(row.round);
    await alice.stores.standings.put(
      row.round,
      standings.map((standing) => ({ ...standing, sharePpm: standing.sharePpm + 1 })),
    );
    const again = await replayRound(alice.stores, row, identity);
    expect(again!.equal).to.equal(false);
    expect(again!.differences[0]).to.match(/sharePpm: stored/);
  });

  it('replay to the same numbers when a part went to the owner', async () => {
    const subnet = await village({ burnPercent: 30 });
    const [alice, bob] = subnet.validators as [TestValidator, TestValidator];
    subnet.chain.setOwner(bob.signer.hotkey);
    await subnet.live(SCHEDULE.cadenceBlocks * 2);
    const row = (await newestRound(alice))!;
    const identity = { self: alice.signer.hotkey, scorer: SCORER, genesis: subnet.chain.genesis, netuid: 7, mechanism: 0 };
    const replay = await replayRound(alice.stores, row, identity);
    expect(replay?.submission?.burn).to.deep.equal({ percent: 30, hotkey: bob.signer.hotkey });
    expect(replay).to.deep.include({ equal: true, differences: [] });
  });

  it('take the word of others for a model that could not be heard here', async () => {
    const subnet = await village();
    const [alice, bob] = subnet.validators as [TestValidator, TestValidator];
    alice.ears.set(aModel(2), null);
    await subnet.live(SCHEDULE.cadenceBlocks * 2);
    const standings = await alice.stores.standings.ofRound((await newestRound(alice))!.round);
    expect(standings).to.deep.equal(await bob.stores.standings.ofRound((await newestRound(bob))!.round));
  });

  it('do not believe a validator whose other records differ from ours', async () => {
    const subnet = await village();
    const [alice, bob] = subnet.validators as [TestValidator, TestValidator];
    alice.ears.set(aModel(2), null);
    bob.ears.set(aModel(1), 100_000);
    await subnet.live(SCHEDULE.cadenceBlocks * 2);
    const standings = await alice.stores.standings.ofRound((await newestRound(alice))!.round);
    expect(standings.map(({ model }) => model)).to.have.members([aModel(1), aModel(3)]);
  });

  it('send nothing when too few models were heard, and keep what the chain has', async () => {
    const subnet = await village();
    await subnet.live(SCHEDULE.cadenceBlocks * 2);
    const [alice] = subnet.validators as [TestValidator];
    const before = await alice.stores.submissions.list(20);
    hear(subnet, { 1: null, 2: null });
    await subnet.live(SCHEDULE.cadenceBlocks * 2);
    const rounds = await alice.stores.rounds.list(3);
    expect(rounds.find(({ state }) => state === 'skipped')?.note?.code).to.equal('weights.low_coverage');
    const sinceThen = (await alice.stores.submissions.list(20)).filter(({ id }) => !before.some((row) => row.id === id));
    expect(sinceThen.filter(({ round }) => rounds.some((row) => row.round === round && row.state === 'skipped'))).to.deep.equal([]);
  });

  it('give the reward to the earlier of two that sound the same', async () => {
    const subnet = await createSmallSubnet(['Alice', 'Bob']);
    const fingerprint = '00ff80'.repeat(320);
    const original = subnet.miner(1, { fingerprint });
    await subnet.live(1);
    const copy = subnet.miner(2, { fingerprint });
    for (const miner of [original, copy]) await subnet.announce(miner);
    hear(subnet, { 1: 800_000, 2: 950_000 });
    await subnet.live(SCHEDULE.cadenceBlocks * 2);
    const [alice] = subnet.validators as [TestValidator];
    const standings = await alice.stores.standings.ofRound((await newestRound(alice))!.round);
    expect(standings.find(({ hotkey }) => hotkey === copy.hotkey)).to.include({ copyOf: original.hotkey, sharePpm: 0 });
    expect(standings.find(({ hotkey }) => hotkey === original.hotkey)!.sharePpm).to.equal(1_000_000);
  });

  it('go on after a kill at any block, with the same rows as if nothing had happened', async () => {
    const whole = await village();
    await whole.live(SCHEDULE.cadenceBlocks * 2);
    const expected = await whole.validators[0]!.stores.standings.ofRound((await newestRound(whole.validators[0]!))!.round);
    const broken = await village();
    for (let block = 0; block < SCHEDULE.cadenceBlocks * 2; block++) {
      await broken.restart(broken.validators[0]!);
      await broken.live(1);
    }
    const alice = broken.validators[0]!;
    expect(await alice.stores.standings.ofRound((await newestRound(alice))!.round)).to.deep.equal(expected);
    const sent = (await alice.stores.submissions.list(50)).filter(({ state }) => state === 'finalized');
    expect(new Set(sent.map(({ epochStart }) => epochStart)).size).to.equal(sent.length);
    expect(new Set(sent.map(({ round }) => round)).size).to.equal(sent.length);
  });

  it('of a validator cut off from the others still end with weights of its own', async () => {
    const subnet = await village();
    subnet.cut('Alice');
    await subnet.live(SCHEDULE.cadenceBlocks * 2);
    for (const validator of subnet.validators) expect((await validator.stores.submissions.list(9))[0]?.state).to.equal('finalized');
  });
});
