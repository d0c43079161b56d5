import { u8aToHex } from '@polkadot/util';
import { blake2AsU8a } from '@polkadot/util-crypto';
import type { Signer } from '../../protocol/ports.js';
import { chainFailure } from '../failures.js';
import type { BlockRef, Hotkey } from '../snapshot.js';
import { assertExtensionsUnderstood } from './extensions.js';
import type { Session } from './session-shape.js';

/** A call by the names it has in the metadata, camel case. */
export interface Call {
  readonly pallet: string;
  readonly method: string;
  readonly args: readonly unknown[];
}

/** A signed extrinsic: these bytes, and no others, are what is looked for in blocks. */
export interface SignedExtrinsic {
  readonly bytes: string;
  readonly hash: string;
  readonly method: string;
  readonly signer: Hotkey;
  readonly nonce: number;
  /** It can be included in blocks after `bornAt` and up to `lastBlock`. */
  readonly bornAt: number;
  readonly lastBlock: number;
}

/** Blocks in which a transaction may be included. Short, so that a lost one can be sent again within the same epoch. */
export const ERA_PERIOD_BLOCKS = 16;
/** A longer payload is hashed before it is signed (Substrate's rule). */
const MAX_RAW_PAYLOAD_BYTES = 256;
/** Scheme byte of a `MultiSignature`. */
const SR25519 = 1;

/** The call as the runtime and its users write it: `set_weights`. */
export function callName({ method }: Pick<Call, 'method'>): string {
  return method.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);
}

export function callExists(session: Session, call: Pick<Call, 'pallet' | 'method'>): boolean {
  return session.api.tx[call.pallet]?.[call.method] !== undefined;
}

/**
 * Shape: call, signer, nonce, block of birth → signed bytes, mortal for `ERA_PERIOD_BLOCKS`.
 * Errors: chain.missing_item when the runtime has no such call, chain.unknown_extension.
 */
export async function signCall(
  session: Session,
  call: Call,
  signer: Signer,
  { nonce, birth }: { readonly nonce: number; readonly birth: BlockRef },
): Promise<SignedExtrinsic> {
  const { api, identity } = session;
  const make = api.tx[call.pallet]?.[call.method];
  const method = callName(call);
  if (make === undefined) throw chainFailure('chain.missing_item', { item: `${call.pallet}.${method}`, specVersion: identity.specVersion });
  assertExtensionsUnderstood(api);

  const extrinsic = make(...call.args);
  const era = api.registry.createType('ExtrinsicEra', { current: birth.number, period: ERA_PERIOD_BLOCKS });
  const payload = api.registry
    .createType('SignerPayload', {
      address: signer.hotkey,
      blockHash: birth.hash,
      blockNumber: birth.number,
      era,
      genesisHash: identity.genesis,
      method: extrinsic.method,
      nonce,
      runtimeVersion: api.runtimeVersion,
      signedExtensions: api.registry.signedExtensions,
      tip: 0,
      version: api.extrinsicVersion,
    })
    .toPayload();
  const raw = api.registry.createType('ExtrinsicPayload', payload, { version: payload.version }).toU8a({ method: true });
  const signature = await signer.sign(raw.length > MAX_RAW_PAYLOAD_BYTES ? blake2AsU8a(raw) : raw, { extrinsic: raw });
  extrinsic.addSignature(signer.hotkey, u8aToHex(Uint8Array.of(SR25519, ...signature)), payload);
  const bytes = extrinsic.toHex();
  return {
    bytes,
    hash: extrinsic.hash.toHex(),
    method,
    signer: signer.hotkey,
    nonce,
    bornAt: birth.number,
    lastBlock: birth.number + ERA_PERIOD_BLOCKS - 1,
  };
}
