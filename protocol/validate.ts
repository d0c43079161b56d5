/**
 * What is done with a gossip message, cheapest question first, signature last. *Reject* only what every honest node must see the same way, a pure
 * function of the bytes; whatever depends on the chain, the clock or our load is *ignore*.
 *
 * Two steps: `examineMessage` asks everything that needs no cryptography and names the signatures that must hold; once another thread found that they
 * do, `doubtAbout` is asked again, because what is known of the past may have changed meanwhile.
 */
import { type Announcement, decodeAnnouncement } from './announcement.js';
import { bindingChecks, CLOCK_SKEW_MS_MAX, openBinding, type PeerBinding } from './binding.js';
import { type Envelope, envelopeCheck, openEnvelope } from './envelope.js';
import type { MessageReason } from './failures.js';
import { decodeHave } from './have-hint.js';
import { KINDS, type MessageKind } from './kinds.js';
import type { Hotkey, ModelDigest } from './names.js';
import { err, ok, type Result } from './result.js';
import { decodeScoreCommitment, decodeScoreReveal, type ScoreCommitment, type ScoreReveal } from './score-exchange.js';
import type { Seen } from './seen.js';
import type { SignatureCheck } from './signatures.js';
import type { NetworkId } from './topics.js';
import { accept, ignore, reject, type Verdict } from './verdict.js';

export interface PayloadOf {
  readonly announce: Announcement;
  readonly record: PeerBinding;
  readonly scoreCommit: ScoreCommitment;
  readonly scoreReveal: ScoreReveal;
  /** What its sender holds whole. */
  readonly have: readonly ModelDigest[];
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

/** A message that is good if its signatures hold. */
export interface Examined<K extends MessageKind = MessageKind> {
  readonly message: Message<K>;
  readonly checks: readonly SignatureCheck[];
}

/** Who may publish, as the registry says. */
export interface Membership {
  /** Registered now or in the snapshot before, so that honest relays agree. */
  readonly registered: ReadonlySet<Hotkey>;
  /** Those of them with a validator permit. */
  readonly permitted: ReadonlySet<Hotkey>;
}

export interface ValidationFacts {
  readonly network: NetworkId;
  readonly nowMs: number;
  /** Null: the registry has not been read yet, and nobody can be judged. */
  readonly membership: Membership | null;
  readonly seen: Seen;
  /** Has this hotkey a token left for this kind? Only asked: nothing is used up before the signature has been checked. */
  readonly mayPublish: (hotkey: Hotkey, kind: MessageKind) => boolean;
  /** Said two things under one number, not long ago. */
  readonly isFrozen: (hotkey: Hotkey, kind: MessageKind) => boolean;
}

/** Shape: kind of the topic it came by, bytes as received → verdict. */
export function examineMessage<K extends MessageKind>(
  kind: K,
  bytes: Uint8Array,
  facts: ValidationFacts,
): Verdict<Examined<K>, MessageReason> {
  if (bytes.length > KINDS[kind].sizeBytesMax) return reject('message.too_large');
  const opened = openEnvelope(bytes);
  if (!opened.ok) return reject(opened.error);
  const envelope = opened.value;
  const problem = fixedProblem(kind, envelope, facts.network);
  if (problem !== null) return reject(problem);
  const { hotkey, sequence, issuedAtMs, expiresAtMs, referenceBlock } = envelope.body;
  const doubt = doubtAbout({ kind, hotkey, sequence, issuedAtMs, expiresAtMs, bodyDigest: envelope.bodyDigest }, facts);
  if (doubt !== null) return ignore(doubt);
  const content = readPayload(kind, envelope);
  if (!content.ok) return reject(content.error);
  const message: Message<K> = {
    kind,
    hotkey,
    sequence,
    issuedAtMs,
    expiresAtMs,
    referenceBlock,
    payload: content.value.payload,
    bodyDigest: envelope.bodyDigest,
    envelope: Uint8Array.from(bytes),
  };
  return accept({ message, checks: [envelopeCheck(envelope, facts.network), ...content.value.checks] });
}

/** Reasons that may have gone, or come, by the next moment. Two bodies of one number are no doubt here: only a checked signature proves them. */
export function doubtAbout(
  of: Pick<Message, 'kind' | 'hotkey' | 'sequence' | 'issuedAtMs' | 'expiresAtMs' | 'bodyDigest'>,
  facts: Omit<ValidationFacts, 'network'>,
): MessageReason | null {
  const { kind, hotkey, sequence, bodyDigest } = of;
  const { membership, seen, nowMs } = facts;
  if (of.issuedAtMs > nowMs + CLOCK_SKEW_MS_MAX) return 'message.from_future';
  if (of.expiresAtMs <= nowMs) return 'message.expired';
  if (seen.hasBody(bodyDigest)) return 'message.duplicate';
  if (seen.sequence(hotkey, kind, sequence, bodyDigest) === 'old') return 'message.old_sequence';
  if (membership === null) return 'message.no_registry';
  if (!membership.registered.has(hotkey)) return 'message.unregistered';
  if (KINDS[kind].role === 'validator' && !membership.permitted.has(hotkey)) return 'message.no_permit';
  if (facts.isFrozen(hotkey, kind)) return 'message.frozen';
  if (!facts.mayPublish(hotkey, kind)) return 'message.rate_limited';
  return null;
}

function fixedProblem(kind: MessageKind, { body }: Envelope, network: NetworkId): MessageReason | null {
  if (body.kind !== kind) return 'message.wrong_topic';
  if (body.genesis !== network.genesis || body.netuid !== network.netuid) return 'message.wrong_network';
  const lifetimeMs = body.expiresAtMs - body.issuedAtMs;
  if (lifetimeMs <= 0 || lifetimeMs > KINDS[kind].lifetimeMsMax) return 'message.lifetime_too_long';
  return null;
}

interface Content<T> {
  readonly payload: T;
  /** Signatures inside the payload. */
  readonly checks: readonly SignatureCheck[];
}

type Readers = { readonly [K in MessageKind]: (envelope: Envelope) => Result<Content<PayloadOf[K]>, 'message.bad_payload'> };

const READERS: Readers = {
  announce: ({ body }) => unsigned(decodeAnnouncement(body.payload)),
  record: readRecord,
  scoreCommit: ({ body }) => unsigned(decodeScoreCommitment(body.payload)),
  scoreReveal: ({ body }) => unsigned(decodeScoreReveal(body.payload)),
  have: ({ body }) => unsigned(decodeHave(body.payload)),
};

function readPayload<K extends MessageKind>(kind: K, envelope: Envelope): Result<Content<PayloadOf[K]>, 'message.bad_payload'> {
  const read: Readers[K] = READERS[kind];
  return read(envelope);
}

function unsigned<T>(payload: Result<T, 'message.bad_payload'>): Result<Content<T>, 'message.bad_payload'> {
  return payload.ok ? ok({ payload: payload.value, checks: [] }) : payload;
}

function readRecord({ body }: Envelope): Result<Content<PeerBinding>, 'message.bad_payload'> {
  const opened = openBinding(body.payload);
  if (!opened.ok) return err('message.bad_payload');
  const { binding } = opened.value;
  const same = binding.hotkey === body.hotkey && binding.genesis === body.genesis && binding.netuid === body.netuid;
  return same ? ok({ payload: binding, checks: bindingChecks(opened.value) }) : err('message.bad_payload');
}
