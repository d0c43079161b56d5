import type { Hotkey, Uid } from '../protocol/names.js';

/** What changed between two snapshots; `block` is the snapshot in which it was seen. */
export type RegistryChange =
  | { readonly kind: 'registered'; readonly block: number; readonly hotkey: Hotkey; readonly uid: Uid; readonly registeredAt: number }
  | {
      readonly kind: 'deregistered';
      readonly block: number;
      readonly hotkey: Hotkey;
      readonly uid: Uid;
      readonly replacedBy: Hotkey | null;
    }
  | { readonly kind: 'renumbered'; readonly block: number; readonly hotkey: Hotkey; readonly from: Uid; readonly to: Uid }
  | {
      readonly kind: 'axon' | 'permit' | 'stake' | 'commitment' | 'coldkey';
      readonly block: number;
      readonly hotkey: Hotkey;
      readonly uid: Uid;
      readonly before: string;
      readonly after: string;
    };
