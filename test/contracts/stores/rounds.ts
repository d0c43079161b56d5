/** What is kept of each round: how it was opened, what was heard, how others were judged, where everybody stands. Part of the contract of stores. */
import { expect } from 'chai';
import type { Stores } from '../../../node/ports.js';
import { anAudit, aRecord, aRound, aStanding, hotkeyNamed, modelNamed } from '../../support/store-samples.js';

export function roundStores(stores: () => Stores): void {
  describe('rounds', () => {
    it('lets the first opening stand', async () => {
      expect(await stores().rounds.open(aRound(12))).to.deep.equal(aRound(12));
      expect(await stores().rounds.open(aRound(12, { entries: [] }))).to.deep.equal(aRound(12));
      expect(await stores().rounds.get(13)).to.equal(null);
    });

    it('changes the named fields only', async () => {
      await stores().rounds.open(aRound(12));
      const note = { code: 'scoring.low_coverage', facts: { percent: 12 } };
      await stores().rounds.update(12, { state: 'skipped', note });
      expect(await stores().rounds.get(12)).to.deep.equal(aRound(12, { state: 'skipped', note }));
      await stores().rounds.update(12, { note: null, entries: [] });
      expect(await stores().rounds.get(12)).to.deep.equal(aRound(12, { state: 'skipped', entries: [] }));
    });

    it('lists newest first', async () => {
      for (const round of [3, 11, 2]) await stores().rounds.open(aRound(round));
      expect((await stores().rounds.list(2)).map((row) => row.round)).to.deep.equal([11, 3]);
    });
  });

  describe('scores', () => {
    const score = { record: aRecord(), validator: hotkeyNamed('v'), envelope: new Uint8Array(), receivedAtMs: 5 };

    it('keeps the first record of a validator, model and round', async () => {
      expect(await stores().scores.put(score)).to.equal(true);
      const other = { ...score, record: aRecord({ scorePpm: 1 }), envelope: Uint8Array.of(1) };
      expect(await stores().scores.put(other)).to.equal(false);
      expect(await stores().scores.ofRound(12)).to.deep.equal([score]);
      expect(await stores().scores.put({ ...score, validator: hotkeyNamed('w') })).to.equal(true);
      expect(await stores().scores.ofRound(13)).to.deep.equal([]);
    });

    it('takes the envelope of our own record once it is published', async () => {
      await stores().scores.put(score);
      expect(await stores().scores.put({ ...score, envelope: Uint8Array.of(1, 2) })).to.equal(false);
      expect(await stores().scores.put({ ...score, envelope: Uint8Array.of(9) })).to.equal(false);
      expect((await stores().scores.ofRound(12))[0]?.envelope).to.deep.equal(Uint8Array.of(1, 2));
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
      expect(await stores().scores.putCommit(commit)).to.equal(true);
      expect(await stores().scores.putCommit({ ...commit, commitment: 'cd'.repeat(32), ...learnt })).to.equal(false);
      expect(await stores().scores.commitsOf(12)).to.deep.equal([commit]);
      expect(await stores().scores.putCommit({ ...commit, ...learnt })).to.equal(false);
      expect(await stores().scores.commitsOf(12)).to.deep.equal([{ ...commit, ...learnt }]);
      expect(await stores().scores.putCommit({ ...commit, recordDigests: ['y'], nonce: '34'.repeat(32) })).to.equal(false);
      expect(await stores().scores.commitsOf(12)).to.deep.equal([{ ...commit, ...learnt }]);
    });

    it('makes one nonce per round', async () => {
      const [a, b] = await Promise.all([stores().scores.nonce(12), stores().scores.nonce(12)]);
      expect(a).to.have.length(32);
      expect(b).to.deep.equal(a);
      expect(await stores().scores.nonce(13)).to.not.deep.equal(a);
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
      await stores().progress.put(job, scorer, heard(2, 700_000));
      await stores().progress.put(job, scorer, heard(0, 500_000));
      await stores().progress.put(job, scorer, heard(2, 1));
      await stores().progress.put(job, other, heard(1, 9));
      await stores().progress.put({ ...job, round: 4 }, scorer, heard(3, 9));
      expect(await stores().progress.of(job, scorer)).to.deep.equal([heard(0, 500_000), heard(2, 700_000)]);
      expect(await stores().progress.of({ ...job, model: modelNamed('other') }, scorer)).to.deep.equal([]);
      const { score, ...rest } = heard(4, 600_000);
      const neural = { ...rest, score: { ...score, voice: '7f80', details: { transcript: 'hello', words: { deletions: 1 } } } };
      await stores().progress.put(job, scorer, neural);
      expect((await stores().progress.of(job, scorer)).at(-1)).to.deep.equal(neural);
    });

    it('lists what stages took, newest first', async () => {
      const stage = { ...job, stage: 'first', prompts: 8, loadMs: 1, synthesisMs: 2, judgeMs: 3, totalMs: 4, host: 'here' } as const;
      await stores().progress.putStage(stage);
      await stores().progress.putStage({ ...stage, stage: 'contenders', prompts: 56 });
      expect(await stores().progress.stages(5)).to.deep.equal([{ ...stage, stage: 'contenders', prompts: 56 }, stage]);
      expect(await stores().progress.stages(1)).to.have.length(1);
    });
  });

  describe('audits', () => {
    it('keeps the first audit of a record, with its evidence', async () => {
      const audit = anAudit();
      expect(await stores().audits.put(audit)).to.equal(true);
      expect(await stores().audits.put({ ...audit, verdict: 'not_reproduced' })).to.equal(false);
      expect(await stores().audits.ofRound(12)).to.deep.equal([audit]);
      expect(await stores().audits.ofRound(13)).to.deep.equal([]);
    });

    it('tells the outcomes since a round, oldest first', async () => {
      for (const round of [14, 11, 12]) await stores().audits.put(anAudit({ round, verdict: 'not_reproduced', reason: `round ${round}` }));
      const told = await stores().audits.since(12);
      expect(told).to.deep.equal(
        [12, 14].map((round) => ({ round, validator: hotkeyNamed('v'), verdict: 'not_reproduced', reason: `round ${round}` })),
      );
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
      expect(await stores().flags.put(flag)).to.equal(true);
      expect(await stores().flags.put({ ...flag, reason: 'again' })).to.equal(false);
      expect(await stores().flags.put({ ...flag, fault: 'mismatch' })).to.equal(true);
      expect(await stores().flags.ofRound(12)).to.deep.equal([flag, { ...flag, fault: 'mismatch' }]);
      expect(await stores().flags.ofRound(11)).to.deep.equal([]);
    });
  });

  describe('standings', () => {
    it('replaces a round and finds the newest before', async () => {
      await stores().standings.put(10, [aStanding(10)]);
      await stores().standings.put(11, [aStanding(11), aStanding(11, { hotkey: hotkeyNamed('gone') })]);
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
      await stores().standings.put(11, rows);
      expect(await stores().standings.ofRound(11)).to.deep.equal(rows);
      expect(await stores().standings.before(12)).to.deep.equal(rows);
      expect(await stores().standings.before(11)).to.deep.equal([aStanding(10)]);
      expect(await stores().standings.before(10)).to.deep.equal([]);
    });
  });
}
