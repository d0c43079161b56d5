/** Models, rounds and standings. */
import type { Facts } from '../../protocol/failure.js';
import type { Hotkey } from '../../protocol/names.js';
import type { Manifest } from '../../scoring/manifest.js';
import type {
  ModelRow,
  ModelState,
  ModelStore,
  RoundOpening,
  RoundRow,
  RoundStore,
  StandingRow,
  StandingStore,
  Weighing,
} from '../ports.js';
import { bytesOfDigest, bytesOfHash, digestOf, hashOf, jsonText, type Sql, type TransactionalSql } from './sql.js';

interface ModelSqlRow {
  hotkey: Hotkey;
  model: Buffer;
  registered_at: string;
  commitment_block: string;
  state: ModelState;
  reason_code: string | null;
  reason_facts: Facts | null;
  attempts: number;
  manifest: Manifest | null;
  tensor_digests: string[];
}

export function createModelStore(sql: Sql): ModelStore {
  return {
    async get(hotkey, model) {
      const [row] = await sql.query<ModelSqlRow>('SELECT * FROM voxd.models WHERE hotkey = $1 AND model = $2', [
        hotkey,
        bytesOfDigest(model),
      ]);
      return row === undefined ? null : modelOfRow(row);
    },
    async list() {
      const rows = await sql.query<ModelSqlRow>('SELECT * FROM voxd.models ORDER BY commitment_block, hotkey, model');
      return rows.map(modelOfRow);
    },
    async put(row) {
      await sql.query(
        `INSERT INTO voxd.models
           (hotkey, model, registered_at, commitment_block, state, reason_code, reason_facts, attempts, manifest, tensor_digests)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)
         ON CONFLICT (hotkey, model) DO UPDATE SET
           registered_at = excluded.registered_at, commitment_block = excluded.commitment_block, state = excluded.state,
           reason_code = excluded.reason_code, reason_facts = excluded.reason_facts, attempts = excluded.attempts,
           manifest = excluded.manifest, tensor_digests = excluded.tensor_digests, updated_at = now()`,
        [
          row.hotkey,
          bytesOfDigest(row.model),
          row.registeredAt,
          row.commitmentBlock,
          row.state,
          row.reason?.code ?? null,
          row.reason === null ? null : jsonText(row.reason.facts),
          row.attempts,
          row.manifest === null ? null : JSON.stringify(row.manifest),
          [...row.tensorDigests],
        ],
      );
    },
  };
}

function modelOfRow(row: ModelSqlRow): ModelRow {
  return {
    hotkey: row.hotkey,
    registeredAt: Number(row.registered_at),
    model: digestOf(row.model),
    commitmentBlock: Number(row.commitment_block),
    state: row.state,
    reason: reasonOf(row.reason_code, row.reason_facts),
    attempts: row.attempts,
    manifest: row.manifest,
    tensorDigests: row.tensor_digests,
  };
}

export function reasonOf(code: string | null, facts: Facts | null): { readonly code: string; readonly facts: Facts } | null {
  return code === null || facts === null ? null : { code, facts };
}

interface RoundSqlRow {
  round: string;
  opened_number: string;
  opened_hash: Buffer;
  seed: string;
  entries: RoundRow['entries'];
  state: RoundRow['state'];
  note_code: string | null;
  note_facts: Facts | null;
  weighing: Weighing | null;
  opening: OpeningJson | null;
}

/** JSON has no integers beyond 2^53. */
type OpeningJson = Omit<RoundOpening, 'listeners'> & {
  readonly listeners: readonly { readonly hotkey: Hotkey; readonly stakeRao: string }[];
};

function openingText(opening: RoundOpening | null): string | null {
  if (opening === null) return null;
  const listeners = opening.listeners.map(({ hotkey, stakeRao }) => ({ hotkey, stakeRao: stakeRao.toString() }));
  return jsonText({ ...opening, listeners } satisfies OpeningJson);
}

function openingOfJson(opening: OpeningJson | null): RoundOpening | null {
  if (opening === null) return null;
  return { ...opening, listeners: opening.listeners.map(({ hotkey, stakeRao }) => ({ hotkey, stakeRao: BigInt(stakeRao) })) };
}

