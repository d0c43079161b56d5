/** How far the node has followed the chain, and how fast blocks came: from its own rows, for who asks without a connection. */
import type { Hash } from '../../protocol/names.js';
import { bytesOfHash, type Sql } from './sql.js';

export interface ChainPace {
  readonly block: number;
  /** Mean over the newest rounds; null while there are not two. */
  readonly blockTimeMs: number | null;
}

/** Rounds whose openings are held against each other. */
const ROUNDS_COMPARED = 8;

/** Null: no block has been seen. */
export async function readChainPace(sql: Sql, of: { readonly genesis: Hash; readonly netuid: number }): Promise<ChainPace | null> {
  const [row] = await sql.query<{ block: string; milliseconds: number | null; blocks: string | null }>(
    `SELECT s.block_number AS block,
            extract(epoch FROM max(r.opened_at) - min(r.opened_at))::float8 * 1000 AS milliseconds,
            max(r.opened_number) - min(r.opened_number) AS blocks
     FROM voxd.registry_snapshots s
     LEFT JOIN (SELECT opened_at, opened_number FROM voxd.rounds ORDER BY round DESC LIMIT ${ROUNDS_COMPARED}) r ON true
     WHERE s.genesis = $1 AND s.netuid = $2 GROUP BY s.block_number`,
    [bytesOfHash(of.genesis), of.netuid],
  );
  if (row === undefined) return null;
  const blocks = Number(row.blocks ?? 0);
  const milliseconds = row.milliseconds ?? 0;
  return { block: Number(row.block), blockTimeMs: blocks > 0 && milliseconds > 0 ? Math.round(milliseconds / blocks) : null };
}
