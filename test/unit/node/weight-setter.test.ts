import { randomBytes } from 'node:crypto';
import { expect } from 'chai';
import { chainFailure } from '../../../chain/failures.js';
import { nodeFailure } from '../../../node/failures.js';
import { NO_METRICS } from '../../../node/metrics.js';
import type { StandingRow, Stores } from '../../../node/ports.js';
import { createWeightSetter, REFUSED_REST_BLOCKS, VERSION_KEY, type WeightSetterOptions } from '../../../node/weights/setter.js';
import { isFailure } from '../../../protocol/failure.js';
import type { Signer } from '../../../protocol/ports.js';
import { createFakeChain } from '../../support/fake-chain.js';
import type { FakeChainOptions } from '../../support/fake-chain-shape.js';
import { aHash, aHotkey, aModel } from '../../support/keys.js';
import { createMemoryStores } from '../../support/memory-stores.js';
import { createMemoryWeightLock } from '../../support/memory-submissions.js';
import { createRecordingLog } from '../../support/recording-log.js';
import { aStanding, aSubmission } from '../../support/store-samples.js';

const ALICE = aHotkey('alice');
const [ONE, TWO] = [aHotkey('miner 1'), aHotkey('miner 2')];
// Safety: the fake chain checks no signatures.
const SIGNER: Signer = { hotkey: ALICE, sign: async () => new Uint8Array(64) };
const RATE_LIMIT_BLOCKS = 5;

type Setup = Partial<WeightSetterOptions> & { readonly chain?: FakeChainOptions };

async function setUp({ chain: chainOptions = {}, ...options }: Setup = {}) {
  const chain = createFakeChain({ netuid: 7, hyperparameters: { weightsRateLimitBlocks: RATE_LIMIT_BLOCKS, tempo: 60 }, ...chainOptions });
  chain.register(ALICE, { stakeRao: 1_000n, permit: true });
  chain.register(ONE);
  chain.register(TWO);
  chain.advance(RATE_LIMIT_BLOCKS);
  const stores = createMemoryStores();
  await weigh(stores, chain, 3, { [ONE]: 600_000, [TWO]: 300_000 });
  const { log, warnings } = createRecordingLog();
  const start = (with_: Partial<Stores> = {}) =>
    createWeightSetter(
      {
        chain: { ...chain.reader, ...chain.writer },
        signer: SIGNER,
        stores: { ...stores, ...with_ },
        clock: { nowMs: chain.nowMs, sleep: async () => {} },
        random: randomBytes,
        lock: createMemoryWeightLock(),
        log,
        metrics: NO_METRICS,
      },
      { netuid: 7, mechanism: 0, enabled: true, dryRun: false, commitReveal: 'auto', burnPercent: 0, ...options },
    );
  return {
    chain,
    stores,
    warnings,
    start,
    setter: start(),
    snapshot: () => chain.reader.snapshot(7),
    turn: async (of: ReturnType<typeof start>) => of.turn(await chain.reader.finalizedHead(), await chain.reader.snapshot(7)),
    rows: () => stores.submissions.list(20),
    states: async () => (await stores.submissions.list(20)).map(({ state }) => state).reverse(),
    sent: () => chain.calls.filter(({ operation }) => operation === 'setWeights').length,
    onChain: async () => (await chain.reader.weightsOf(7, 0, 0)).map(({ uid, value }) => `${uid}:${value}`).join(' '),
  };
}

async function weigh(stores: Stores, chain: { head(): { number: number } }, round: number, shares: Readonly<Record<string, number>>) {
  const openedAt = { number: chain.head().number, hash: aHash(round) };
  await stores.rounds.open({
    round,
    openedAt,
    opening: null,
    seed: 'ab'.repeat(32),
    entries: [],
    state: 'weighed',
    note: null,
    weighing: null,
  });
  const rows: StandingRow[] = [ONE, TWO].map((hotkey, n) => ({
    ...aStanding(round),
    hotkey,
    registeredAt: 102 + n,
    model: aModel(n),
    scorePpm: 500_000,
    standingPpm: 500_000,
    sharePpm: shares[hotkey] ?? 0,
  }));
  await stores.standings.put(round, rows);
}

const codeOf = (work: Promise<unknown>) =>
  work.then(
    () => 'done',
    (error: unknown) => (isFailure(error) ? error.code : String(error)),
  );
const VECTOR = '1:65535 2:32767';

