/** What the daemon remembers of other validators: stores like those of node/ports.ts. */
import type { Hotkey, ModelDigest } from '../../protocol/names.js';
import type { AuditCause, AuditedPrompt, AuditOutcome } from '../../scoring/audit.js';
import type { EngineName } from '../../scoring/ports.js';
import type { Prompt } from '../../scoring/prompts.js';
import type { ExchangeFault } from '../network/exchange-faults.js';

export interface AuditHearing {
  readonly hotkey: Hotkey;
  readonly model: ModelDigest;
  readonly prompts: readonly Prompt[];
  readonly engine: EngineName;
  readonly signal: AbortSignal;
}

/** A record of another validator that we heard again. */
export interface AuditRow extends AuditOutcome {
  readonly hotkey: Hotkey;
  readonly model: ModelDigest;
  readonly recordDigest: string;
  readonly cause: AuditCause;
  readonly prompts: readonly AuditedPrompt[];
  /** Our own ears were outside of the tolerance. */
  readonly oursWrong: boolean;
  readonly auditedAtMs: number;
}

export interface AuditStore {
  /** False: this record was audited already (the first stands). */
  put(audit: AuditRow): Promise<boolean>;
  /** Ascending validator, hotkey, model. */
  ofRound(round: number): Promise<readonly AuditRow[]>;
  /** Outcomes of all rounds from this one on, oldest first. */
  since(round: number): Promise<readonly AuditOutcome[]>;
}

export interface ExchangeFlag {
  readonly round: number;
  readonly validator: Hotkey;
  readonly fault: ExchangeFault;
  readonly block: number;
  /** In words. */
  readonly reason: string;
  /** The signed message, where there is one: evidence. */
  readonly envelope: Uint8Array;
}

export interface FlagStore {
  /** False: this fault of this validator in this round is known (the first stands). */
  put(flag: ExchangeFlag): Promise<boolean>;
  /** Ascending validator, fault. */
  ofRound(round: number): Promise<readonly ExchangeFlag[]>;
}
