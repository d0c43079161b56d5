/** The transaction pool: what waits for a block, per account in the order of nonces. */
import { err, ok, type Result } from '../../protocol/result.js';
import { deathOf } from './era.js';
import type { Extrinsic } from './extrinsic.js';
import type { AccountId } from './shapes.js';
import type { Invalidity } from './validity.js';

/** Transactions that wait, all accounts together. */
export const MAX_POOL_SIZE = 4096;
/** Transactions that one block takes. */
export const MAX_PER_BLOCK = 512;

export type PoolRefusal = Invalidity | { readonly kind: 'known' | 'lowPriority' | 'full' };

export interface Waiting {
  readonly extrinsic: Extrinsic;
  readonly nonce: number;
  readonly signer: AccountId;
  readonly death: number;
}

export interface Pool {
  /** `verdict` is what validity.ts says of it for the next block. */
  add(extrinsic: Extrinsic, verdict: Invalidity | null, nextBlock: number): Result<{ readonly ready: boolean }, PoolRefusal>;
  /** In the order to include them; `nonceOf` is the account's next nonce on chain. */
  ready(nonceOf: (account: AccountId) => number): readonly Extrinsic[];
  remove(hash: string): void;
  /** Takes out what can no longer be included from block `next` on. */
  removeExpired(next: number, nonceOf: (account: AccountId) => number): readonly Extrinsic[];
  /** The next nonce of the account, counting what waits here. */
  nextNonce(account: AccountId, onChain: number): number;
  all(): readonly Extrinsic[];
}

export function createPool(): Pool {
  const waiting = new Map<string, Waiting>();

  function nextNonce(account: AccountId, onChain: number): number {
    const taken = new Set([...waiting.values()].filter(({ signer }) => signer === account).map(({ nonce }) => nonce));
    let next = onChain;
    while (taken.has(next)) next += 1;
    return next;
  }

  return {
    nextNonce,
    all: () => [...waiting.values()].map(({ extrinsic }) => extrinsic),
    add: (extrinsic, verdict, nextBlock) => {
      if (waiting.has(extrinsic.hash)) return err({ kind: 'known' });
      if (verdict !== null && verdict.kind !== 'future') return err(verdict);
      const { signed } = extrinsic;
      if (signed === null) return err({ kind: 'unsigned' });
      // Every transaction has the same priority, so none replaces another.
      const rival = [...waiting.values()].some(({ signer, nonce }) => signer === signed.signer && nonce === signed.nonce);
      if (rival) return err({ kind: 'lowPriority' });
      if (waiting.size >= MAX_POOL_SIZE) return err({ kind: 'full' });
      waiting.set(extrinsic.hash, { extrinsic, nonce: signed.nonce, signer: signed.signer, death: deathOf(signed.era, nextBlock) });
      return ok({ ready: verdict === null });
    },
    ready: (nonceOf) => {
      const next = new Map<AccountId, number>();
      const picked: Extrinsic[] = [];
      const left = [...waiting.values()].sort((a, b) => a.nonce - b.nonce);
      for (const { extrinsic, signer, nonce } of left) {
        if (picked.length >= MAX_PER_BLOCK) break;
        const expected = next.get(signer) ?? nonceOf(signer);
        if (nonce !== expected) continue;
        next.set(signer, expected + 1);
        picked.push(extrinsic);
      }
      return picked;
    },
    remove: (hash) => void waiting.delete(hash),
    removeExpired: (next, nonceOf) => {
      const gone = [...waiting.values()].filter(({ death, signer, nonce }) => death <= next || nonce < nonceOf(signer));
      for (const { extrinsic } of gone) waiting.delete(extrinsic.hash);
      return gone.map(({ extrinsic }) => extrinsic);
    },
  };
}
