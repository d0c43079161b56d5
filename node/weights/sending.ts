/** One extrinsic each: what sets, commits or reveals. Every one has its row before it. */
import { commitHash, timelockedDigest } from '../../chain/commit-hash.js';
import type { ChainReader, ChainWriter, Inclusion, WeightFacts } from '../../chain/ports.js';
import type { Submission } from '../../chain/submission.js';
import { encryptTimelocked } from '../../chain/timelock.js';
import { encodeWeightPayload } from '../../chain/weight-payload.js';
import { type Failure, isFailure } from '../../protocol/failure.js';
import type { Clock, Signer } from '../../protocol/ports.js';
import { Secret } from '../../protocol/secret.js';
import type { WeightVector } from '../../scoring/weights.js';
import type { SubmissionRow } from '../ports.js';
import { neverLeft, SUBMISSION_LIFETIME_BLOCKS } from './outcome.js';

/** 256 bits: nobody finds the vector by trying salts. */
export const SALT_VALUES = 16;

export interface SendingDeps {
  readonly chain: ChainReader & ChainWriter;
  readonly signer: Signer;
  readonly clock: Clock;
  /** From a cryptographic source. */
  readonly random: (sizeBytes: number) => Uint8Array;
}

/** What the row has to keep of a commit, and for a timelocked one the bytes to send. */
export interface Prepared {
  readonly digest: SubmissionRow['digest'];
  readonly salt: SubmissionRow['salt'];
  readonly revealRound: number | null;
  readonly ciphertext: Uint8Array | null;
}

type Vector = Pick<WeightVector, 'uids' | 'values'> & { readonly versionKey: bigint };

export function prepare(deps: SendingDeps, { netuid, mechanism }: WeightFacts, plan: Submission, vector: Vector): Prepared {
  const nothing = { digest: null, salt: null, revealRound: null, ciphertext: null };
  if (plan.way === 'open') return nothing;
  if (plan.way === 'hash') {
    const salt = saltOf(deps.random(2 * SALT_VALUES));
    return { ...nothing, digest: commitHash(deps.signer.hotkey, { netuid, mechanism, ...vector, salt }), salt: new Secret(salt) };
  }
  const { round } = plan.reveal;
  const randomness = { sigma: deps.random(32), secretKey: deps.random(32), nonce: deps.random(12) };
  const ciphertext = encryptTimelocked(
    encodeWeightPayload({ hotkey: deps.signer.hotkey, ...vector }),
    round,
    plan.beacon.publicKey,
    randomness,
  );
  return { ...nothing, digest: timelockedDigest(ciphertext), revealRound: round, ciphertext };
}

function saltOf(bytes: Uint8Array): readonly number[] {
  return Array.from({ length: bytes.length / 2 }, (_, i) => (bytes[2 * i] ?? 0) | ((bytes[2 * i + 1] ?? 0) << 8));
}

/** `unknown`: the bytes may or may not be in a block; only the chain can tell. `unsent`: they never left. */
export type Sent =
  | { readonly kind: 'included'; readonly inclusion: Inclusion }
  | { readonly kind: 'refused' | 'unknown' | 'unsent'; readonly failure: Failure };

/** Sets or commits, if this hotkey has signed nothing unknown since `facts`, by which it was planned. The row must be `sent`. */
export function send(deps: SendingDeps, row: SubmissionRow, ciphertext: Uint8Array | null, facts: WeightFacts): Promise<Sent> {
  const { netuid, mechanism, uids, values, versionKey, digest } = row;
  const { chain, signer } = deps;
  const lastBlock = row.plannedAt.number + SUBMISSION_LIFETIME_BLOCKS;
  const where = { netuid, mechanism, lastBlock, since: { block: facts.block.number, nonce: facts.nonce } };
  if (row.way === 'open') return outcome(() => chain.setWeights(signer, { ...where, uids, values, versionKey }));
  if (digest === null) throw new TypeError('a commit without a digest');
  if (row.way === 'hash') return outcome(() => chain.commitWeights(signer, { ...where, hash: digest }));
  const { revealRound: round } = row;
  const version = facts.commitReveal?.timelockVersion ?? null;
  if (ciphertext === null || round === null || version === null) throw new TypeError('a timelocked commit without its bytes');
  return outcome(() => chain.commitTimelocked(signer, { ...where, commit: ciphertext, round, version }));
}

/** Reveals a commit by hash. The row must be `revealing`. */
export function reveal({ chain, signer }: SendingDeps, row: SubmissionRow): Promise<Sent> {
  const { netuid, mechanism, uids, values, versionKey, salt } = row;
  if (salt === null) throw new TypeError('a commit by hash without its salt');
  return outcome(() => chain.revealWeights(signer, { netuid, mechanism, uids, values, versionKey, salt: salt.reveal() }));
}

async function outcome(work: () => Promise<Inclusion>): Promise<Sent> {
  try {
    return { kind: 'included', inclusion: await work() };
  } catch (error) {
    if (!isFailure(error)) throw error;
    if (neverLeft(error)) return { kind: 'unsent', failure: error };
    return { kind: UNKNOWN_OUTCOMES.has(error.code) ? 'unknown' : 'refused', failure: error };
  }
}

/** Failures that leave it open whether the extrinsic is in a block. */
const UNKNOWN_OUTCOMES = new Set([
  'chain.outcome_unknown',
  'chain.stopped',
  'chain.timeout',
  'chain.unreachable',
  'chain.disconnected',
  'chain.stalled',
  'chain.bad_answer',
  'chain.runtime_upgraded',
  'chain.already_sent',
]);
