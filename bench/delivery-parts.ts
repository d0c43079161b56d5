/** What the nodes of the delivery benchmark are told, and what they answer. */

/** judged: signed, and through the gate with the signature on a thread. raw: the same bytes, unsigned and taken as they come. */
export type Mode = 'judged' | 'raw';

export type Order =
  | { readonly do: 'know'; readonly neurons: readonly Address[] }
  | { readonly do: 'weigh' }
  /** Message n of the network is this node's when n modulo `nodes` is its number; it is due n / `perSecond` after `startNs` of the machine's clock. */
  | {
      readonly do: 'talk';
      readonly mode: Mode;
      readonly nodes: number;
      readonly perSecond: number;
      readonly startNs: string;
      readonly windowMs: number;
      readonly settleMs: number;
    };

export interface Address {
  readonly hotkey: string;
  readonly ip: string;
  readonly port: number;
}

export interface Weight {
  readonly residentMiB: number;
  /** Objects and buffers that are in use. */
  readonly objectsKiB: number;
  readonly peers: number;
}

export interface Talk {
  readonly sent: number;
  /** From before a message is signed until it has been taken here. */
  readonly latenciesMs: readonly number[];
  /** Copies of messages that came, first ones and others. */
  readonly receptions: number;
  /** Processor time of this process, its threads with it. */
  readonly cpuMs: number;
  readonly messageBytes: number;
}

/** Null: done. */
export type Answer = Address | Weight | Talk | null;
