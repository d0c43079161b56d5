import { execFileSync } from 'node:child_process';
import { chmodSync, mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect } from 'chai';
import type { Database } from '../../../node/postgres/database.js';
import { openDatabase } from '../../../node/postgres/database.js';
import { isAlive } from '../../../node/postgres/postmaster.js';
import { isFailure } from '../../../protocol/failure.js';
import { Secret } from '../../../protocol/secret.js';
import { codeOf } from '../../contracts/code-of.js';
import { startChild, type TestChild } from '../../support/children.js';
import { quiet, temporaryDirectory } from '../../support/temporary.js';

const isRoot = process.getuid?.() === 0;

function unmount(path: string): void {
  if (readFileSync('/proc/mounts', 'utf8').includes(` ${path} `)) execFileSync('umount', ['-l', path]);
}

describe('embedded Postgres', function () {
  this.timeout(90_000);
  let directory: ReturnType<typeof temporaryDirectory>;
  let children: TestChild[] = [];
  const databases = new Set<Database>();

  async function open(over: Partial<Parameters<typeof openDatabase>[1]> = {}): Promise<Database> {
    const database = await openDatabase(quiet, { url: null, dataDir: directory.path, durable: false, ...over });
    databases.add(database);
    return database;
  }
  function child(...args: Parameters<typeof startChild>): TestChild {
    const started = startChild(...args);
    children.push(started);
    return started;
  }
  const isPid = (pid: unknown): number => (typeof pid === 'number' ? pid : 0);
  async function ended(pid: number): Promise<void> {
    while (isAlive(pid)) await quiet.clock.sleep(5);
  }

  beforeEach(() => {
    directory = temporaryDirectory();
  });
  afterEach(async () => {
    for (const one of children) if (one.process.exitCode === null && one.process.signalCode === null) await one.kill('SIGKILL');
    children = [];
    for (const database of databases) await database.stop();
    databases.clear();
    // Whatever a killed child left running.
    await (await openDatabase(quiet, { url: null, dataDir: directory.path, durable: false }).catch(() => null))?.stop();
    unmount(directory.path);
    directory.remove();
  });

  it('starts, remembers across a restart, and leaves no process behind', async () => {
    const first = await open();
    await first.query('CREATE TABLE public.t (n int)');
    await first.query('INSERT INTO public.t VALUES (7)');
    const pid = first.embedded?.pid ?? 0;
    await first.stop();
    expect(isAlive(pid)).to.equal(false);
    const second = await open();
    expect(await second.query('SELECT n FROM public.t')).to.deep.equal([{ n: 7 }]);
  });

  it('loses nothing acknowledged when the postmaster is killed under a writing client', async () => {
    const writer = child('./database-child.ts', ['write', directory.path]);
    const opened = await writer.line('opened');
    while (writer.lines.length < 300) await quiet.clock.sleep(5);
    // Held still first: awake, it would have the server running again before it is killed itself, every now and then.
    writer.process.kill('SIGSTOP');
    process.kill(isPid(opened['postmaster']), 'SIGKILL');
    await writer.kill('SIGKILL');
    const acknowledged = Math.max(...writer.lines.map((line) => (typeof line['acknowledged'] === 'number' ? line['acknowledged'] : -1)));
    expect(acknowledged).to.be.greaterThan(200);
    const database = await open({ durable: true });
    const [row] = await database.query<{ count: number }>('SELECT count(*)::int AS count FROM public.kept');
    expect(row?.count).to.be.greaterThanOrEqual(acknowledged + 1);
    expect(database.embedded?.adopted).to.equal(false);
  });

  it('starts the server again by itself when it dies', async () => {
    const database = await open();
    await database.query('CREATE TABLE public.t (n int)');
    const dead = database.embedded?.pid ?? 0;
    process.kill(dead, 'SIGKILL');
    await ended(dead);
    // The server's children outlive it for a moment and answer on connections that are there: an answer alone does not tell.
    for (;;) {
      const answer = await codeOf(database.query('SELECT n FROM public.t'));
      if (answer === 'none' && database.embedded?.pid !== dead) break;
      await quiet.clock.sleep(20);
    }
    expect(isAlive(database.embedded?.pid ?? 0)).to.equal(true);
  });

  it('adopts the server of a killed daemon, and stops it', async () => {
    const daemon = child('./database-child.ts', ['idle', directory.path]);
    const pid = isPid((await daemon.line('opened'))['postmaster']);
    await daemon.line('ready');
    await daemon.kill('SIGKILL');
    expect(isAlive(pid)).to.equal(true);
    const database = await open();
    expect(database.embedded).to.include({ adopted: true, pid });
    await database.ping();
    await database.stop();
    expect(isAlive(pid)).to.equal(false);
  });

  it('lets a guest come and go beside a running daemon', async () => {
    const daemon = await open();
    const guest = child('./database-child.ts', ['open', directory.path, 'guest']);
    expect(await guest.line('opened')).to.include({ adopted: true, postmaster: daemon.embedded?.pid });
    await guest.line('opened');
    await new Promise((resolve) => guest.process.once('close', resolve));
    await daemon.ping();
  });

  it('stops what a lone guest has started', async () => {
    const guest = await open({ role: 'guest' });
    const pid = guest.embedded?.pid ?? 0;
    await guest.stop();
    expect(isAlive(pid)).to.equal(false);
  });

  it('leaves the server to a daemon that came while the guest was there', async () => {
    const guest = await open({ role: 'guest' });
    const daemon = await open();
    await daemon.ping();
    await guest.stop();
    await daemon.ping();
    expect(daemon.embedded?.adopted).to.equal(true);
  });

  it('is not held up by a pid file that names a stranger', async () => {
    await (await open()).stop();
    const pidFile = join(directory.path, 'postgres', 'postmaster.pid');
    writeFileSync(pidFile, `${process.pid}\n${join(directory.path, 'postgres')}\n1\n5432\n/tmp\n\n0 0\nready   \n`);
    await (await open()).ping();
  });

  it('makes one server when two processes start at once', async () => {
    const both = [1, 2].map(() => child('./database-child.ts', ['idle', directory.path, 'guest']));
    const opened = await Promise.all(both.map((one) => one.line('opened')));
    expect(new Set(opened.map((line) => line['postmaster'])).size).to.equal(1);
    await Promise.all(both.map((one) => one.line('ready')));
    const database = await open();
    const rows = await database.query('SELECT version FROM voxd.migrations');
    const files = readdirSync('migrations').filter((name) => name.endsWith('.sql'));
    expect(rows, 'each migration once').to.have.length(files.length);
  });

  it('refuses a directory of another major version, and says which', async () => {
    mkdirSync(join(directory.path, 'postgres'));
    writeFileSync(join(directory.path, 'postgres', 'PG_VERSION'), '12\n');
    const failure = await open().catch((err: unknown) => err);
    expect(isFailure(failure) && failure.code).to.equal('store.server_version');
    expect(isFailure(failure) && failure.facts).to.include({ found: 12, bundled: 17 });
  });

  it('says that nothing answers at a DATABASE_URL, without its password', async function () {
    this.timeout(60_000);
    const clock = {
      ...quiet.clock,
      sleep: () => Promise.resolve(),
      nowMs: (() => {
        let now = 0;
        return () => (now += 10_000);
      })(),
    };
    const url = new Secret('postgres://user:hunter2@127.0.0.1:1/db');
    const failure = await openDatabase({ ...quiet, clock }, { url, dataDir: directory.path }).catch((err: unknown) => err);
    expect(isFailure(failure) && failure.code).to.equal('store.unreachable');
    expect(JSON.stringify(failure)).to.not.contain('hunter2');
  });

  describe('trouble with the disk', () => {
    beforeEach(function () {
      if (!isRoot) this.skip();
    });
    function mountSmall(megabytes: number): void {
      execFileSync('mount', ['-t', 'tmpfs', '-o', `size=${megabytes}m,mode=700`, 'tmpfs', directory.path]);
    }

    it('names a disk too full to begin on', async () => {
      mountSmall(10);
      expect(await codeOf(open())).to.equal('store.full');
    });

    it('names a disk that fills up while it works, and goes on once there is room', async () => {
      mountSmall(100);
      const database = await open();
      await database.query('CREATE TABLE public.t (b bytea)');
      await database.query('ALTER TABLE public.t ALTER COLUMN b SET STORAGE EXTERNAL');
      let code = 'none';
      while (code === 'none') code = await codeOf(database.query(`INSERT INTO public.t SELECT decode(repeat('ab', 1000000), 'hex')`));
      expect(code).to.equal('store.full');
      execFileSync('mount', ['-o', 'remount,size=300m', directory.path]);
      while ((await codeOf(database.query('TRUNCATE public.t'))) !== 'none') await quiet.clock.sleep(50);
      expect(await codeOf(database.query(`INSERT INTO public.t VALUES ('x')`))).to.equal('none');
    });

    it('names a read-only disk', async () => {
      mountSmall(20);
      execFileSync('mount', ['-o', 'remount,ro', directory.path]);
      expect(await codeOf(open())).to.equal('store.read_only');
    });
  });

  it('works for an ordinary user, and refuses what that user may not write', async function () {
    // He runs this very checkout, so every folder above it must be open to him.
    if (!isRoot || !isOpenToAll(fileURLToPath(new URL('.', import.meta.url)))) this.skip();
    chmodSync(directory.path, 0o777);
    const account = { uid: 65_534, gid: 65_534, env: { PATH: process.env['PATH'], HOME: directory.path } };
    const dataDir = join(directory.path, 'data');
    const user = child('./database-child.ts', ['open', dataDir], account);
    expect(await user.line('opened')).to.include({ adopted: false });
    await new Promise((resolve) => user.process.once('close', resolve));
    expect(readFileSync(join(dataDir, 'postgres', 'PG_VERSION'), 'utf8').trim()).to.equal('17');
    const refused = child('./database-child.ts', ['open', '/root/not-mine'], account);
    expect(await refused.line('failure')).to.deep.equal({ failure: 'node.data_dir_unwritable' });
  });
});

/** Everybody may go into the folder. */
function isOpenToAll(folder: string): boolean {
  const above = dirname(folder);
  return (statSync(folder).mode & 0o001) !== 0 && (above === folder || isOpenToAll(above));
}
