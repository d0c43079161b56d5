import { once } from 'node:events';
import { mkdirSync } from 'node:fs';
import { type AddressInfo, createServer } from 'node:net';
import { hostname } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { expect } from 'chai';
import type { SubmissionState, SubmissionWay } from '../../../node/ports.js';
import type { Database } from '../../../node/postgres/database.js';
import { createStores } from '../../../node/postgres/stores.js';
import { EXIT } from '../../../protocol/failure.js';
import { voxdProcess } from '../../support/cli.js';
import { asValue, type PgProxy, startPgProxy } from '../../support/pg-proxy.js';
import { killNow } from '../../support/processes.js';
import { temporaryDatabase, temporaryDirectory } from '../../support/temporary.js';
import { startVoxd, type VoxdProcess } from '../../support/voxd-process.js';
import { createWeightWorld, type Life, requests, type WeightWorld, weigh } from '../../support/weights-on-devchain.js';

const TEMPO = 80;
/** Nothing is asked of the chain for so long: the next block may come. */
const QUIET_MS = 60;
const SERVER_ASKED_MAX = 600;
const BLOCKS_MAX = 200;

/** Real daemons with a real server behind a line that tells where they are in the journal. */
describe('weights of real daemons', function () {
  this.timeout(180_000);
  const folder = temporaryDirectory();
  let temporary: Awaited<ReturnType<typeof temporaryDatabase>>;
  let proxy: PgProxy;
  let world: WeightWorld;
  /** Reads the chain for the test. */
  let observer: Life;
  const running: VoxdProcess[] = [];

  before(async () => {
    temporary = await temporaryDatabase();
    proxy = await startPgProxy(serverOf(temporary.database));
  });
  afterEach(async () => {
    for (const daemon of running.splice(0)) await daemon.kill('SIGKILL');
    await world.stop();
    await temporary.database.query('TRUNCATE voxd.submissions, voxd.rounds, voxd.daemon CASCADE');
  });
  after(async () => {
    await proxy.close();
    await temporary.remove();
    folder.remove();
  });

  async function begin(way: SubmissionWay): Promise<void> {
    world = await createWeightWorld({ way, stores: createStores(temporary.database), subnet: { tempo: TEMPO }, blockSeconds: 0 });
    observer = await world.live();
  }
  const flags = async (dataDir: string, port: number, way: SubmissionWay) => [
    ...['validator', '--chain', world.proxy.url, '--netuid', '1', '--data-dir', join(folder.path, dataDir)],
    ...[
      '--database-url',
      `postgres://voxd@127.0.0.1:${port}/voxd`,
      '--listen-ip',
      '127.0.0.1',
      '--p2p-port',
      String(await freePort()),
      '--http-port',
      '0',
    ],
    ...['--set', 'rounds.cadenceBlocks=50400', '--set', `weights.commitReveal=${way === 'open' ? 'auto' : way}`],
  ];
  async function daemon(way: SubmissionWay, key = ['--uri', '//Validator'], dataDir = 'a', port = proxy.port): Promise<VoxdProcess> {
    const started = startVoxd([...(await flags(dataDir, port, way)), ...key]);
    running.push(started);
    await started.said(({ msg }) => msg === 'voxd runs');
    return started;
  }

  /** Blocks come whenever nobody asks anything, until that is so. */
  async function blocks(what: string, isTrue: () => Promise<boolean>, seconds = 0): Promise<void> {
    for (let made = 0; made < BLOCKS_MAX; made += 1) {
      for (let asked = -1; asked !== requests(world.proxy); ) {
        asked = requests(world.proxy);
        await delay(QUIET_MS);
        if (await isTrue()) return;
      }
      const last = await world.last();
      const far = (await world.sleeps()) ? (last?.revealFrom ?? 0) - 2 - world.chain.finalized().number : 1;
      await world.mint(Math.max(1, far), seconds);
    }
    throw new Error(
      `no ${what} within ${BLOCKS_MAX} blocks: ${JSON.stringify(await world.rows(), (_, value) => (typeof value === 'bigint' ? String(value) : value))}`,
    );
  }
  /** Whoever keeps the server has started it anew, and it takes questions: what was connected to the killed one may still be answered for a moment. */
  async function serverBack(killed: number): Promise<void> {
    for (let asked = 0; asked < SERVER_ASKED_MAX; asked += 1) {
      const answers = await temporary.database.ping().then(
        () => true,
        () => false,
      );
      if (answers && serverOf(temporary.database).pid !== killed) return;
      await delay(QUIET_MS);
    }
    throw new Error('the database server did not come back');
  }
  const state = async (): Promise<SubmissionState | null> => (await world.last())?.state ?? null;

  interface Death {
    readonly name: string;
    /** State of the row that it leaves. */
    readonly leaves: SubmissionState | null;
    readonly at: (die: () => void) => void;
    /** The server of the database dies with it. */
    readonly server?: boolean;
  }
  /** That statement does not arrive. */
  const instead = (words: readonly string[]) => (die: () => void) =>
    proxy.at(words, ({ cut }) => {
      cut();
      die();
    });
  const marking = (next: SubmissionState) => instead(['UPDATE voxd.submissions', asValue(next)]);
  const deaths: readonly (readonly [SubmissionWay, readonly Death[]])[] = [
    [
      'open',
      [
        { name: 'planned', leaves: 'planned', at: marking('sent') },
        { name: 'with its bytes on the line', leaves: 'sent', at: (die) => world.beforeSubmission(die), server: true },
        { name: 'with its weights on chain', leaves: 'sent', at: marking('finalized') },
      ],
    ],
    [
      'hash',
      [
        { name: 'with its commit on chain', leaves: 'sent', at: marking('committed') },
        { name: 'before the reveal', leaves: 'committed', at: marking('revealing') },
        {
          name: 'with the reveal on the line',
          leaves: 'revealing',
          at: (die) => proxy.at(['UPDATE voxd.submissions', asValue('revealing')], () => world.beforeSubmission(die)),
        },
      ],
    ],
    ['timelocked', [{ name: 'with its commit on chain', leaves: 'sent', at: marking('committed') }]],
  ];
  for (const [way, list] of deaths) {
    it(`get there once, killed at any line of the journal (${way})`, async () => {
      await begin(way);
      const seconds = way === 'timelocked' ? 12 : 0;
      let node = await daemon(way);
      let round = 0;
      for (const { name, leaves, at, server } of list) {
        round += 1;
        if (round > 1) await world.nextEpoch(observer);
        const dead = new Promise<void>((resolve) => at(() => void node.kill('SIGKILL').then(resolve)));
        let gone = false;
        void dead.then(() => {
          gone = true;
        });
        await world.weigh(round);
        await blocks(name, async () => gone, seconds);
        if (server === true) {
          const { pid } = serverOf(temporary.database);
          killNow(pid);
          await serverBack(pid);
        }
        const row = (await world.rows()).find((each) => each.round === round);
        expect(row?.state ?? null, name).to.equal(leaves);
        node = await daemon(way);
        await blocks(
          `end of round ${round} (${name})`,
          async () => (await world.last())?.round === round && (await state()) === 'finalized',
          seconds,
        );
      }
      await world.check();
      expect(world.ledger.accepted).to.have.length(list.length);
    });
  }

  it('of one hotkey: a second on the same database is refused; with another database one of them gets there, epoch by epoch', async () => {
    await begin('open');
    await daemon('open');
    const second = await flags('b', proxy.port, 'open');
    const { exit, stdout } = await voxdProcess([...second, '--uri', '//Validator', '--json']);
    expect(exit).to.equal(EXIT.unavailable);
    const { hotkey } = world.validator;
    expect(JSON.parse(stdout)).to.deep.include({ code: 'node.already_running', facts: { hotkey, pid: running[0]?.pid, host: hostname() } });

    const other = await temporaryDatabase();
    const line = await startPgProxy(serverOf(other.database));
    try {
      const stores = createStores(other.database);
      const twin = await daemon('open', ['--uri', '//Validator'], 'b', line.port);
      for (const round of [1, 2]) {
        await world.weigh(round);
        await weigh(stores, { round: 10 + round, miners: world.miners, block: world.chain.finalized().number });
        const rows = async () => [...(await world.rows()), ...(await stores.submissions.list(9))];
        await blocks(`round ${round}`, async () => (await rows()).filter((row) => row.state === 'finalized').length === round);
        await world.mint(12, 0);
        await blocks('what the other says', async () =>
          [...(running[0]?.lines ?? []), ...twin.lines].some(({ code }) => code === 'weights.foreign_submission'),
        );
        expect((await rows()).filter((row) => row.state === 'finalized')).to.have.length(round);
        await world.ledger.readTo(world.chain.finalized().number);
        expect(
          world.ledger.accepted.map(({ epoch }) => epoch),
          'one in each epoch',
        ).to.deep.equal([...new Set(world.ledger.accepted.map(({ epoch }) => epoch))]);
        expect(world.ledger.accepted).to.have.length(round);
        await world.nextEpoch(observer);
      }
    } finally {
      for (const each of running.splice(0)) await each.kill('SIGKILL');
      await line.close();
      await other.remove();
    }
  });

  it('wait for a signer that was killed in mid-submission, say so, and go on when it is back', async () => {
    await begin('open');
    const place = join(folder.path, 's');
    mkdirSync(place, { mode: 0o700 });
    const socket = join(place, 'signer.sock');
    const sign = async () => {
      const signer = startVoxd(['signer', '--uri', '//Validator', '--socket', socket, '--set', `chain.genesis=${world.genesis}`]);
      running.push(signer);
      await signer.said(({ msg }) => msg === 'signing for whoever reaches the socket');
      return signer;
    };
    const signer = await sign();
    const node = await daemon('open', ['--signer', `unix:${socket}`]);
    let gone = false;
    proxy.at(['UPDATE voxd.submissions', asValue('sent')], () => {
      void signer.kill('SIGKILL').then(() => {
        gone = true;
      });
    });
    await world.weigh(1);
    await blocks('death of the signer', async () => gone);
    await node.said(({ msg, code }) => msg === 'submission abandoned' && code === 'signer.unreachable');
    await world.mint(8, 0);
    await node.said(({ msg, code }) => msg === 'weights wait' && code === 'signer.unreachable');
    expect(
      (await world.rows()).map((row) => row.state),
      'nothing is planned while nobody signs',
    ).to.deep.equal(['abandoned']);
    await sign();
    await blocks('weights', async () => (await state()) === 'finalized');
    await world.check();
    expect(world.ledger.accepted).to.have.length(1);
  });
});

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  // Safety: a TCP server that listens has such an address.
  const { port } = server.address() as AddressInfo;
  await new Promise((resolve) => server.close(resolve));
  return port;
}

function serverOf({ embedded }: Database) {
  if (embedded === null) throw new Error('no server');
  return embedded;
}
