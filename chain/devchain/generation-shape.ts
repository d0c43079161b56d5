import type { Fields } from './composite.js';
import type { Rules } from './pallet.js';
import type { ItemDescription } from './storage-item.js';

/** An item that the generation shows in another form than it is kept in. */
export interface ShownItem {
  readonly item: ItemDescription;
  /** Where it is kept, under the same keys; null: nowhere, every value is the default. */
  readonly keptAs: ItemDescription | null;
  /** The kept value as it is shown, both `0x` hex; default: the same. */
  readonly value?: (kept: string) => string;
}

export interface Generation {
  /** What the chain says unless told otherwise. */
  readonly specVersion: number;
  readonly rules: Rules;
  /** `Pallet`, `Pallet.Item`, `Pallet.call`, `Pallet.Event` and `Api_method` that this generation does not have. */
  readonly lacks: ReadonlySet<string>;
  readonly shows: readonly ShownItem[];
  /** `Pallet.call` → in what it differs. */
  readonly calls: ReadonlyMap<string, { readonly name?: string; readonly args?: Fields<unknown> }>;
  /** `Pallet.Event` → in what it differs. */
  readonly events: ReadonlyMap<string, { readonly index?: number; readonly fields?: Fields<unknown> }>;
  /** `Pallet` → its errors in order, where they differ. */
  readonly errors: ReadonlyMap<string, readonly string[]>;
  /** Transaction extensions that carry no bytes, between those of fees and of the metadata hash. */
  readonly extensions: readonly string[];
  /** Answers of the subtensor APIs are wrapped in a `Vec<u8>`. */
  readonly wrappedAnswers: boolean;
}