export function createRoundStore(sql: Sql): RoundStore {
  const get = async (round: number): Promise<RoundRow | null> => {
    const [row] = await sql.query<RoundSqlRow>('SELECT * FROM voxd.rounds WHERE round = $1', [round]);
    return row === undefined ? null : roundOfRow(row);
  };
  return {
    async open(row) {
      await sql.query(
        `INSERT INTO voxd.rounds (round, opened_number, opened_hash, seed, entries, state, note_code, note_facts, weighing, opening)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10) ON CONFLICT (round) DO NOTHING`,
        [
          row.round,
          row.openedAt.number,
          bytesOfHash(row.openedAt.hash),
          row.seed,
          jsonText(row.entries),
          row.state,
          row.note?.code ?? null,
          row.note === null ? null : jsonText(row.note.facts),
          row.weighing === null ? null : jsonText(row.weighing),
          openingText(row.opening),
        ],
      );
      return (await get(row.round)) ?? row;
    },
    async update(round, change) {
      const sets = new Map<string, unknown>();
      if (change.opening !== undefined) sets.set('opening', openingText(change.opening));
      if (change.entries !== undefined) sets.set('entries', jsonText(change.entries));
      if (change.state !== undefined) sets.set('state', change.state);
      if (change.note !== undefined) {
        sets.set('note_code', change.note?.code ?? null);
        sets.set('note_facts', change.note === null ? null : jsonText(change.note.facts));
      }
      if (change.weighing !== undefined) sets.set('weighing', change.weighing === null ? null : jsonText(change.weighing));
      const assignments = [...sets.keys()].map((column, index) => `${column} = $${index + 2}`);
      await sql.query(`UPDATE voxd.rounds SET ${[...assignments, 'updated_at = now()'].join(', ')} WHERE round = $1`, [
        round,
        ...sets.values(),
      ]);
    },
    get,
    async list(limit) {
      const rows = await sql.query<RoundSqlRow>('SELECT * FROM voxd.rounds ORDER BY round DESC LIMIT $1', [limit]);
      return rows.map(roundOfRow);
    },
  };
}

function roundOfRow(row: RoundSqlRow): RoundRow {
  return {
    round: Number(row.round),
    openedAt: { number: Number(row.opened_number), hash: hashOf(row.opened_hash) },
    seed: row.seed,
    entries: row.entries,
    state: row.state,
    note: reasonOf(row.note_code, row.note_facts),
    weighing: row.weighing,
    opening: openingOfJson(row.opening),
  };
}

interface StandingSqlRow {
  round: string;
  hotkey: Hotkey;
  registered_at: string;
  model: Buffer;
  score_ppm: number | null;
  standing_ppm: number;
  commitment_block: string;
  unheard_rounds: number;
  ancestors: StandingRow['ancestors'];
  kinship: StandingRow['kinship'];
  copy_of: Hotkey | null;
  copy_evidence: string | null;
  rank: number | null;
  behind: Hotkey | null;
  share_ppm: number;
}

export function createStandingStore(sql: TransactionalSql): StandingStore {
  const ORDER = 'ORDER BY share_ppm DESC, standing_ppm DESC, hotkey, registered_at, model';
  return {
    put: (round, rows) =>
      sql.withTransaction(async (tx) => {
        await tx.query('DELETE FROM voxd.standings WHERE round = $1', [round]);
        if (rows.length === 0) return;
        const records = rows.map((row) => ({
          hotkey: row.hotkey,
          registered_at: row.registeredAt,
          model: row.model,
          score_ppm: row.scorePpm,
          standing_ppm: row.standingPpm,
          commitment_block: row.commitmentBlock,
          unheard_rounds: row.unheardRounds,
          ancestors: row.ancestors,
          kinship: row.kinship,
          copy_of: row.copyOf,
          copy_evidence: row.copyEvidence,
          rank: row.rank,
          behind: row.behind,
          share_ppm: row.sharePpm,
        }));
        await tx.query(
          `INSERT INTO voxd.standings (round, hotkey, registered_at, model, score_ppm, standing_ppm, commitment_block, unheard_rounds, ancestors,
             kinship, copy_of, copy_evidence, rank, behind, share_ppm)
           SELECT $1, hotkey, registered_at, decode(model, 'hex'), score_ppm, standing_ppm, commitment_block, unheard_rounds, ancestors,
             NULLIF(kinship, 'null'::jsonb), copy_of, copy_evidence, rank, behind, share_ppm
           FROM jsonb_to_recordset($2::jsonb) AS r (hotkey text, registered_at bigint, model text, score_ppm int, standing_ppm int,
             commitment_block bigint, unheard_rounds int, ancestors jsonb, kinship jsonb, copy_of text, copy_evidence text, rank int,
             behind text, share_ppm int)`,
          [round, jsonText(records)],
        );
      }),
    async ofRound(round) {
      const rows = await sql.query<StandingSqlRow>(`SELECT * FROM voxd.standings WHERE round = $1 ${ORDER}`, [round]);
      return rows.map(standingOfRow);
    },
    async before(round) {
      const rows = await sql.query<StandingSqlRow>(
        `SELECT * FROM voxd.standings WHERE round = (SELECT max(round) FROM voxd.standings WHERE round < $1) ${ORDER}`,
        [round],
      );
      return rows.map(standingOfRow);
    },
  };
}

function standingOfRow(row: StandingSqlRow): StandingRow {
  return {
    round: Number(row.round),
    hotkey: row.hotkey,
    registeredAt: Number(row.registered_at),
    model: digestOf(row.model),
    scorePpm: row.score_ppm,
    standingPpm: row.standing_ppm,
    commitmentBlock: Number(row.commitment_block),
    unheardRounds: row.unheard_rounds,
    ancestors: row.ancestors,
    kinship: row.kinship,
    copyOf: row.copy_of,
    copyEvidence: row.copy_evidence,
    rank: row.rank,
    behind: row.behind,
    sharePpm: row.share_ppm,
  };
}
