/** What the daemon remembers of the network: stores like those of node/ports.ts. */

import type { Equivocation } from '../../protocol/equivocation.js';
import type { Hotkey } from '../../protocol/names.js';
import type { PeerRule, PeerSubject } from '../../protocol/peer-rules.js';

export interface StoredEquivocation extends Equivocation {
  readonly noticedAtMs: number;
}

/** Proof against hotkeys that said two things under one number. */
export interface EquivocationStore {
  /** The first proof of a (hotkey, kind, sequence) stands; false: it is there already. */
  put(equivocation: StoredEquivocation): Promise<boolean>;
  /** Noticed at this block or later, oldest first. */
  since(block: number): Promise<readonly StoredEquivocation[]>;
  /** Newest first; of one hotkey, or of all. */
  list(limit: number, hotkey?: Hotkey): Promise<readonly StoredEquivocation[]>;
}

/** Whom this node does not speak with, and whom it always does. One rule per subject. */
export interface PeerRuleStore {
  /**
   * Replaces the rule about its subject; one of the operator is not replaced by one of the node. False: not kept, for that reason or because there are
   * `max` already (the oldest of the node's own give way to an operator's).
   */
  put(rule: PeerRule, max: number): Promise<boolean>;
  /** False: there was none. */
  remove(subject: PeerSubject): Promise<boolean>;
  /** Newest first. */
  inForce(nowMs: number): Promise<readonly PeerRule[]>;
}
