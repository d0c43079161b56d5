/** File system errors as failures. */
import type { Failure } from '../../protocol/failure.js';
import { nodeFailure } from '../failures.js';

export function errorCode(err: unknown): string {
  return err instanceof Error && 'code' in err && typeof err.code === 'string' ? err.code : '';
}

/** Shape: what a file operation threw → store.full, store.read_only, node.data_dir_unwritable; null for anything else. */
export function diskFailure(err: unknown, where: string): Failure | null {
  const code = errorCode(err);
  if (code === 'ENOSPC' || code === 'EDQUOT') return nodeFailure('store.full', { where }, err);
  if (code === 'EROFS') return nodeFailure('store.read_only', { where }, err);
  if (code === 'EACCES' || code === 'EPERM' || code === 'ENOTDIR')
    return nodeFailure('node.data_dir_unwritable', { dataDir: where, reason: code }, err);
  return null;
}
