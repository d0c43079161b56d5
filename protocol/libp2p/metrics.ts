/** What the network part counts. Every hook is optional. */
import type { MessageKind } from '../kinds.js';
import type { Verdict } from '../verdict.js';

export interface NetworkMetrics {
  verdict?(kind: MessageKind, action: Verdict<unknown>['action'], reason: string): void;
  transferBytes?(direction: 'in' | 'out', bytes: number): void;
  connections?(inbound: number, outbound: number): void;
}
