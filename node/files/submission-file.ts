/** A journal of submissions in one file, for commands on a machine where no node keeps one. It holds salts: only its owner may read it. */
import { existsSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { Secret } from '../../protocol/secret.js';
import { nodeFailure } from '../failures.js';
import type { SubmissionRow, SubmissionStep, SubmissionStore } from '../ports.js';
import { isSettled, mayFollow } from '../weights/states.js';

interface Entry {
  readonly row: SubmissionRow;
  readonly steps: readonly SubmissionStep[];
}

/** Errors: store.row_damaged when the file is no journal; store.read_only when it cannot be written. Null: nothing outlives the process. */
export function createSubmissionFile(path: string | null): SubmissionStore {
  let entries: readonly Entry[] = path === null || !existsSync(path) ? [] : read(path);

  function keep(next: readonly Entry[]): void {
    if (path !== null) write(path, next);
    entries = next;
  }

  return {
    async plan(submission) {
      const isTaken = ({ row }: Entry) =>
        row.genesis === submission.genesis &&
        row.netuid === submission.netuid &&
        row.mechanism === submission.mechanism &&
        row.hotkey === submission.hotkey &&
        row.epochStart === submission.epochStart &&
        row.state !== 'refused' &&
        row.state !== 'abandoned';
      if (entries.some(isTaken)) return null;
      const row: SubmissionRow = { ...submission, ...NEW, id: entries.length + 1 };
      keep([...entries, { row, steps: [{ state: 'planned', block: row.plannedAt.number, failure: null }] }]);
      return row;
    },
    async mark({ id, state: from }, state, change = {}) {
      const entry = entries.find(({ row }) => row.id === id);
      if (entry?.row.state !== from) throw nodeFailure('store.row_moved', { id, expected: from, found: entry?.row.state ?? 'gone' });
      const refuse = (constraint: string) => nodeFailure('store.row_refused', { constraint, reason: `submission ${id} to ${state}` });
      if (!mayFollow(entry.row.way, from, state)) throw refuse('submissions_transition');
      const failure = state === from ? entry.row.failure : (change.failure ?? null);
      const row: SubmissionRow = { ...entry.row, ...given(change), state, failure };
      if (entry.row.committed !== null && row.committed?.hash !== entry.row.committed.hash) throw refuse('submissions_written_once');
      if ((state === 'committed' || state === 'revealing') && row.commitEpoch === null) throw refuse('submissions_commit_has_a_block');
      const blocks: Partial<Record<string, number>> = { committed: row.committed?.number, finalized: row.included?.number };
      const step = { state, block: blocks[state] ?? null, failure };
      const moved = { row, steps: state === from ? entry.steps : [...entry.steps, step] };
      keep(entries.map((each) => (each === entry ? moved : each)));
      return row;
    },
    unsettled: async () => entries.map(({ row }) => row).filter(({ state }) => !isSettled(state)),
    list: async (limit) =>
      entries
        .map(({ row }) => row)
        .toReversed()
        .slice(0, limit),
    steps: async (id) => entries.find(({ row }) => row.id === id)?.steps ?? [],
  };
}

const NEW = {
  state: 'planned',
  committed: null,
  commitExtrinsicHash: null,
  commitEpoch: null,
  revealFrom: null,
  revealUntil: null,
  included: null,
  extrinsicHash: null,
  failure: null,
} as const;

function given(change: object): object {
  return Object.fromEntries(Object.entries(change).filter(([, value]) => value !== null && value !== undefined));
}

const FORMAT = 'voxd-submissions/1';

function read(path: string): readonly Entry[] {
  const damaged = (reason: string) => nodeFailure('store.row_damaged', { table: path, reason });
  let parsed: unknown;
  try {
    parsed = JSON.parse(readFileSync(path, 'utf8'));
  } catch (error) {
    throw damaged(error instanceof Error ? error.message : String(error));
  }
  if (typeof parsed !== 'object' || parsed === null || !('format' in parsed) || parsed.format !== FORMAT || !('entries' in parsed)) {
    throw damaged('it is no journal of submissions');
  }
  // Safety: written by `write` below, and by nobody else: the format says so.
  const entries = parsed.entries as readonly {
    readonly row: Omit<SubmissionRow, 'versionKey' | 'salt'> & { versionKey: string; salt: number[] | null };
    readonly steps: readonly SubmissionStep[];
  }[];
  return entries.map(({ row, steps }) => ({
    row: { ...row, versionKey: BigInt(row.versionKey), salt: row.salt === null ? null : new Secret(row.salt) },
    steps,
  }));
}

/** The old file stays whole until the new one is. */
function write(path: string, entries: readonly Entry[]): void {
  const plain = entries.map(({ row, steps }) => ({
    row: { ...row, versionKey: String(row.versionKey), salt: row.salt?.reveal() ?? null },
    steps,
  }));
  try {
    writeFileSync(`${path}.new`, `${JSON.stringify({ format: FORMAT, entries: plain }, null, 1)}\n`, { mode: 0o600, flush: true });
    renameSync(`${path}.new`, path);
  } catch (error) {
    throw nodeFailure('store.read_only', { where: path }, error);
  }
}
