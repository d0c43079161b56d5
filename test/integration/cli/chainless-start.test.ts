import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { cryptoWaitReady } from '@polkadot/util-crypto';
import { expect } from 'chai';
import { devGenesis, startDevchain } from '../../../chain/devchain/server.js';
import { entryPoint } from '../../../protocol/entry.js';
import type { Hash } from '../../../protocol/names.js';
import { createVillage, until } from '../../support/network.js';

describe('a node whose chain is out of reach', function () {
  this.timeout(180_000);
  const village = createVillage();
  const folder = mkdtempSync(join(tmpdir(), 'voxd-test-chainless-'));
  let child: ChildProcess | null = null;
  const said: string[] = [];
  after(async () => {
    child?.kill('SIGKILL');
    await village.stop();
    rmSync(folder, { recursive: true, force: true });
  });

  function start(url: string, ...more: readonly string[]): Promise<unknown> {
    said.length = 0;
    const args = ['validator', '--chain', url, '--netuid', '1', '--uri', '//AliceHot', '--data-dir', folder, ...more];
    const rest = ['--listen-ip', '127.0.0.1', '--p2p-port', '4988', '--log-format', 'json', '--log-level', 'info', '--no-weights'];
    const settings = ['--set', 'p2p.allowPrivateAddresses=true', '--set', 'http.enabled=false'];
    const started = spawn(process.execPath, [entryPoint('node/cli/main'), ...args, ...rest, ...settings], {
      stdio: ['ignore', 'pipe', 'pipe'],
      env: { PATH: process.env['PATH'] ?? '', HOME: folder },
    });
    child = started;
    for (const stream of [started.stdout, started.stderr]) createInterface({ input: stream }).on('line', (line) => said.push(line));
    return once(started, 'close');
  }

  it('is with its peers before the chain is, when it has been there before; and waits for it', async () => {
    await cryptoWaitReady();
    const chain = await startDevchain({ port: 0, dataDir: null, blockTimeMs: 200, genesis: devGenesis() });
    const first = start(chain.url);
    const runs = () => said.find((line) => line.includes('"voxd runs"'));
    await until('the node to run', () => runs() !== undefined || child?.exitCode !== null, 90_000);
    const line = runs();
    expect(line, said.slice(-5).join('\n')).to.be.a('string');
    // Safety: the log line of a running node holds it.
    const { genesis } = JSON.parse(line ?? '{}') as { genesis: Hash };
    child?.kill('SIGTERM');
    await first;
    await chain.stop();

    const bob = await village.host('Bob', { genesis, netuid: 1 });
    const second = start(chain.url, '--set', `p2p.bootstrap=${bob.address}`);
    await until('Bob to know it', () => bob.host.peers().some(({ hotkey }) => hotkey !== null) || child?.exitCode !== null, 60_000);
    expect(child?.exitCode, said.slice(-5).join('\n')).to.equal(null);
    expect(runs()).to.equal(undefined);
    child?.kill('SIGTERM');
    await second;
    expect(child?.exitCode).to.equal(0);
  });
});
