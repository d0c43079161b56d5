/** What is heard and said by gossip, and rules about who says it. Part of the contract of stores. */
import { expect } from 'chai';
import type { Stores } from '../../../node/ports.js';
import type { PeerRule } from '../../../protocol/peer-rules.js';
import { anAnnouncement, anEquivocation, hotkeyNamed, modelNamed } from '../../support/store-samples.js';

export function gossipStores(stores: () => Stores): void {
  describe('announcements', () => {
    it('keeps the one of highest sequence per hotkey and model', async () => {
      const nowMs = anAnnouncement().issuedAtMs;
      expect(await stores().announcements.put(anAnnouncement({ sequence: 9n }))).to.equal(true);
      expect(await stores().announcements.put(anAnnouncement({ sequence: 9n, sizeBytes: 1 }))).to.equal(false);
      expect(await stores().announcements.put(anAnnouncement({ sequence: 8n }))).to.equal(false);
      const newest = anAnnouncement({ sequence: 18_446_744_073_709_551_615n, providers: [] });
      expect(await stores().announcements.put(newest)).to.equal(true);
      expect(await stores().announcements.active(nowMs)).to.deep.equal([newest]);
    });

    it('lists what has not expired, newest first, also by model', async () => {
      const old = anAnnouncement({ hotkey: hotkeyNamed('a'), issuedAtMs: 1_000, expiresAtMs: 2_000 });
      const young = anAnnouncement({ hotkey: hotkeyNamed('b'), issuedAtMs: 1_500, expiresAtMs: 3_000 });
      const other = anAnnouncement({ model: modelNamed('other'), issuedAtMs: 1_200, expiresAtMs: 3_000 });
      for (const item of [old, young, other]) await stores().announcements.put(item);
      expect(await stores().announcements.active(1_999)).to.deep.equal([young, other, old]);
      expect(await stores().announcements.active(2_000)).to.deep.equal([young, other]);
      expect(await stores().announcements.forModel(old.model, 1_999)).to.deep.equal([young, old]);
    });
  });

  describe('sequences', () => {
    it('gives strictly growing numbers, at least what is asked, under concurrency', async () => {
      const hotkey = hotkeyNamed('me');
      expect(await stores().sequences.next(hotkey, 1, 0n)).to.equal(0n);
      expect(await stores().sequences.next(hotkey, 1, 0n)).to.equal(1n);
      expect(await stores().sequences.next(hotkey, 1, 500n)).to.equal(500n);
      expect(await stores().sequences.next(hotkey, 1, 3n)).to.equal(501n);
      expect(await stores().sequences.next(hotkey, 2, 3n)).to.equal(3n);
      const many = await Promise.all(Array.from({ length: 20 }, () => stores().sequences.next(hotkey, 1, 0n)));
      expect(new Set(many).size).to.equal(20);
    });

    it('remembers the highest seen', async () => {
      const hotkey = hotkeyNamed('them');
      expect(await stores().sequences.seen(hotkey, 1)).to.equal(null);
      await stores().sequences.recordSeen(hotkey, 1, 7n, 'aa');
      await stores().sequences.recordSeen(hotkey, 1, 6n, 'bb');
      expect(await stores().sequences.seen(hotkey, 1)).to.deep.equal({ sequence: 7n, bodyDigest: 'aa' });
    });
  });

  describe('equivocations', () => {
    it('keeps the first proof per hotkey, kind and number, exactly', async () => {
      const proof = anEquivocation();
      expect(await stores().equivocations.put(proof)).to.equal(true);
      expect(await stores().equivocations.put({ ...proof, secondDigest: 'ee'.repeat(32) })).to.equal(false);
      const later = anEquivocation({ kind: 'scoreReveal', first: null, sequence: 18_446_744_073_709_551_615n, block: 200 });
      expect(await stores().equivocations.put(later)).to.equal(true);
      expect(await stores().equivocations.list(10)).to.deep.equal([later, proof]);
      expect(await stores().equivocations.list(1)).to.deep.equal([later]);
      const another = anEquivocation({ hotkey: hotkeyNamed('another') });
      await stores().equivocations.put(another);
      expect(await stores().equivocations.list(1, proof.hotkey)).to.deep.equal([later]);
      expect(await stores().equivocations.list(10, another.hotkey)).to.deep.equal([another]);
      expect(await stores().equivocations.since(proof.block)).to.deep.equal([proof, later, another]);
      expect(await stores().equivocations.since(proof.block + 1)).to.deep.equal([later]);
      expect(await stores().equivocations.since(-5)).to.have.length(3);
    });
  });

  describe('rules about peers', () => {
    const rule = (value: string, change: Partial<PeerRule> = {}): PeerRule => ({
      subject: { type: 'range', value },
      rule: 'deny',
      untilMs: null,
      reason: 'test',
      madeBy: 'operator',
      madeAtMs: 1_000,
      ...change,
    });

    it('keeps one per subject until it ends or is taken back, newest first', async () => {
      const [a, b] = [rule('10.0.0.0/8', { untilMs: 2_000 }), rule('10.1.0.0/16', { madeAtMs: 1_001, rule: 'allow' })];
      expect(await stores().peerRules.put(a, 9)).to.equal(true);
      expect(await stores().peerRules.put(b, 9)).to.equal(true);
      expect(await stores().peerRules.inForce(1_999)).to.deep.equal([b, a]);
      expect(await stores().peerRules.inForce(2_000)).to.deep.equal([b]);
      const again = { ...b, rule: 'deny', madeAtMs: 1_002 } as const;
      expect(await stores().peerRules.put(again, 9)).to.equal(true);
      expect(await stores().peerRules.inForce(2_000)).to.deep.equal([again]);
      expect(await stores().peerRules.remove(b.subject)).to.equal(true);
      expect(await stores().peerRules.remove(b.subject)).to.equal(false);
    });

    it('lets an operator overrule the node, and not the other way round', async () => {
      const [ours, theirs] = [rule('10.0.0.0/8', { madeBy: 'node' }), rule('10.0.0.0/8', { rule: 'allow', madeAtMs: 1_500 })];
      expect(await stores().peerRules.put(ours, 9)).to.equal(true);
      expect(await stores().peerRules.put(theirs, 9)).to.equal(true);
      expect(await stores().peerRules.put(ours, 9)).to.equal(false);
      expect(await stores().peerRules.inForce(0)).to.deep.equal([theirs]);
    });

    it('holds so many: the oldest of the node give way to an operator', async () => {
      const [first, second] = [rule('10.0.0.1/32', { madeBy: 'node' }), rule('10.0.0.2/32', { madeBy: 'node', madeAtMs: 1_001 })];
      for (const one of [first, second]) await stores().peerRules.put(one, 2);
      expect(await stores().peerRules.put(rule('10.0.0.3/32', { madeBy: 'node', madeAtMs: 1_002 }), 2)).to.equal(false);
      const third = rule('10.0.0.4/32', { madeAtMs: 1_003 });
      expect(await stores().peerRules.put(third, 2)).to.equal(true);
      expect(await stores().peerRules.inForce(0)).to.deep.equal([third, second]);
      for (const value of ['10.0.0.5/32', '10.0.0.6/32']) await stores().peerRules.put(rule(value, { madeAtMs: 1_004 }), 2);
      expect(await stores().peerRules.inForce(0)).to.have.length(2);
    });
  });
}
