import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { cryptoWaitReady } from '@polkadot/util-crypto';
import { expect } from 'chai';
import { type Devchain, devAddress, devGenesis, startDevchain } from '../../../chain/devchain/server.js';
import { createChainClient } from '../../../chain/substrate/client.js';
import { EXIT } from '../../../protocol/failure.js';
import { refusal, voxd, voxdJson } from '../../support/cli.js';
import { devSigner } from '../../support/dev-signer.js';

const NETUID = 1;
const BLOCK_TIME_MS = 100;

interface Outcome {
  readonly incentive: number;
  readonly dividends: number;
  readonly incentive_rao: number | null;
}

interface Simulated {
  readonly uid: number;
  readonly round: number | null;
  readonly uids: readonly number[];
  readonly values: readonly number[];
  readonly pools_rao: number | null;
  readonly seats: readonly { readonly uid: number; readonly hotkey: string; readonly before: Outcome; readonly after: Outcome }[];
  readonly movers: readonly { readonly uid: number; readonly gains: boolean; readonly change_rao: number | null }[];
  readonly reservations: readonly string[];
}

describe('voxd simulate', function () {
  this.timeout(120_000);
  let chain: Devchain;
  let nowhere: string;
  const alice = devAddress('//AliceHot');
  const as = (hotkey: string) => ['simulate', '--chain', chain.url, '--netuid', String(NETUID), '--as', hotkey];

  before(async () => {
    await cryptoWaitReady();
    nowhere = mkdtempSync(join(tmpdir(), 'voxd-test-simulate-'));
    chain = await startDevchain({
      port: 0,
      dataDir: null,
      blockTimeMs: BLOCK_TIME_MS,
      genesis: devGenesis({ subnet: { weightsRateLimit: 1, tempo: 20 } }),
    });
    const client = createChainClient({}, { endpoints: [chain.url], genesis: null });
    await client.start(new AbortController().signal);
    const bob = await devSigner('//Bob');
    await client.writer.burnedRegister(bob, NETUID, (await devSigner('//BobHot')).hotkey);
    await client.writer.burnedRegister(bob, NETUID, (await devSigner('//CharlieHot')).hotkey);
    await client.writer.addStake(await devSigner('//Alice'), NETUID, (await devSigner('//AliceHot')).hotkey, 1_000_000_000_000n);
    const request = { netuid: NETUID, mechanism: 0, uids: [1], values: [65_535], versionKey: 1_000n };
    await client.writer.setWeights(await devSigner('//AliceHot'), request);
    const isRunning = async () => {
      const { lastStepBlock, block, serverPoolRao } = await client.reader.epochInput(NETUID, 0);
      return lastStepBlock > 0 && block > lastStepBlock && serverPoolRao > 0n;
    };
    await new Promise<void>((resolve, reject) => {
      const stop = client.reader.onFinalized(() => {
        isRunning().then((running) => {
          if (!running) return;
          stop();
          resolve();
        }, reject);
      });
    });
    await client.stop();
  });
  after(async () => {
    await chain.stop();
    rmSync(nowhere, { recursive: true, force: true });
  });

  it('tells what weights would earn, beside what those on chain earn', async () => {
    const simulated = await voxdJson<Simulated>([...as(alice), '--uids', '1,2', '--values', '1,3']);
    expect(simulated).to.deep.include({ uid: 0, round: null, uids: [1, 2], values: [21_845, 65_535], reservations: [] });
    expect(simulated.seats.map(({ hotkey }) => hotkey)).to.deep.equal([alice, devAddress('//BobHot'), devAddress('//CharlieHot')]);
    expect(simulated.seats.map(({ before, after }) => [before.incentive, after.incentive])).to.deep.equal([
      [0, 0],
      [65_535, 16_383],
      [0, 49_151],
    ]);
    expect(simulated.movers.map(({ uid, gains }) => [uid, gains])).to.deep.equal([
      [2, true],
      [1, false],
    ]);
    // 20 blocks of 1 alpha less 18 % for the owner, half of it for miners.
    expect(simulated.pools_rao).to.be.closeTo(16_400_000_000, 1_000_000);
    expect(simulated.seats[1]?.before.incentive_rao).to.be.closeTo(8_200_000_000, 1_000_000);
  });

  it('says it in a table, with what it leaves out', async () => {
    const { stdout, exit } = await voxd([...as(alice), '--uids', '1,2', '--values', '1,3', '--epochs', '5']);
    expect(exit).to.equal(EXIT.ok);
    expect(stdout).to.match(/the given weights in uid 0 .*5 epochs ahead/);
    expect(stdout).to.match(/^ +2 .* 0\.00 % +75\.00 %/m);
    // Right after an epoch the pools are empty, and no amount can be told.
    expect(stdout).to.match(/^gains +uid 2( by 6\.15 alpha\/epoch)?$/m);
    expect(stdout).to.match(/^left out: other validators/m);
  });

  it('refuses half a vector, a seat that is not there, a stranger; and without a vector it needs a round', async () => {
    const usage = { code: 'cli.value_missing', exit: EXIT.usage };
    await refusal([...as(alice), '--uids', '1'], usage);
    await refusal([...as(alice), '--uids', '9', '--values', '1'], { code: 'chain.seat_gone', exit: EXIT.failure });
    const stranger = as(devAddress('//Ferdie'));
    await refusal([...stranger, '--uids', '1', '--values', '1'], { code: 'chain.not_registered', exit: EXIT.failure });
    const { code } = await refusal([...as(alice), '--data-dir', nowhere], { code: 'cli.nothing_recorded', exit: EXIT.failure });
    expect(code).to.equal('cli.nothing_recorded');
  });
});
