import { expect } from 'chai';
import { readAgreement } from '../../../node/audit/agreement.js';
import { replayRound } from '../../../node/rounds/replay.js';
import { sha256Hex, toHex } from '../../../protocol/digest.js';
import { scoreCommitment } from '../../../protocol/score-exchange.js';
import { auditSeed, CLEAN_AUDITS_WANTED, drawAudits } from '../../../scoring/audit.js';
import { recordDigest } from '../../../scoring/record.js';
import { aModel } from '../../support/keys.js';
import { createSmallSubnet, SCHEDULE, SCORER, type SmallSubnet, type TestValidator } from '../../support/small-subnet.js';

const ROUND = SCHEDULE.cadenceBlocks;
const HONEST = { 1: 900_000, 2: 700_000, 3: 300_000 };

async function village(
  names: readonly string[] = ['Alice', 'Bob', 'Charlie'],
  how: Parameters<typeof createSmallSubnet>[2] = {},
): Promise<SmallSubnet> {
  const subnet = await createSmallSubnet(names, {}, how);
  for (const n of [1, 2, 3]) await subnet.announce(subnet.miner(n));
  for (const { ears } of subnet.validators) for (const [n, ppm] of Object.entries(HONEST)) ears.set(aModel(Number(n)), ppm);
  for (const [n, ppm] of Object.entries(HONEST)) subnet.truth.set(aModel(Number(n)), ppm);
  return subnet;
}

async function newest({ stores }: TestValidator) {
  return (await stores.rounds.list(4)).find(({ state }) => state === 'weighed')!;
}

async function report(validator: TestValidator, round?: number) {
  const number = round ?? (await newest(validator)).round;
  return (await readAgreement(validator.stores, { round: number, self: validator.signer.hotkey }))!;
}

async function standingOf(validator: TestValidator, n: number) {
  const rows = await validator.stores.standings.ofRound((await newest(validator)).round);
  return rows.find(({ model }) => model === aModel(n))?.scorePpm;
}

async function replays(subnet: SmallSubnet, validator: TestValidator): Promise<void> {
  const of = { self: validator.signer.hotkey, scorer: SCORER, genesis: subnet.chain.genesis, netuid: 7, mechanism: 0 };
  expect(await replayRound(validator.stores, await newest(validator), of)).to.deep.include({ equal: true, differences: [] });
}

