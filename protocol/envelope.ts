/**
 * The signed envelope around every gossip message. What is signed is a text with a purpose in front, never a bare digest, and what is verified are
 * the body bytes as they came.
 */
import { sha256, toHex } from './digest.js';
import { KINDS, kindOfCode, type MessageKind } from './kinds.js';
import { type Hash, type Hotkey, hotkeyFromPublicKey, publicKeyOf } from './names.js';
import { err, ok, type Result } from './result.js';
import type { SignatureCheck } from './signatures.js';
import { type NetworkId, topicOf } from './topics.js';
import { hashFromBytes, safeNumber, tryDecode } from './wire.js';
import { Body, SignedEnvelope } from './wire.pb.js';

export const ENVELOPE_VERSION = 1;
const SIGNING_TAG = 'voxd/gossip/v1';
const SIGNATURE_SIZE_BYTES = 64;
const HASH_SIZE_BYTES = 32;

export interface MessageBody {
  readonly genesis: Hash;
  readonly netuid: number;
  readonly kind: MessageKind;
  readonly hotkey: Hotkey;
  readonly sequence: bigint;
  readonly issuedAtMs: number;
  readonly expiresAtMs: number;
  /** A finalized block the sender had seen. */
  readonly referenceBlock: number;
  readonly payload: Uint8Array;
}

export interface Envelope {
  readonly body: MessageBody;
  /** The body as received: what is hashed and verified. */
  readonly bodyBytes: Uint8Array;
  /** sha-256 of `bodyBytes`, 64 hex digits; one body can carry many valid signatures. */
  readonly bodyDigest: string;
  readonly signature: Uint8Array;
}

export type EnvelopeError = 'message.malformed' | 'message.wrong_version' | 'message.unknown_kind';

export function encodeBody(body: MessageBody): Uint8Array {
  return Body.encode({
    version: ENVELOPE_VERSION,
    genesis: Buffer.from(body.genesis.slice(2), 'hex'),
    netuid: body.netuid,
    kind: KINDS[body.kind].code,
    hotkey: publicKeyOf(body.hotkey),
    seq: body.sequence,
    issuedMs: BigInt(body.issuedAtMs),
    expiresMs: BigInt(body.expiresAtMs),
    refBlock: BigInt(body.referenceBlock),
    payload: body.payload,
  });
}

/** The text a hotkey signs: tag ‖ 0x00 ‖ u16be length of topic ‖ topic ‖ sha-256(body). */
export function bytesToSign(bodyBytes: Uint8Array, topic: string): Uint8Array {
  const name = Buffer.from(topic, 'utf8');
  const length = Uint8Array.of(name.length >> 8, name.length & 0xff);
  return new Uint8Array(Buffer.concat([Buffer.from(SIGNING_TAG, 'utf8'), Uint8Array.of(0), length, name, sha256(bodyBytes)]));
}

/** Shape: body bytes, 64-byte signature over `bytesToSign` → envelope bytes as they are published. */
export function assemble(bodyBytes: Uint8Array, signature: Uint8Array): Uint8Array {
  return SignedEnvelope.encode({ body: bodyBytes, signature });
}

/** Opens an envelope without checking who signed it. Errors: the bytes are not exactly what `assemble(encodeBody(…))` makes. */
export function openEnvelope(bytes: Uint8Array): Result<Envelope, EnvelopeError> {
  const outer = tryDecode(SignedEnvelope, bytes);
  if (outer === null || outer.signature.length !== SIGNATURE_SIZE_BYTES) return err('message.malformed');
  const bodyBytes = Uint8Array.from(outer.body);
  const body = openBody(bodyBytes);
  if (!body.ok) return body;
  const digest = toHex(sha256(bodyBytes));
  return ok({ body: body.value, bodyBytes, bodyDigest: digest, signature: Uint8Array.from(outer.signature) });
}

/** What must hold for the envelope to be from the hotkey it names. */
export function envelopeCheck(envelope: Envelope, network: NetworkId): SignatureCheck {
  const { kind, hotkey } = envelope.body;
  const message = bytesToSign(envelope.bodyBytes, topicOf(network, kind));
  return { scheme: 'sr25519', publicKey: publicKeyOf(hotkey), message, signature: envelope.signature };
}

function openBody(bytes: Uint8Array): Result<MessageBody, EnvelopeError> {
  const raw = tryDecode(Body, bytes);
  if (raw === null) return err('message.malformed');
  if (raw.version !== ENVELOPE_VERSION) return err('message.wrong_version');
  const kind = kindOfCode(raw.kind);
  if (kind === null) return err('message.unknown_kind');
  const issuedAtMs = safeNumber(raw.issuedMs);
  const expiresAtMs = safeNumber(raw.expiresMs);
  const referenceBlock = safeNumber(raw.refBlock);
  const sizes = raw.genesis.length === HASH_SIZE_BYTES && raw.hotkey.length === HASH_SIZE_BYTES && raw.netuid <= 0xffff;
  if (!sizes || issuedAtMs === null || expiresAtMs === null || referenceBlock === null) return err('message.malformed');
  return ok({
    genesis: hashFromBytes(raw.genesis),
    netuid: raw.netuid,
    kind,
    hotkey: hotkeyFromPublicKey(raw.hotkey),
    sequence: raw.seq,
    issuedAtMs,
    expiresAtMs,
    referenceBlock,
    payload: Uint8Array.from(raw.payload),
  });
}
