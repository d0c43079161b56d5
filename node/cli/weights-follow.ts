/** Staying with a submission until the chain has spoken. */
import type { ChainReader } from '../../chain/ports.js';
import type { BlockRef } from '../../chain/snapshot.js';
import { isFailure } from '../../protocol/failure.js';
import type { SubmissionRow, SubmissionStore } from '../ports.js';
import type { WeightSetter } from '../weights/setter.js';
import { isSettled } from '../weights/states.js';
import { cliFailure } from './failures.js';
import { counted, duration, type Output } from './output.js';

/** Blocks after the last in which the reveal is expected; then the command ends and says where the submission stands. */
const SLACK_BLOCKS = 12;
/** How often a block may take longer than it should before the wait ends. */
const SLOWNESS = 3;
const LEAST_WAIT_MS = 120_000;

/**
 * Settles at every finalized head until the row is settled, or only until it is committed.
 * Errors: cli.not_settled at the end of the wait; what the store has against being asked.
 */
export async function followSubmission(
  of: {
    readonly chain: ChainReader;
    readonly setter: WeightSetter;
    readonly submissions: SubmissionStore;
    readonly out: Output;
  },
  id: number,
  until: 'committed' | 'settled',
): Promise<SubmissionRow> {
  const { chain, setter, submissions, out } = of;
  const { blockTimeMs } = chain.identity();
  let said = '';
  let last: SubmissionRow | null = null;
  let deadlineMs = Date.now() + LEAST_WAIT_MS;
  for (let head = await chain.finalizedHead(); ; head = await nextHead(chain, deadlineMs)) {
    await setter.settle().catch((error: unknown) => {
      if (!isFailure(error) || error.disposition !== 'retry') throw error;
      if (said !== error.code) out.note(`${error.message} ${error.hint}`);
      said = error.code;
    });
    const row: SubmissionRow | null = (await submissions.list(LOOKED_BACK)).find((each) => each.id === id) ?? null;
    if (row === null) throw cliFailure('cli.not_settled', { state: 'gone', next: '' });
    if (isSettled(row.state) || (until === 'committed' && row.state === 'committed')) return row;
    if (row.state !== last?.state || row.revealUntil !== last.revealUntil) {
      out.note(progress(row, head.number, blockTimeMs));
      const blocks = Math.max(0, (row.revealUntil ?? head.number) - head.number) + SLACK_BLOCKS;
      deadlineMs = Date.now() + LEAST_WAIT_MS + SLOWNESS * blocks * blockTimeMs;
    }
    last = row;
    if (Date.now() >= deadlineMs)
      throw cliFailure('cli.not_settled', { state: row.state, next: '`voxd weights status` tells what became of it.' });
  }
}

const LOOKED_BACK = 256;

export function progress({ state, way, committed, revealFrom, revealUntil }: SubmissionRow, head: number, blockTimeMs: number): string {
  if (state === 'committed' && revealFrom !== null) {
    const who = way === 'hash' ? 'it is revealed' : 'the chain opens it';
    return `committed in block ${committed?.number}; ${who} in ${whenText({ from: revealFrom, until: revealUntil ?? revealFrom }, head, blockTimeMs)}`;
  }
  return { planned: 'planned', sent: 'on its way', revealing: 'the reveal is on its way', committed: 'committed' }[String(state)] ?? state;
}

/** block 400 to 459: in 12 blocks, about 2 min */
export function whenText({ from, until }: { readonly from: number; readonly until: number }, head: number, blockTimeMs: number): string {
  const left = from - head;
  return `block ${from} to ${until}: ${left > 0 ? `in ${counted(left, 'block')}, about ${duration(left * blockTimeMs)}` : 'now'}`;
}

function nextHead(chain: ChainReader, deadlineMs: number): Promise<BlockRef> {
  return new Promise((resolve, reject) => {
    const timer = setTimeout(
      () => {
        stop();
        chain.finalizedHead().then(resolve, reject);
      },
      Math.max(0, deadlineMs - Date.now()),
    );
    const stop = chain.onFinalized((head) => {
      clearTimeout(timer);
      stop();
      resolve(head);
    });
  });
}
