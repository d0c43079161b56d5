/** Statements over one connection or a pool, with typed failures; and the values that differ between SQL and us. */
import type { QueryResultRow } from 'pg';
import type { Hash, ModelDigest } from '../../protocol/names.js';

export interface Sql {
  /** Errors: a `store.*` Failure. */
  query<R extends QueryResultRow>(text: string, values?: readonly unknown[]): Promise<readonly R[]>;
}

export interface TransactionalSql extends Sql {
  /** All or nothing. The work must use the `Sql` it is given. */
  withTransaction<T>(work: (sql: Sql) => Promise<T>): Promise<T>;
}

export function bytesOfHash(hash: Hash): Buffer {
  return Buffer.from(hash.slice(2), 'hex');
}

export function hashOf(bytes: Uint8Array): Hash {
  // Safety: the column's domain holds exactly 32 bytes.
  return `0x${hexOf(bytes)}` as Hash;
}

export function bytesOfDigest(digest: string): Buffer {
  return Buffer.from(digest, 'hex');
}

export function digestOf(bytes: Uint8Array): ModelDigest {
  // Safety: the column's domain holds exactly 32 bytes.
  return hexOf(bytes) as ModelDigest;
}

export function hexOf(bytes: Uint8Array): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('hex');
}

const HALF_PAIR = /[\ud800-\udbff](?![\udc00-\udfff])|(?<![\ud800-\udbff])[\udc00-\udfff]/g;

/** Text from a stranger may hold what jsonb cannot: zero characters and halves of pairs. They become U+FFFD. */
export function jsonText(value: unknown): string {
  return JSON.stringify(value, (_key, item: unknown) =>
    typeof item === 'string' ? item.replaceAll('\0', '\ufffd').replace(HALF_PAIR, '\ufffd') : item,
  );
}

/** For connections that hold a lock: the server notices within half a minute that the other end is gone. */
export const LOCK_KEEPALIVE = 'SET tcp_keepalives_idle = 10; SET tcp_keepalives_interval = 5; SET tcp_keepalives_count = 3';
