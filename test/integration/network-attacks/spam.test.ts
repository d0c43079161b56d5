/** Spam, forgeries and replays by peers that proved a hotkey: the honest go on hearing each other, and the attacker is sent away in stated time. */
import { expect } from 'chai';
import { createJudging } from '../../../node/network/judging.js';
import { encodeAnnouncement } from '../../../protocol/announcement.js';
import { toHex } from '../../../protocol/digest.js';
import { createMessageGate } from '../../../protocol/message-gate.js';
import type { Hotkey } from '../../../protocol/names.js';
import type { PeerEvent, Signer } from '../../../protocol/ports.js';
import { topicOf } from '../../../protocol/topics.js';
import { type Attacker, createAttacker, lagDuring } from '../../support/attacker.js';
import { aHash, aModel } from '../../support/keys.js';
import { connect, createVillage, membersOf, seal, TEST_NETWORK, type TestHost, until } from '../../support/network.js';
import { devPerson } from '../../support/people.js';
import { localVerifier } from '../../support/verifier.js';

const TOPIC = topicOf(TEST_NETWORK, 'announce');
const payload = (n: number) =>
  encodeAnnouncement({ model: aModel(n), manifestSizeBytes: 100, sizeBytes: 1000, commitmentBlock: 5, providers: [] });
/** Connections are looked through every second; the rest is for a busy machine. */
const SENT_AWAY_MS = 5_000;

