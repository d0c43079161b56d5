/** What a signer signs. It looks at the bytes, not at what the caller calls them: the purposes of voxd are apart by their first bytes. */
import { err, ok, type Result } from '../../../protocol/result.js';

export const SIGNING_KINDS = ['extrinsic', 'envelope', 'binding', 'message', 'bytes'] as const;
/** envelope: a gossip message. binding: hotkey and transport key belong together. message: a text wrapped as wallets do. bytes: anything. */
export type SigningKind = (typeof SIGNING_KINDS)[number];

/** What a node needs. */
export const KINDS_OF_A_NODE: readonly SigningKind[] = ['extrinsic', 'envelope', 'binding'];

export interface SigningPolicy {
  readonly kinds: ReadonlySet<SigningKind>;
  /** The chain whose extrinsics are signed; null: any. */
  readonly genesis: Uint8Array | null;
  /** "7.0": index of the pallet, index of the call; null: any. */
  readonly calls: ReadonlySet<string> | null;
}

const STARTS: readonly (readonly [SigningKind, Buffer])[] = [
  ['envelope', Buffer.from('voxd/gossip/v1\0')],
  ['binding', Buffer.from('voxd/bind/v1\0')],
  ['message', Buffer.from('<Bytes>')],
];
const MESSAGE_END = Buffer.from('</Bytes>');
/** Call index, era, nonce, tip, then two versions and two hashes: less is no extrinsic. */
const EXTRINSIC_SIZE_BYTES_MIN = 2 + 1 + 1 + 1 + 4 + 4 + 32 + 32;
/** What an extrinsic is checked against stands at its end: versions, genesis, block hash, perhaps one more hash. */
const TAIL_SIZE_BYTES = 128;

/** The purpose that the first bytes tell; null: none of those. */
export function markedKind(bytes: Uint8Array): SigningKind | null {
  const start = Buffer.from(bytes.buffer, bytes.byteOffset, Math.min(bytes.length, 32));
  const kind = STARTS.find(([, mark]) => start.subarray(0, mark.length).equals(mark))?.[0] ?? null;
  if (kind !== 'message') return kind;
  return Buffer.from(bytes.subarray(-MESSAGE_END.length)).equals(MESSAGE_END) ? kind : null;
}

/** "7.0" of an unsigned extrinsic: a pallet and its call, as the runtime numbers them. */
export function callOf(extrinsic: Uint8Array): string {
  return `${extrinsic[0]}.${extrinsic[1]}`;
}

/** Errors: why these bytes are not signed as that kind. */
export function permits(policy: SigningPolicy, kind: SigningKind, bytes: Uint8Array): Result<null, string> {
  if (!policy.kinds.has(kind)) return err('this signer was not started with that kind');
  if (kind === 'bytes') return ok(null);
  const marked = markedKind(bytes);
  if (kind !== 'extrinsic') return marked === kind ? ok(null) : err(`the bytes are ${marked === null ? 'none' : `of kind ${marked}`}`);
  if (marked !== null) return err(`the bytes are of kind ${marked}`);
  if (bytes.length < EXTRINSIC_SIZE_BYTES_MIN) return err('it is shorter than any extrinsic');
  if (policy.genesis !== null && !Buffer.from(bytes.subarray(-TAIL_SIZE_BYTES)).includes(Buffer.from(policy.genesis))) {
    return err('it is for another chain');
  }
  const call = callOf(bytes);
  if (policy.calls !== null && !policy.calls.has(call)) return err(`its call ${call} is not on the list`);
  return ok(null);
}
