import { expect } from 'chai';
import fc from 'fast-check';
import { admissionLimits, classOf, type PeerClass, rangeOf, refuseConnection, refusePeer, type Slot } from '../../../protocol/admission.js';
import { BY_STAKE_WANTED, pickDials } from '../../../protocol/dial-picks.js';
import { peerIdFromKey } from '../../../protocol/peer-id.js';
import { createPeerRules, type PeerRule, type PeerSubject, parseSubject } from '../../../protocol/peer-rules.js';
import { aHotkey } from '../../support/keys.js';

const LIMITS = admissionLimits(128, false);
const slot = (n: number, change: Partial<Slot> = {}): Slot => ({
  peerId: `peer ${n}`,
  ip: `10.${n >> 8}.${n & 0xff}.1`,
  direction: 'inbound',
  class: 'member',
  coldkey: `cold ${n}`,
  ...change,
});
const slots = (count: number, change: Partial<Slot> = {}) => Array.from({ length: count }, (_, n) => slot(n, change));

describe('places for connections', () => {
  it('are shared out: outbound and privileged have theirs', () => {
    expect(LIMITS).to.deep.include({
      connectionsMax: 128,
      outboundReserved: 16,
      privilegedReserved: 32,
      unprovedMax: 16,
      unregisteredMax: 8,
    });
    expect(admissionLimits(8, false)).to.deep.include({ outboundReserved: 1, privilegedReserved: 2, unprovedMax: 2, unregisteredMax: 1 });
    expect(admissionLimits(32, true).perRangeMax).to.equal(Number.POSITIVE_INFINITY);
  });

  it('are refused before the handshake when full, or when one range has its share', () => {
    const ask = (present: readonly Slot[], ip: string, knownIp = false, pendingInRange = 0) =>
      refuseConnection(present, { ip, knownIp, pendingInRange }, LIMITS);
    expect(ask(slots(111), '1.1.1.1')).to.equal(null);
    expect(ask(slots(112), '1.1.1.1')).to.equal('p2p.full');
    expect(ask(slots(112), '1.1.1.1', true)).to.equal('p2p.full');
    const crowd = Array.from({ length: 8 }, (_, n) => slot(n, { ip: `192.0.2.${n}` }));
    expect(ask(crowd, '192.0.2.200')).to.equal('p2p.range_full');
    expect(ask(crowd, '192.0.2.200', true)).to.equal(null);
    expect(ask(crowd, '192.0.3.200')).to.equal(null);
    expect(ask([], '192.0.2.1', false, 4)).to.equal('p2p.range_full');
    expect(ask([], '192.0.2.1', true, 4)).to.equal(null);
    expect(
      ask(
        crowd.map((one) => ({ ...one, class: 'privileged' as const })),
        '192.0.2.200',
      ),
    ).to.equal(null);
  });

  it('are given after the greeting by class: members leave room for the privileged, unregistered have few, a coldkey has four', () => {
    const ask = (present: readonly Slot[], peer: Partial<Slot>) => refusePeer(present, slot(999, peer), LIMITS);
    expect(ask(slots(79), {})).to.equal(null);
    expect(ask(slots(80), {})).to.equal('p2p.full');
    expect(ask(slots(80), { class: 'privileged' })).to.equal(null);
    expect(ask(slots(80), { direction: 'outbound' })).to.equal(null);
    expect(ask([...slots(80), ...slots(32, { class: 'privileged' })], { class: 'privileged' })).to.equal('p2p.full');
    expect(ask(slots(8, { class: 'unregistered' }), { class: 'unregistered' })).to.equal('p2p.full');
    expect(ask(slots(8, { class: 'unregistered' }), {})).to.equal(null);
    expect(ask(slots(4, { coldkey: 'one' }), { coldkey: 'one' })).to.equal('p2p.coldkey_full');
    expect(ask(slots(4, { coldkey: 'one' }), { coldkey: 'one', class: 'privileged' })).to.equal(null);
    expect(ask(slots(8, { ip: '192.0.2.1' }), { ip: '192.0.2.9' })).to.equal('p2p.range_full');
  });

  it('never go to more than there are, whoever comes in whatever order', () => {
    const classes: readonly PeerClass[] = ['unregistered', 'member', 'privileged'];
    const comers = fc.array(fc.record({ class: fc.constantFrom(...classes), cold: fc.nat(40), net: fc.nat(60) }), { maxLength: 300 });
    fc.assert(
      fc.property(comers, (list) => {
        const present: Slot[] = [];
        for (const [n, { class: kind, cold, net }] of list.entries()) {
          const peer = slot(n, { class: kind, coldkey: `cold ${cold}`, ip: `198.51.${net}.${n & 0xff}` });
          const known = kind === 'privileged';
          if (refuseConnection(present, { ip: peer.ip, knownIp: known, pendingInRange: 0 }, LIMITS) ?? refusePeer(present, peer, LIMITS))
            continue;
          present.push(peer);
        }
        const most = (key: (one: Slot) => string | null, of: readonly Slot[]) =>
          Math.max(0, ...of.map((one) => of.filter((other) => key(other) === key(one)).length));
        const common = present.filter((one) => one.class !== 'privileged');
        expect(present.length).to.be.at.most(112);
        expect(common.length).to.be.at.most(80);
        expect(common.filter((one) => one.class === 'unregistered').length).to.be.at.most(8);
        expect(most((one) => one.coldkey, common)).to.be.at.most(4);
        expect(most((one) => rangeOf(one.ip), common)).to.be.at.most(8);
      }),
      { numRuns: 50 },
    );
  });

  it('know ranges and classes', () => {
    expect(
      ['203.0.113.9', '::ffff:203.0.113.9', '2001:DB8:1:2:3::4', '2001:db8::1', '::1', 'fe80::1%eth0', 'nonsense'].map(rangeOf),
    ).to.deep.equal([
      '203.0.113.0/24',
      '203.0.113.0/24',
      '2001:db8:1:2::/64',
      '2001:db8:0:0::/64',
      '0:0:0:0::/64',
      'fe80:0:0:0::/64',
      null,
    ]);
    const standing = { hotkey: aHotkey(1), registered: true, permitted: false, knownIp: false };
    expect(classOf(standing)).to.equal('member');
    expect(classOf({ ...standing, knownIp: true })).to.equal('privileged');
    expect(classOf({ ...standing, permitted: true })).to.equal('privileged');
    expect(classOf({ ...standing, registered: false, permitted: true })).to.equal('unregistered');
    expect(classOf({ ...standing, hotkey: null })).to.equal('unproved');
  });
});