describe('agreement of validators', () => {
  it('is whole among honest ones: every digest equal, nobody disbelieved, some records heard again', async () => {
    const subnet = await village();
    await subnet.live(ROUND * 3);
    for (const validator of subnet.validators) {
      const said = await report(validator);
      expect(said.pairs).to.have.length(3);
      for (const pair of said.pairs)
        expect(pair).to.deep.include({
          models: 3,
          tauPpm: 1_000_000,
          differencePpmMax: 0,
          digestsEqual: 12,
          digestsCompared: 12,
          alarm: false,
        });
      expect(said).to.deep.include({ alarm: false, oursWrong: 0, flags: [] });
      expect(said.validators.map(({ disbelieved, leftOut }) => [disbelieved, leftOut])).to.deep.equal(Array(3).fill([null, false]));
      expect(said.audits.map(({ verdict, cause }) => `${verdict} by ${cause}`)).to.deep.equal(['reproduced by lot', 'reproduced by lot']);
      await replays(subnet, validator);
    }
  });

  it('draws audits that others cannot foresee and everybody can check afterwards', async () => {
    const subnet = await village();
    await subnet.live(ROUND * 3);
    const [alice, bob] = subnet.validators as [TestValidator, TestValidator];
    const { round, seed } = await newest(alice);
    const commit = (await bob.stores.scores.commitsOf(round)).find(({ validator }) => validator === alice.signer.hotkey)!;
    const before = (await bob.stores.scores.commitsOf(round - 1)).find(({ validator }) => validator === alice.signer.hotkey)!;
    expect(commit.nonce).to.match(/^[0-9a-f]{64}$/);
    expect(before.nextNonceDigest).to.match(/^[0-9a-f]{64}$/);
    const drawn = drawAudits({
      seed: auditSeed({ roundSeed: seed, self: alice.signer.hotkey, secret: commit.nonce! }),
      self: alice.signer.hotkey,
      records: await bob.stores.scores.ofRound(round),
      disbelieved: new Set(),
      count: 2,
    });
    const made = await alice.stores.audits.ofRound(round);
    expect(new Set(drawn.map(({ validator, record }) => `${validator} ${record.model}`))).to.deep.equal(
      new Set(made.map(({ validator, model }) => `${validator} ${model}`)),
    );
  });

  it('finds a liar that gives a friend 50,000 ppm more, though nobody else heard that model, and forgets it after clean audits', async () => {
    const subnet = await village();
    const [alice, bob, charlie] = subnet.validators as [TestValidator, TestValidator, TestValidator];
    charlie.lies.set(aModel(3), HONEST[3] + 50_000);
    await subnet.live(ROUND * 2);
    for (const validator of [alice, bob]) {
      const said = await report(validator);
      const audit = said.audits.find(({ verdict }) => verdict === 'not_reproduced')!;
      expect(audit).to.deep.include({ validator: charlie.signer.hotkey, model: aModel(3), cause: 'dispute', oursWrong: false });
      expect(
        audit.prompts.filter(({ private: own }) => !own).map(({ theirsPpm, oursPpm, wasmPpm }) => [theirsPpm, oursPpm, wasmPpm]),
      ).to.deep.equal(Array(4).fill([350_000, 300_000, 300_000]));
      expect(said.validators.find(({ hotkey }) => hotkey === charlie.signer.hotkey)).to.deep.include({ leftOut: true });
      expect(await standingOf(validator, 3)).to.equal(HONEST[3]);
      await replays(subnet, validator);
    }
    charlie.lies.clear();
    await subnet.live(ROUND);
    const penance = (await report(alice)).validators.find(({ hotkey }) => hotkey === charlie.signer.hotkey)!;
    expect(penance).to.deep.include({ leftOut: true });
    expect(penance.disbelieved!.cleanRounds).to.equal(1);
    await subnet.live(ROUND * (CLEAN_AUDITS_WANTED - 1));
    expect((await report(alice)).validators.find(({ hotkey }) => hotkey === charlie.signer.hotkey)).to.deep.include({
      disbelieved: null,
      leftOut: false,
    });
  });

  it('finds the lie about a model that the auditor did not hear itself', async () => {
    const subnet = await village(['Alice', 'Bob', 'Charlie', 'Dave'], { replication: 1, audits: 12 });
    for (const { lies } of subnet.validators.slice(3)) for (const n of [1, 2, 3] as const) lies.set(aModel(n), HONEST[n] + 50_000);
    await subnet.live(ROUND * 6);
    const [alice, , , dave] = subnet.validators as [TestValidator, TestValidator, TestValidator, TestValidator];
    const found = (await alice.stores.audits.since(0)).filter(({ verdict }) => verdict === 'not_reproduced');
    expect(found).to.not.deep.equal([]);
    expect(new Set(found.map(({ validator }) => validator))).to.deep.equal(new Set([dave.signer.hotkey]));
    const standing = await alice.stores.standings.ofRound((await newest(alice)).round);
    for (const { model, scorePpm } of standing) expect([null, ...Object.values(HONEST)], model).to.include(scorePpm);
  });

  it('lets the wasm engine decide, and says so when our own ears were wrong', async () => {
    const subnet = await village();
    const [alice, bob, charlie] = subnet.validators as [TestValidator, TestValidator, TestValidator];
    alice.ears.set(aModel(2), HONEST[2] - 30_000);
    await subnet.live(ROUND * 2);
    const own = await report(alice);
    expect(own.oursWrong).to.equal(2);
    expect(own.validators.map(({ disbelieved, leftOut }) => [disbelieved, leftOut])).to.deep.equal(Array(3).fill([null, false]));
    expect(await standingOf(alice, 2), 'the others are asked').to.equal(HONEST[2]);
    for (const other of [bob, charlie])
      expect((await report(other)).validators.find(({ hotkey }) => hotkey === alice.signer.hotkey)!.disbelieved?.round).to.be.a('number');
    for (const validator of subnet.validators) await replays(subnet, validator);
  });

  it('leaves out of the round whoever differs while the dispute cannot be settled', async () => {
    const subnet = await village(['Alice', 'Bob']);
    const [alice, bob] = subnet.validators as [TestValidator, TestValidator];
    bob.lies.set(aModel(1), 100_000);
    alice.ears.set(aModel(2), null);
    subnet.truth.clear();
    // Nobody can hear it again: the model left every cache after it was scored.
    await subnet.live(ROUND - (subnet.chain.head().number % ROUND) + Math.floor(ROUND * 0.55));
    alice.ears.set(aModel(1), null);
    await subnet.live(ROUND - 1 - (subnet.chain.head().number % ROUND));
    const said = await report(alice);
    expect(said.audits.find(({ cause }) => cause === 'dispute')).to.deep.include({ verdict: 'unheard', reason: 'node.model_gone' });
    expect(said.validators.find(({ hotkey }) => hotkey === bob.signer.hotkey)).to.deep.include({ disbelieved: null, leftOut: true });
    expect(await standingOf(alice, 1)).to.equal(HONEST[1]);
    await replays(subnet, alice);
  });

  it('gives a copier nothing: what it saw when records were published does not open what it committed to', async () => {
    const subnet = await village();
    const [alice, , charlie] = subnet.validators as [TestValidator, TestValidator, TestValidator];
    // It listens to nothing, commits to something, and takes Alice's records as soon as they are there.
    for (const n of [1, 2, 3]) charlie.lies.set(aModel(n), 0);
    const seen = new Map<string, Uint8Array>();
    alice.ways.reveal = (reveal) => {
      seen.set(toHex(reveal.nonce), reveal.record);
      return reveal;
    };
    charlie.ways.reveal = (reveal) => {
      const record = [...seen.values()].at(-1);
      return record === undefined ? null : { ...reveal, record, recordDigests: [sha256Hex('voxd/record/1', record)] };
    };
    await subnet.live(ROUND * 2);
    const said = await report(alice);
    expect(said.flags).to.have.length(1);
    expect(said.flags[0]).to.deep.include({ validator: charlie.signer.hotkey, fault: 'mismatch' });
    expect(said.validators.find(({ hotkey }) => hotkey === charlie.signer.hotkey)!.records).to.equal(0);
  });

  it('cannot be had by committing to copies: nobody has published anything when commitments are due', async () => {
    const subnet = await village();
    const [alice, bob] = subnet.validators as [TestValidator, TestValidator];
    const head = subnet.chain.head().number;
    const round = Math.ceil(head / ROUND);
    await subnet.live(round * ROUND + Math.floor(ROUND * 0.6) - 1 - head);
    const commits = await alice.stores.scores.commitsOf(round);
    expect(commits).to.have.length(3);
    const ofBob = commits.find(({ validator }) => validator === bob.signer.hotkey)!;
    expect(ofBob).to.deep.include({ recordDigests: [], nonce: null });
    // Without the nonce even somebody who guesses every record cannot tell that it is the one.
    const digests = (await bob.stores.scores.ofRound(round)).map(({ record }) => recordDigest(record));
    expect(scoreCommitment(round, new Uint8Array(32), digests)).to.not.equal(ofBob.commitment);
    expect(scoreCommitment(round, await bob.stores.scores.nonce(round), digests)).to.equal(ofBob.commitment);
  });

  it('never compares a validator with another scorer, and says that it is one', async () => {
    const subnet = await village(['Alice', 'Bob', 'Charlie'], { scorers: { Charlie: sha256Hex('another engine') } });
    const [alice, , charlie] = subnet.validators as [TestValidator, TestValidator, TestValidator];
    charlie.ears.set(aModel(1), 200_000);
    await subnet.live(ROUND * 2);
    const said = await report(alice);
    expect(said.flags.map(({ validator, fault }) => [validator, fault])).to.deep.equal([[charlie.signer.hotkey, 'scorer']]);
    expect(said.validators.find(({ hotkey }) => hotkey === charlie.signer.hotkey)).to.deep.include({ disbelieved: null, records: 0 });
    expect(said.alarm).to.equal(false);
  });

  it('flags whoever reveals late, once, and counts nothing of it; and whoever reveals nothing', async () => {
    const subnet = await village(['Alice', 'Bob', 'Charlie', 'Dave']);
    const [alice, , charlie, dave] = subnet.validators as [TestValidator, TestValidator, TestValidator, TestValidator];
    const held: Uint8Array[] = [];
    dave.ways.reveal = () => null;
    charlie.ways.reveal = (reveal) => {
      held.push(reveal.record);
      return null;
    };
    const toWeighing = ROUND - (subnet.chain.head().number % ROUND) + Math.floor(ROUND * 0.85);
    await subnet.live(toWeighing);
    const round = Math.floor(subnet.chain.head().number / ROUND);
    expect(held).to.have.length(3);
    await subnet.publishReveals(charlie, round);
    await subnet.live(ROUND - 1 - (subnet.chain.head().number % ROUND));
    const said = await report(alice, round);
    expect(said.flags.map(({ validator, fault }) => `${validator} ${fault}`).sort()).to.deep.equal(
      [`${charlie.signer.hotkey} late`, `${charlie.signer.hotkey} silent`, `${dave.signer.hotkey} silent`].sort(),
    );
    expect(said.validators.filter(({ records }) => records > 0)).to.have.length(2);
  });

  it('goes on with the rows of a round whose opening block the endpoint has forgotten', async () => {
    const subnet = await village();
    await subnet.live(ROUND + 5 - (subnet.chain.head().number % ROUND));
    const round = Math.floor(subnet.chain.head().number / ROUND);
    const alice = await subnet.restart(subnet.validators[0]!);
    subnet.chain.prune(subnet.chain.head().number - 1);
    await subnet.live(ROUND - 1 - (subnet.chain.head().number % ROUND));
    expect((await newest(alice)).round).to.equal(round);
  });
});

