import { tmpdir } from 'node:os';
import { cryptoWaitReady } from '@polkadot/util-crypto';
import { expect } from 'chai';
import { type Devchain, devAddress, devGenesis, startDevchain } from '../../../chain/devchain/server.js';
import { EXIT } from '../../../protocol/failure.js';
import { refusal, voxd, voxdJson } from '../../support/cli.js';

const NETUID = 1;
const TAO = 1_000_000_000;
const PRICE_RAO = TAO / 10;
const NOBODY = ['--wallet-path', `${tmpdir()}/voxd-test-no-wallets`];

describe('commands that act on a subnet', function () {
  this.timeout(180_000);
  let chain: Devchain;
  const at = () => ['--chain', chain.url, '--netuid', String(NETUID)];
  const as = (uri: string) => [...at(), '--uri', uri];

  before(async () => {
    await cryptoWaitReady();
    chain = await startDevchain({ port: 0, dataDir: null, blockTimeMs: 150, genesis: devGenesis({ subnet: { servingRateLimit: 5_000 } }) });
  });
  after(() => chain.stop());

  it('register shows the price, keeps to the limit and tells the seat', async () => {
    const register = ['register', ...as('//BobHot'), '--coldkey-uri', '//Bob'];
    const dry = await voxdJson<Record<string, unknown>>([...register, '--dry-run']);
    expect(dry).to.include({ ok: true, dry_run: true, price_rao: PRICE_RAO, limit_rao: PRICE_RAO, hotkey: devAddress('//BobHot') });
    await refusal([...register, '--yes', '--max-price', '0.05'], { code: 'chain.price_above_limit', exit: EXIT.failure });
    await refusal(register, { code: 'cli.not_confirmed', exit: EXIT.failure });
    await refusal(['register', ...as('//BobHot'), '--coldkey-uri', '//Poor', '--yes'], {
      code: 'chain.insufficient_balance',
      exit: EXIT.failure,
    });
    const bought = await voxdJson<Record<string, unknown>>([...register, '--yes']);
    expect(bought).to.include({ ok: true, uid: 1, coldkey: devAddress('//Bob') });
    expect(Number(bought['block'])).to.be.at.most(chain.finalized().number);
    await refusal([...register, '--yes'], { code: 'chain.already_registered', exit: EXIT.failure });
  });

  it('register refuses a development key on a public network and a limit that is no amount', async () => {
    await refusal(['register', '--chain', 'finney', '--netuid', '1', '--uri', '//A', '--yes'], {
      code: 'config.conflict',
      exit: EXIT.config,
    });
    await refusal(['register', ...as('//A'), '--max-price', '1e3'], { code: 'cli.bad_value', exit: EXIT.usage });
  });

  it('axon serve writes an address that axon show finds; again at once is refused with the blocks to wait', async () => {
    const serve = ['axon', 'serve', ...as('//AliceHot'), '--ip', '203.0.113.9', '--port', '4010', '--peer-key', 'ab'.repeat(32)];
    const dry = await voxdJson<{ before: unknown }>([...serve, '--dry-run']);
    expect(dry.before).to.equal(null);
    await voxdJson(serve);
    const { axons } = await voxdJson<{ axons: { hotkey: string; axon: Record<string, unknown> }[] }>(['axon', 'show', ...at()]);
    expect(axons.find(({ hotkey }) => hotkey === devAddress('//AliceHot'))?.axon).to.include({
      ip: '203.0.113.9',
      port: 4010,
      peer_key: 'ab'.repeat(32),
    });
    const { facts } = await refusal(serve, { code: 'chain.rate_limited', exit: EXIT.failure });
    expect(facts['blocksLeft']).to.be.within(1, 5_000);
    await refusal(['axon', 'serve', ...as('//Nobody'), '--ip', '203.0.113.9', '--port', '1'], {
      code: 'chain.not_registered',
      exit: EXIT.failure,
    });
  });

  it('axon serve says what is wrong with an address', async () => {
    const serve = (ip: string, port: string) => ['axon', 'serve', ...as('//AliceHot'), '--ip', ip, '--port', port];
    await refusal(serve('here', '4010'), { code: 'chain.bad_axon', exit: EXIT.config });
    await refusal(serve('203.0.113.9', '70000'), { code: 'cli.bad_value', exit: EXIT.usage });
    await refusal([...serve('203.0.113.9', '4010'), '--peer-key', 'xyz'], { code: 'cli.bad_value', exit: EXIT.usage });
  });

  it('commitment set is what commitment show shows, as text and bytes', async () => {
    const set = ['commitment', 'set', ...as('//AliceHot')];
    await voxdJson([...set, '--text', 'hello']);
    const show = () =>
      voxdJson<{ commitments: { commitment: Record<string, unknown> }[] }>(['commitment', 'show', devAddress('//AliceHot'), ...at()]);
    expect((await show()).commitments[0]?.commitment).to.include({ data: '68656c6c6f', text: 'hello', voxd: null, counts: true });
    await voxdJson([...set, '--hex', '0x00ff']);
    expect((await show()).commitments[0]?.commitment).to.include({ data: '00ff', text: null });
    await refusal(set, { code: 'cli.value_missing', exit: EXIT.usage });
    await refusal([...set, '--text', 'grüß'], { code: 'cli.bad_value', exit: EXIT.usage });
    await refusal([...set, '--hex', 'ab'.repeat(129)], { code: 'cli.bad_value', exit: EXIT.usage });
    await refusal(['commitment', 'show', '5Nobody', ...at()], { code: 'cli.bad_hotkey', exit: EXIT.usage });
  });

  it('chain epoch tells the same clock as the chain keeps', async () => {
    const epoch = await voxdJson<{ block: number; epoch_start: number; next_epoch: number; tempo: number }>(['chain', 'epoch', ...at()]);
    expect(epoch.next_epoch - epoch.epoch_start).to.equal(epoch.tempo);
    expect(epoch.block).to.be.within(epoch.epoch_start, epoch.next_epoch);
    const { stdout } = await voxd(['chain', 'epoch', ...at()]);
    expect(stdout).to.match(/next epoch in \d+ blocks? \(about \d+ s\)/);
  });

  it('chain params prints every hyperparameter with its meaning', async () => {
    const { hyperparameters } = await voxdJson<{ hyperparameters: Record<string, unknown> }>(['chain', 'params', ...at()]);
    expect(hyperparameters).to.include({ Tempo: 20, MinAllowedWeights: 1, CommitRevealWeightsEnabled: false });
    expect((await voxd(['chain', 'params', ...at()])).stdout).to.match(/Tempo\s+20 blocks\s+an epoch is this long/);
  });

  it('chain errors explains a number of the pool and an error of the runtime', async () => {
    expect(await voxdJson(['chain', 'errors', '6'])).to.include({ code: 'chain.rate_limited', custom_error: 6 });
    const { errors } = await voxdJson<{ errors: { name: string; code: string }[] }>(['chain', 'errors', 'settingweightstoofast', ...at()]);
    expect(errors).to.have.length(1);
    expect(errors[0]).to.include({ name: 'SettingWeightsTooFast', code: 'chain.rate_limited' });
    await refusal(['chain', 'errors', 'NoSuchThing', ...at()], { code: 'cli.no_such_error', exit: EXIT.usage });
    await refusal(['chain', 'errors', '999'], { code: 'cli.bad_value', exit: EXIT.usage });
    expect((await voxd(['chain', 'errors', ...at()])).stdout).to.match(/\d+ errors of runtime 425/);
  });

  it('doctor examines everything, and breaks the exit code only for what is broken', async () => {
    const nowhere = ['--data-dir', `${tmpdir()}/voxd-test-none`];
    const { sections, ok } = await voxdJson<{ ok: boolean; sections: { area: string; findings: { name: string; verdict: string }[] }[] }>([
      ...['doctor', '--quick', ...as('//AliceHot'), ...nowhere],
    ]);
    expect(ok).to.equal(true);
    const verdict = (area: string, name: string) =>
      sections.find((section) => section.area === area)?.findings.find((finding) => finding.name === name)?.verdict;
    expect(verdict('machine', 'node')).to.equal('ok');
    expect(verdict('chain', chain.url)).to.equal('ok');
    expect(verdict('hotkey', 'seat')).to.equal('ok');
    expect(verdict('database', 'postgres')).to.equal('skip');
    const away = await voxd(['doctor', '--quick', '--chain', 'ws://127.0.0.1:9', '--netuid', '1', '--uri', '//AliceHot', ...nowhere]);
    expect(away.exit).to.equal(EXIT.failure);
    expect(away.stdout).to.match(/✘ ws:\/\/127\.0\.0\.1:9: .+\n\s+next: /);
  });

  it('a wallet without a coldkey is told so', async () => {
    await refusal(['register', ...as('//Eve'), ...NOBODY, '--yes'], { code: 'wallet.not_found', exit: EXIT.config });
  });
});
