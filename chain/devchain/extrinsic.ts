/** Extrinsics: their bytes, what is signed, and who signed it. */
import { blake2AsU8a, ed25519Verify, sr25519Verify } from '@polkadot/util-crypto';
import { NOTHING, parts, variant } from './composite.js';
import { type Era, era } from './era.js';
import type { RuntimeCall } from './runtime-call.js';
import {
  bytes,
  compact,
  createReader,
  createWriter,
  encode,
  fromHex,
  named,
  option,
  type Type,
  toHex,
  u8,
  u32,
  u64,
  unit,
} from './scale.js';
import { type AccountId, address, hash, signature } from './shapes.js';

/** Longest extrinsic that is read. */
export const MAX_EXTRINSIC_BYTES = 1024 * 1024;
const MAX_RAW_PAYLOAD_BYTES = 256;
const EXTRINSIC_VERSION = 4;
const SIGNED = 0x80;

export interface Extrinsic {
  readonly bytes: Uint8Array;
  readonly hash: string;
  readonly call: RuntimeCall;
  readonly callBytes: Uint8Array;
  /** Null: an inherent. */
  readonly signed: SignedPart | null;
}

export interface SignedPart {
  readonly signer: AccountId;
  readonly scheme: 'Sr25519' | 'Ed25519' | 'Ecdsa';
  readonly signature: Uint8Array;
  readonly era: Era;
  readonly nonce: number;
  readonly tip: bigint;
  readonly metadataHashMode: number;
  /** As they stand between signature and call. */
  readonly extraBytes: Uint8Array;
}

const extra = parts({ era, nonce: compact(u32), tip: compact(u64), mode: u8 });

/** Errors: RangeError when the bytes are no extrinsic of this runtime. */
export function decodeExtrinsic(encoded: Uint8Array, callType: Type<RuntimeCall>): Extrinsic {
  if (encoded.length > MAX_EXTRINSIC_BYTES) throw new RangeError(`${encoded.length} bytes are too many`);
  const outer = createReader(encoded);
  const body = bytes.read(outer);
  if (outer.remaining() > 0) throw new RangeError('bytes follow the extrinsic');
  const from = createReader(body);
  const version = from.take(1)[0] ?? 0;
  if ((version & 0x7f) !== EXTRINSIC_VERSION) throw new RangeError(`extrinsic version ${version & 0x7f} is not ${EXTRINSIC_VERSION}`);
  const signed = (version & SIGNED) === 0 ? null : readSigned(from, body);
  const callStart = body.length - from.remaining();
  const call = callType.read(from);
  if (from.remaining() > 0) throw new RangeError('bytes follow the call');
  return { bytes: encoded, hash: toHex(blake2AsU8a(encoded)), call, callBytes: body.subarray(callStart), signed };
}

function readSigned(from: ReturnType<typeof createReader>, body: Uint8Array): SignedPart {
  const who = address.read(from);
  if (who.type !== 'Id') throw new RangeError(`addresses of kind ${who.type} are not known`);
  const proof = signature.read(from);
  const start = body.length - from.remaining();
  const { era, nonce, tip, mode } = extra.read(from);
  const extraBytes = body.subarray(start, body.length - from.remaining());
  return {
    signer: who.value,
    scheme: proof.type,
    signature: proof.value,
    era,
    nonce: Number(nonce),
    tip,
    metadataHashMode: mode,
    extraBytes,
  };
}

export interface SigningFacts {
  readonly specVersion: number;
  readonly transactionVersion: number;
  readonly genesisHash: string;
  readonly birthHash: string;
}

/** The bytes that must have been signed. Source: sp_runtime SignedPayload. */
export function signingPayload(callBytes: Uint8Array, extraBytes: Uint8Array, facts: SigningFacts): Uint8Array {
  const noMetadataHash = Uint8Array.of(0);
  const versions = [encode(u32, facts.specVersion), encode(u32, facts.transactionVersion)];
  const hashes = [fromHex(facts.genesisHash), fromHex(facts.birthHash)];
  const payload = new Uint8Array(Buffer.concat([callBytes, extraBytes, ...versions, ...hashes, noMetadataHash]));
  return payload.length > MAX_RAW_PAYLOAD_BYTES ? blake2AsU8a(payload) : payload;
}

export function isSignatureValid(extrinsic: Extrinsic, facts: SigningFacts): boolean {
  const { signed } = extrinsic;
  if (signed === null || signed.metadataHashMode !== 0) return false;
  const payload = signingPayload(extrinsic.callBytes, signed.extraBytes, facts);
  const publicKey = fromHex(signed.signer);
  if (signed.scheme === 'Sr25519') return sr25519Verify(payload, signed.signature, publicKey);
  return signed.scheme === 'Ed25519' && ed25519Verify(payload, signed.signature, publicKey);
}

/** An extrinsic that nobody signed. */
export function inherent(call: RuntimeCall, callType: Type<RuntimeCall>): Uint8Array {
  const out = createWriter();
  out.push(Uint8Array.of(EXTRINSIC_VERSION));
  callType.write(out, call);
  return encode(bytes, out.finish());
}

export interface TransactionExtension {
  readonly identifier: string;
  /** In the extrinsic. */
  readonly type: Type<unknown>;
  /** In what is signed only. */
  readonly additional: Type<unknown>;
}

const metadataHashMode = variant(['frame_metadata_hash_extension', 'Mode'], { Disabled: [0, NOTHING], Enabled: [1, NOTHING] });

const BEFORE: readonly TransactionExtension[] = [
  { identifier: 'CheckNonZeroSender', type: unit, additional: unit },
  { identifier: 'CheckSpecVersion', type: unit, additional: u32 },
  { identifier: 'CheckTxVersion', type: unit, additional: u32 },
  { identifier: 'CheckGenesis', type: unit, additional: hash },
  { identifier: 'CheckMortality', type: named(['frame_system', 'CheckMortality'], era), additional: hash },
  { identifier: 'CheckNonce', type: named(['node_subtensor_runtime', 'check_nonce', 'CheckNonce'], compact(u32)), additional: unit },
  { identifier: 'CheckWeight', type: unit, additional: unit },
  {
    identifier: 'ChargeTransactionPayment',
    type: named(['pallet_transaction_payment', 'ChargeTransactionPayment'], compact(u64)),
    additional: unit,
  },
];
const METADATA_HASH: TransactionExtension = {
  identifier: 'CheckMetadataHash',
  type: named(['frame_metadata_hash_extension', 'CheckMetadataHash'], metadataHashMode),
  additional: option(hash),
};

/** The extensions of a transaction in order; `silent` are the names of those without bytes, which differ between generations. */
export function extensionsOf(silent: readonly string[]): readonly TransactionExtension[] {
  return [...BEFORE, ...silent.map((identifier) => ({ identifier, type: unit, additional: unit })), METADATA_HASH];
}
