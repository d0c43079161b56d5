/**
 * What is done with a gossip message, cheapest question first. *Reject* only what every honest node must see the same way, a pure function of the
 * bytes; whatever depends on the chain, the clock or our load is *ignore*.
 */
import { type Announcement, decodeAnnouncement } from './announcement.js';
import { CLOCK_SKEW_MS_MAX, openBinding, type PeerBinding, verifyBindingSignatures } from './binding.js';
import { type Envelope, openEnvelope, verifyEnvelope } from './envelope.js';
import type { MessageReason } from './failures.js';
import { KINDS, type MessageKind } from './kinds.js';
import type { Hotkey } from './names.js';
import type { Verify } from './ports.js';
import { err, ok, type Result } from './result.js';
import { decodeScoreCommitment, decodeScoreReveal, type ScoreCommitment, type ScoreReveal } from './score-exchange.js';
import type { Seen } from './seen.js';
import type { NetworkId } from './topics.js';
import { accept, ignore, reject, type Verdict } from './verdict.js';

export interface PayloadOf {
  readonly announce: Announcement;
  readonly record: PeerBinding;
  readonly scoreCommit: ScoreCommitment;
  readonly scoreReveal: ScoreReveal;
}

/** A message that passed every question. */
export interface Message<K extends MessageKind = MessageKind> {
  readonly kind: K;
  readonly hotkey: Hotkey;
  readonly sequence: bigint;
  readonly issuedAtMs: number;
  readonly expiresAtMs: number;
  readonly referenceBlock: number;
  readonly payload: PayloadOf[K];
  readonly bodyDigest: string;
  /** The envelope as received: evidence. */
  readonly envelope: Uint8Array;
}

export interface ValidationFacts {
  readonly network: NetworkId;
  readonly nowMs: number;
  /** Registered now or in the snapshot before, so that honest relays agree. */
  readonly registered: ReadonlySet<Hotkey>;
  /** Those of them with a validator permit. */
  readonly permitted: ReadonlySet<Hotkey>;
  readonly seen: Seen;
  /** Has this hotkey a token left for this kind? Only asked: nothing is used up before the signature has been checked. */
  readonly mayPublish: (hotkey: Hotkey, kind: MessageKind) => boolean;
  readonly verify: Verify;
}

/** Shape: kind of the topic it came by, bytes as received → verdict. */
export function validateMessage<K extends MessageKind>(
  kind: K,
  bytes: Uint8Array,
  facts: ValidationFacts,
): Verdict<Message<K>, MessageReason> {
  if (bytes.length > KINDS[kind].sizeBytesMax) return reject('message.too_large');
  const opened = openEnvelope(bytes);
  if (!opened.ok) return reject(opened.error);
  const envelope = opened.value;
  const problem = fixedProblem(kind, envelope, facts.network);
  if (problem !== null) return reject(problem);
  const doubt = passingDoubt(kind, envelope, facts);
  if (doubt !== null) return ignore(doubt);
  if (!verifyEnvelope(envelope, facts.network, facts.verify)) return reject('message.bad_signature');
  const payload = decodePayload(kind, envelope, facts.verify);
  if (!payload.ok) return reject(payload.error);
  const { hotkey, sequence, issuedAtMs, expiresAtMs, referenceBlock } = envelope.body;
  if (facts.seen.sequence(hotkey, kind, sequence, envelope.bodyDigest) === 'equivocation') return ignore('message.equivocation');
  return accept({
    kind,
    hotkey,
    sequence,
    issuedAtMs,
    expiresAtMs,
    referenceBlock,
    payload: payload.value,
    bodyDigest: envelope.bodyDigest,
    envelope: Uint8Array.from(bytes),
  });
}

function fixedProblem(kind: MessageKind, { body }: Envelope, network: NetworkId): MessageReason | null {
  if (body.kind !== kind) return 'message.wrong_topic';
  if (body.genesis !== network.genesis || body.netuid !== network.netuid) return 'message.wrong_network';
  const lifetimeMs = body.expiresAtMs - body.issuedAtMs;
  if (lifetimeMs <= 0 || lifetimeMs > KINDS[kind].lifetimeMsMax) return 'message.lifetime_too_long';
  return null;
}

function passingDoubt(kind: MessageKind, { body, bodyDigest }: Envelope, facts: ValidationFacts): MessageReason | null {
  if (body.issuedAtMs > facts.nowMs + CLOCK_SKEW_MS_MAX) return 'message.from_future';
  if (body.expiresAtMs <= facts.nowMs) return 'message.expired';
  if (facts.seen.hasBody(bodyDigest)) return 'message.duplicate';
  if (facts.seen.sequence(body.hotkey, kind, body.sequence, bodyDigest) === 'old') return 'message.old_sequence';
  if (!facts.registered.has(body.hotkey)) return 'message.unregistered';
  if (KINDS[kind].role === 'validator' && !facts.permitted.has(body.hotkey)) return 'message.no_permit';
  if (!facts.mayPublish(body.hotkey, kind)) return 'message.rate_limited';
  return null;
}

type Decoders = { readonly [K in MessageKind]: (envelope: Envelope, verify: Verify) => Result<PayloadOf[K], 'message.bad_payload'> };

const DECODERS: Decoders = {
  announce: ({ body }) => decodeAnnouncement(body.payload),
  record: decodeRecordPayload,
  scoreCommit: ({ body }) => decodeScoreCommitment(body.payload),
  scoreReveal: ({ body }) => decodeScoreReveal(body.payload),
};

function decodePayload<K extends MessageKind>(kind: K, envelope: Envelope, verify: Verify): Result<PayloadOf[K], 'message.bad_payload'> {
  const decode: Decoders[K] = DECODERS[kind];
  return decode(envelope, verify);
}

function decodeRecordPayload({ body }: Envelope, verify: Verify): Result<PeerBinding, 'message.bad_payload'> {
  const opened = openBinding(body.payload);
  if (!opened.ok) return err('message.bad_payload');
  const { binding } = opened.value;
  const same = binding.hotkey === body.hotkey && binding.genesis === body.genesis && binding.netuid === body.netuid;
  return same && verifyBindingSignatures(opened.value, verify) ? ok(binding) : err('message.bad_payload');
}
