/** Peers that vanish without a word, on real sockets, with a second in place of a minute. */
import { expect } from 'chai';
import type { LivenessOptions } from '../../protocol/libp2p/liveness.js';
import { accept } from '../../protocol/verdict.js';
import { type Attacker, createAttacker } from '../support/attacker.js';
import { connect, createVillage, seal, until } from '../support/network.js';
import { devPerson } from '../support/people.js';
import { createPlainNode } from '../support/plain-gossip.js';
import { startTcpProxy } from '../support/tcp-proxy.js';

const QUICK: LivenessOptions = {
  turnMs: 50,
  pingAfterMs: 250,
  answerMsMax: 150,
  pingsMax: 4,
  silentMsMax: 1_000,
  unansweredMin: 3,
  doubtMsMax: 400,
  doubtedAgeMsMin: 200,
  deadPerTurnMax: 1,
};

describe('peers that vanish', function () {
  this.timeout(40_000);
  const village = createVillage();
  const cleanUps: (() => Promise<void> | void)[] = [];
  afterEach(async () => {
    for (const cleanUp of cleanUps.splice(0).reverse()) await cleanUp();
    await village.stop();
  });

  async function attacker(options: Parameters<typeof createAttacker>[0]): Promise<Attacker> {
    const made = await createAttacker(options);
    cleanUps.push(() => made.stop());
    return made;
  }

  it('a cable is pulled: both ends close the connection, keep their others, and meet again when it is back', async () => {
    const cable = await startTcpProxy('127.0.0.3');
    cleanUps.push(() => cable.close());
    const door = `/ip4/127.0.0.1/tcp/${cable.port}`;
    const bob = await village.host('Bob', { listen: [`/ip4/127.0.0.3/tcp/${cable.port}`], announce: [door], liveness: QUICK });
    const alice = await village.host('Alice', { listen: [], bootstrap: [door], liveness: QUICK });
    const charlie = await village.host('Charlie', { liveness: QUICK });
    await until('Alice to be with Bob', () => bob.host.peerOf(alice.hotkey) !== null);
    await connect(alice, charlie);
    const heard: string[] = [];
    bob.host.onMessage('announce', async (bytes) => {
      heard.push(Buffer.from(bytes).toString('hex'));
      return accept(null);
    });

    cable.silence(true);
    const pulledAtMs = Date.now();
    await until('Alice to notice', () => alice.host.peerOf(bob.hotkey) === null, 8_000);
    await until('Bob to notice', () => bob.host.peerOf(alice.hotkey) === null, 8_000);
    expect(Date.now() - pulledAtMs).to.be.greaterThan(QUICK.silentMsMax - QUICK.pingAfterMs);
    expect(alice.host.peerOf(charlie.hotkey), 'Charlie stays').to.not.equal(null);

    cable.silence(false);
    await until('them to meet again', () => alice.host.peerOf(bob.hotkey) !== null && bob.host.peerOf(alice.hotkey) !== null, 20_000);
    await until('the mesh', () => alice.host.neighbours('announce') === 2 && bob.host.neighbours('announce') > 0);
    const word = await seal(alice.signer, 'announce', new Uint8Array(8));
    await alice.host.publish('announce', word);
    await until('Bob to hear Alice', () => heard.includes(Buffer.from(word).toString('hex')));
  });

  it('a peer is back from elsewhere before its old line is given up: the line is closed at once, and it hears what is said', async () => {
    const patient = { ...QUICK, silentMsMax: 60_000 };
    const cable = await startTcpProxy('127.0.0.3');
    cleanUps.push(() => cable.close());
    const alice = await village.host('Alice', { listen: [`/ip4/127.0.0.3/tcp/${cable.port}`], liveness: patient });
    const before = await village.host('Bob', { listen: [], bootstrap: [`/ip4/127.0.0.1/tcp/${cable.port}`], liveness: patient });
    await until('Bob to be with Alice', () => alice.host.peerOf(before.hotkey) !== null);
    const old = alice.host.peerOf(before.hotkey)!.connectedAtMs;
    await until('the line to be old', () => Date.now() - old > 2 * QUICK.doubtedAgeMsMin);
    cable.silence(true);

    const after = await village.host('Bob', { listen: [], seed: before.seed, liveness: patient });
    const heard: string[] = [];
    after.host.onMessage('announce', async (bytes) => {
      heard.push(Buffer.from(bytes).toString('hex'));
      return accept(null);
    });
    await after.host.dial(alice.address);
    await until('the old line to be closed', () => (alice.host.peerOf(before.hotkey)?.connectedAtMs ?? old) > old, 5_000);
    await until('the mesh', () => alice.host.neighbours('announce') === 1 && after.host.neighbours('announce') === 1);
    const word = await seal(alice.signer, 'announce', new Uint8Array(8));
    await alice.host.publish('announce', word);
    await until('Bob to hear Alice', () => heard.includes(Buffer.from(word).toString('hex')));
  });

  it('nobody is dropped while our own loop stands still; a peer that answers nothing is; the plain stack drops it for one ping', async () => {
    const plain = await createPlainNode(
      {},
      { connectionMonitor: { pingInterval: 100, pingTimeout: { minTimeout: 100, maxTimeout: 100 } } },
    );
    cleanUps.push(() => plain.stop());
    // One unanswered ping will do here: it is the clock alone that keeps them.
    const alice = await village.host('Alice', { liveness: { ...QUICK, unansweredMin: 1 } });
    const others = await Promise.all(
      ['Bob', 'Charlie', 'Dave'].map((name) => village.host(name, { liveness: { ...QUICK, silentMsMax: 60_000 } })),
    );
    for (const other of others) await connect(alice, other);
    const lost: string[] = [];
    alice.host.onPeer((event) => {
      if (event.type === 'closed') lost.push(event.peerId);
    });
    for (let n = 0; n < 5; n += 1) {
      block(QUICK.silentMsMax * 0.6);
      await new Promise((resolve) => setTimeout(resolve));
    }
    expect(lost).to.deep.equal([]);

    const mute = await attacker({ pings: false });
    const dropped = await mute.connect(plain.getMultiaddrs()[0]!);
    await until('the plain stack to drop it', () => dropped.status !== 'open');
    const line = await mute.connect(alice.address);
    await mute.greet(line, await devPerson('Mute'));
    await until('it to be dropped', () => line.status !== 'open', 8_000);
    expect(lost).to.deep.equal([mute.peerId]);
  });
});

/** The event loop stands still. */
function block(ms: number): void {
  const untilMs = Date.now() + ms;
  while (Date.now() < untilMs);
}
