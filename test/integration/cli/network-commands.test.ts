import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect } from 'chai';
import { networkRoutes } from '../../../node/http/network-routes.js';
import { createPrometheusMetrics } from '../../../node/http/prometheus.js';
import { createHttpServer, type HttpServer } from '../../../node/http/server.js';
import { topicViews } from '../../../node/network/topic-view.js';
import { type Database, openDatabase } from '../../../node/postgres/database.js';
import { createStores } from '../../../node/postgres/stores.js';
import { EXIT } from '../../../protocol/failure.js';
import type { Peer } from '../../../protocol/ports.js';
import { voxd } from '../../support/cli.js';
import { aHash, aHotkey, aModel } from '../../support/keys.js';
import { quiet } from '../../support/temporary.js';

const PEER = '12D3KooWGzh7ABkdNsJkDYTPLzP9q3SgqhGqL8gBqFEPYQvUqMAH';

describe('commands about the network', function () {
  this.timeout(120_000);
  let folder: string;
  let database: Database;
  let http: HttpServer;
  let peers: Peer[] = [];

  before(async () => {
    folder = mkdtempSync(join(tmpdir(), 'voxd-test-peers-'));
    database = await openDatabase(quiet, { url: null, dataDir: folder, durable: false });
    const network = { genesis: aHash('genesis'), netuid: 7 };
    const routes = networkRoutes({
      // Safety: well formed, like one of a real peer.
      network: () => ({ peerId: PEER, addresses: [`/ip4/127.0.0.1/tcp/4010/p2p/${PEER}`], peers }),
      topics: () => topicViews(network, (kind) => (kind === 'announce' ? 5 : 0)),
    });
    const deps = { health: () => Promise.reject(new Error('not asked')), metrics: createPrometheusMetrics({ processMetrics: false }) };
    http = createHttpServer({ ...deps, logger: quiet.logger, routes: [routes] }, { host: '127.0.0.1', port: 0 });
    await http.start(new AbortController().signal);
  });
  after(async () => {
    await http.stop();
    await database.stop();
    rmSync(folder, { recursive: true, force: true });
  });

  const run = (...args: readonly string[]) => voxd([...args, '--data-dir', folder, '--http-port', new URL(http.address()).port]);
  const rules = (...args: readonly string[]) => voxd(['peers', ...args, '--data-dir', folder]);

  it('peers shows us and who is connected, and says so when nobody is', async () => {
    expect((await run('peers')).stdout).to.match(/^we are 12D3KooW[\s\S]*nobody is connected; `voxd probe`/);
    peers = [
      {
        // Safety: as above.
        peerId: PEER as Peer['peerId'],
        hotkey: aHotkey(1),
        address: '/ip4/192.0.2.7/tcp/4010',
        direction: 'outbound',
        connectedAtMs: Date.now() - 3_600_000,
        score: 12.4,
      },
    ];
    const { stdout, exit } = await run('peers');
    expect(exit).to.equal(EXIT.ok);
    expect(stdout).to.match(/out\s+\/ip4\/192\.0\.2\.7\/tcp\/4010\s+60 min\s+12$/m);
    expect(JSON.parse((await run('peers', '--json')).stdout)).to.deep.include({ ok: true, peers });
  });

  it('topics names each topic with its neighbours and limits', async () => {
    const { stdout } = await run('topics');
    expect(stdout).to.match(/\/voxd\/[0-9a-f]{8}\/7\/announce\/1\s+5\s+registered\s+8 KiB/);
    expect(stdout).to.match(/scoreReveal\/1\s+0\s+permit holders/);
  });

  it('says where it looked when no node runs', async () => {
    const { exit, stdout } = await voxd(['peers', '--json', '--data-dir', folder, '--http-port', '1']);
    expect(exit).to.equal(EXIT.unavailable);
    expect(JSON.parse(stdout)).to.deep.include({ code: 'cli.not_running', facts: { url: 'http://127.0.0.1:1' } });
  });

  it('peers ban, allow and forget make rules that the node finds', async () => {
    expect((await rules('rules')).stdout).to.equal('nobody is banned and nobody is always allowed\n');
    expect((await rules('ban', '192.0.2.0/24', '--for', '7d', '--reason', 'spam')).stdout).to.match(/banned for 7 days/);
    expect((await rules('allow', aHotkey(2))).stdout).to.match(/allowed until it is taken back/);
    const stores = createStores(database);
    expect((await stores.peerRules.inForce(Date.now())).map(({ rule, reason }) => [rule, reason])).to.have.deep.members([
      ['deny', 'spam'],
      ['allow', ''],
    ]);
    expect((await rules('rules')).stdout).to.match(/192\.0\.2\.0\/24\s+ban\s+7 days\s+operator\s+\d+ s\s+spam/);
    expect((await rules('forget', '192.0.2.0/24')).exit).to.equal(EXIT.ok);
    expect(await stores.peerRules.inForce(Date.now())).to.have.length(1);
    const again = await rules('forget', '192.0.2.0/24', '--json');
    expect(JSON.parse(again.stdout)).to.include({ code: 'cli.no_such_rule' });
  });

  it('refuses what names no peer, and what is no duration', async () => {
    const nobody = await rules('ban', 'somebody', '--json');
    expect(nobody.exit).to.equal(EXIT.usage);
    expect(JSON.parse(nobody.stdout)).to.include({ code: 'cli.bad_subject' });
    const never = await rules('ban', PEER, '--for', 'soon', '--json');
    expect(JSON.parse(never.stdout).message).to.include('30m, 24h or 7d');
  });

  it('announcements shows the offers in force', async () => {
    expect((await voxd(['announcements', '--data-dir', folder])).stdout).to.include('no announcement is in force');
    const nowMs = Date.now();
    await createStores(database).announcements.put({
      hotkey: aHotkey(3),
      model: aModel(3),
      manifestSizeBytes: 1000,
      sizeBytes: 63 * 2 ** 20,
      commitmentBlock: 4_711,
      providers: [`/ip4/192.0.2.9/tcp/4010/p2p/${PEER}`],
      sequence: 5n,
      issuedAtMs: nowMs - 60_000,
      expiresAtMs: nowMs + 7_200_000,
      envelope: Uint8Array.of(1, 2, 3),
    });
    const { stdout } = await voxd(['announcements', '--data-dir', folder]);
    expect(stdout).to.include(aModel(3));
    expect(stdout).to.match(/63\.0 MiB\s+4711\s+60 s ago\s+in 2 h 0 min\s+\/ip4\/192\.0\.2\.9/);
    const [offer] = JSON.parse((await voxd(['announcements', '--json', '--data-dir', folder])).stdout).announcements;
    expect(offer).to.include({ model: aModel(3), sequence: '5', envelope: 'AQID' });
  });
});
