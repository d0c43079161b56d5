import type { ApiPromise } from '@polkadot/api';
import { expect } from 'chai';
import { commitmentCall, MAX_COMMITMENT_BYTES } from '../../../../chain/substrate/calls.js';
import type { Connection } from '../../../../chain/substrate/connection.js';
import { blockTimeOf } from '../../../../chain/substrate/features.js';
import { hyperparametersOf } from '../../../../chain/substrate/neurons.js';
import { createSubmitter, MAX_WAITING_PER_SIGNER } from '../../../../chain/substrate/submitter.js';
import { failureOf } from '../../../support/bad-line.js';
import { devSigner } from '../../../support/dev-signer.js';
import { createFakeChain } from '../../../support/fake-chain.js';
import { aHotkey } from '../../../support/keys.js';

/** What is read off a runtime, and what a writer takes, without a chain. */
describe('facts of a runtime', () => {
  it('say how long a block takes: by the slot, by twice the least distance, else 12 seconds', () => {
    // Safety: nothing else of it is looked at.
    const of = (consts: object) => blockTimeOf({ consts } as unknown as ApiPromise);
    expect(of({ aura: { slotDuration: 12_000 } })).to.equal(12_000);
    expect(of({ aura: { slotDuration: 250 }, timestamp: { minimumPeriod: 6_000 } })).to.equal(250);
    expect(of({ timestamp: { minimumPeriod: 125 } })).to.equal(250);
    expect(of({ aura: { slotDuration: 0 } })).to.equal(12_000);
    expect(of({})).to.equal(12_000);
  });

  it('count the activity cutoff by the tempo where the runtime does, in whole blocks, one at least', () => {
    const values = { tempo: 360, minAllowedWeights: 1, immunityPeriod: 1, maxAllowedValidators: 1, maxAllowedUids: 1 };
    // Safety: what is left out reads as null on a runtime that lacks it.
    const of = (more: object) =>
      hyperparametersOf({ ...values, ...more } as unknown as Parameters<typeof hyperparametersOf>[0]).activityCutoffBlocks;
    expect(of({ activityCutoffFactorMilli: 13_889, activityCutoff: 77 })).to.equal(5_000);
    expect(of({ activityCutoffFactorMilli: 13_889, tempo: 99 })).to.equal(1_375);
    expect(of({ activityCutoffFactorMilli: 1, tempo: 10 })).to.equal(1);
    expect(of({ activityCutoff: 77 })).to.equal(77);
    expect(of({})).to.equal(5_000);
  });

  it('put a commitment into one raw field, up to what it holds', () => {
    const [, { fields }] = commitmentCall(3, new Uint8Array(MAX_COMMITMENT_BYTES).fill(65)).args as [number, { fields: object[] }];
    expect(fields).to.deep.equal([{ Raw128: `0x${'41'.repeat(128)}` }]);
    expect(() => commitmentCall(3, new Uint8Array(MAX_COMMITMENT_BYTES + 1))).to.throw(RangeError, '129');
  });
});

describe('transactions of one account', () => {
  it('wait in a line of bounded length, and those of another account do not', async () => {
    const never = new Promise<never>(() => undefined);
    // Safety: the line is stood in before anything else of the connection is asked.
    const connection = { session: () => never } as unknown as Connection;
    const writer = createSubmitter({ connection, reader: createFakeChain().reader }, {});
    const [alice, bob] = [await devSigner('//Alice'), await devSigner('//Bob')];
    const register = (signer: typeof alice) => writer.burnedRegister(signer, 1, aHotkey(1));
    for (let waiting = 0; waiting <= MAX_WAITING_PER_SIGNER; waiting += 1) void register(alice);
    const failure = await failureOf(register(alice));
    expect(failure.code).to.equal('chain.queue_full');
    expect(failure.facts).to.include({ hotkey: alice.hotkey, waiting: MAX_WAITING_PER_SIGNER + 1 });
    expect(await Promise.race([register(bob).catch(() => 'refused'), Promise.resolve('waits')])).to.equal('waits');
  });
});