describe('rules about peers', () => {
  const peerId = peerIdFromKey(new Uint8Array(32).fill(1));
  const subject = (text: string): PeerSubject => {
    const parsed = parseSubject(text);
    if (!parsed.ok) throw new Error(parsed.error);
    return parsed.value;
  };
  const rule = (text: string, change: Partial<PeerRule> = {}): PeerRule => ({
    subject: subject(text),
    rule: 'deny',
    untilMs: null,
    reason: 'test',
    madeBy: 'operator',
    madeAtMs: 0,
    ...change,
  });

  it('read what they are about in one form', () => {
    expect(subject('203.0.113.7')).to.deep.equal({ type: 'range', value: '203.0.113.7/32' });
    expect(subject('2001:DB8::/32')).to.deep.equal({ type: 'range', value: '2001:db8::/32' });
    expect(subject(peerId)).to.deep.equal({ type: 'peer', value: peerId });
    expect(subject(aHotkey(1))).to.deep.equal({ type: 'hotkey', value: aHotkey(1) });
    for (const text of ['', 'x', '1.2.3', '1.2.3.4/33', '1.2.3.4/', '1.2.3.4/8/9', '::/129', '1.2.3.4/-1', '../x'])
      expect(parseSubject(text).ok, text).to.equal(false);
  });

  it('keep out by name and range until they end; an exception wins', () => {
    const rules = createPeerRules();
    rules.replace([
      rule('203.0.113.0/24'),
      rule('2001:db8::/32', { untilMs: 100 }),
      rule(aHotkey(1)),
      rule('203.0.113.7', { rule: 'allow' }),
    ]);
    const judge = (facts: Parameters<typeof rules.judge>[0], nowMs = 50) => rules.judge(facts, nowMs)?.rule ?? null;
    expect(judge({ ip: '203.0.113.9' })).to.equal('deny');
    expect(judge({ ip: '203.0.114.9' })).to.equal(null);
    expect(judge({ ip: '203.0.113.7' })).to.equal('allow');
    expect(judge({ ip: '203.0.113.7', hotkey: aHotkey(1) })).to.equal('allow');
    expect(judge({ ip: '::ffff:203.0.113.9' })).to.equal('deny');
    expect(judge({ ip: '2001:db8:5::1' })).to.equal('deny');
    expect(judge({ ip: '2001:db8:5::1' }, 100)).to.equal(null);
    expect(judge({ peerId, hotkey: aHotkey(1) })).to.equal('deny');
    expect(judge({ peerId, hotkey: aHotkey(2), ip: null })).to.equal(null);
    rules.replace([]);
    expect(judge({ ip: '203.0.113.9' })).to.equal(null);
  });
});

describe('whom to dial', () => {
  const candidates = Array.from({ length: 40 }, (_, n) => ({
    hotkey: aHotkey(n),
    permitted: n < 20,
    stakeRao: BigInt(n < 20 ? 1_000 - n : 5_000),
  }));
  const ticket = (hotkey: string) => (candidates.findIndex((one) => one.hotkey === hotkey) * 7919) % 101;

  it('is some by stake and the rest by lot, nobody twice, nobody connected', () => {
    const connected = new Set([aHotkey(0), aHotkey(30)]);
    const picks = pickDials(candidates, { connected, ticket, count: 12 });
    expect(new Set(picks).size).to.equal(12);
    expect(picks.some((hotkey) => connected.has(hotkey))).to.equal(false);
    const staked = new Set(candidates.slice(0, 16).map(({ hotkey }) => hotkey));
    expect(picks.slice(0, BY_STAKE_WANTED - 1).every((hotkey) => staked.has(hotkey))).to.equal(true);
    const byLot = [...candidates].sort((a, b) => ticket(a.hotkey) - ticket(b.hotkey)).map(({ hotkey }) => hotkey);
    expect(picks.slice(BY_STAKE_WANTED - 1)).to.deep.equal(
      byLot
        .filter((hotkey) => !connected.has(hotkey) && !picks.slice(0, BY_STAKE_WANTED - 1).includes(hotkey))
        .slice(0, 12 - BY_STAKE_WANTED + 1),
    );
  });

  it('reaches everybody in the end: an attacker with most of the seats cannot fill the picks of a newcomer', () => {
    let seed = 1;
    const draw = () => {
      seed = (seed * 48_271) % 0x7fffffff;
      return seed / 0x7fffffff;
    };
    const honest = new Set(candidates.slice(0, 14).map(({ hotkey }) => hotkey));
    const met = Array.from({ length: 200 }, () => {
      const tickets = new Map(candidates.map(({ hotkey }) => [hotkey, draw()]));
      return pickDials(candidates, { connected: new Set(), ticket: (hotkey) => tickets.get(hotkey) ?? 1, count: 12 }).filter((one) =>
        honest.has(one),
      );
    });
    expect(met.every((picks) => picks.length > 0)).to.equal(true);
  });
});
