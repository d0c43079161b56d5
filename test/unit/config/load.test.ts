import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { inspect } from 'node:util';
import { expect } from 'chai';
import fc from 'fast-check';
import { describeConfig, showConfig } from '../../../config/describe.js';
import { CONFIG_KEYS, flagOf } from '../../../config/keys.js';
import { type ConfigSources, type LoadedConfig, loadConfig } from '../../../config/load.js';
import { nearestName } from '../../../config/nearest.js';
import { NETWORKS, PUBLIC_GENESES } from '../../../config/networks.js';
import { CHAIN_VARIABLES, WALLET_VARIABLES } from '../../../config/original-variables.js';
import { CONFIG_SIZE_BYTES_MAX, readConfig } from '../../../config/read.js';

const load = (sources: Partial<ConfigSources> = {}) => loadConfig({ flags: {}, env: {}, file: null, ...sources });
const yaml = (text: string) => ({ path: 'voxd.yml', text });
const ENOUGH = { 'chain.network': 'devnet' };

function loaded(sources: Partial<ConfigSources> = {}): LoadedConfig {
  const result = load({ flags: ENOUGH, ...sources });
  if (!result.ok) throw new Error(result.error.map(({ message }) => message).join('\n'));
  return result.value;
}

function problems(sources: Partial<ConfigSources>): readonly { code: string; message: string; hint: string }[] {
  const result = load(sources);
  return result.ok ? [] : result.error;
}

