import { expect } from 'chai';
import { chainFailure } from '../../../chain/failures.js';
import { chainContract } from '../../contracts/chain.js';
import { commitRevealContract } from '../../contracts/commit-reveal.js';
import { devSigner } from '../../support/dev-signer.js';
import { createFakeChain } from '../../support/fake-chain.js';
import { aHotkey } from '../../support/keys.js';

let newcomers = 0;

chainContract('the fake chain', async () => {
  const fake = createFakeChain({ netuid: 3 });
  const coldkey = await devSigner('//Alice');
  fake.fund(coldkey.hotkey, 10n ** 15n);
  return {
    reader: fake.reader,
    writer: fake.writer,
    netuid: 3,
    coldkey,
    newcomer: () => {
      newcomers += 1;
      return devSigner(`//fake${newcomers}`);
    },
    mine: async (blocks) => {
      fake.advance(blocks);
    },
    stop: async () => undefined,
  };
});

commitRevealContract('the fake chain', async () => {
  const fake = createFakeChain({ netuid: 3 });
  return {
    reader: fake.reader,
    writer: fake.writer,
    netuid: 3,
    coldkey: await devSigner('//Alice'),
    newcomer: () => {
      newcomers += 1;
      return devSigner(`//fake${newcomers}`);
    },
    mine: async (blocks) => {
      fake.advance(blocks);
    },
    commitReveal: async (commitRevealEnabled) => fake.setHyperparameters({ commitRevealEnabled }),
    safeMode: async (entered) => fake.setSafeMode(entered ? fake.head().number + 50 : null),
    stop: async () => undefined,
  };
});

describe('the fake chain under control', () => {
  it('keeps transactions waiting until a block is made', async () => {
    const fake = createFakeChain({ inclusion: 'manual', finalityLag: 2 });
    const alice = await devSigner('//Alice');
    let landed: number | null = null;
    const done = fake.writer.burnedRegister(alice, 1, aHotkey(1)).then(({ block }) => {
      landed = block.number;
    });
    fake.advance(2);
    await Promise.resolve();
    expect(landed).to.equal(null);
    expect(fake.waiting()).to.equal(0);
    fake.advance();
    await done;
    expect(landed).to.equal(101);
    expect((await fake.reader.finalizedHead()).number).to.equal(101);
  });

  it('fails on request, once', async () => {
    const fake = createFakeChain();
    fake.failNext('snapshot', chainFailure('chain.disconnected', { endpoint: 'x' }));
    const first = await fake.reader.snapshot(1).catch((error: unknown) => error);
    expect(first).to.include({ code: 'chain.disconnected' });
    expect((await fake.reader.snapshot(1)).neurons).to.deep.equal([]);
  });

  it('gives a seat to another and remembers who had it', async () => {
    const fake = createFakeChain();
    const uid = fake.register(aHotkey('old'), { stakeRao: 5n, permit: true });
    const before = fake.head();
    fake.register(aHotkey('new'), { uid });
    const now = await fake.reader.snapshot(1);
    expect(now.neurons.map(({ hotkey }) => hotkey)).to.deep.equal([aHotkey('new')]);
    expect((await fake.reader.snapshot(1, before)).neurons.map(({ hotkey }) => hotkey)).to.deep.equal([aHotkey('old')]);
  });
});
