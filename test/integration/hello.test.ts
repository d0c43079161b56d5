import { randomBytes } from 'node:crypto';
import { expect } from 'chai';
import { toHex } from '../../protocol/digest.js';
import type { PeerSubject } from '../../protocol/peer-rules.js';
import type { DirectoryEntry, PeerEvent } from '../../protocol/ports.js';
import { connect, createVillage, type TestHost, until } from '../support/network.js';

const entryOf = ({ hotkey, ip, port, host }: TestHost, withKey: boolean): DirectoryEntry => ({
  hotkey,
  ip,
  port,
  peerKey: withKey ? toHex(host.peerKey) : null,
});

describe('the greeting and the directory', function () {
  this.timeout(60_000);
  const village = createVillage();
  afterEach(() => village.stop());

  it('binds hotkey and peer on both sides', async () => {
    const [a, b] = [await village.host('Alice'), await village.host('Bob')];
    await a.host.dial(b.address);
    await until('both bindings', () => a.host.peers()[0]?.hotkey === b.hotkey && b.host.peers()[0]?.hotkey === a.hotkey);
    expect(a.host.peers()[0]).to.include({ peerId: b.host.peerId, direction: 'outbound' });
    expect(b.host.peers()[0]).to.include({ peerId: a.host.peerId, direction: 'inbound' });
  });

  for (const withKey of [true, false]) {
    it(`finds neurons by the addresses on chain ${withKey ? 'and their keys' : 'without their keys'}`, async () => {
      const hosts = [
        await village.host('Alice'),
        await village.host('Bob', { listen: ['/ip4/127.0.1.1/tcp/0'] }),
        await village.host('Charlie'),
      ];
      for (const { host } of hosts) host.setDirectory(hosts.map((each) => entryOf(each, withKey)));
      await until('everybody to know everybody', () =>
        hosts.every(({ host }) => new Set(host.peers().flatMap(({ hotkey }) => hotkey ?? [])).size === 2),
      );
    });
  }

  it('comes back to a neuron that was restarted', async () => {
    const a = await village.host('Alice');
    const b = await village.host('Bob');
    a.host.setDirectory([entryOf(b, true)]);
    await until('the first connection', () => a.host.peerOf(b.hotkey) !== null);
    await b.host.stop();
    await until('the loss to be seen', () => a.host.peerOf(b.hotkey) === null);
    await village.host('Bob', { seed: b.seed, listen: [`/ip4/127.0.0.1/tcp/${b.port}`] });
    await until('the second connection', () => a.host.peerOf(b.hotkey) !== null, 30_000);
  });

  it('starts from a bootstrap address', async () => {
    const a = await village.host('Alice');
    const b = await village.host('Bob', { bootstrap: [a.address] });
    await until('the binding', () => a.host.peerOf(b.hotkey) !== null);
  });

  it('refuses a peer whose key is not the one on chain, on either side', async () => {
    const [a, b] = [await village.host('Alice'), await village.host('Bob')];
    const events: PeerEvent[] = [];
    b.host.onPeer((event) => events.push(event));
    b.host.setDirectory([{ ...entryOf(a, true), peerKey: toHex(randomBytes(32)), port: 1 }]);
    const code = await a.host.dial(b.address).then(
      () => 'accepted',
      (error: { code: string }) => error.code,
    );
    expect(code).to.equal('p2p.refused_by_peer');
    await until('the connection to close', () => b.host.peers().length === 0 && a.host.peers().length === 0);
    expect(events[0]).to.deep.equal({ type: 'refused', peerId: a.host.peerId, code: 'p2p.binding_key_mismatch' });
    const back = await b.host.dial(a.address).then(
      () => 'accepted',
      (error: { code: string }) => error.code,
    );
    expect(back).to.equal('p2p.binding_key_mismatch');
  });

  it('takes nobody else under the name it dialled', async () => {
    const [a, b, c] = [await village.host('Alice'), await village.host('Bob'), await village.host('Charlie')];
    const code = await a.host.dial(`/ip4/127.0.0.1/tcp/${b.port}/p2p/${c.host.peerId}`).then(
      () => 'accepted',
      (error: { code: string }) => error.code,
    );
    expect(code).to.equal('p2p.dial_failed');
    await until('the connection to close', () => a.host.peers().length === 0 && b.host.peers().length === 0);
  });

  it('does not meet a node of another subnet', async () => {
    const a = await village.host('Alice');
    const b = await village.host('Bob', { netuid: 8 });
    const code = await a.host.dial(b.address).then(
      () => 'accepted',
      (error: { code: string }) => error.code,
    );
    expect(code).to.equal('p2p.hello_failed');
    await until('the connection to close', () => a.host.peers().length === 0 && b.host.peers().length === 0);
  });

  it('takes one peer per hotkey: a newer record moves it, the older one does not come back', async () => {
    const a = await village.host('Alice');
    const [first, second] = [await village.host('Bob'), await village.host('Bob')];
    const refused: PeerEvent[] = [];
    a.host.onPeer((event) => {
      if (event.type === 'refused') refused.push(event);
    });
    await connect(first, a);
    await connect(second, a);
    await until('the first to be gone', () => first.host.peers().length === 0);
    expect(a.host.peerOf(second.hotkey)?.peerId).to.equal(second.host.peerId);
    const code = await first.host.dial(a.address).then(
      () => 'accepted',
      (error: { code: string }) => error.code,
    );
    expect(code).to.equal('p2p.refused_by_peer');
    expect(refused).to.deep.equal([
      { type: 'refused', peerId: first.host.peerId, code: 'p2p.binding_superseded' },
      { type: 'refused', peerId: first.host.peerId, code: 'p2p.binding_stale' },
    ]);
    expect(a.host.peerOf(second.hotkey)?.peerId).to.equal(second.host.peerId);
  });

  it('disconnects whom a rule keeps out, by hotkey, peer or range, and lets in again when it is taken back', async () => {
    const [a, b] = [await village.host('Alice'), await village.host('Bob', { listen: ['/ip4/127.0.1.1/tcp/0'] })];
    const deny = (subject: PeerSubject) =>
      a.host.setRules([{ subject, rule: 'deny', untilMs: null, reason: 'test', madeBy: 'operator', madeAtMs: 0 }]);
    const subjects: readonly PeerSubject[] = [
      { type: 'hotkey', value: b.hotkey },
      { type: 'peer', value: b.host.peerId },
      { type: 'range', value: '127.0.0.0/8' },
    ];
    for (const subject of subjects) {
      a.host.setRules([]);
      // A connection that is still closing is no connection.
      await until('the peer to be back', async () => {
        await b.host.dial(a.address).catch(() => undefined);
        return a.host.peerOf(b.hotkey) !== null;
      });
      deny(subject);
      await until('the peer to be gone', () => a.host.peers().length === 0 && b.host.peers().length === 0);
      const again = await b.host.dial(a.address).then(
        () => a.host.peerOf(b.hotkey),
        () => null,
      );
      expect(again, subject.type).to.equal(null);
      await until('nobody to be left', () => b.host.peers().length === 0);
    }
  });

  it('dials no address inside our own network unless told that the network is private', async () => {
    const a = await village.host('Alice', { privateNetwork: false });
    const b = await village.host('Bob');
    const code = await a.host.dial(b.address).then(
      () => 'accepted',
      (error: { code: string }) => error.code,
    );
    expect(code).to.equal('p2p.dial_failed');
  });

  it('says that the port is taken', async () => {
    const a = await village.host('Alice');
    const code = await village.host('Bob', { listen: [`/ip4/127.0.0.1/tcp/${a.port}`] }).then(
      () => 'started',
      (error: { code: string }) => error.code,
    );
    expect(code).to.equal('p2p.listen_failed');
  });
});
