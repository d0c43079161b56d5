/**
 * A binding says that a hotkey and a transport key belong together. Both sign it, so neither can be claimed by somebody else.
 * It is exchanged on connection and gossiped as kind `record`.
 */

import { isMultiaddrText } from './announcement.js';
import { sha256, toHex } from './digest.js';
import { type Hash, type Hotkey, hotkeyFromPublicKey, publicKeyOf } from './names.js';
import { err, ok, type Result } from './result.js';
import type { SignatureCheck } from './signatures.js';
import type { NetworkId } from './topics.js';
import { hashFromBytes, safeNumber, tryDecode } from './wire.js';
import { BindingBody, SignedBinding } from './wire.pb.js';

export const BINDING_LIFETIME_MS_MAX = 60 * 60_000;
export const BINDING_SIZE_BYTES_MAX = 1536;
export const BINDING_ADDRESSES_MAX = 4;
/** Clocks may differ by this much. */
export const CLOCK_SKEW_MS_MAX = 10_000;
const SIGNING_TAG = 'voxd/bind/v1';

export interface PeerBinding {
  readonly genesis: Hash;
  readonly netuid: number;
  readonly hotkey: Hotkey;
  /** 32-byte Ed25519 key of the transport. */
  readonly peerKey: Uint8Array;
  /** Multiaddrs without /p2p/. */
  readonly addresses: readonly string[];
  readonly sequence: bigint;
  readonly notBeforeMs: number;
  readonly notAfterMs: number;
}

export interface OpenedBinding {
  readonly binding: PeerBinding;
  readonly bodyBytes: Uint8Array;
  readonly hotkeySignature: Uint8Array;
  readonly peerSignature: Uint8Array;
}

export type BindingError =
  | 'p2p.binding_malformed'
  | 'p2p.binding_wrong_network'
  | 'p2p.binding_expired'
  | 'p2p.binding_bad_signature'
  | 'p2p.binding_other_peer'
  | 'p2p.binding_key_mismatch';

export function encodeBindingBody(binding: PeerBinding): Uint8Array {
  return BindingBody.encode({
    genesis: Buffer.from(binding.genesis.slice(2), 'hex'),
    netuid: binding.netuid,
    hotkey: publicKeyOf(binding.hotkey),
    peerKey: binding.peerKey,
    addresses: [...binding.addresses],
    seq: binding.sequence,
    notBeforeMs: BigInt(binding.notBeforeMs),
    notAfterMs: BigInt(binding.notAfterMs),
  });
}

/** What hotkey and peer key both sign: tag ‖ 0x00 ‖ sha-256(body). */
export function bindingBytesToSign(bodyBytes: Uint8Array): Uint8Array {
  return new Uint8Array(Buffer.concat([Buffer.from(SIGNING_TAG, 'utf8'), Uint8Array.of(0), sha256(bodyBytes)]));
}

export function assembleBinding(bodyBytes: Uint8Array, hotkeySignature: Uint8Array, peerSignature: Uint8Array): Uint8Array {
  return SignedBinding.encode({ body: bodyBytes, hotkeySignature, peerSignature });
}

export function openBinding(bytes: Uint8Array): Result<OpenedBinding, 'p2p.binding_malformed'> {
  const malformed = err('p2p.binding_malformed' as const);
  if (bytes.length > BINDING_SIZE_BYTES_MAX) return malformed;
  const outer = tryDecode(SignedBinding, bytes);
  if (outer === null || outer.hotkeySignature.length !== 64 || outer.peerSignature.length !== 64) return malformed;
  const raw = tryDecode(BindingBody, outer.body);
  if (raw === null || raw.genesis.length !== 32 || raw.hotkey.length !== 32 || raw.peerKey.length !== 32) return malformed;
  if (raw.netuid > 0xffff || raw.addresses.length > BINDING_ADDRESSES_MAX || !raw.addresses.every(isMultiaddrText)) return malformed;
  const notBeforeMs = safeNumber(raw.notBeforeMs);
  const notAfterMs = safeNumber(raw.notAfterMs);
  if (notBeforeMs === null || notAfterMs === null) return malformed;
  if (notAfterMs <= notBeforeMs || notAfterMs - notBeforeMs > BINDING_LIFETIME_MS_MAX) return malformed;
  return ok({
    binding: {
      genesis: hashFromBytes(raw.genesis),
      netuid: raw.netuid,
      hotkey: hotkeyFromPublicKey(raw.hotkey),
      peerKey: Uint8Array.from(raw.peerKey),
      addresses: raw.addresses,
      sequence: raw.seq,
      notBeforeMs,
      notAfterMs,
    },
    bodyBytes: Uint8Array.from(outer.body),
    hotkeySignature: Uint8Array.from(outer.hotkeySignature),
    peerSignature: Uint8Array.from(outer.peerSignature),
  });
}

export interface BindingFacts {
  readonly network: NetworkId;
  readonly nowMs: number;
  /** The key the connection was made with; null when the binding came by gossip. */
  readonly connectedKey: Uint8Array | null;
  /** The key the chain lists for a hotkey, 64 hex digits. */
  readonly chainKeyOf: (hotkey: Hotkey) => string | null;
}

/** Opens a binding and asks everything of it but whether the two signatures hold. */
export function examineBinding(bytes: Uint8Array, facts: BindingFacts): Result<OpenedBinding, BindingError> {
  const opened = openBinding(bytes);
  if (!opened.ok) return opened;
  const { binding } = opened.value;
  if (binding.genesis !== facts.network.genesis || binding.netuid !== facts.network.netuid) return err('p2p.binding_wrong_network');
  const early = binding.notBeforeMs > facts.nowMs + CLOCK_SKEW_MS_MAX;
  if (early || binding.notAfterMs + CLOCK_SKEW_MS_MAX < facts.nowMs) return err('p2p.binding_expired');
  const key = toHex(binding.peerKey);
  if (facts.connectedKey !== null && toHex(facts.connectedKey) !== key) return err('p2p.binding_other_peer');
  const chainKey = facts.chainKeyOf(binding.hotkey);
  if (chainKey !== null && chainKey !== key) return err('p2p.binding_key_mismatch');
  return opened;
}

/** Both signatures that must hold; the cheaper one first. */
export function bindingChecks({ binding, bodyBytes, hotkeySignature, peerSignature }: OpenedBinding): readonly SignatureCheck[] {
  const message = bindingBytesToSign(bodyBytes);
  return [
    { scheme: 'ed25519', publicKey: binding.peerKey, message, signature: peerSignature },
    { scheme: 'sr25519', publicKey: publicKeyOf(binding.hotkey), message, signature: hotkeySignature },
  ];
}
