/** The one place where a database exception becomes a Failure. */
import { type Failure, isFailure } from '../../protocol/failure.js';
import { nodeFailure } from '../failures.js';

/** What the embedded server's own log said last about its disk; the client only sees a lost connection. */
export type ServerTrouble = 'full' | 'read_only' | null;

const UNREACHABLE_CODES = new Set([
  'ECONNREFUSED',
  'ECONNRESET',
  'ENOENT',
  'ENOTFOUND',
  'EAI_AGAIN',
  'EHOSTUNREACH',
  'ENETUNREACH',
  'ETIMEDOUT',
  'EPIPE',
]);

/** Shape: anything thrown by pg → a Failure of a `store.*` code. A Failure passes through. */
export function storeFailure(err: unknown, where: string, trouble: ServerTrouble = null): Failure {
  if (isFailure(err)) return err;
  const reason = err instanceof Error ? err.message || err.name : String(err);
  const code = textOf(err, 'code');
  if (code === '53100' || code === 'ENOSPC' || /no space left on device|disk quota exceeded/i.test(reason)) {
    return nodeFailure('store.full', { where }, err);
  }
  if (code === '25006' || code === 'EROFS' || /read-only file system/i.test(reason)) return nodeFailure('store.read_only', { where }, err);
  if (code === '57014' || code === '55P03' || code === '25P03') return nodeFailure('store.too_slow', { reason }, err);
  if (code.startsWith('28') || code === '3D000' || code === '42501') return nodeFailure('store.access_denied', { where, reason }, err);
  if (isLostConnection(code, reason)) {
    if (trouble === 'full') return nodeFailure('store.full', { where }, err);
    if (trouble === 'read_only') return nodeFailure('store.read_only', { where }, err);
    return nodeFailure('store.unreachable', { where, reason }, err);
  }
  if (code.startsWith('23')) return nodeFailure('store.row_refused', { constraint: textOf(err, 'constraint') || code, reason }, err);
  return nodeFailure('store.query_failed', { sqlState: code || 'none', reason }, err);
}

function isLostConnection(code: string, reason: string): boolean {
  if (UNREACHABLE_CODES.has(code) || code.startsWith('08') || code.startsWith('57P') || code === '53300') return true;
  return /connection terminated|query read timeout|timeout exceeded when trying to connect|timeout expired|client has encountered a connection error|socket hang up|not queryable|Cannot use a pool after calling end/i.test(
    reason,
  );
}

function textOf(err: unknown, key: 'code' | 'constraint'): string {
  if (typeof err !== 'object' || err === null || !(key in err)) return '';
  // Safety: the `in` check above; the value is tested before use.
  const value = (err as Record<string, unknown>)[key];
  return typeof value === 'string' ? value : '';
}
