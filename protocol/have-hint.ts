/** The payload of `have`: models that this hotkey holds whole. A hint, so that a model is found when its miner is gone. */
import { fromHex, toHex } from './digest.js';
import { type ModelDigest, parseModelDigest } from './names.js';
import { err, ok, type Result } from './result.js';
import { tryDecode } from './wire.js';
import { HavePayload } from './wire.pb.js';

/** Models in one hint. */
export const HINTED_MODELS_MAX = 16;

/** Shape: 1 to HINTED_MODELS_MAX models, in any order, each once. */
export function encodeHave(models: readonly ModelDigest[]): Uint8Array {
  return HavePayload.encode({ models: [...models].sort().map(fromHex) });
}

/** Errors: not 1 to HINTED_MODELS_MAX digests of 32 bytes, strictly ascending. */
export function decodeHave(bytes: Uint8Array): Result<readonly ModelDigest[], 'message.bad_payload'> {
  const raw = tryDecode(HavePayload, bytes);
  if (raw === null || raw.models.length === 0 || raw.models.length > HINTED_MODELS_MAX) return err('message.bad_payload');
  const models: ModelDigest[] = [];
  for (const model of raw.models) {
    const parsed = parseModelDigest(toHex(model));
    const last = models.at(-1);
    if (!parsed.ok || (last !== undefined && parsed.value <= last)) return err('message.bad_payload');
    models.push(parsed.value);
  }
  return ok(models);
}
