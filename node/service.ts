/** A long-living part of the daemon. Started in order, stopped in reverse (node/lifecycle.ts). */
export interface Service {
  readonly name: string;
  /** Resolves when ready; leaves nothing behind if it rejects. */
  start(signal: AbortSignal): Promise<void>;
  /** Idempotent; resolves when nothing of it is running. */
  stop(): Promise<void>;
}
