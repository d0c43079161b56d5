/** What evidence needs from the database. */

/** What a machine keeps of what it heard, by folder: durable before the first file, gone after the last. */
export interface EvidenceIndex {
  /** A folder is about to be written to. Idempotent. */
  begin(round: number, hotkey: string): Promise<void>;
  /** It has its report. */
  complete(round: number, hotkey: string): Promise<void>;
  /** From now on nobody gets a lease. False: somebody has one, nothing is changed. */
  mark(round: number, hotkey: string): Promise<boolean>;
  /** Its files are gone. */
  forget(round: number, hotkey: string): Promise<void>;
  /** Of this machine and its directory. */
  list(): Promise<readonly { readonly round: number; readonly hotkey: string; readonly state: 'kept' | 'going' }[]>;
}

/** A folder that stays while somebody reads it. */
export interface EvidenceLease {
  /** The machine it lies on. */
  readonly host: string;
  readonly directory: string;
  release(): Promise<void>;
}