describe('spam', function () {
  this.timeout(40_000);
  const village = createVillage();
  const attackers: Attacker[] = [];
  afterEach(async () => {
    await Promise.all(attackers.splice(0).map((attacker) => attacker.stop()));
    await village.stop();
  });

  function listen(at: TestHost, registered: ReadonlySet<Hotkey>) {
    const gate = createMessageGate({ network: TEST_NETWORK });
    const moment = () => ({ membership: { registered, permitted: new Set<Hotkey>() }, nowMs: Date.now(), block: 1 });
    const judge = createJudging({ gate, verifier: localVerifier, moment, log: { warn: () => {} } });
    const heard: string[] = [];
    const verdicts = new Map<string, number>();
    at.host.onMessage('announce', async (bytes) => {
      const verdict = await judge('announce', bytes);
      const word = verdict.action === 'accept' ? 'accept' : verdict.reason;
      verdicts.set(word, (verdicts.get(word) ?? 0) + 1);
      if (verdict.action === 'accept') heard.push(toHex(verdict.value.envelope));
      return verdict;
    });
    return { heard, verdicts };
  }

  /** Two honest neighbours, and an attacker beside one of them with a proved hotkey. */
  async function scene(person: string, registered: boolean) {
    const [a, b] = [await village.host('Alice'), await village.host('Bob')];
    const signer = await devPerson(person);
    const members = membersOf(a.hotkey, b.hotkey, ...(registered ? [signer.hotkey] : []));
    for (const { host } of [a, b]) host.setMembers(members);
    const atA = listen(a, new Set(members.keys()));
    const atB = listen(b, new Set(members.keys()));
    await connect(a, b);
    await until('the mesh', () => [a, b].every(({ host }) => host.neighbours('announce') === 1));
    const attacker = await createAttacker();
    attackers.push(attacker);
    const connection = await attacker.connect(b.address);
    expect(await attacker.greet(connection, signer)).to.equal(1);
    const line = await attacker.gossip(connection);
    line.send({ subscriptions: [{ subscribe: true, topic: TOPIC }] });
    const exiled: PeerEvent[] = [];
    b.host.onPeer((event) => {
      if (event.type === 'exiled') exiled.push(event);
    });
    const say = (envelopes: readonly Uint8Array[]) => line.send({ messages: envelopes.map((data) => ({ topic: TOPIC, data })) });
    const sentAway = () => until('the attacker to be sent away', () => exiled.length > 0 && b.host.peers().length === 1, SENT_AWAY_MS);
    const honestGoesOn = async () => {
      const word = await seal(a.signer, 'announce', payload(99));
      await until('a listener', async () => (await a.host.publish('announce', word)).recipients > 0);
      await until('an honest message', () => atB.heard.includes(toHex(word)));
      const back = await seal(b.signer, 'announce', payload(98));
      await b.host.publish('announce', back);
      await until('an honest answer', () => atA.heard.includes(toHex(back)));
    };
    return { a, b, atA, atB, attacker, signer, say, sentAway, honestGoesOn, exiled };
  }

  const forge = (victim: Signer, signedBy: Signer, count: number) =>
    Promise.all(Array.from({ length: count }, (_, n) => seal(victim, 'announce', payload(n), { signedBy })));

  it('forged envelopes: five and the forger is sent away, its hotkey with it, and no neighbour hears any', async () => {
    const { a, b, atA, atB, attacker, signer, say, sentAway, honestGoesOn, exiled } = await scene('Mallory', true);
    for (const one of await forge(a.signer, signer, 12)) say([one]);
    await sentAway();
    expect(atB.verdicts.get('message.bad_signature')).to.be.at.least(5);
    expect([...atA.verdicts.keys()]).to.deep.equal([]);
    expect(exiled[0]).to.deep.include({ type: 'exiled', hotkey: signer.hotkey, peerId: attacker.peerId });
    const again = await createAttacker();
    attackers.push(again);
    expect(await again.greet(await again.connect(b.address), signer), 'a fresh peer id with that hotkey').to.equal(9);
    await honestGoesOn();
  });

  it('a thousand envelopes of hotkeys that are not registered: no signature is looked at, and their forwarder is sent away', async () => {
    const { atA, atB, signer, say, sentAway, honestGoesOn } = await scene('Mallory', true);
    const strangers = await Promise.all([1, 2, 3].map((n) => devPerson(`Stranger${n}`)));
    const spam = (await Promise.all(strangers.map((stranger) => forge(stranger, signer, 120)))).flat();
    const lagMs = await lagDuring(async () => {
      for (let n = 0; n < spam.length; n += 20) say(spam.slice(n, n + 20));
      await sentAway();
    });
    expect(atB.verdicts.get('message.unregistered')).to.be.at.least(80);
    expect(atB.verdicts.get('message.bad_signature')).to.equal(undefined);
    expect([...atA.verdicts.keys()]).to.deep.equal([]);
    expect(lagMs).to.be.below(1_000);
    await honestGoesOn();
  });

  it('a registered hotkey over its allowance: the burst goes through, the flood does not travel, and the flooder is sent away', async () => {
    const { atA, atB, signer, say, sentAway, honestGoesOn } = await scene('Mallory', true);
    const flood = await forge(signer, signer, 160);
    for (const one of flood) say([one]);
    await sentAway();
    expect(atB.verdicts.get('accept')).to.equal(16);
    await until('the burst next door', () => atA.heard.length === 16);
    expect(atA.verdicts.get('message.rate_limited')).to.equal(undefined);
    await honestGoesOn();
  });

  it('replays: the same bytes, bytes of another network and bytes of long ago go nowhere, and who keeps at it is sent away', async () => {
    const { a, atA, atB, signer, say, sentAway, honestGoesOn } = await scene('Mallory', true);
    const old = await seal(a.signer, 'announce', payload(1), { issuedAtMs: Date.now() - 90_000_000, lifetimeMs: 3_600_000 });
    const foreign = await seal(a.signer, 'announce', payload(2), { genesis: aHash('another chain') });
    const good = await seal(a.signer, 'announce', payload(3));
    await until('a listener', async () => (await a.host.publish('announce', good)).recipients > 0);
    await until('the good one', () => atB.heard.length === 1);
    say([good, good, old, foreign]);
    say([await seal(signer, 'announce', payload(4))]);
    await until('the last one next door', () => atA.heard.length === 1);
    expect(Object.fromEntries(atB.verdicts)).to.deep.equal({ accept: 2, 'message.expired': 1, 'message.wrong_network': 1 });
    expect(atB.heard).to.have.length(2);
    for (let n = 10; n < 16; n += 1) say([await seal(a.signer, 'announce', payload(n), { genesis: aHash('another chain') })]);
    await sentAway();
    expect(atA.heard).to.have.length(1);
    await honestGoesOn();
  });

  it('a hotkey that is not registered may look on, and says nothing', async () => {
    const { atA, atB, signer, say, honestGoesOn } = await scene('Mallory', false);
    say([await seal(signer, 'announce', payload(1))]);
    await until('the verdict', () => atB.verdicts.get('message.unregistered') === 1);
    expect(atA.heard).to.deep.equal([]);
    await honestGoesOn();
  });
});
