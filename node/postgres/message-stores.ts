/** What is kept of gossip: announcements, and sequence numbers of signed messages. */
import type { Hotkey } from '../../protocol/names.js';
import type { AnnouncementStore, SequenceStore, StoredAnnouncement } from '../ports.js';
import { bytesOfDigest, digestOf, type Sql } from './sql.js';

interface AnnouncementRow {
  hotkey: Hotkey;
  model: Buffer;
  manifest_size_bytes: string;
  size_bytes: string;
  commitment_block: string;
  providers: string[];
  sequence: string;
  issued_at_ms: string;
  expires_at_ms: string;
  envelope: Buffer;
}

/** Announcements kept per hotkey, the newest: a neuron that announces without end fills only its own places. */
export const ANNOUNCEMENTS_PER_HOTKEY_KEPT = 8;

const NEWEST_FIRST = 'ORDER BY issued_at_ms DESC, sequence DESC, hotkey';

export function createAnnouncementStore(sql: Sql): AnnouncementStore {
  return {
    async put(announcement) {
      const rows = await sql.query(
        `INSERT INTO voxd.announcements AS a
           (hotkey, model, manifest_size_bytes, size_bytes, commitment_block, providers, sequence, issued_at_ms, expires_at_ms, envelope)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)
         ON CONFLICT (hotkey, model) DO UPDATE SET
           manifest_size_bytes = excluded.manifest_size_bytes, size_bytes = excluded.size_bytes,
           commitment_block = excluded.commitment_block, providers = excluded.providers, sequence = excluded.sequence,
           issued_at_ms = excluded.issued_at_ms, expires_at_ms = excluded.expires_at_ms, envelope = excluded.envelope
         WHERE a.sequence < excluded.sequence
         RETURNING 1`,
        [
          announcement.hotkey,
          bytesOfDigest(announcement.model),
          announcement.manifestSizeBytes,
          announcement.sizeBytes,
          announcement.commitmentBlock,
          [...announcement.providers],
          announcement.sequence.toString(),
          announcement.issuedAtMs,
          announcement.expiresAtMs,
          Buffer.from(announcement.envelope),
        ],
      );
      if (rows.length === 0) return false;
      await sql.query(
        `DELETE FROM voxd.announcements WHERE hotkey = $1
           AND model IN (SELECT model FROM voxd.announcements WHERE hotkey = $1 ORDER BY sequence DESC, model OFFSET $2)`,
        [announcement.hotkey, ANNOUNCEMENTS_PER_HOTKEY_KEPT],
      );
      return true;
    },
    async active(nowMs) {
      const rows = await sql.query<AnnouncementRow>(`SELECT * FROM voxd.announcements WHERE expires_at_ms > $1 ${NEWEST_FIRST}`, [nowMs]);
      return rows.map(announcementOfRow);
    },
    async forModel(model, nowMs) {
      const rows = await sql.query<AnnouncementRow>(
        `SELECT * FROM voxd.announcements WHERE model = $1 AND expires_at_ms > $2 ${NEWEST_FIRST}`,
        [bytesOfDigest(model), nowMs],
      );
      return rows.map(announcementOfRow);
    },
  };
}

export function createSequenceStore(sql: Sql): SequenceStore {
  return {
    async next(hotkey, kind, atLeast) {
      const [row] = await sql.query<{ sequence: string }>(
        `INSERT INTO voxd.own_sequences AS s (hotkey, kind, sequence) VALUES ($1, $2, $3)
         ON CONFLICT (hotkey, kind) DO UPDATE SET sequence = greatest(s.sequence + 1, excluded.sequence)
         RETURNING sequence`,
        [hotkey, kind, atLeast.toString()],
      );
      return BigInt(row?.sequence ?? 0);
    },
    async seen(hotkey, kind) {
      const [row] = await sql.query<{ sequence: string; body_digest: string }>(
        'SELECT sequence, body_digest FROM voxd.seen_sequences WHERE hotkey = $1 AND kind = $2',
        [hotkey, kind],
      );
      return row === undefined ? null : { sequence: BigInt(row.sequence), bodyDigest: row.body_digest };
    },
    async recordSeen(hotkey, kind, sequence, bodyDigest) {
      await sql.query(
        `INSERT INTO voxd.seen_sequences AS s (hotkey, kind, sequence, body_digest) VALUES ($1, $2, $3, $4)
         ON CONFLICT (hotkey, kind) DO UPDATE SET sequence = excluded.sequence, body_digest = excluded.body_digest
         WHERE s.sequence < excluded.sequence`,
        [hotkey, kind, sequence.toString(), bodyDigest],
      );
    },
  };
}

function announcementOfRow(row: AnnouncementRow): StoredAnnouncement {
  return {
    hotkey: row.hotkey,
    model: digestOf(row.model),
    manifestSizeBytes: Number(row.manifest_size_bytes),
    sizeBytes: Number(row.size_bytes),
    commitmentBlock: Number(row.commitment_block),
    providers: row.providers,
    sequence: BigInt(row.sequence),
    issuedAtMs: Number(row.issued_at_ms),
    expiresAtMs: Number(row.expires_at_ms),
    envelope: new Uint8Array(row.envelope),
  };
}
