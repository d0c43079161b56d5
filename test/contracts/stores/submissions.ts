/** Weight submissions and commits, each moved on only by what a finalized block says. Part of the contract of stores. */
import { expect } from 'chai';
import type { NewSubmission, Stores, SubmissionRow, SubmissionState } from '../../../node/ports.js';
import { mayFollow, SUBMISSION_STATES } from '../../../node/weights/states.js';
import { aHashCommit, aSubmission, aTimelockedCommit, hashNamed, hotkeyNamed } from '../../support/store-samples.js';
import { codeOf } from '../code-of.js';

export function submissionStores(stores: () => Stores): void {
  describe('submissions', () => {
    const included = { number: 3_702, hash: hashNamed('included') };
    const committed = { committed: { number: 3_701, hash: hashNamed('committed') }, commitEpoch: 9 };
    const failure = { code: 'chain.rate_limited', facts: { blocksLeft: 37 } };

    async function planned(of: NewSubmission = aSubmission()): Promise<SubmissionRow> {
      const row = await stores().submissions.plan(of);
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
        row = await stores().submissions.mark(row, next, next === 'committed' ? committed : {});
      return row;
    }

    it('plans one live submission per epoch, even when asked twice at once', async () => {
      const both = await Promise.all([stores().submissions.plan(aSubmission()), stores().submissions.plan(aSubmission())]);
      const there = both.filter((row) => row !== null);
      expect(there).to.have.length(1);
      expect(there[0]).to.deep.include({ ...aSubmission(), state: 'planned', included: null, extrinsicHash: null, failure: null });
      expect(await stores().submissions.plan(aSubmission({ mechanism: 1 }))).to.not.equal(null);
      expect(await stores().submissions.plan(aSubmission({ epochStart: 3_961 }))).to.not.equal(null);
    });

    it('plans anew after a refusal, not after success, not after a loss', async () => {
      const first = await stores().submissions.mark(await planned(), 'sent');
      await stores().submissions.mark(first, 'refused', { failure });
      const second = await stores().submissions.mark(await planned(), 'sent');
      await stores().submissions.mark(second, 'finalized', { included, extrinsicHash: hashNamed('extrinsic') });
      expect(await stores().submissions.plan(aSubmission())).to.equal(null);
      const listed = await stores().submissions.list(10);
      expect(listed.map((row) => row.state)).to.deep.equal(['finalized', 'refused']);
      expect(listed[0]).to.deep.include({ included, extrinsicHash: hashNamed('extrinsic') });
      expect(listed[1]?.failure).to.deep.equal(failure);
      await reached('lost', aHashCommit({ epochStart: 9_000 }));
      expect(await stores().submissions.plan(aHashCommit({ epochStart: 9_000 }))).to.equal(null);
    });

    it('keeps what the reveal of a commit by hash needs, word for word, and does not show the salt', async () => {
      const row = await planned(aHashCommit({ burn: { percent: 12, hotkey: hotkeyNamed('owner') } }));
      const [kept] = await stores().submissions.unsettled();
      expect(kept?.salt?.reveal()).to.deep.equal([0, 65_535, 7]);
      expect(kept).to.deep.include({ way: 'hash', digest: hashNamed('commit'), revealRound: null, burn: row.burn });
      expect(JSON.stringify({ ...kept, versionKey: '' })).to.include('"salt":"[secret]"');
      const locked = await planned(aTimelockedCommit({ epochStart: 7 }));
      expect(locked).to.deep.include({ way: 'timelocked', digest: hashNamed('ciphertext'), salt: null, revealRound: 4_000_000_000 });
    });

    it('follows a commit to its reveal, and keeps every step', async () => {
      let row = await stores().submissions.mark(await planned(aHashCommit()), 'sent');
      row = await stores().submissions.mark(row, 'committed', {
        ...committed,
        commitExtrinsicHash: hashNamed('c'),
        revealFrom: 10,
        revealUntil: 20,
      });
      row = await stores().submissions.mark(row, 'committed', { revealFrom: 11, revealUntil: 21 });
      expect(row).to.deep.include({ ...committed, commitExtrinsicHash: hashNamed('c'), revealFrom: 11, revealUntil: 21 });
      row = await stores().submissions.mark(row, 'revealing');
      row = await stores().submissions.mark(row, 'committed', { failure });
      row = await stores().submissions.mark(row, 'revealing');
      row = await stores().submissions.mark(row, 'finalized', { included, extrinsicHash: hashNamed('e') });
      expect(row).to.deep.include({ ...committed, included, extrinsicHash: hashNamed('e'), failure: null, state: 'finalized' });
      expect((await stores().submissions.list(1))[0]).to.deep.include({ state: 'finalized', revealFrom: 11 });
      expect(await stores().submissions.steps(row.id)).to.deep.equal([
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
            const answer = await codeOf(stores().submissions.mark(row, to, to === 'committed' && row.committed === null ? committed : {}));
            expect(answer, `${from} to ${to}`).to.equal(mayFollow(way, from, to) ? 'none' : 'store.row_refused');
          }
        }
      });
    }

    it('lets the one that saw the newest state go on, not the other', async () => {
      const row = await planned();
      await stores().submissions.mark(row, 'sent');
      expect(await codeOf(stores().submissions.mark(row, 'sent'))).to.equal('store.row_moved');
      expect(await codeOf(stores().submissions.mark({ id: 999, state: 'sent' }, 'finalized'))).to.equal('store.row_moved');
    });

    it('refuses to change a commit that is written down, or one without its epoch', async () => {
      const row = await reached('committed', aHashCommit());
      const other = { committed: { number: 1, hash: hashNamed('other') }, commitEpoch: 1 };
      expect(await codeOf(stores().submissions.mark(row, 'committed', other))).to.equal('store.row_refused');
      const sent = await reached('sent', aHashCommit({ epochStart: 5 }));
      expect(await codeOf(stores().submissions.mark(sent, 'committed'))).to.equal('store.row_refused');
    });

    it('lists what is not settled, oldest first', async () => {
      await reached('sent', aSubmission());
      await reached('committed', aHashCommit({ epochStart: 9_999 }));
      await reached('planned', aSubmission({ epochStart: 10_000 }));
      await reached('finalized', aSubmission({ epochStart: 10_001 }));
      const last = await reached('revealing', aHashCommit({ epochStart: 10_002 }));
      expect((await stores().submissions.unsettled()).map(({ state }) => state)).to.deep.equal([
        'sent',
        'committed',
        'planned',
        'revealing',
      ]);
      await stores().submissions.mark(last, 'lost', { failure });
      expect(await stores().submissions.unsettled()).to.have.length(3);
    });
  });
}
