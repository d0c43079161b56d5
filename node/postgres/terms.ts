/** By what terms the node scores, written where every worker reads it. */
import { z } from 'zod';
import { nodeFailure } from '../failures.js';
import type { ScoringTerms } from '../rounds/scorer.js';
import type { Sql } from './sql.js';

const WHOLE = z.number().int().min(0);
const DIGEST = z.string().regex(/^[0-9a-f]{64}$/);
const schema = z.object({
  netuid: WHOLE,
  engine: z.enum(['native', 'wasm']),
  engineId: z.string(),
  scorer: DIGEST,
  strategy: z.enum(['staged', 'full']),
  prompts: WHOLE,
  firstPrompts: WHOLE,
  incumbents: WHOLE,
  thresholdPpm: WHOLE,
  limits: z.object({
    memoryBytes: WHOLE,
    cpuSeconds: WHOLE,
    loadTimeoutMs: WHOLE,
    utteranceTimeoutMs: WHOLE,
    audioSecondsMax: WHOLE,
  }),
  schedule: z.object({ cadenceBlocks: WHOLE, commitPercent: WHOLE, revealPercent: WHOLE }),
});

export async function writeTerms(sql: Sql, terms: ScoringTerms): Promise<void> {
  await sql.query(
    `INSERT INTO voxd.scoring_terms (terms) VALUES ($1) ON CONFLICT (only_row) DO UPDATE SET terms = excluded.terms, written_at = now()`,
    [JSON.stringify(terms)],
  );
}

/** Null: no validator has ever worked on this database. Errors: store.row_damaged. */
export async function readTerms(sql: Sql): Promise<ScoringTerms | null> {
  const [row] = await sql.query<{ terms: unknown }>('SELECT terms FROM voxd.scoring_terms');
  if (row === undefined) return null;
  const terms = schema.safeParse(row.terms);
  if (!terms.success) throw nodeFailure('store.row_damaged', { table: 'scoring_terms', reason: z.prettifyError(terms.error) });
  return terms.data;
}
