/** What the network part counts. Every hook is optional. */
import type { MessageKind } from '../kinds.js';
import type { Verdict } from '../verdict.js';
import type { UploadOffence } from './transfer.js';

export interface NetworkMetrics {
  verdict?(kind: MessageKind, action: Verdict<unknown>['action'], reason: string): void;
  transferBytes?(direction: 'in' | 'out', bytes: number): void;
  /** A provider of a transfer was dropped, by the `p2p.*` code. */
  providerDropped?(code: string): void;
  uploadOffence?(offence: UploadOffence): void;
  connections?(inbound: number, outbound: number): void;
  /** A connection was closed because nothing was heard any more. */
  silent?(): void;
}
