import { chmodSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { cryptoWaitReady } from '@polkadot/util-crypto';
import { expect } from 'chai';
import { type Devchain, devAddress, devGenesis, startDevchain } from '../../../chain/devchain/server.js';
import { createChainClient } from '../../../chain/substrate/client.js';
import { EXIT } from '../../../protocol/failure.js';
import { refusal, voxd, voxdJson } from '../../support/cli.js';
import { devSigner } from '../../support/dev-signer.js';

const OPEN = 1;
const BY_COMMIT_REVEAL = 2;
const MISSING = 9;
/** Longer than the tests take: whoever has set weights once has to wait. */
const RATE_LIMIT_BLOCKS = 5_000;
/** No epoch comes, so that nobody is given a permit. */
const NO_EPOCH_BLOCKS = 20_000;
const BLOCK_TIME_MS = 150;

interface Registry {
  readonly block: number;
  readonly hash: string;
  readonly spec_version: number;
  readonly netuid: number;
  readonly neurons: readonly Readonly<Record<string, unknown>>[];
}

describe('commands that ask the chain', function () {
  this.timeout(180_000);
  let chain: Devchain;
  let wallets: string;
  const at = (netuid: number) => ['--chain', chain.url, '--netuid', String(netuid)];
  const submit = (netuid: number, who: readonly string[], uids = '0,1', values = '3,1') => [
    'weights',
    'submit',
    ...at(netuid),
    ...who,
    '--uids',
    uids,
    '--values',
    values,
  ];
  const refused = (code: string) => ({ code, exit: EXIT.failure });

  before(async () => {
    await cryptoWaitReady();
    wallets = mkdtempSync(join(tmpdir(), 'voxd-test-wallets-'));
    const genesis = devGenesis({ subnet: { weightsRateLimit: RATE_LIMIT_BLOCKS, tempo: NO_EPOCH_BLOCKS } });
    const [open] = genesis.subnets;
    const closed = { ...open!, netuid: BY_COMMIT_REVEAL, commitRevealEnabled: true };
    chain = await startDevchain({
      port: 0,
      dataDir: null,
      blockTimeMs: BLOCK_TIME_MS,
      genesis: { ...genesis, subnets: [open!, closed] },
    });
    const client = createChainClient({}, { endpoints: [chain.url], genesis: null });
    await client.start(new AbortController().signal);
    const bob = await devSigner('//Bob');
    await client.writer.burnedRegister(bob, OPEN, (await devSigner('//BobHot')).hotkey);
    await client.stop();
  });
  after(async () => {
    await chain.stop();
    rmSync(wallets, { recursive: true, force: true });
  });

  it('registry prints the whole subnet at one finalized block', async () => {
    const registry = await voxdJson<Registry>(['registry', ...at(OPEN)]);
    expect(registry).to.have.all.keys('ok', 'block', 'hash', 'spec_version', 'netuid', 'neurons');
    expect(registry.block).to.be.greaterThan(0).and.to.be.at.most(chain.finalized().number);
    expect(registry.hash).to.match(/^0x[0-9a-f]{64}$/);
    expect(registry.neurons.map(({ hotkey }) => hotkey)).to.deep.equal([devAddress('//AliceHot'), devAddress('//BobHot')]);
    expect(registry.neurons[1]).to.have.all.keys(
      ...['uid', 'hotkey', 'coldkey', 'stake_rao', 'validator_permit', 'active', 'last_update', 'registered_at', 'axon', 'commitment'],
      ...['incentive', 'dividends', 'emission_rao'],
    );
    expect(registry.neurons[1]).to.include({ uid: 1, coldkey: devAddress('//Bob'), stake_rao: 0, axon: null, commitment: null });
  });

  it('registry prints a table for people, and nothing else', async () => {
    const { stdout, stderr } = await voxd(['registry', ...at(OPEN)]);
    expect(stderr).to.equal('');
    expect(stdout).to.match(/^netuid 1 at block \d+ \(spec \d+\): 2 neurons\n/);
    expect(stdout, 'no line ends in spaces').not.to.match(/ \n/);
  });

  it('weights submit works by itself, then says that it is done, or how long to wait', async () => {
    const alice = ['--uri', '//AliceHot'];
    const dry = await voxdJson<Record<string, unknown>>([...submit(OPEN, alice), '--dry-run']);
    expect(dry).to.include({ ok: true, dry_run: true, method: 'set_weights' });

    const sent = await voxdJson<{ uids: number[]; values: number[]; block: number; hash: string; method: string; ok: boolean }>(
      submit(OPEN, alice, '1,0', '0.25,0.75'),
    );
    expect(sent).to.include({ ok: true, method: 'set_weights' });
    expect(sent.uids).to.deep.equal([0, 1]);
    expect(sent.values).to.deep.equal([65_535, 21_845]);
    expect(sent.block).to.be.at.most(chain.finalized().number);
    expect(sent.hash).to.match(/^0x[0-9a-f]{64}$/);

    expect(await voxdJson(submit(OPEN, alice, '0,1', '3,1'))).to.include({ ok: true, done: 'set', block: sent.block });

    const { facts, hint } = await refusal(submit(OPEN, alice, '0,1', '1,1'), refused('chain.rate_limited'));
    expect(facts['blocksLeft']).to.be.within(RATE_LIMIT_BLOCKS - 1_000, RATE_LIMIT_BLOCKS);
    expect(hint).to.match(/^Wait \d+ blocks\.$/);

    const held = await voxdJson<{ on_chain: unknown }>([
      ...['weights', 'status', ...at(OPEN), ...alice],
      ...['--data-dir', join(wallets, 'no-node')],
    ]);
    expect(held.on_chain).to.deep.equal({ uids: [0, 1], values: [65_535, 21_845] });
  });

  it('refuses who may not set weights, and says what is missing', async () => {
    await refusal(submit(OPEN, ['--uri', '//Nobody']), refused('chain.not_registered'));
    expect((await refusal(submit(OPEN, ['--uri', '//BobHot']), refused('chain.no_permit'))).hint).to.include('stake');
    const dry = await voxdJson<{ method: string }>([...submit(BY_COMMIT_REVEAL, ['--uri', '//AliceHot'], '0', '1'), '--dry-run']);
    expect(dry.method).to.match(/^commit_timelocked/);
    await refusal(submit(OPEN, ['--uri', '//AliceHot'], '0,20', '1,1'), refused('chain.seat_gone'));
  });

  it('refuses a vector that is none before it asks anybody', async () => {
    const nowhere = (uids: string, values: string, ...more: string[]) => [
      ...['weights', 'submit', '--chain', 'ws://127.0.0.1:1', '--netuid', '1', '--uri', '//Alice'],
      ...['--uids', uids, '--values', values, ...more],
    ];
    const exit = EXIT.usage;
    await refusal(nowhere('1,1', '3,1'), { code: 'weights.not_a_vector', exit });
    await refusal(nowhere('1,2', '3'), { code: 'weights.not_a_vector', exit });
    await refusal(nowhere('1,2', '0,0'), { code: 'weights.not_a_vector', exit });
    await refusal(nowhere('70000', '1'), { code: 'weights.not_a_vector', exit });
    await refusal(nowhere('a', '1'), { code: 'cli.bad_list', exit });
    await refusal(nowhere('1,2', '1,-1'), { code: 'cli.bad_list', exit });
    await refusal(nowhere('1', '1', '--version-key', 'x'), { code: 'cli.bad_value', exit });
  });

  it('refuses a chain that is not there, another one, and a missing subnet', async () => {
    const { facts } = await refusal(['registry', '--chain', 'ws://127.0.0.1:1', '--netuid', '1'], {
      code: 'chain.unreachable',
      exit: EXIT.unavailable,
    });
    expect(facts['endpoint']).to.equal('ws://127.0.0.1:1');
    const other = `chain.genesis=0x${'11'.repeat(32)}`;
    const wrong = await refusal(['registry', ...at(OPEN), '--set', other], { code: 'chain.wrong_genesis', exit: EXIT.config });
    expect(wrong.facts['actual']).to.equal(chain.genesisHash);
    await refusal(['registry', ...at(MISSING)], { code: 'chain.subnet_not_found', exit: EXIT.config });
  });

  describe('with a wallet', () => {
    const wallet = (name: string, hotkey = 'h') => ['--wallet-path', wallets, '--wallet', name, '--hotkey', hotkey];
    const hotkeyPath = (name: string) => join(wallets, name, 'hotkeys', 'h');
    const make = (name: string) => voxdJson(['wallet', 'new', ...wallet(name)]);
    const sends = (who: readonly string[]) => submit(OPEN, who);

    it('signs with the hotkey of a wallet', async () => {
      const { hotkey } = await voxdJson<{ hotkey: string }>(['wallet', 'new', ...wallet('new')]);
      expect(await voxdJson(['wallet', 'show', ...wallet('new')])).to.include({ ok: true, hotkey, coldkey_here: false });
      await refusal(sends(wallet('new')), refused('chain.not_registered'));
      await refusal(['wallet', 'new', ...wallet('new')], { code: 'wallet.exists', exit: EXIT.cantCreate });
    });

    it('tells what is there instead of the wallet that was named', async () => {
      await make('known');
      const exit = EXIT.config;
      expect((await refusal(sends(wallet('unknown')), { code: 'wallet.not_found', exit })).hint).to.include('known');
      expect((await refusal(sends(wallet('known', 'x')), { code: 'wallet.not_found', exit })).hint).to.include('hotkeys h');
      await refusal(sends(['--wallet-path', join(wallets, 'nowhere')]), { code: 'wallet.not_found', exit });
      await refusal(sends(wallet('../known')), { code: 'wallet.bad_name', exit: EXIT.usage });
    });

    it('refuses a key file that is open, encrypted or damaged', async () => {
      await make('open');
      chmodSync(hotkeyPath('open'), 0o644);
      const open = await refusal(sends(wallet('open')), { code: 'wallet.open_to_others', exit: EXIT.noPermission });
      expect(open.hint).to.include(`chmod 600 ${hotkeyPath('open')}`);
      for (const [name, content, code] of [
        ['encrypted', '$NACL\u0000\u0001\u0002', 'wallet.encrypted'],
        ['damaged', '{"accountId": ', 'wallet.malformed'],
      ] as const) {
        await make(name);
        writeFileSync(hotkeyPath(name), content, { mode: 0o600 });
        await refusal(sends(wallet(name)), { code, exit: EXIT.config });
      }
    });
  });
});
