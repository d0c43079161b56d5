import { expect } from 'chai';
import { chainFailure } from '../../../chain/failures.js';
import type { SetWeights } from '../../../chain/ports.js';
import { withBurn } from '../../../scoring/weights.js';
import { aHash, aHotkey } from '../../support/keys.js';
import { type BenchOptions, createWeightBench, MINERS, SIGNER, VALIDATOR, VECTOR, type WeightBench } from '../../support/weight-bench.js';

const TEMPO = 20;
const HASH: BenchOptions = { commitReveal: 'hash' };
const TIMELOCKED: BenchOptions = { commitReveal: 'timelocked' };

async function running(options: BenchOptions = {}) {
  const bench = await createWeightBench(options);
  const setter = bench.live();
  return {
    bench,
    setter,
    /** Turns at each of the next blocks. */
    async blocks(count: number, each: (bench: WeightBench) => Promise<void> | void = () => undefined) {
      for (let block = 0; block < count; block += 1) {
        await bench.turn(setter);
        await each(bench);
        bench.chain.advance();
      }
    },
    last: async () => (await bench.rows())[0],
  };
}

describe('weights by commit and reveal', () => {
  it('are committed by hash, revealed in the epoch that counts, read back, and every step is kept', async () => {
    const { bench, blocks, last } = await running(HASH);
    await blocks(1);
    const committed = await last();
    expect(committed).to.deep.include({ state: 'committed', way: 'hash', method: 'commit_weights', commitEpoch: 0 });
    expect(committed?.revealFrom).to.be.greaterThan(committed?.committed?.number ?? 0);
    await blocks(5);
    expect(bench.sent('revealWeights')).to.equal(0);
    await blocks(TEMPO);
    const row = await last();
    expect(row?.state).to.equal('finalized');
    expect(row?.included?.number).to.be.within(committed?.revealFrom ?? 0, committed?.revealUntil ?? 0);
    expect(await bench.onChain()).to.equal(VECTOR);
    expect((await bench.stores.submissions.steps(row?.id ?? 0)).map(({ state }) => state)).to.deep.equal([
      'planned',
      'sent',
      'committed',
      'revealing',
      'finalized',
    ]);
    expect(bench.chain.accepted.map(({ operation, epoch }) => [operation, epoch])).to.deep.equal([
      ['commitWeights', 0],
      ['revealWeights', 1],
    ]);
  });

  it('never show the salt in a line of the log', async () => {
    const { bench, blocks, last } = await running(HASH);
    await blocks(1);
    const salt = (await last())?.salt?.reveal() ?? [];
    expect(salt).to.have.length(16);
    await blocks(2 * TEMPO);
    expect(bench.lines.length).to.be.greaterThan(1);
    for (const line of bench.lines) expect(line).to.not.include(salt.slice(0, 3).join());
  });

  it('are locked to a round of the beacon, opened by the chain, and found in the block where that happened', async () => {
    const { bench, blocks, last } = await running(TIMELOCKED);
    await blocks(1);
    const committed = await last();
    expect(committed).to.deep.include({ state: 'committed', way: 'timelocked', method: 'commit_timelocked_weights' });
    await blocks(TEMPO + 6);
    const row = await last();
    expect(row?.state).to.equal('finalized');
    const at = row?.included;
    expect(at && (await bench.chain.reader.timelockedReveals(7, 0, at))).to.deep.equal([VALIDATOR]);
    expect(await bench.onChain()).to.equal(VECTOR);
  });

  for (const [name, options] of [
    ['hash', HASH],
    ['timelocked', TIMELOCKED],
  ] as const) {
    for (const revealPeriodEpochs of [1, 2, 3]) {
      it(`go on epoch after epoch while earlier ones wait ${revealPeriodEpochs} for their reveal (${name})`, async () => {
        const { bench, blocks } = await running({ ...options, chain: { hyperparameters: { revealPeriodEpochs } } });
        let round = 3;
        await blocks(6 * TEMPO, async ({ chain }) => {
          if (chain.head().number % TEMPO !== 0) return;
          round += 1;
          await bench.weigh(round, [500_000, 100_000 * (round % 5)]);
        });
        const rows = (await bench.rows()).toReversed();
        const due = rows.filter(({ epochStart }) => epochStart + (revealPeriodEpochs + 2) * TEMPO <= bench.chain.head().number);
        expect(due.length).to.be.greaterThan(1);
        for (const row of due) expect(row.state, `round ${row.round}`).to.equal('finalized');
        expect(bench.warnings).to.deep.equal([]);
      });
    }
  }

  it('are lost by name when nobody revealed in time, once and loudly, and the next epoch is tried', async () => {
    const { bench, blocks, last } = await running(HASH);
    await blocks(1);
    bench.chain.advance(2 * TEMPO + 2);
    await blocks(1);
    const [again, lost] = await bench.rows();
    expect(lost).to.deep.include({ state: 'lost' });
    expect(lost?.failure).to.deep.include({ code: 'weights.reveal_missed' });
    expect(again?.state).to.equal('committed');
    expect(bench.warnings).to.deep.equal(['committed weights are lost (weights.reveal_missed)']);
    await blocks(TEMPO + 4);
    expect((await last())?.state).to.equal('finalized');
  });

  it('name the permit that was lost before the reveal', async () => {
    for (const options of [HASH, TIMELOCKED]) {
      const { bench, blocks } = await running(options);
      await blocks(1);
      bench.chain.setPermit(VALIDATOR, false);
      await blocks(2 * TEMPO + 8);
      const lost = (await bench.rows()).at(-1);
      expect(lost?.state).to.equal('lost');
      expect(JSON.stringify(lost?.failure)).to.include('chain.no_permit');
      expect(bench.sent('revealWeights')).to.equal(0);
      expect(new Set(bench.warnings).size).to.equal(bench.warnings.length);
    }
  });

  it('wait while the chain is in safe mode, by name, and are committed and revealed in the block after it', async () => {
    const { bench, setter, blocks, last } = await running(HASH);
    bench.chain.setSafeMode(bench.chain.head().number + 5);
    await blocks(3);
    expect(setter.waitingFor()?.code).to.equal('chain.paused');
    expect([bench.sent('commitWeights'), await last()]).to.deep.equal([0, undefined]);
    await blocks(5);
    expect((await last())?.state).to.equal('committed');
    const { revealFrom } = (await last()) ?? {};
    bench.chain.setSafeMode((revealFrom ?? 0) + 9);
    await blocks((revealFrom ?? 0) + 8 - bench.chain.head().number);
    expect((await last())?.state).to.equal('committed');
    expect(setter.waitingFor()?.code).to.equal('chain.paused');
    expect(bench.sent('revealWeights')).to.equal(0);
    await blocks(4);
    expect((await last())?.state).to.equal('finalized');
    expect([bench.sent('commitWeights'), bench.sent('revealWeights')]).to.deep.equal([1, 1]);
    expect(bench.warnings).to.deep.equal(['the reveal is in danger (chain.paused)']);
  });

  it('name the version key that was raised before the opening', async () => {
    const { bench, blocks, setter } = await running(TIMELOCKED);
    await blocks(1);
    bench.chain.setHyperparameters({ weightsVersionKey: 9_999n });
    await blocks(TEMPO + 8);
    expect((await bench.rows()).at(-1)?.failure?.code).to.equal('chain.version_key');
    expect(setter.waitingFor()?.code).to.equal('chain.version_key');
  });

  it('say once that the beacon is late, and go on when it comes in time', async () => {
    const { bench, blocks, last, setter } = await running(TIMELOCKED);
    await blocks(1);
    bench.chain.stallBeacon(true);
    await blocks(TEMPO + 8);
    expect(bench.warnings).to.deep.equal(['the reveal is in danger (weights.beacon_late)']);
    expect(setter.waitingFor()?.code).to.equal('weights.beacon_late');
    bench.chain.stallBeacon(false);
    await blocks(4);
    expect((await last())?.state).to.equal('finalized');
    expect(setter.waitingFor()).to.equal(null);
  });

  it('are lost with the beacon when it does not come before the epoch ends', async () => {
    const { bench, blocks } = await running(TIMELOCKED);
    await blocks(1);
    bench.chain.stallBeacon(true);
    await blocks(2 * TEMPO + 4);
    expect((await bench.rows()).at(-1)?.failure?.code).to.equal('weights.beacon_late');
  });

  it('try a refused reveal again within its epoch', async () => {
    const { bench, blocks, last } = await running(HASH);
    await blocks(1);
    bench.chain.failNext('revealWeights', chainFailure('chain.pool_full', { method: 'reveal_weights' }), 2);
    await blocks(TEMPO + 12);
    expect(bench.sent('revealWeights')).to.equal(3);
    expect((await last())?.state).to.equal('finalized');
  });

  it('notice when something else sits on chain than what was sent', async () => {
    const bench = await createWeightBench({ chain: { hyperparameters: { commitRevealEnabled: false } } });
    const { writer } = bench.chain;
    const real = writer.setWeights;
    // Another program of the same hotkey is in the same block.
    Object.assign(writer, {
      setWeights: async (signer: typeof SIGNER, { since, ...request }: SetWeights) => {
        const own = since === undefined ? request : { ...request, since };
        const [inclusion] = await Promise.all([real(signer, own), real(signer, { ...request, uids: [0], values: [65_535] })]);
        return inclusion;
      },
    });
    await bench.turn(bench.live());
    const [row] = await bench.rows();
    expect(row?.state).to.equal('lost');
    expect(row?.failure?.code).to.equal('weights.not_as_sent');
  });
});

