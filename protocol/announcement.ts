/** The payload of `announce`: this hotkey has this model, committed at this block, to be had there. */
import { fromHex, toHex } from './digest.js';
import type { ModelDigest } from './names.js';
import { err, ok, type Result } from './result.js';
import { safeNumber, tryDecode } from './wire.js';
import { AnnouncePayload } from './wire.pb.js';

export const PROVIDERS_MAX = 4;
export const PROVIDER_LENGTH_MAX = 200;
const DIGEST_SIZE_BYTES = 32;

export interface Announcement {
  readonly model: ModelDigest;
  readonly manifestSizeBytes: number;
  /** All files of the package. */
  readonly sizeBytes: number;
  /** Block of the commitment on chain. */
  readonly commitmentBlock: number;
  /** Multiaddrs with /p2p/; empty: ask the announcing hotkey's own peers. */
  readonly providers: readonly string[];
}

export function encodeAnnouncement(announcement: Announcement): Uint8Array {
  return AnnouncePayload.encode({
    model: fromHex(announcement.model),
    manifestSize: announcement.manifestSizeBytes,
    totalSize: BigInt(announcement.sizeBytes),
    commitmentBlock: BigInt(announcement.commitmentBlock),
    providers: [...announcement.providers],
  });
}

export function decodeAnnouncement(bytes: Uint8Array): Result<Announcement, 'message.bad_payload'> {
  const raw = tryDecode(AnnouncePayload, bytes);
  if (raw === null || raw.model.length !== DIGEST_SIZE_BYTES || raw.manifestSize === 0) return err('message.bad_payload');
  const sizeBytes = safeNumber(raw.totalSize);
  const commitmentBlock = safeNumber(raw.commitmentBlock);
  if (sizeBytes === null || sizeBytes === 0 || commitmentBlock === null) return err('message.bad_payload');
  if (raw.providers.length > PROVIDERS_MAX || !raw.providers.every(isMultiaddrText)) return err('message.bad_payload');
  // Safety: hex digits of 32 bytes.
  const model = toHex(raw.model) as ModelDigest;
  return ok({ model, manifestSizeBytes: raw.manifestSize, sizeBytes, commitmentBlock, providers: raw.providers });
}

/** Looks like a multiaddr; whether it can be dialled is the transport's to say. */
export function isMultiaddrText(text: string): boolean {
  return text.length <= PROVIDER_LENGTH_MAX && /^(\/[A-Za-z0-9._:-]+)+$/.test(text);
}
