import { expect } from 'chai';
import { createJudging } from '../../node/network/judging.js';
import { encodeAnnouncement } from '../../protocol/announcement.js';
import { toHex } from '../../protocol/digest.js';
import { assemble, bytesToSign, openEnvelope } from '../../protocol/envelope.js';
import { createMessageGate } from '../../protocol/message-gate.js';
import type { Signer } from '../../protocol/ports.js';
import { topicOf } from '../../protocol/topics.js';
import type { Membership } from '../../protocol/validate.js';
import { aModel } from '../support/keys.js';
import { connect, createVillage, keepApart, seal, TEST_NETWORK, type TestHost, until } from '../support/network.js';
import { devPerson } from '../support/people.js';
import { localVerifier } from '../support/verifier.js';

const payload = (n: number) =>
  encodeAnnouncement({ model: aModel(n), manifestSizeBytes: 100, sizeBytes: 1000, commitmentBlock: 5, providers: [] });

/** The same body under another signature (sr25519 is randomised): a new message to gossipsub, but not to us. */
async function reseal(signer: Signer, envelope: Uint8Array): Promise<Uint8Array> {
  const opened = openEnvelope(envelope);
  if (!opened.ok) throw new Error(opened.error);
  return assemble(opened.value.bodyBytes, await signer.sign(bytesToSign(opened.value.bodyBytes, topicOf(TEST_NETWORK, 'announce'))));
}

describe('gossip between hosts', function () {
  this.timeout(60_000);
  const village = createVillage();
  afterEach(() => village.stop());

  /** Collects what a host accepts, and the verdicts it gives. */
  function listen(at: TestHost, membership: Membership) {
    const gate = createMessageGate({ network: TEST_NETWORK });
    const moment = () => ({ membership, nowMs: Date.now(), block: 1 });
    const judge = createJudging({ gate, verifier: localVerifier, moment, log: { warn: () => {} } });
    const accepted: string[] = [];
    const refused: string[] = [];
    at.host.onMessage('announce', async (bytes) => {
      const verdict = await judge('announce', bytes);
      if (verdict.action === 'accept') accepted.push(toHex(verdict.value.envelope));
      else refused.push(`${verdict.action} ${verdict.reason}`);
      return verdict;
    });
    return { accepted, refused };
  }

  /** Publishes until a neighbour listens. */
  async function publish(from: TestHost, bytes: Uint8Array) {
    await until('a recipient', async () => (await from.host.publish('announce', bytes)).recipients > 0);
  }

  it('delivers between two, both ways', async () => {
    const [a, b] = [await village.host('Alice'), await village.host('Bob')];
    const members = { registered: new Set([a.hotkey, b.hotkey]), permitted: new Set<never>() };
    const atA = listen(a, members);
    const atB = listen(b, members);
    await connect(a, b);
    const fromA = await seal(a.signer, 'announce', payload(1));
    const fromB = await seal(b.signer, 'announce', payload(2));
    await publish(a, fromA);
    await publish(b, fromB);
    await until('both messages', () => atA.accepted.length === 1 && atB.accepted.length === 1);
    expect(atB.accepted).to.deep.equal([toHex(fromA)]);
    expect(atA.accepted).to.deep.equal([toHex(fromB)]);
  });

  it('forwards along a line what the middle accepts, and nothing that it ignores or rejects', async () => {
    const [a, b, c] = [await village.host('Alice'), await village.host('Bob'), await village.host('Charlie')];
    const ferdie = await devPerson('Ferdie');
    const members = { registered: new Set([a.hotkey, b.hotkey, c.hotkey]), permitted: new Set<never>() };
    listen(a, members);
    const atB = listen(b, members);
    const atC = listen(c, members);
    keepApart(a, c);
    await connect(a, b);
    await connect(b, c);
    await until('the mesh', () => [a, b, c].map(({ host }) => host.neighbours('announce')).join() === '1,2,1');
    const first = await seal(a.signer, 'announce', payload(1));
    await publish(a, first);
    await until('the first at the end of the line', () => atC.accepted.length === 1);

    const stranger = await seal(ferdie, 'announce', payload(2));
    const forged = await seal(a.signer, 'announce', payload(3), { signedBy: ferdie });
    await publish(a, stranger);
    await publish(a, forged);
    await until('two verdicts in the middle', () => atB.refused.length === 2);
    expect(atB.refused).to.deep.equal(['ignore message.unregistered', 'reject message.bad_signature']);

    const last = await seal(a.signer, 'announce', payload(4));
    await publish(a, last);
    await until('the last at the end of the line', () => atC.accepted.length === 2);
    expect(atC.accepted).to.deep.equal([toHex(first), toHex(last)]);
    expect(atC.refused).to.deep.equal([]);
    await until('the forwarder of a forgery to pay', () => (b.host.peerOf(a.hotkey)?.score ?? 0) < 0);
  });

  it('answers each kind of bad message with its own verdict', async () => {
    const [a, b] = [await village.host('Alice'), await village.host('Bob')];
    const members = { registered: new Set([a.hotkey, b.hotkey]), permitted: new Set<never>() };
    const atB = listen(b, members);
    await connect(a, b);
    const good = await seal(a.signer, 'announce', payload(1), { sequence: 5n });
    await publish(a, good);
    await until('the good one', () => atB.accepted.length === 1);

    const cases: [string, Uint8Array][] = [
      ['reject message.malformed', Uint8Array.of(1, 2, 3)],
      ['reject message.malformed', Uint8Array.from([...good, 0x18, 0x01])],
      ['ignore message.expired', await seal(a.signer, 'announce', payload(2), { issuedAtMs: Date.now() - 10_000, lifetimeMs: 5_000 })],
      ['ignore message.from_future', await seal(a.signer, 'announce', payload(2), { issuedAtMs: Date.now() + 60_000, lifetimeMs: 5_000 })],
      ['reject message.lifetime_too_long', await seal(a.signer, 'announce', payload(2), { lifetimeMs: 48 * 3_600_000 })],
      ['reject message.bad_payload', await seal(a.signer, 'announce', Uint8Array.of(1))],
      ['ignore message.duplicate', await reseal(a.signer, good)],
      ['ignore message.equivocation', await seal(a.signer, 'announce', payload(3), { sequence: 5n })],
      ['ignore message.frozen', await seal(a.signer, 'announce', payload(4))],
    ];
    for (const [index, [expected, bytes]] of cases.entries()) {
      await publish(a, bytes);
      await until(`verdict ${index}`, () => atB.refused.length === index + 1);
      expect(atB.refused[index]).to.equal(expected);
    }
  });

  it('refuses to publish more than a kind allows', async () => {
    const a = await village.host('Alice');
    const code = await a.host.publish('announce', new Uint8Array(8 * 1024 + 1)).then(
      () => 'published',
      (error: { code: string }) => error.code,
    );
    expect(code).to.equal('message.too_large');
  });
});
