import { chmod, mkdtemp, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { multiaddr } from '@multiformats/multiaddr';
import { expect } from 'chai';
import { isPrivateIp, mayDial } from '../../../protocol/libp2p/addresses.js';
import { addressOf } from '../../../protocol/libp2p/candidates.js';
import { loadOrCreatePeerKey } from '../../../protocol/libp2p/peer-key.js';
import { aHotkey } from '../../support/keys.js';

describe('the peer key file', () => {
  let directory = '';
  beforeEach(async () => {
    directory = await mkdtemp(join(tmpdir(), 'voxd-peer-key-'));
  });
  afterEach(() => rm(directory, { recursive: true }));
  const codeOf = (promise: Promise<unknown>) =>
    promise.then(
      () => 'ok',
      (error: { code: string }) => error.code,
    );

  it('is made once, for its owner only, and read ever after', async () => {
    const path = join(directory, 'deep', 'peer.key');
    const first = await loadOrCreatePeerKey(path);
    expect((await stat(path)).mode & 0o777).to.equal(0o600);
    expect(Buffer.from(await loadOrCreatePeerKey(path)).equals(first)).to.equal(true);
    expect((await readFile(path, 'utf8')).trim()).to.equal(Buffer.from(first).toString('hex'));
  });

  it('is refused when others can read it, when it is damaged, and when it is a directory', async () => {
    const path = join(directory, 'peer.key');
    await writeFile(path, 'zz', { mode: 0o600 });
    expect(await codeOf(loadOrCreatePeerKey(path))).to.equal('p2p.bad_peer_key');
    await chmod(path, 0o644);
    expect(await codeOf(loadOrCreatePeerKey(path))).to.equal('p2p.peer_key_exposed');
    expect(await codeOf(loadOrCreatePeerKey(directory))).to.equal('p2p.peer_key_file');
  });
});

describe('addresses to dial', () => {
  it('lie outside our own network', () => {
    for (const ip of [
      '127.0.0.1',
      '10.1.2.3',
      '192.168.1.1',
      '169.254.169.254',
      '172.31.0.1',
      '100.64.0.1',
      '0.0.0.0',
      '::1',
      'fe80::1',
      'fd00::1',
      '::ffff:10.0.0.1',
    ]) {
      expect(isPrivateIp(ip), ip).to.equal(true);
    }
    for (const ip of ['8.8.8.8', '1.1.1.1', '172.32.0.1', '2606:4700::1111']) expect(isPrivateIp(ip), ip).to.equal(false);
  });

  it('are IP and TCP', () => {
    expect(mayDial(multiaddr('/ip4/8.8.8.8/tcp/4004'), false)).to.equal(true);
    expect(mayDial(multiaddr('/ip4/127.0.0.1/tcp/4004'), false)).to.equal(false);
    expect(mayDial(multiaddr('/ip4/127.0.0.1/tcp/4004'), true)).to.equal(true);
    expect(mayDial(multiaddr('/dns4/example.org/tcp/4004'), true)).to.equal(false);
    expect(mayDial(multiaddr('/ip4/8.8.8.8/udp/4004'), true)).to.equal(false);
  });

  it('come from what the chain says', () => {
    const entry = { hotkey: aHotkey(1), ip: '192.0.2.1', port: 4004, peerKey: null };
    expect(addressOf(entry)).to.equal('/ip4/192.0.2.1/tcp/4004');
    expect(addressOf({ ...entry, ip: '2001:db8::1' })).to.equal('/ip6/2001:db8::1/tcp/4004');
    expect(addressOf({ ...entry, peerKey: '00'.repeat(32) })).to.match(/^\/ip4\/192\.0\.2\.1\/tcp\/4004\/p2p\/12D3KooW/);
    expect(addressOf({ ...entry, port: 0 })).to.equal(null);
    expect(addressOf({ ...entry, ip: 'example.org' })).to.equal(null);
  });
});