describe('weight setter', () => {
  it('sends the newest weighed round once, a row before the extrinsic, and writes down the block', async () => {
    const { setter, turn, rows, onChain, sent, chain, snapshot } = await setUp();
    const planned = await setter.plan(await snapshot());
    expect(planned?.plan).to.deep.equal({ action: 'submit', way: 'open', method: 'set_weights' });
    await turn(setter);
    const [row] = await rows();
    expect(row).to.deep.include({
      state: 'finalized',
      round: 3,
      uids: [1, 2],
      values: [65_535, 32_767],
      hotkeys: [ONE, TWO],
      failure: null,
    });
    expect(row).to.deep.include({
      versionKey: VERSION_KEY,
      method: 'set_weights',
      epochStart: planned?.epochStart,
      included: chain.head(),
    });
    expect(row?.extrinsicHash).to.match(/^0x[0-9a-f]{64}$/);
    expect(await onChain()).to.equal(VECTOR);
    chain.advance(RATE_LIMIT_BLOCKS + 1);
    await turn(setter);
    expect(sent()).to.equal(1);
  });

  it('sends at most once per epoch, and the next round in the next', async () => {
    const { setter, turn, states, stores, chain } = await setUp();
    await turn(setter);
    await weigh(stores, chain, 4, { [ONE]: 100_000, [TWO]: 900_000 });
    chain.advance(RATE_LIMIT_BLOCKS + 1);
    await turn(setter);
    expect(await states()).to.deep.equal(['finalized']);
    chain.advance(60);
    await turn(setter);
    expect(await states()).to.deep.equal(['finalized', 'finalized']);
  });

  it('sends nothing when it is off, and nothing on a dry run', async () => {
    for (const options of [{ enabled: false }, { dryRun: true }, { enabled: false, dryRun: true }]) {
      const { setter, turn, rows, sent } = await setUp(options);
      await setter.recover();
      await turn(setter);
      expect(await rows()).to.deep.equal([]);
      expect(sent()).to.equal(0);
    }
  });

  it('says why it waits, and stops saying so', async () => {
    const { setter, turn, chain, rows } = await setUp();
    chain.patch(ALICE, { lastUpdate: chain.head().number, registeredAt: chain.head().number });
    await turn(setter);
    expect(setter.waitingFor()?.code).to.equal('chain.rate_limited');
    expect(await rows()).to.deep.equal([]);
    chain.advance(RATE_LIMIT_BLOCKS);
    await turn(setter);
    expect(setter.waitingFor()).to.equal(null);
    expect(await rows()).to.have.length(1);
  });

  it('has no plan without a weighed round', async () => {
    const { setter, stores, snapshot, turn, sent } = await setUp();
    await stores.rounds.update(3, { state: 'skipped' });
    expect(await setter.plan(await snapshot())).to.equal(null);
    await turn(setter);
    expect(sent()).to.equal(0);
  });

  it('leaves out the share of a hotkey that registered anew since it was weighed', async () => {
    const { setter, chain, turn, onChain } = await setUp();
    chain.deregister(TWO);
    chain.register(TWO);
    await turn(setter);
    expect(await onChain()).to.equal('1:65535');
  });

  it('abandons what was planned when a seat changed hands before signing, and plans anew', async () => {
    const { setter, chain, turn, rows, states, sent, snapshot } = await setUp();
    const before = await snapshot();
    chain.register(aHotkey('newcomer'), { uid: 2 });
    await setter.turn(await chain.reader.finalizedHead(), before);
    expect((await rows())[0]).to.deep.include({ state: 'abandoned', failure: { code: 'weights.seat_changed', facts: { uid: 2 } } });
    expect(sent()).to.equal(0);
    await turn(setter);
    expect(await states()).to.deep.equal(['abandoned', 'finalized']);
  });

  it('marks what the chain refused, rests, and tries again in the same epoch', async () => {
    const { setter, chain, turn, rows, states, sent } = await setUp();
    chain.failNext('setWeights', chainFailure('chain.pool_full'));
    await turn(setter);
    expect((await rows())[0]).to.deep.include({ state: 'refused', included: null });
    expect((await rows())[0]?.failure?.code).to.equal('chain.pool_full');
    expect(setter.waitingFor()?.code).to.equal('chain.pool_full');
    chain.advance(REFUSED_REST_BLOCKS - 1);
    await turn(setter);
    expect(sent()).to.equal(1);
    chain.advance();
    await turn(setter);
    expect(await states()).to.deep.equal(['refused', 'finalized']);
    const [second, first] = await rows();
    expect(second?.epochStart).to.equal(first?.epochStart);
    expect(setter.waitingFor()).to.equal(null);
  });

  it('abandons at the next start a row that a crash left before its extrinsic, and sends again', async () => {
    const { start, stores, turn, states, sent } = await setUp();
    const crash = new Error('killed');
    const dying = start({ submissions: { ...stores.submissions, mark: () => Promise.reject(crash) } });
    expect(await codeOf(turn(dying))).to.equal('Error: killed');
    expect(await states()).to.deep.equal(['planned']);
    expect(sent()).to.equal(0);
    const next = start();
    await next.recover();
    expect(await states()).to.deep.equal(['abandoned']);
    await turn(next);
    expect(await states()).to.deep.equal(['abandoned', 'finalized']);
  });

  for (const [how, trouble] of [
    ['a kill', new Error('killed')],
    ['trouble with the database', nodeFailure('store.unreachable', { where: 'here', reason: 'test' })],
  ] as const) {
    it(`reads from the chain that it was included when ${how} came before the row was marked`, async () => {
      const { start, stores, turn, rows, states, sent, chain } = await setUp();
      const dying = start({
        submissions: {
          ...stores.submissions,
          mark: (row, state, change) => (state === 'sent' ? stores.submissions.mark(row, state, change) : Promise.reject(trouble)),
        },
      });
      expect(await codeOf(turn(dying))).to.equal(isFailure(trouble) ? 'done' : 'Error: killed');
      expect(dying.waitingFor()?.code ?? null).to.equal(isFailure(trouble) ? trouble.code : null);
      expect(await states()).to.deep.equal(['sent']);
      const included = chain.head();
      chain.advance(3);
      const next = start();
      await next.recover();
      expect((await rows())[0]).to.deep.include({ state: 'finalized', included });
      chain.advance(RATE_LIMIT_BLOCKS);
      await turn(next);
      expect(sent()).to.equal(1);
    });
  }

  it('keeps a row open while its outcome is unknown, sends nothing beside it, and finds it on chain later', async () => {
    const { setter, chain, turn, states, rows, sent, onChain } = await setUp({
      chain: { inclusion: 'manual', netuid: 7, hyperparameters: { weightsRateLimitBlocks: RATE_LIMIT_BLOCKS } },
    });
    chain.failNext('setWeights', chainFailure('chain.outcome_unknown', { method: 'set_weights', extrinsicHash: '0x', lastBlock: 1 }));
    await turn(setter);
    expect(await states()).to.deep.equal(['sent']);
    chain.advance(2);
    await turn(setter);
    expect(await states()).to.deep.equal(['sent']);
    expect(sent()).to.equal(1);
    // The extrinsic was in the pool all the time.
    const [row] = await rows();
    const arrives = chain.writer.setWeights(SIGNER, {
      netuid: 7,
      mechanism: 0,
      uids: row!.uids,
      values: row!.values,
      versionKey: VERSION_KEY,
    });
    const included = chain.advance();
    await arrives;
    await turn(setter);
    expect(await onChain()).to.equal(VECTOR);
    expect((await rows())[0]).to.deep.include({ state: 'finalized', included });
    expect(await states()).to.deep.equal(['finalized']);
  });

  it('abandons a row of unknown outcome when its extrinsic cannot be included any more, and sends again', async () => {
    const { setter, chain, turn, states, rows } = await setUp();
    chain.failNext('setWeights', chainFailure('chain.timeout', { method: 'set_weights', timeoutMs: 1 }));
    await turn(setter);
    chain.advance(40);
    await turn(setter);
    expect(await states()).to.deep.equal(['sent']);
    chain.advance();
    await turn(setter);
    expect(await states()).to.deep.equal(['abandoned', 'finalized']);
    expect((await rows())[1]?.failure?.code).to.equal('chain.not_included');
  });

  it('does not take weights of others for its own: the row on chain must be the vector of the submission', async () => {
    const { setter, chain, turn, states } = await setUp();
    chain.failNext('setWeights', chainFailure('chain.timeout', { method: 'set_weights', timeoutMs: 1 }));
    await turn(setter);
    chain.advance(RATE_LIMIT_BLOCKS);
    await chain.writer.setWeights(SIGNER, { netuid: 7, mechanism: 0, uids: [2], values: [65_535], versionKey: VERSION_KEY });
    await setter.recover();
    expect(await states()).to.deep.equal(['sent']);
  });

  it('leaves the open rows of another hotkey alone', async () => {
    const { setter, stores, turn, states, chain } = await setUp();
    const { genesis } = chain;
    await stores.submissions.plan(aSubmission({ genesis, netuid: 7, hotkey: ONE }));
    await stores.submissions.plan(aSubmission({ genesis, netuid: 8, hotkey: ALICE }));
    await setter.recover();
    await turn(setter);
    expect(await states()).to.deep.equal(['planned', 'planned', 'finalized']);
  });
});
