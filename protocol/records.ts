/** Node records: the newest signed binding of each hotkey, by which nodes learn of each other without asking the chain. */
import type { PeerBinding } from './binding.js';
import type { Hotkey } from './names.js';

/** Two per seat of the largest subnet: those of the snapshot before may still be heard. */
export const NODE_RECORDS_MAX = 512;

export interface NodeRecord {
  readonly binding: PeerBinding;
  /** As signed: what is handed on. */
  readonly bytes: Uint8Array;
}

export interface RecordBook {
  /** Would `put` keep it? Asked before signatures are checked. */
  isNews(binding: PeerBinding, nowMs: number): boolean;
  /** Keeps a record whose signatures have been checked, unless a newer one of its hotkey is here. False: not kept. */
  put(record: NodeRecord, nowMs: number): boolean;
  of(hotkey: Hotkey, nowMs: number): NodeRecord | null;
  /** Valid ones, oldest first. */
  list(nowMs: number): readonly NodeRecord[];
  /** Its owner has left: nothing is said about it until it makes a new record. */
  forget(hotkey: Hotkey): void;
  /** Only these hotkeys have records from now on; null: any. */
  allow(hotkeys: ReadonlySet<Hotkey> | null): void;
}

/** When full, the record that ends first makes room. */
export function createRecordBook(max = NODE_RECORDS_MAX): RecordBook {
  const records = new Map<Hotkey, NodeRecord>();
  /** Sequence of the record with which a hotkey left; nothing as old is taken again while it is valid. */
  const left = new Map<Hotkey, { readonly sequence: bigint; readonly untilMs: number }>();
  let allowed: ReadonlySet<Hotkey> | null = null;

  function isNews({ hotkey, sequence, notAfterMs }: PeerBinding, nowMs: number): boolean {
    if (notAfterMs <= nowMs || allowed?.has(hotkey) === false) return false;
    const known = records.get(hotkey)?.binding.sequence ?? -1n;
    const gone = left.get(hotkey)?.sequence ?? -1n;
    return sequence > known && sequence > gone;
  }

  function sweep(nowMs: number): void {
    for (const [hotkey, { binding }] of records) if (binding.notAfterMs <= nowMs) records.delete(hotkey);
    for (const [hotkey, { untilMs }] of left) if (untilMs <= nowMs) left.delete(hotkey);
  }

  return {
    isNews,
    put(record, nowMs) {
      if (!isNews(record.binding, nowMs)) return false;
      sweep(nowMs);
      records.delete(record.binding.hotkey);
      records.set(record.binding.hotkey, record);
      if (records.size > max) {
        const [first] = [...records.values()].sort((a, b) => a.binding.notAfterMs - b.binding.notAfterMs);
        if (first !== undefined) records.delete(first.binding.hotkey);
      }
      return records.get(record.binding.hotkey) === record;
    },
    of(hotkey, nowMs) {
      const record = records.get(hotkey);
      return record !== undefined && record.binding.notAfterMs > nowMs ? record : null;
    },
    list(nowMs) {
      sweep(nowMs);
      return [...records.values()];
    },
    forget(hotkey) {
      const record = records.get(hotkey);
      if (record === undefined) return;
      records.delete(hotkey);
      left.set(hotkey, { sequence: record.binding.sequence, untilMs: record.binding.notAfterMs });
    },
    allow(hotkeys) {
      allowed = hotkeys;
      for (const hotkey of records.keys()) if (hotkeys?.has(hotkey) === false) records.delete(hotkey);
      for (const hotkey of left.keys()) if (hotkeys?.has(hotkey) === false) left.delete(hotkey);
    },
  };
}
