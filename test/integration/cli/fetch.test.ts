import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { expect } from 'chai';
import Fastify from 'fastify';
import { createProgressLine, progressText } from '../../../node/cli/progress.js';
import { checkPackage } from '../../../node/compose-models.js';
import { createArtifactSource } from '../../../node/files/artifacts.js';
import { openDataDir } from '../../../node/files/data-dir.js';
import { fetchRoutes } from '../../../node/http/fetch-routes.js';
import { EXIT } from '../../../protocol/failure.js';
import { protocolFailures } from '../../../protocol/failures.js';
import { loadOrCreatePeerKey } from '../../../protocol/libp2p/peer-key.js';
import type { ModelDigest } from '../../../protocol/names.js';
import { verifyPackage } from '../../../scoring/onnx/package-files.js';
import { refusal, voxd, voxdJson } from '../../support/cli.js';
import { aModel } from '../../support/keys.js';
import { createMemoryModelCache } from '../../support/memory-model-cache.js';
import { createVillage, TEST_NETWORK } from '../../support/network.js';
import { temporaryDirectory } from '../../support/temporary.js';

const CHAIN = [
  '--chain',
  'ws://127.0.0.1:9',
  '--netuid',
  String(TEST_NETWORK.netuid),
  '--set',
  `chain.genesis=${TEST_NETWORK.genesis}`,
  '--uri',
  '//Charlie',
];

describe('voxd fetch', function () {
  this.timeout(120_000);
  const village = createVillage();
  const folder = temporaryDirectory();
  const directory = join(folder.path, 'voice');
  let digest: ModelDigest;
  before(async () => {
    await voxdJson(['model', 'generate', '--kind', 'good', '--out', directory]);
    ({ digest } = await verifyPackage(directory));
  });
  after(async () => {
    await village.stop();
    folder.remove();
  });

  it('brings a package from named peers without a node, quietly in a pipe, and what it leaves passes the check', async () => {
    const { host, address } = await village.host('Bob');
    host.serve(createArtifactSource(createMemoryModelCache(new Map([[digest, { directory, sizeBytes: 1 }]]))));
    const out = join(folder.path, 'fetched');
    const { stdout, stderr, exit } = await voxd(['fetch', digest, '--peer', address, '--out', out, ...CHAIN]);
    expect({ exit, stderr }).to.deep.equal({ exit: EXIT.ok, stderr: '' });
    expect(stdout).to.include(`is whole and in ${out}`);
    expect((await checkPackage(out)).model.digest).to.equal(digest);
    expect(existsSync(`${out}.part`)).to.equal(false);
    const other = await refusal(['fetch', aModel('other'), '--peer', address, '--out', `${out}2`, ...CHAIN], {
      code: 'p2p.model_not_found',
      exit: EXIT.failure,
    });
    expect(other.facts).to.include({ peer: host.peerId });
  });

  it('does not pass for a node that is running', async () => {
    const node = openDataDir(join(folder.path, 'running'));
    try {
      await loadOrCreatePeerKey(join(node.path, 'identity', 'peer.key'));
      const { facts } = await refusal(['fetch', digest, '--alone', '--data-dir', node.path, '--out', join(folder.path, 'no'), ...CHAIN], {
        code: 'cli.node_runs',
        exit: EXIT.unavailable,
      });
      expect(facts).to.include({ pid: process.pid });
    } finally {
      node.release();
    }
  });

  it('asks the running node, copies what it has brought, and says what it refuses', async () => {
    const app = Fastify();
    await fetchRoutes({
      running: () => [],
      async fetch(model, _signal, onProgress) {
        if (model !== digest) throw protocolFailures('p2p.peer_busy', { peer: 'x' });
        onProgress({ receivedBytes: 1, hereBytes: 1, totalBytes: 2, providers: 1 });
        return directory;
      },
    })(app);
    const url = new URL(await app.listen({ host: '127.0.0.1', port: 0 }));
    const at = ['--http-port', url.port];
    try {
      const out = join(folder.path, 'copied');
      expect(await voxdJson(['fetch', digest, '--out', out, ...at])).to.deep.include({ ok: true, model: digest, directory: out });
      await verifyPackage(out, digest);
      await refusal(['fetch', aModel('other'), ...at], { code: 'p2p.peer_busy', exit: EXIT.failure });
      const browser = await fetch(`${url.origin}/v1/models/${digest}/fetch`, {
        method: 'POST',
        headers: { 'content-type': 'application/json', origin: 'http://evil.example' },
        body: '{}',
      });
      expect(browser.status).to.equal(403);
    } finally {
      await app.close();
    }
    await refusal(['fetch', digest, ...at], { code: 'cli.not_running', exit: EXIT.unavailable });
  });

  it('draws one line on a terminal and nothing in a pipe', () => {
    const progress = { receivedBytes: 6_000_000, hereBytes: 12_000_000, totalBytes: 24_000_000, providers: 3 };
    const text = progressText(progress, 2_000);
    expect(text).to.equal('[############------------]   50 %  12.0 of 24.0 MB  3.0 MB/s  3 peers');
    const drawn: string[] = [];
    const write = (line: string | Uint8Array) => drawn.push(String(line)) > 0;
    let nowMs = 0;
    for (const isTTY of [true, false]) {
      const line = createProgressLine({ isTTY, write }, { quiet: false, nowMs: () => nowMs });
      nowMs += 2_000;
      line.show(progress);
      line.show(progress);
      line.end();
    }
    expect(drawn).to.deep.equal([`\r${text}`, `\r${' '.repeat(text.length)}\r`]);
  });
});