describe('the private slice', () => {
  it('is asked from the second round on, differs between validators, and is checked by the others', async () => {
    const subnet = await village();
    await subnet.live(ROUND * 3);
    const [alice] = subnet.validators as [TestValidator];
    const { round } = await newest(alice);
    const slices = (await alice.stores.scores.ofRound(round)).map(({ record }) => record.private?.promptSet);
    expect(new Set(slices).size).to.equal(9);
    expect(slices).to.not.include(undefined);
    const audits = await alice.stores.audits.ofRound(round);
    expect(audits.map(({ prompts }) => prompts.filter(({ private: own }) => own).length)).to.deep.equal([4, 4]);
    expect(audits.map(({ verdict }) => verdict)).to.deep.equal(['reproduced', 'reproduced']);
  });

  it('is drawn from a secret that cannot be changed: another one than promised does not reproduce', async () => {
    const subnet = await village(['Alice', 'Bob'], { audits: 3 });
    const [alice, bob] = subnet.validators as [TestValidator, TestValidator];
    bob.ways.commit = (commit) => ({ ...commit, nextNonceDigest: 'ab'.repeat(32) });
    await subnet.live(ROUND * 3);
    const audits = (await report(alice)).audits;
    expect(new Set(audits.map(({ verdict, reason }) => `${verdict}: ${reason}`))).to.deep.equal(
      new Set(['not_reproduced: its secret is not the one it promised a round before']),
    );
    expect((await report(alice)).validators.find(({ hotkey }) => hotkey === bob.signer.hotkey)!.leftOut).to.equal(true);
  });

  it('takes off what a model says worse in private, and leaves the others as they are', async () => {
    const subnet = await village();
    subnet.inPrivate.set(aModel(1), 400_000);
    await subnet.live(ROUND * 3);
    const scores = await Promise.all(subnet.validators.map((validator) => standingOf(validator, 1)));
    expect(new Set(scores)).to.deep.equal(new Set([450_000]));
    expect(await standingOf(subnet.validators[0]!, 2)).to.equal(HONEST[2]);
    await replays(subnet, subnet.validators[0]!);
  });
});
