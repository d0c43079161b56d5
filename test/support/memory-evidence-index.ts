/** The index of evidence without a database: the same contract (test/contracts/evidence-index.ts), kept in maps. */
import type { EvidenceIndex, EvidenceLease } from '../../node/explain/ports.js';

export interface MemoryEvidenceIndex extends EvidenceIndex {
  lease(round: number, hotkey: string): Promise<EvidenceLease | null>;
}

export function createMemoryEvidenceIndex(folderOf: (round: number, hotkey: string) => string): MemoryEvidenceIndex {
  const rows = new Map<string, { round: number; hotkey: string; state: 'kept' | 'going'; leases: number }>();
  const keyOf = (round: number, hotkey: string) => `${round}/${hotkey}`;
  const put = async (round: number, hotkey: string) => {
    const leases = rows.get(keyOf(round, hotkey))?.leases ?? 0;
    rows.set(keyOf(round, hotkey), { round, hotkey, state: 'kept', leases });
  };
  return {
    begin: put,
    complete: put,
    async mark(round, hotkey) {
      const row = rows.get(keyOf(round, hotkey));
      if (row !== undefined && row.leases > 0) return false;
      if (row !== undefined) row.state = 'going';
      return true;
    },
    async forget(round, hotkey) {
      rows.delete(keyOf(round, hotkey));
    },
    async list() {
      return [...rows.values()].map(({ round, hotkey, state }) => ({ round, hotkey, state }));
    },
    async lease(round, hotkey) {
      const row = rows.get(keyOf(round, hotkey));
      if (row === undefined || row.state === 'going') return null;
      row.leases += 1;
      let held = true;
      return {
        host: 'here',
        directory: folderOf(round, hotkey),
        async release() {
          if (held) row.leases -= 1;
          held = false;
        },
      };
    },
  };
}