describe('loadConfig', () => {
  it('needs nothing but a network and a subnet', () => {
    const { config, origins } = loaded();
    expect(config.chain).to.deep.include({ netuid: 1, mechanism: 0, genesis: null });
    expect(config.http).to.deep.equal({ enabled: true, host: '127.0.0.1', port: 4011 });
    expect(config.weights.curve).to.deep.equal([600, 200, 100, 60, 40]);
    expect(origins.get('chain.netuid')).to.deep.equal({ layer: 'network', where: 'network devnet' });
    expect(origins.get('role')).to.deep.equal({ layer: 'default', where: 'default' });
    expect([...origins.keys()].sort()).to.deep.equal(CONFIG_KEYS.map(({ path }) => path).sort());
    expect(Object.isFrozen(config) && Object.isFrozen(config.chain)).to.equal(true);
  });

  it('lets each layer win over the ones below it, for every combination', () => {
    fc.assert(
      fc.property(fc.boolean(), fc.boolean(), fc.boolean(), fc.boolean(), (network, file, env, flag) => {
        const result = load({
          flags: { 'chain.endpoints': 'ws://needed', ...(network ? ENOUGH : {}), ...(flag ? { 'chain.netuid': '14' } : {}) },
          env: env ? { VOXD_CHAIN__NETUID: '13' } : {},
          file: file ? yaml('chain:\n  netuid: 12\n') : null,
        });
        const expected = flag
          ? [14, '--netuid']
          : env
            ? [13, 'VOXD_CHAIN__NETUID']
            : file
              ? [12, 'voxd.yml:2']
              : network
                ? [1, 'network devnet']
                : null;
        if (expected === null) expect(result.ok).to.equal(false);
        else if (result.ok) {
          expect([result.value.config.chain.netuid, result.value.origins.get('chain.netuid')?.where]).to.deep.equal(expected);
        } else throw new Error(result.error[0]?.message);
      }),
    );
  });

  it('takes every setting from its variable, in its kind', () => {
    const { config } = loaded({
      env: {
        VOXD_DATA_DIR: '/data',
        VOXD_P2P__MAX_CONNECTIONS: ' 12 ',
        VOXD_HTTP__ENABLED: 'no',
        VOXD_P2P__BOOTSTRAP: '/ip4/192.0.2.1/tcp/4010, /ip4/192.0.2.2/tcp/4010',
        VOXD_WEIGHTS__CURVE: '1000,0',
        VOXD_CONFIG: '/somewhere',
        VOXD_TEST_SUBTENSOR_WS: 'x',
        PATH: '/bin',
      },
    });
    expect(config.dataDir).to.equal('/data');
    expect(config.p2p.maxConnections).to.equal(12);
    expect(config.http.enabled).to.equal(false);
    expect(config.p2p.bootstrap).to.have.length(2);
    expect(config.weights.curve).to.deep.equal([1000, 0]);
  });

  it('counts an empty variable and an empty line of the file as unset', () => {
    const { config } = loaded({ env: { VOXD_CHAIN__NETUID: '', VOXD_P2P__ANNOUNCE_IP: '' }, file: yaml('p2p:\n  announceIp:\nhttp:\n') });
    expect(config.chain.netuid).to.equal(1);
    expect(config.p2p.announceIp).to.equal(null);
  });

  it('reports every problem at once, with its place', () => {
    const found = problems({
      flags: { 'scoring.prompts': '-3', 'scoring.promts': '3' },
      env: { VOXD_LOG__LEVEL: 'loud', VOXD_CHAIN__NETUD: '3' },
      file: yaml(
        'chain:\n  netid: 3\n  endpoints: [http://x]\nrole: valdator\np2p:\n  port: 70000\n  announceIp: home\nchian: {}\nrounds:\n  commitPercent: 80\n  revealPercent: 70\n',
      ),
    });
    const text = found.map(({ message, hint }) => `${message} ${hint}`).join('\n');
    for (const part of [
      'voxd.yml:2: there is no setting "chain.netid" Did you mean "chain.netuid"?',
      'voxd.yml:8: there is no setting "chian" Did you mean "chain"?',
      'environment: there is no setting "VOXD_CHAIN__NETUD" Did you mean "VOXD_CHAIN__NETUID"?',
      'command line: there is no setting "scoring.promts" Did you mean "scoring.prompts"?',
      'voxd.yml:3: chain.endpoints is ["http://x"], but a ws:// or wss:// address is expected',
      'voxd.yml:4: role is "valdator", but one of validator, miner, auto is expected',
      'voxd.yml:6: p2p.port is 70000, but at most 65535 is expected',
      'voxd.yml:7: p2p.announceIp is "home", but an IP address is expected',
      'VOXD_LOG__LEVEL: log.level is "loud"',
      '--set scoring.prompts: scoring.prompts is -3, but at least 1 is expected',
      'chain.netuid is not set Set it with --netuid, VOXD_CHAIN__NETUID',
      'rounds.commitPercent (voxd.yml:10), rounds.revealPercent (voxd.yml:11)',
    ]) {
      expect(text).to.contain(part);
    }
    expect(found).to.have.length(12);
    expect(text).not.to.match(/\{\w+\}/);
  });

  it('refuses wrong kinds in the file instead of guessing', () => {
    for (const line of [
      'p2p: {port: "4010"}',
      'p2p: {port: 40.5}',
      'http: {enabled: "yes"}',
      'p2p: 7',
      'role: [miner]',
      'dataDir: {a: 1}',
      '- 1',
      'just text',
    ]) {
      expect(problems({ flags: ENOUGH, file: yaml(line) }), line).to.have.length(1);
    }
  });

  it('names the line of what is not YAML, of doubled keys, and refuses references', () => {
    expect(problems({ flags: ENOUGH, file: yaml('role: auto\nchain: [\n') })[0]?.message).to.match(/^voxd\.yml:\d: /);
    expect(problems({ flags: ENOUGH, file: yaml('role: auto\nrole: miner\n') })[0]?.message).to.match(/^voxd\.yml:2: /);
    expect(problems({ flags: ENOUGH, file: yaml('dataDir: &a x\nminer:\n  modelDir: *a\n') })[0]?.code).to.equal('config.bad_file');
  });

  it('knows the networks, and takes an address in place of one', () => {
    const finney = loaded({ flags: { 'chain.network': 'finney', 'chain.netuid': 58 } }).config.chain;
    expect(finney.endpoints[0]).to.match(/^wss:\/\/entrypoint-finney/);
    expect(finney.genesis).to.match(/^0x2f0555cc/);
    expect(finney.beacon).to.equal('quicknet');
    expect(loaded({ flags: { 'chain.network': 'test', 'chain.netuid': 58 } }).config.chain.beacon).to.equal('quicknet');
    expect(loaded({ flags: { 'chain.network': 'local', 'chain.netuid': 2 } }).config.chain.beacon).to.equal(null);
    const own = loaded({ flags: { 'chain.network': 'ws://10.0.0.1:9944', 'chain.netuid': '3' } });
    expect(own.config.chain).to.deep.include({ network: null, genesis: null });
    expect(own.config.chain.endpoints).to.deep.equal(['ws://10.0.0.1:9944']);
    expect(loaded({ flags: {}, preset: 'devnet' }).config.chain.network).to.equal('devnet');
    const unknown = problems({ flags: { 'chain.network': 'fineny', 'chain.netuid': 3 } });
    expect(unknown.map(({ code }) => code)).to.deep.equal(['config.unknown_network']);
    expect(problems({})[0]?.code).to.equal('config.no_endpoint');
  });

  it('pins the public networks by the hash of their genesis, and the beacon they follow', () => {
    expect(NETWORKS.finney['chain.genesis']).to.equal('0x2f0555cc76fc2840a25a6ea3b9637146806f1f44b090c175ffde2a7e5ab36c03');
    expect(NETWORKS.test['chain.genesis']).to.equal('0x8f9cf856bf558a14440e75569c9e58594757048d7b3a84b5d25f6bd978263105');
    expect([...PUBLIC_GENESES]).to.deep.equal([NETWORKS.finney['chain.genesis'], NETWORKS.test['chain.genesis']]);
    for (const network of ['finney', 'test'] as const) {
      const { config, origins } = loaded({ flags: { 'chain.network': network, 'chain.netuid': 2 } });
      expect([config.chain.genesis, config.chain.beacon]).to.deep.equal([NETWORKS[network]['chain.genesis'], 'quicknet']);
      expect(origins.get('chain.genesis')?.where).to.equal(`network ${network}`);
      // An endpoint of one's own is held against the network all the same.
      const own = loaded({ flags: { 'chain.network': network, 'chain.netuid': 2, 'chain.endpoints': 'ws://10.0.0.1:9944' } });
      expect(own.config.chain).to.deep.include({ genesis: NETWORKS[network]['chain.genesis'], endpoints: ['ws://10.0.0.1:9944'] });
    }
  });

  it('takes the variables of the original tools where nothing of ours names a chain or a wallet', () => {
    const BT = {
      BT_SUBTENSOR_NETWORK: 'finney',
      BT_SUBTENSOR_CHAIN_ENDPOINT: 'wss://own.example:443, ws://10.0.0.2:9944',
      BT_WALLET_NAME: 'cold',
      BT_WALLET_HOTKEY: ' hot ',
      BT_WALLET_PATH: '/wallets',
    };
    const { config, origins } = loaded({ flags: { 'chain.netuid': 58 }, env: BT });
    expect(config.chain).to.deep.include({ network: 'finney', endpoints: ['wss://own.example:443', 'ws://10.0.0.2:9944'] });
    expect(config.chain.genesis).to.equal(NETWORKS.finney['chain.genesis']);
    expect(config.wallet).to.deep.include({ name: 'cold', hotkey: 'hot', path: '/wallets' });
    expect(origins.get('chain.network')).to.deep.equal({ layer: 'default', where: 'BT_SUBTENSOR_NETWORK' });
    expect(origins.get('chain.endpoints')?.where).to.equal('BT_SUBTENSOR_CHAIN_ENDPOINT');
    expect(origins.get('chain.genesis')?.where).to.equal('network finney');
    expect(origins.get('wallet.hotkey')?.where).to.equal('BT_WALLET_HOTKEY');

    const address = loaded({ flags: { 'chain.netuid': 58 }, env: { BT_SUBTENSOR_NETWORK: 'ws://10.0.0.3:9944' } }).config.chain;
    expect(address).to.deep.include({ network: null, genesis: null, endpoints: ['ws://10.0.0.3:9944'] });
    const [unknown] = problems({ flags: { 'chain.netuid': 58 }, env: { BT_SUBTENSOR_NETWORK: 'archive' } });
    expect([unknown?.code, unknown?.message.includes('BT_SUBTENSOR_NETWORK')]).to.deep.equal(['config.unknown_network', true]);

    // Whatever of ours names a chain, all of theirs is left aside: no genesis of one network with the endpoint of another.
    const layers: readonly Partial<ConfigSources>[] = [
      { flags: { 'chain.network': 'ws://10.0.0.1:9944', 'chain.netuid': 3 } },
      { flags: { 'chain.netuid': 3, 'chain.endpoints': 'ws://10.0.0.1:9944' } },
      { flags: { 'chain.netuid': 3 }, file: yaml('chain:\n  endpoints: [ws://10.0.0.1:9944]\n') },
    ];
    for (const layer of layers) {
      expect(loaded({ ...layer, env: BT }).config.chain).to.deep.include({
        network: null,
        genesis: null,
        endpoints: ['ws://10.0.0.1:9944'],
      });
    }
    const test = loaded({ flags: { 'chain.netuid': 3 }, env: { ...BT, VOXD_CHAIN__NETWORK: 'test', VOXD_WALLET__NAME: 'mine' } }).config;
    expect(test.chain).to.deep.include({ network: 'test', endpoints: NETWORKS.test['chain.endpoints'] });
    expect([test.wallet.name, test.wallet.hotkey]).to.deep.equal(['mine', 'hot']);
    // A command that needs no chain asks for no netuid because of them.
    expect(loaded({ flags: {}, env: BT, preset: 'devnet' }).config.chain.network).to.equal('devnet');
    expect(loaded({ env: { BT_SUBTENSOR_NETWORK: '', BT_WALLET_NAME: '' } }).config.wallet.name).to.equal('default');
  });

  it('sees what no single setting shows', () => {
    const conflict = (flags: Record<string, unknown>) => problems({ flags: { ...ENOUGH, ...flags } }).map(({ code }) => code);
    expect(conflict({ 'wallet.uri': '//Alice', 'chain.network': 'finney', 'chain.netuid': 3 })).to.deep.equal(['config.conflict']);
    expect(conflict({ 'wallet.uri': '//Alice' })).to.deep.equal([]);
    expect(conflict({ role: 'miner' })).to.deep.equal(['config.conflict']);
    expect(conflict({ role: 'miner', 'miner.modelDir': './voice' })).to.deep.equal([]);
    expect(conflict({ 'http.port': 4010 })).to.deep.equal(['config.conflict']);
    expect(conflict({ 'p2p.mdns': true, 'p2p.allowPrivateAddresses': false })).to.deep.equal(['config.conflict']);
    expect(conflict({ 'p2p.mdns': true, 'p2p.allowPrivateAddresses': true })).to.deep.equal([]);
    expect(conflict({ 'weights.curve': '0,0' })).to.deep.equal(['config.conflict']);
    expect(conflict({ 'weights.epsilonPpm': 1 })).to.deep.equal(['config.conflict']);
  });

  it('masks secrets everywhere, in problems too', () => {
    const url = 'postgres://voxd:hunter2@db/voxd';
    const one = loaded({ env: { DATABASE_URL: url } });
    expect(one.config.database.url?.reveal()).to.equal(url);
    expect(inspect(one, { depth: 9 }) + JSON.stringify(one.config) + JSON.stringify(showConfig(one))).not.to.contain('hunter2');
    expect(loaded({ env: { DATABASE_URL: 'x', VOXD_DATABASE__URL: url } }).config.database.url?.reveal()).to.equal(url);
    const [problem] = problems({ flags: { ...ENOUGH, 'database.url': ['hunter2'] } });
    expect(problem?.message).to.contain('[secret]').and.not.to.contain('hunter2');
  });

  it('reads a secret from the file that its variable names, and only secrets', () => {
    const secretFiles = new Map([
      ['/run/url', { text: ' postgres://a \n' }],
      ['/gone', { error: 'ENOENT' }],
    ]);
    expect(loaded({ env: { VOXD_DATABASE__URL_FILE: '/run/url' }, secretFiles }).config.database.url?.reveal()).to.equal('postgres://a');
    const codes = (env: Record<string, string>) => problems({ flags: ENOUGH, env, secretFiles }).map(({ code }) => code);
    expect(codes({ VOXD_DATABASE__URL_FILE: '/gone' })).to.deep.equal(['config.unreadable']);
    expect(codes({ VOXD_DATABASE__URL_FILE: '/run/url', VOXD_DATABASE__URL: 'x' })).to.deep.equal(['config.conflict']);
    expect(codes({ VOXD_ROLE_FILE: '/run/url' })).to.deep.equal(['config.unknown_key']);
  });

  it('puts the home folder where a path begins with ~', () => {
    const { config } = loaded({ homeDir: '/home/v', file: yaml('miner: {modelDir: ~/voice}') });
    expect([config.dataDir, config.wallet.path, config.miner.modelDir]).to.deep.equal([
      '/home/v/.local/share/voxd',
      '/home/v/.bittensor/wallets',
      '/home/v/voice',
    ]);
    expect(loaded({ env: { XDG_DATA_HOME: '/x' } }).config.dataDir).to.equal('/x/voxd');
  });

  it('never throws, whatever the file holds', () => {
    fc.assert(
      fc.property(fc.string({ maxLength: 200 }), (text) => typeof load({ file: yaml(text) }).ok === 'boolean'),
      { numRuns: 500 },
    );
  });
});

