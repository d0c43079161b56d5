import { spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { type AddressInfo, createServer, type Server } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { cryptoWaitReady } from '@polkadot/util-crypto';
import { expect } from 'chai';
import { type Devchain, devGenesis, startDevchain } from '../../../chain/devchain/server.js';
import { openDataDir } from '../../../node/files/data-dir.js';
import { openDatabase } from '../../../node/postgres/database.js';
import { EXIT } from '../../../protocol/failure.js';
import { refusal, voxdProcess } from '../../support/cli.js';
import { quiet } from '../../support/temporary.js';

describe('a node that cannot start says why', function () {
  this.timeout(180_000);
  let chain: Devchain;
  let folder: string;
  let cleanUps: (() => unknown)[] = [];

  before(async () => {
    await cryptoWaitReady();
    folder = mkdtempSync(join(tmpdir(), 'voxd-test-start-'));
    chain = await startDevchain({ port: 0, dataDir: null, blockTimeMs: 200, genesis: devGenesis() });
  });
  afterEach(async () => {
    for (const cleanUp of cleanUps.reverse()) await cleanUp();
    cleanUps = [];
  });
  after(async () => {
    await chain.stop();
    rmSync(folder, { recursive: true, force: true });
  });

  /** A daemon is a process. */
  const refused = (args: readonly string[], expected: Parameters<typeof refusal>[1]) => refusal(args, expected, {}, voxdProcess);
  const validator = (dataDir: string, ...more: readonly string[]) => [
    ...['validator', '--chain', chain.url, '--netuid', '1', '--uri', '//AliceHot', '--data-dir', dataDir],
    ...['--listen-ip', '127.0.0.1', '--log-level', 'silent', ...more],
  ];
  const takenPort = async (): Promise<number> => {
    const server: Server = createServer().listen(0, '127.0.0.1');
    cleanUps.push(() => new Promise((resolve) => server.close(resolve)));
    await once(server, 'listening');
    // Safety: a TCP server that listens has such an address.
    return (server.address() as AddressInfo).port;
  };
  /** A file system of its own, or null where this user or machine may not mount one. */
  const mounted = (name: string, options: string): string | null => {
    const path = join(folder, name);
    mkdirSync(path);
    if (spawnSync('mount', ['-t', 'tmpfs', '-o', options, 'tmpfs', path]).status !== 0) return null;
    cleanUps.push(() => spawnSync('umount', [path]));
    return path;
  };

  it('the ports are taken', async () => {
    const dataDir = join(folder, 'ports');
    const port = await takenPort();
    const http = await refused(validator(dataDir, '--http-port', String(port), '--p2p-port', '4987'), {
      code: 'node.port_taken',
      exit: EXIT.unavailable,
    });
    expect(http.facts).to.include({ port, flag: '--http-port' });
    const p2p = await refused(validator(dataDir, '--p2p-port', String(port), '--http-port', '0'), {
      code: 'p2p.listen_failed',
      exit: EXIT.unavailable,
    });
    expect(p2p.hint).to.include('--p2p-port');
  });

  it('another node holds the data directory', async () => {
    const held = openDataDir(join(folder, 'held'));
    cleanUps.push(() => held.release());
    const { facts } = await refused(validator(held.path), { code: 'node.data_dir_locked', exit: EXIT.unavailable });
    expect(facts).to.include({ pid: process.pid });
  });

  it('a newer program wrote the database', async () => {
    const dataDir = join(folder, 'newer');
    const database = await openDatabase(quiet, { url: null, dataDir, durable: false });
    await database.query("INSERT INTO voxd.migrations (version, name, checksum) VALUES (9999, 'later', 'x')");
    await database.stop();
    const newer = { code: 'store.schema_newer', exit: EXIT.config };
    expect((await refused(validator(dataDir), newer)).facts).to.include({ found: 9999 });
    await refused(['weights', 'history', '--data-dir', dataDir], newer);
  });

  it('the data directory is read-only', async function () {
    const path = mounted('read-only', 'ro,size=1m');
    if (path === null) this.skip();
    await refused(validator(path), { code: 'store.read_only', exit: EXIT.cantCreate });
  });

  it('the data directory is full', async function () {
    const path = mounted('full', 'size=64k,nr_inodes=2');
    if (path === null) this.skip();
    await refused(validator(join(path, 'data')), { code: 'store.full', exit: EXIT.unavailable });
  });
});