describe('weights beside another program with the same hotkey', () => {
  for (const [what, act] of [
    ['weights', (bench: WeightBench) => bench.chain.patch(VALIDATOR, { lastUpdate: bench.chain.head().number })],
    [
      'a commit',
      (bench: WeightBench) => {
        void bench.chain.writer.commitWeights(SIGNER, { netuid: 7, mechanism: 0, hash: aHash('by hand') });
        bench.chain.advance();
      },
    ],
  ] as const) {
    it(`hold back for the epoch when ${what} of unknown origin are on chain, and go on in the next`, async () => {
      const { bench, blocks, setter } = await running(HASH);
      act(bench);
      const epochStart = (await bench.chain.reader.weightFacts(7, 0, VALIDATOR)).epochClock?.lastEpochBlock ?? 0;
      await blocks(epochStart + TEMPO - bench.chain.head().number);
      expect(await bench.rows()).to.deep.equal([]);
      expect(setter.waitingFor()?.code).to.equal('weights.foreign_submission');
      expect(bench.warnings).to.deep.equal(['weights wait (weights.foreign_submission)']);
      await blocks(2);
      expect(await bench.states()).to.deep.equal(['committed']);
    });
  }

  it('are no concern of a command that has no journal of a node', async () => {
    const { bench } = await running({ ...HASH, knowsAll: false });
    bench.chain.patch(VALIDATOR, { lastUpdate: bench.chain.head().number });
    const vector = { uids: [1], values: [65_535], hotkeys: [MINERS[0]] };
    const setter = bench.live();
    const row = await bench.driven(setter.submit({ round: null, vector, versionKey: 1_000n, burn: null }));
    expect(row).to.deep.include({ state: 'committed', round: null });
    const again = await bench.driven(
      setter.submit({ round: null, vector, versionKey: 1_000n, burn: null }).catch((error: unknown) => error),
    );
    expect(again).to.include({ code: 'weights.epoch_taken' });
  });

  it('take turns: nothing is done while another process holds the lock', async () => {
    const { bench } = await running(HASH);
    const busy = bench.live(null, { tryAcquire: async () => null });
    await bench.turn(busy);
    expect(await bench.rows()).to.deep.equal([]);
    expect(busy.waitingFor()?.code).to.equal('weights.busy');
  });
});