describe('readConfig', () => {
  it('reads the file that a flag or VOXD_CONFIG names, within a limit', () => {
    const folder = mkdtempSync(join(tmpdir(), 'voxd-config-'));
    try {
      const path = join(folder, 'voxd.yml');
      writeFileSync(path, 'chain: {network: devnet, netuid: 9}\n');
      for (const from of [
        { configPath: path, env: {} },
        { configPath: null, env: { VOXD_CONFIG: path } },
      ]) {
        const result = readConfig({ flags: {}, ...from });
        expect(result.ok && result.value.config.chain.netuid).to.equal(9);
      }
      const gone = readConfig({ flags: {}, env: {}, configPath: join(folder, 'no.yml') });
      expect(!gone.ok && gone.error[0]?.code).to.equal('config.unreadable');
      writeFileSync(path, '#'.repeat(CONFIG_SIZE_BYTES_MAX + 1));
      const large = readConfig({ flags: {}, env: {}, configPath: path });
      expect(!large.ok && large.error[0]?.code).to.equal('config.unreadable');
    } finally {
      rmSync(folder, { recursive: true });
    }
  });
});

describe('the table of settings', () => {
  it('describes every key once, with distinct variables', () => {
    expect(new Set(CONFIG_KEYS.map(({ path }) => path)).size).to.equal(CONFIG_KEYS.length);
    expect(new Set(CONFIG_KEYS.map(({ variable }) => variable)).size).to.equal(CONFIG_KEYS.length);
    for (const key of CONFIG_KEYS) {
      expect(key.description, key.path).to.match(/\.$/);
      expect(key.variable).to.match(/^VOXD_[A-Z0-9_]+$/);
      expect(flagOf(key)).to.match(/^--/);
    }
  });

  it('is written out whole', () => {
    const page = describeConfig();
    for (const { path, variable } of CONFIG_KEYS) expect(page).to.contain(`\`${path}\``).and.to.contain(`\`${variable}\``);
    for (const { variable } of [...CHAIN_VARIABLES, ...WALLET_VARIABLES]) expect(page).to.contain(`\`${variable}\``);
    expect(page).not.to.contain('undefined');
  });
});

describe('nearestName', () => {
  it('finds a mistyped name and stays silent about a foreign one', () => {
    const names = ['chain.netuid', 'chain.endpoints', 'role'];
    expect(nearestName('chain.netiud', names)).to.equal('chain.netuid');
    expect(nearestName('ROLE', names)).to.equal('role');
    expect(nearestName('zzzzzz', names)).to.equal(null);
    expect(nearestName('x'.repeat(10_000), names)).to.equal(null);
  });
});
