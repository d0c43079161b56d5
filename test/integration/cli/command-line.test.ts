import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect } from 'chai';
import { EXIT } from '../../../protocol/failure.js';
import { refusal, voxd, voxdJson } from '../../support/cli.js';

describe('the command line', function () {
  this.timeout(120_000);
  let folder: string;
  before(() => {
    folder = mkdtempSync(join(tmpdir(), 'voxd-test-cli-'));
  });
  after(() => rmSync(folder, { recursive: true, force: true }));

  const usage = (code: string) => ({ code, exit: EXIT.usage });
  const settings = (text: string): string => {
    const path = join(folder, 'voxd.yml');
    writeFileSync(path, text);
    return path;
  };

  it('knows what a mistyped command and option were meant to be', async () => {
    expect((await refusal(['regstry'], usage('cli.unknown_command'))).hint).to.include('registry');
    const option = await refusal(['registry', '--netiud', '1'], usage('cli.unknown_option'));
    expect(option.facts).to.include({ command: 'voxd registry', given: '--netiud', nearest: '--netuid' });
  });

  it('refuses what is missing, surplus or no number', async () => {
    await refusal(['explain'], usage('cli.value_missing'));
    await refusal(['weights', 'submit', '--uids', '1'], usage('cli.value_missing'));
    await refusal(['replay', '1', '2'], usage('cli.too_many_words'));
    await refusal(['replay', 'x'], usage('cli.bad_value'));
    await refusal(['weights', 'history', '--limit', '0'], usage('cli.bad_value'));
    await refusal(['registry', '--set', 'netuid'], usage('cli.bad_setting'));
    await refusal(['explain', '5abc'], usage('cli.bad_hotkey'));
    await refusal(['explain', '5DaHcMqb96QtWdmNSRQPZ9hwUt2L26EPLupDmmCPUBizuetY', '--round', 'x'], usage('cli.bad_value'));
  });

  it('prints help with examples on standard output', async () => {
    for (const args of [['--help'], ['registry', '--help'], ['weights', 'submit', '--help']]) {
      const help = await voxd(args);
      expect(help.exit).to.equal(EXIT.ok);
      expect(help.stderr).to.equal('');
      expect(help.stdout)
        .to.include('Usage: voxd')
        .and.match(/(Examples|First steps):\n {2}voxd /);
    }
  });

  it('tells every problem of the configuration at once, each with its place', async () => {
    const config = settings('chain:\n  netuid: many\n  endpoint: ws://127.0.0.1:1\nscoring:\n  promts: 3\n');
    const error = await refusal(['registry', '--config', config], { code: 'config.invalid', exit: EXIT.config });
    const problems = String(error.facts['problems']);
    expect(error.facts['codes']).to.have.members(['config.unknown_key', 'config.unknown_key', 'config.no_endpoint', 'config.bad_value']);
    expect(problems).to.include('voxd.yml:3').and.include('chain.endpoints').and.include('scoring.prompts');
    expect(error.message, 'the problems are not said twice').not.to.include('netuid');
  });

  it('tells one problem as itself', async () => {
    const exit = EXIT.config;
    const unknown = settings('chain:\n  network: local\n  netuid: 1\n  mechanisms: 0\n');
    expect((await refusal(['registry', '--config', unknown], { code: 'config.unknown_key', exit })).facts).to.include({
      nearest: 'chain.mechanism',
    });
    await refusal(['registry', '--config', settings('chain: [')], { code: 'config.invalid', exit });
    await refusal(['config', 'check', '--config', settings('chain:\n  network: local\n  netuid: "1')], { code: 'config.invalid', exit });
    await refusal(['registry', '--config', join(folder, 'none.yml')], { code: 'config.unreadable', exit });
    await refusal(['registry', '--chain', 'finny', '--netuid', '1'], { code: 'config.unknown_network', exit });
    await refusal(['validator', '--chain', 'finney', '--netuid', '1', '--uri', '//Alice'], { code: 'config.conflict', exit });
  });

  it('needs no chain for what asks none', async () => {
    const nowhere = join(folder, 'none');
    await refusal(['status', '--data-dir', nowhere, '--http-port', '1'], { code: 'cli.not_running', exit: EXIT.unavailable });
    await refusal(['weights', 'history', '--data-dir', nowhere], { code: 'cli.nothing_recorded', exit: EXIT.failure });
    await refusal(['replay', '1', '--data-dir', nowhere], { code: 'cli.nothing_recorded', exit: EXIT.failure });
  });

  it('makes settings once and shows where each comes from', async () => {
    const dataDir = join(folder, 'node');
    const init = ['init', '--role', 'validator', '--chain', 'local', '--netuid', '7', '--data-dir', dataDir];
    expect(await voxdJson(init)).to.include({ ok: true, created: true });
    expect(await voxdJson(init)).to.include({ ok: true, created: false });
    const { config } = await voxdJson<{ config: Record<string, { value: unknown; origin: string }> }>([
      'config',
      'show',
      '--origin',
      '--data-dir',
      dataDir,
    ]);
    expect(config['chain.netuid']).to.deep.equal({ value: 7, origin: `${dataDir}/voxd.yml:6` });
    expect(config['p2p.allowPrivateAddresses']).to.deep.equal({ value: true, origin: 'network local' });
  });
});