describe('weights on a bad day', () => {
  it('wait when the chain cannot be read, and go on: no turn ends with an error', async () => {
    const { bench, blocks, setter, last } = await running(HASH);
    bench.chain.failNext('weightFacts', chainFailure('chain.missing_item', { specVersion: 1, item: 'x' }), 3);
    await blocks(3);
    expect(setter.waitingFor()?.code).to.equal('chain.missing_item');
    expect(bench.warnings).to.have.length(1);
    await blocks(1);
    expect(setter.waitingFor()).to.equal(null);
    expect((await last())?.state).to.equal('committed');
  });

  it('give up on an epoch after so many refusals, and try the next', async () => {
    const { bench, blocks, setter } = await running({ chain: { hyperparameters: { tempo: 400 } }, ...HASH });
    bench.chain.failNext('commitWeights', chainFailure('chain.banned', { method: 'commit_weights' }), 6);
    await blocks(350);
    expect(await bench.states()).to.deep.equal(Array.from({ length: 6 }, () => 'refused'));
    expect(setter.waitingFor()?.code).to.equal('weights.gave_up');
    await blocks(100);
    expect((await bench.states()).at(-1)).to.equal('committed');
  });

  it('refuse by name a way that the runtime does not have', async () => {
    const { blocks, setter, bench } = await running({ commitReveal: 'timelocked', chain: { timelocked: false } });
    await blocks(1);
    expect(setter.waitingFor()?.code).to.equal('chain.timelock_missing');
    expect(await bench.rows()).to.deep.equal([]);
    const { blocks: others, last } = await running({ commitReveal: 'auto', chain: { timelocked: false } });
    await others(1);
    expect((await last())?.way).to.equal('hash');
  });
});

describe('the part that is burned', () => {
  const OWNER = aHotkey('owner');

  it('goes to the seat of the owner, found by key', async () => {
    const { bench, blocks, last } = await running({ burnPercent: 40, chain: { hyperparameters: { commitRevealEnabled: false } } });
    bench.chain.register(OWNER);
    bench.chain.setOwner(OWNER);
    await blocks(1);
    // 600 and 300 of 900 share 60 %: 40 and 20 beside 40.
    expect(await bench.onChain()).to.equal('1:65535 2:32767 3:65535');
    expect((await last())?.burn).to.deep.equal({ percent: 40, hotkey: OWNER });
  });

  it('keeps everything back while the owner has no seat', async () => {
    const { bench, blocks, setter } = await running({ burnPercent: 1 });
    await blocks(2);
    expect(setter.waitingFor()?.code).to.equal('weights.no_owner_seat');
    bench.chain.setOwner(OWNER);
    await blocks(2);
    expect(await bench.rows()).to.deep.equal([]);
    bench.chain.register(OWNER);
    await blocks(1);
    expect(await bench.states()).to.deep.equal(['committed']);
  });

  it('leaves the others their proportion, exactly', () => {
    const [one, two] = MINERS;
    const shares = new Map([
      [one, 2],
      [two, 1],
    ]);
    expect([...withBurn(shares, { percent: 40, hotkey: OWNER }).values()]).to.deep.equal([120, 60, 120]);
    expect([...withBurn(shares, { percent: 100, hotkey: one }).values()]).to.deep.equal([300, 0]);
    expect(withBurn(shares, null)).to.equal(shares);
  });
});
