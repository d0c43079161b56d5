/** What every implementation of the stores promises. `open` gives empty stores. */
import { expect } from 'chai';
import type { NewSubmission, Stores, SubmissionRow, SubmissionState } from '../../node/ports.js';
import { mayFollow, SUBMISSION_STATES } from '../../node/weights/states.js';
import { isFailure } from '../../protocol/failure.js';
import type { PeerRule } from '../../protocol/peer-rules.js';
import {
  aHashCommit,
  aNeuron,
  anAnnouncement,
  anAudit,
  anEquivocation,
  aRecord,
  aRound,
  aSnapshot,
  aStanding,
  aSubmission,
  aTimelockedCommit,
  GENESIS,
  hashNamed,
  hotkeyNamed,
  modelNamed,
} from '../support/store-samples.js';

export async function codeOf(work: Promise<unknown>): Promise<string> {
  try {
    await work;
    return 'none';
  } catch (err) {
    return isFailure(err) ? err.code : String(err);
  }
}

export function storesContract(name: string, open: () => Promise<Stores>): void {
  describe(`stores (${name})`, () => {
    let stores: Stores;
    beforeEach(async () => {
      stores = await open();
    });

    describe('registry', () => {
      const axon = { ip: '::1', port: 8091, protocol: 4, version: 1, block: 5, peerKey: null };

      it('gives back the newest snapshot, exactly, by ascending uid', async () => {
        const snapshot = aSnapshot(100, [aNeuron({ uid: 0 }), aNeuron({ uid: 4, axon, commitment: { block: 44, data: 'c0ffee' } })]);
        await stores.registry.save({ ...snapshot, neurons: [...snapshot.neurons].reverse() }, []);
        expect(await stores.registry.latest(GENESIS, 58)).to.deep.equal(snapshot);
        expect(await stores.registry.latest(GENESIS, 59)).to.equal(null);
        expect(await stores.registry.latest(hashNamed('another chain'), 58)).to.equal(null);
      });

      it('replaces neurons: seats change hands, people change seats, some leave', async () => {
        const [a, b, c] = [aNeuron({ uid: 0 }), aNeuron({ uid: 1 }), aNeuron({ uid: 2 })];
        await stores.registry.save(aSnapshot(100, [a, b, c]), []);
        const next = aSnapshot(101, [
          { ...b, uid: 0 },
          { ...a, uid: 1, stakeRao: 5n },
          { ...c, registeredAt: 101 },
        ]);
        await stores.registry.save(next, []);
        expect(await stores.registry.latest(GENESIS, 58)).to.deep.equal(next);
      });

      it('refuses an older block and keeps the newer state whole', async () => {
        const snapshot = aSnapshot(100, [aNeuron()]);
        await stores.registry.save(snapshot, []);
        const change = { kind: 'stake', block: 99, hotkey: hotkeyNamed('x'), uid: 0, before: '1', after: '2' } as const;
        expect(await codeOf(stores.registry.save(aSnapshot(99, []), [change]))).to.equal('store.block_older');
        expect(await stores.registry.latest(GENESIS, 58)).to.deep.equal(snapshot);
        expect(await stores.registry.changes(GENESIS, 58, 10)).to.deep.equal([]);
      });

      it('accepts the same block again', async () => {
        await stores.registry.save(aSnapshot(100, [aNeuron()]), []);
        expect(await codeOf(stores.registry.save(aSnapshot(100, [aNeuron()]), []))).to.equal('none');
      });

      it('lists changes newest first, up to the limit', async () => {
        const hotkey = hotkeyNamed('m');
        const joined = { kind: 'registered', block: 100, hotkey, uid: 1, registeredAt: 98 } as const;
        const moved = { kind: 'renumbered', block: 101, hotkey, from: 1, to: 0 } as const;
        const left = { kind: 'deregistered', block: 101, hotkey, uid: 0, replacedBy: null } as const;
        await stores.registry.save(aSnapshot(100, []), [joined]);
        await stores.registry.save(aSnapshot(101, []), [moved, left]);
        expect(await stores.registry.changes(GENESIS, 58, 10)).to.deep.equal([left, moved, joined]);
        expect(await stores.registry.changes(GENESIS, 58, 1)).to.deep.equal([left]);
      });
    });

    describe('announcements', () => {
      it('keeps the one of highest sequence per hotkey and model', async () => {
        const nowMs = anAnnouncement().issuedAtMs;
        expect(await stores.announcements.put(anAnnouncement({ sequence: 9n }))).to.equal(true);
        expect(await stores.announcements.put(anAnnouncement({ sequence: 9n, sizeBytes: 1 }))).to.equal(false);
        expect(await stores.announcements.put(anAnnouncement({ sequence: 8n }))).to.equal(false);
        const newest = anAnnouncement({ sequence: 18_446_744_073_709_551_615n, providers: [] });
        expect(await stores.announcements.put(newest)).to.equal(true);
        expect(await stores.announcements.active(nowMs)).to.deep.equal([newest]);
      });

      it('lists what has not expired, newest first, also by model', async () => {
        const old = anAnnouncement({ hotkey: hotkeyNamed('a'), issuedAtMs: 1_000, expiresAtMs: 2_000 });
        const young = anAnnouncement({ hotkey: hotkeyNamed('b'), issuedAtMs: 1_500, expiresAtMs: 3_000 });
        const other = anAnnouncement({ model: modelNamed('other'), issuedAtMs: 1_200, expiresAtMs: 3_000 });
        for (const item of [old, young, other]) await stores.announcements.put(item);
        expect(await stores.announcements.active(1_999)).to.deep.equal([young, other, old]);
        expect(await stores.announcements.active(2_000)).to.deep.equal([young, other]);
        expect(await stores.announcements.forModel(old.model, 1_999)).to.deep.equal([young, old]);
      });
    });

    describe('sequences', () => {
      it('gives strictly growing numbers, at least what is asked, under concurrency', async () => {
        const hotkey = hotkeyNamed('me');
        expect(await stores.sequences.next(hotkey, 1, 0n)).to.equal(0n);
        expect(await stores.sequences.next(hotkey, 1, 0n)).to.equal(1n);
        expect(await stores.sequences.next(hotkey, 1, 500n)).to.equal(500n);
        expect(await stores.sequences.next(hotkey, 1, 3n)).to.equal(501n);
        expect(await stores.sequences.next(hotkey, 2, 3n)).to.equal(3n);
        const many = await Promise.all(Array.from({ length: 20 }, () => stores.sequences.next(hotkey, 1, 0n)));
        expect(new Set(many).size).to.equal(20);
      });

      it('remembers the highest seen', async () => {
        const hotkey = hotkeyNamed('them');
        expect(await stores.sequences.seen(hotkey, 1)).to.equal(null);
        await stores.sequences.recordSeen(hotkey, 1, 7n, 'aa');
        await stores.sequences.recordSeen(hotkey, 1, 6n, 'bb');
        expect(await stores.sequences.seen(hotkey, 1)).to.deep.equal({ sequence: 7n, bodyDigest: 'aa' });
      });
    });

    describe('models', () => {
      it('puts, replaces, gets and lists', async () => {
        const row = {
          hotkey: hotkeyNamed('m'),
          registeredAt: 7,
          model: modelNamed('a'),
          commitmentBlock: 44,
          state: 'retry',
          reason: { code: 'model.too_large', facts: { sizeBytes: 3, names: ['a', 'b'], strange: 'ends \ud800 with\u0007' } },
          attempts: 2,
          manifest: null,
          tensorDigests: ['f32:3 → aa'],
        } as const;
        expect(await stores.models.get(row.hotkey, row.model)).to.equal(null);
        await stores.models.put({ ...row, reason: { code: 'x', facts: { text: 'plain' } } });
        const earlier = { ...row, model: modelNamed('b'), commitmentBlock: 40, reason: null, state: 'scored' } as const;
        await stores.models.put(earlier);
        await stores.models.put({ ...earlier, attempts: 3 });
        const kept = await stores.models.get(row.hotkey, row.model);
        expect(kept?.reason).to.deep.equal({ code: 'x', facts: { text: 'plain' } });
        expect((await stores.models.list()).map((item) => [item.model, item.attempts])).to.deep.equal([
          [modelNamed('b'), 3],
          [modelNamed('a'), 2],
        ]);
        expect(await codeOf(stores.models.put(row))).to.equal('none');
      });
    });

    describe('rounds', () => {
      it('lets the first opening stand', async () => {
        expect(await stores.rounds.open(aRound(12))).to.deep.equal(aRound(12));
        expect(await stores.rounds.open(aRound(12, { entries: [] }))).to.deep.equal(aRound(12));
        expect(await stores.rounds.get(13)).to.equal(null);
      });

      it('changes the named fields only', async () => {
        await stores.rounds.open(aRound(12));
        const note = { code: 'scoring.low_coverage', facts: { percent: 12 } };
        await stores.rounds.update(12, { state: 'skipped', note });
        expect(await stores.rounds.get(12)).to.deep.equal(aRound(12, { state: 'skipped', note }));
        await stores.rounds.update(12, { note: null, entries: [] });
        expect(await stores.rounds.get(12)).to.deep.equal(aRound(12, { state: 'skipped', entries: [] }));
      });

      it('lists newest first', async () => {
        for (const round of [3, 11, 2]) await stores.rounds.open(aRound(round));
        expect((await stores.rounds.list(2)).map((row) => row.round)).to.deep.equal([11, 3]);
      });
    });

    describe('scores', () => {
      const score = { record: aRecord(), validator: hotkeyNamed('v'), envelope: new Uint8Array(), receivedAtMs: 5 };

      it('keeps the first record of a validator, model and round', async () => {
        expect(await stores.scores.put(score)).to.equal(true);
        const other = { ...score, record: aRecord({ scorePpm: 1 }), envelope: Uint8Array.of(1) };
        expect(await stores.scores.put(other)).to.equal(false);
        expect(await stores.scores.ofRound(12)).to.deep.equal([score]);
        expect(await stores.scores.put({ ...score, validator: hotkeyNamed('w') })).to.equal(true);
        expect(await stores.scores.ofRound(13)).to.deep.equal([]);
      });

      it('takes the envelope of our own record once it is published', async () => {
        await stores.scores.put(score);
        expect(await stores.scores.put({ ...score, envelope: Uint8Array.of(1, 2) })).to.equal(false);
        expect(await stores.scores.put({ ...score, envelope: Uint8Array.of(9) })).to.equal(false);
        expect((await stores.scores.ofRound(12))[0]?.envelope).to.deep.equal(Uint8Array.of(1, 2));
      });

      it('keeps the first commit of a validator, and learns what it held', async () => {
        const commit = {
          round: 12,
          validator: hotkeyNamed('v'),
          commitment: 'ab'.repeat(32),
          block: 9,
          recordDigests: [],
          nonce: null,
          nextNonceDigest: 'ef'.repeat(32),
        };
        const learnt = { recordDigests: ['x'], nonce: '12'.repeat(32) };
        expect(await stores.scores.putCommit(commit)).to.equal(true);
        expect(await stores.scores.putCommit({ ...commit, commitment: 'cd'.repeat(32), ...learnt })).to.equal(false);
        expect(await stores.scores.commitsOf(12)).to.deep.equal([commit]);
        expect(await stores.scores.putCommit({ ...commit, ...learnt })).to.equal(false);
        expect(await stores.scores.commitsOf(12)).to.deep.equal([{ ...commit, ...learnt }]);
        expect(await stores.scores.putCommit({ ...commit, recordDigests: ['y'], nonce: '34'.repeat(32) })).to.equal(false);
        expect(await stores.scores.commitsOf(12)).to.deep.equal([{ ...commit, ...learnt }]);
      });

      it('makes one nonce per round', async () => {
        const [a, b] = await Promise.all([stores.scores.nonce(12), stores.scores.nonce(12)]);
        expect(a).to.have.length(32);
        expect(b).to.deep.equal(a);
        expect(await stores.scores.nonce(13)).to.not.deep.equal(a);
      });
    });

    describe('progress', () => {
      const job = { round: 3, hotkey: hotkeyNamed('miner'), model: modelNamed('voice') };
      const [scorer, other] = ['ab'.repeat(32), 'cd'.repeat(32)];
      const heard = (prompt: number, scorePpm: number) => ({
        prompt,
        score: { parts: { content: scorePpm, clean: 5 }, scorePpm, audioDigest: 'ef'.repeat(32), fingerprint: '0a', fault: null },
        synthesisMs: 12,
        judgeMs: 34,
      });

      it('keeps the first score of a prompt, by job and scorer, in the order of the prompts', async () => {
        await stores.progress.put(job, scorer, heard(2, 700_000));
        await stores.progress.put(job, scorer, heard(0, 500_000));
        await stores.progress.put(job, scorer, heard(2, 1));
        await stores.progress.put(job, other, heard(1, 9));
        await stores.progress.put({ ...job, round: 4 }, scorer, heard(3, 9));
        expect(await stores.progress.of(job, scorer)).to.deep.equal([heard(0, 500_000), heard(2, 700_000)]);
        expect(await stores.progress.of({ ...job, model: modelNamed('other') }, scorer)).to.deep.equal([]);
        const { score, ...rest } = heard(4, 600_000);
        const neural = { ...rest, score: { ...score, voice: '7f80', details: { transcript: 'hello', words: { deletions: 1 } } } };
        await stores.progress.put(job, scorer, neural);
        expect((await stores.progress.of(job, scorer)).at(-1)).to.deep.equal(neural);
      });

      it('lists what stages took, newest first', async () => {
        const stage = { ...job, stage: 'first', prompts: 8, loadMs: 1, synthesisMs: 2, judgeMs: 3, totalMs: 4, host: 'here' } as const;
        await stores.progress.putStage(stage);
        await stores.progress.putStage({ ...stage, stage: 'contenders', prompts: 56 });
        expect(await stores.progress.stages(5)).to.deep.equal([{ ...stage, stage: 'contenders', prompts: 56 }, stage]);
        expect(await stores.progress.stages(1)).to.have.length(1);
      });
    });

    describe('audits', () => {
      it('keeps the first audit of a record, with its evidence', async () => {
        const audit = anAudit();
        expect(await stores.audits.put(audit)).to.equal(true);
        expect(await stores.audits.put({ ...audit, verdict: 'not_reproduced' })).to.equal(false);
        expect(await stores.audits.ofRound(12)).to.deep.equal([audit]);
        expect(await stores.audits.ofRound(13)).to.deep.equal([]);
      });

      it('tells the outcomes since a round, oldest first', async () => {
        for (const round of [14, 11, 12]) await stores.audits.put(anAudit({ round, verdict: 'not_reproduced', reason: `round ${round}` }));
        const told = await stores.audits.since(12);
        expect(told).to.deep.equal(
          [12, 14].map((round) => ({ round, validator: hotkeyNamed('v'), verdict: 'not_reproduced', reason: `round ${round}` })),
        );
      });
    });

    describe('equivocations', () => {
      it('keeps the first proof per hotkey, kind and number, exactly', async () => {
        const proof = anEquivocation();
        expect(await stores.equivocations.put(proof)).to.equal(true);
        expect(await stores.equivocations.put({ ...proof, secondDigest: 'ee'.repeat(32) })).to.equal(false);
        const later = anEquivocation({ kind: 'scoreReveal', first: null, sequence: 18_446_744_073_709_551_615n, block: 200 });
        expect(await stores.equivocations.put(later)).to.equal(true);
        expect(await stores.equivocations.list(10)).to.deep.equal([later, proof]);
        expect(await stores.equivocations.list(1)).to.deep.equal([later]);
        expect(await stores.equivocations.since(proof.block)).to.deep.equal([proof, later]);
        expect(await stores.equivocations.since(proof.block + 1)).to.deep.equal([later]);
        expect(await stores.equivocations.since(-5)).to.have.length(2);
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
        expect(await stores.peerRules.put(a, 9)).to.equal(true);
        expect(await stores.peerRules.put(b, 9)).to.equal(true);
        expect(await stores.peerRules.inForce(1_999)).to.deep.equal([b, a]);
        expect(await stores.peerRules.inForce(2_000)).to.deep.equal([b]);
        const again = { ...b, rule: 'deny', madeAtMs: 1_002 } as const;
        expect(await stores.peerRules.put(again, 9)).to.equal(true);
        expect(await stores.peerRules.inForce(2_000)).to.deep.equal([again]);
        expect(await stores.peerRules.remove(b.subject)).to.equal(true);
        expect(await stores.peerRules.remove(b.subject)).to.equal(false);
      });

      it('lets an operator overrule the node, and not the other way round', async () => {
        const [ours, theirs] = [rule('10.0.0.0/8', { madeBy: 'node' }), rule('10.0.0.0/8', { rule: 'allow', madeAtMs: 1_500 })];
        expect(await stores.peerRules.put(ours, 9)).to.equal(true);
        expect(await stores.peerRules.put(theirs, 9)).to.equal(true);
        expect(await stores.peerRules.put(ours, 9)).to.equal(false);
        expect(await stores.peerRules.inForce(0)).to.deep.equal([theirs]);
      });

      it('holds so many: the oldest of the node give way to an operator', async () => {
        const [first, second] = [rule('10.0.0.1/32', { madeBy: 'node' }), rule('10.0.0.2/32', { madeBy: 'node', madeAtMs: 1_001 })];
        for (const one of [first, second]) await stores.peerRules.put(one, 2);
        expect(await stores.peerRules.put(rule('10.0.0.3/32', { madeBy: 'node', madeAtMs: 1_002 }), 2)).to.equal(false);
        const third = rule('10.0.0.4/32', { madeAtMs: 1_003 });
        expect(await stores.peerRules.put(third, 2)).to.equal(true);
        expect(await stores.peerRules.inForce(0)).to.deep.equal([third, second]);
        for (const value of ['10.0.0.5/32', '10.0.0.6/32']) await stores.peerRules.put(rule(value, { madeAtMs: 1_004 }), 2);
        expect(await stores.peerRules.inForce(0)).to.have.length(2);
      });
    });

    describe('flags of the exchange', () => {
      it('keeps each fault of a validator in a round once', async () => {
        const flag = {
          round: 12,
          validator: hotkeyNamed('v'),
          fault: 'late',
          block: 9,
          reason: 'two blocks',
          envelope: Uint8Array.of(1),
        } as const;
        expect(await stores.flags.put(flag)).to.equal(true);
        expect(await stores.flags.put({ ...flag, reason: 'again' })).to.equal(false);
        expect(await stores.flags.put({ ...flag, fault: 'mismatch' })).to.equal(true);
        expect(await stores.flags.ofRound(12)).to.deep.equal([flag, { ...flag, fault: 'mismatch' }]);
        expect(await stores.flags.ofRound(11)).to.deep.equal([]);
      });
    });

    describe('standings', () => {
      it('replaces a round and finds the newest before', async () => {
        await stores.standings.put(10, [aStanding(10)]);
        await stores.standings.put(11, [aStanding(11), aStanding(11, { hotkey: hotkeyNamed('gone') })]);
        const rows = [
          aStanding(11, { sharePpm: 900_000, scorePpm: null }),
          aStanding(11, {
            hotkey: hotkeyNamed('z'),
            sharePpm: 0,
            rank: null,
            behind: hotkeyNamed('miner'),
            unheardRounds: 2,
            ancestors: [{ model: modelNamed('before'), commitmentBlock: 9 }],
            kinship: {
              kind: 'copy',
              of: hotkeyNamed('miner'),
              model: modelNamed('voice'),
              because: 'same tensors',
              tensorsPercent: 97,
              distancePpm: null,
            },
            copyOf: hotkeyNamed('miner'),
            copyEvidence: 'same tensors',
          }),
        ];
        await stores.standings.put(11, rows);
        expect(await stores.standings.ofRound(11)).to.deep.equal(rows);
        expect(await stores.standings.before(12)).to.deep.equal(rows);
        expect(await stores.standings.before(11)).to.deep.equal([aStanding(10)]);
        expect(await stores.standings.before(10)).to.deep.equal([]);
      });
    });

    describe('submissions', () => {
      const included = { number: 3_702, hash: hashNamed('included') };
      const committed = { committed: { number: 3_701, hash: hashNamed('committed') }, commitEpoch: 9 };
      const failure = { code: 'chain.rate_limited', facts: { blocksLeft: 37 } };

      async function planned(of: NewSubmission = aSubmission()): Promise<SubmissionRow> {
        const row = await stores.submissions.plan(of);
        if (row === null) throw new Error('the epoch is taken');
        return row;
      }

      /** A fresh submission brought to that state by the shortest legal way. */
      async function reached(state: SubmissionState, of: NewSubmission): Promise<SubmissionRow> {
        const path: Partial<Record<SubmissionState, readonly SubmissionState[]>> = {
          planned: [],
          sent: ['sent'],
          committed: ['sent', 'committed'],
          revealing: ['sent', 'committed', 'revealing'],
          abandoned: ['abandoned'],
        };
        let row = await planned(of);
        for (const next of path[state] ?? ['sent', state])
          row = await stores.submissions.mark(row, next, next === 'committed' ? committed : {});
        return row;
      }

      it('plans one live submission per epoch, even when asked twice at once', async () => {
        const both = await Promise.all([stores.submissions.plan(aSubmission()), stores.submissions.plan(aSubmission())]);
        const there = both.filter((row) => row !== null);
        expect(there).to.have.length(1);
        expect(there[0]).to.deep.include({ ...aSubmission(), state: 'planned', included: null, extrinsicHash: null, failure: null });
        expect(await stores.submissions.plan(aSubmission({ mechanism: 1 }))).to.not.equal(null);
        expect(await stores.submissions.plan(aSubmission({ epochStart: 3_961 }))).to.not.equal(null);
      });

      it('plans anew after a refusal, not after success, not after a loss', async () => {
        const first = await stores.submissions.mark(await planned(), 'sent');
        await stores.submissions.mark(first, 'refused', { failure });
        const second = await stores.submissions.mark(await planned(), 'sent');
        await stores.submissions.mark(second, 'finalized', { included, extrinsicHash: hashNamed('extrinsic') });
        expect(await stores.submissions.plan(aSubmission())).to.equal(null);
        const listed = await stores.submissions.list(10);
        expect(listed.map((row) => row.state)).to.deep.equal(['finalized', 'refused']);
        expect(listed[0]).to.deep.include({ included, extrinsicHash: hashNamed('extrinsic') });
        expect(listed[1]?.failure).to.deep.equal(failure);
        await reached('lost', aHashCommit({ epochStart: 9_000 }));
        expect(await stores.submissions.plan(aHashCommit({ epochStart: 9_000 }))).to.equal(null);
      });

      it('keeps what the reveal of a commit by hash needs, word for word, and does not show the salt', async () => {
        const row = await planned(aHashCommit({ burn: { percent: 12, hotkey: hotkeyNamed('owner') } }));
        const [kept] = await stores.submissions.unsettled();
        expect(kept?.salt?.reveal()).to.deep.equal([0, 65_535, 7]);
        expect(kept).to.deep.include({ way: 'hash', digest: hashNamed('commit'), revealRound: null, burn: row.burn });
        expect(JSON.stringify({ ...kept, versionKey: '' })).to.include('"salt":"[secret]"');
        const locked = await planned(aTimelockedCommit({ epochStart: 7 }));
        expect(locked).to.deep.include({ way: 'timelocked', digest: hashNamed('ciphertext'), salt: null, revealRound: 4_000_000_000 });
      });

      it('follows a commit to its reveal, and keeps every step', async () => {
        let row = await stores.submissions.mark(await planned(aHashCommit()), 'sent');
        row = await stores.submissions.mark(row, 'committed', {
          ...committed,
          commitExtrinsicHash: hashNamed('c'),
          revealFrom: 10,
          revealUntil: 20,
        });
        row = await stores.submissions.mark(row, 'committed', { revealFrom: 11, revealUntil: 21 });
        expect(row).to.deep.include({ ...committed, commitExtrinsicHash: hashNamed('c'), revealFrom: 11, revealUntil: 21 });
        row = await stores.submissions.mark(row, 'revealing');
        row = await stores.submissions.mark(row, 'committed', { failure });
        row = await stores.submissions.mark(row, 'revealing');
        row = await stores.submissions.mark(row, 'finalized', { included, extrinsicHash: hashNamed('e') });
        expect(row).to.deep.include({ ...committed, included, extrinsicHash: hashNamed('e'), failure: null, state: 'finalized' });
        expect((await stores.submissions.list(1))[0]).to.deep.include({ state: 'finalized', revealFrom: 11 });
        expect(await stores.submissions.steps(row.id)).to.deep.equal([
          { state: 'planned', block: 3_700, failure: null },
          { state: 'sent', block: null, failure: null },
          { state: 'committed', block: 3_701, failure: null },
          { state: 'revealing', block: null, failure: null },
          { state: 'committed', block: 3_701, failure },
          { state: 'revealing', block: null, failure: null },
          { state: 'finalized', block: 3_702, failure: null },
        ]);
      });

      for (const [way, sample] of [
        ['open', aSubmission],
        ['hash', aHashCommit],
        ['timelocked', aTimelockedCommit],
      ] as const) {
        it(`takes the transitions there are, and no other (${way})`, async () => {
          let epochStart = 0;
          for (const from of SUBMISSION_STATES) {
            if (
              from !== 'planned' &&
              from !== 'sent' &&
              from !== 'abandoned' &&
              !mayFollow(way, 'sent', from) &&
              !mayFollow(way, 'committed', from)
            )
              continue;
            for (const to of SUBMISSION_STATES) {
              epochStart += 1;
              const row = await reached(from, sample({ epochStart }));
              const answer = await codeOf(stores.submissions.mark(row, to, to === 'committed' && row.committed === null ? committed : {}));
              expect(answer, `${from} to ${to}`).to.equal(mayFollow(way, from, to) ? 'none' : 'store.row_refused');
            }
          }
        });
      }

      it('lets the one that saw the newest state go on, not the other', async () => {
        const row = await planned();
        await stores.submissions.mark(row, 'sent');
        expect(await codeOf(stores.submissions.mark(row, 'sent'))).to.equal('store.row_moved');
        expect(await codeOf(stores.submissions.mark({ id: 999, state: 'sent' }, 'finalized'))).to.equal('store.row_moved');
      });

      it('refuses to change a commit that is written down, or one without its epoch', async () => {
        const row = await reached('committed', aHashCommit());
        const other = { committed: { number: 1, hash: hashNamed('other') }, commitEpoch: 1 };
        expect(await codeOf(stores.submissions.mark(row, 'committed', other))).to.equal('store.row_refused');
        const sent = await reached('sent', aHashCommit({ epochStart: 5 }));
        expect(await codeOf(stores.submissions.mark(sent, 'committed'))).to.equal('store.row_refused');
      });

      it('lists what is not settled, oldest first', async () => {
        await reached('sent', aSubmission());
        await reached('committed', aHashCommit({ epochStart: 9_999 }));
        await reached('planned', aSubmission({ epochStart: 10_000 }));
        await reached('finalized', aSubmission({ epochStart: 10_001 }));
        const last = await reached('revealing', aHashCommit({ epochStart: 10_002 }));
        expect((await stores.submissions.unsettled()).map(({ state }) => state)).to.deep.equal([
          'sent',
          'committed',
          'planned',
          'revealing',
        ]);
        await stores.submissions.mark(last, 'lost', { failure });
        expect(await stores.submissions.unsettled()).to.have.length(3);
      });
    });
  });
}
