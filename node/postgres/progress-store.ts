/** What has been heard of models that are being scored, and what each stage took. */
import { z } from 'zod';
import type { Hotkey } from '../../protocol/names.js';
import type { PromptScore } from '../../scoring/profile.js';
import type { StageName } from '../../scoring/strategies.js';
import { nodeFailure } from '../failures.js';
import type { HeardPrompt, ProgressStore, StageRow } from '../ports.js';
import { bytesOfDigest, digestOf, type Sql } from './sql.js';

const PPM = z.number().int().min(0).max(1_000_000);
const scoreSchema = z.strictObject({
  parts: z.record(z.string(), PPM),
  scorePpm: PPM,
  audioDigest: z.string(),
  fingerprint: z.string(),
  fault: z.string().nullable(),
  voice: z.string().exactOptional(),
  details: z.record(z.string(), z.unknown()).exactOptional(),
});

interface PromptRow {
  prompt: number;
  score: unknown;
  synthesis_ms: number;
  judge_ms: number;
}

interface StageSqlRow {
  round: string;
  hotkey: Hotkey;
  model: Buffer;
  stage: StageName;
  prompts: number;
  load_ms: number;
  synthesis_ms: number;
  judge_ms: number;
  total_ms: number;
  host: string;
}

export function createProgressStore(sql: Sql): ProgressStore {
  return {
    async put({ round, hotkey, model }, scorer, { prompt, score, synthesisMs, judgeMs }) {
      await sql.query(
        `INSERT INTO voxd.prompt_scores (round, hotkey, model, scorer, prompt, score, synthesis_ms, judge_ms)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8) ON CONFLICT DO NOTHING`,
        [round, hotkey, bytesOfDigest(model), bytesOfDigest(scorer), prompt, JSON.stringify(score), synthesisMs, judgeMs],
      );
    },
    async of({ round, hotkey, model }, scorer) {
      const rows = await sql.query<PromptRow>(
        `SELECT prompt, score, synthesis_ms, judge_ms FROM voxd.prompt_scores
         WHERE round = $1 AND hotkey = $2 AND model = $3 AND scorer = $4 ORDER BY prompt`,
        [round, hotkey, bytesOfDigest(model), bytesOfDigest(scorer)],
      );
      return rows.map(heardOfRow);
    },
    async putStage(row) {
      await sql.query(
        `INSERT INTO voxd.scoring_stages (round, hotkey, model, stage, prompts, load_ms, synthesis_ms, judge_ms, total_ms, host)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)`,
        [
          row.round,
          row.hotkey,
          bytesOfDigest(row.model),
          row.stage,
          row.prompts,
          row.loadMs,
          row.synthesisMs,
          row.judgeMs,
          row.totalMs,
          row.host,
        ],
      );
    },
    async stages(limit) {
      const rows = await sql.query<StageSqlRow>('SELECT * FROM voxd.scoring_stages ORDER BY id DESC LIMIT $1', [limit]);
      return rows.map(
        (row): StageRow => ({
          round: Number(row.round),
          hotkey: row.hotkey,
          model: digestOf(row.model),
          stage: row.stage,
          prompts: row.prompts,
          loadMs: row.load_ms,
          synthesisMs: row.synthesis_ms,
          judgeMs: row.judge_ms,
          totalMs: row.total_ms,
          host: row.host,
        }),
      );
    },
  };
}

function heardOfRow(row: PromptRow): HeardPrompt {
  return {
    prompt: row.prompt,
    score: parsePromptScore(row.score, 'prompt_scores'),
    synthesisMs: row.synthesis_ms,
    judgeMs: row.judge_ms,
  };
}

/** Errors: throws store.row_damaged. */
export function parsePromptScore(value: unknown, table: string): PromptScore {
  const score = scoreSchema.safeParse(value);
  if (!score.success) throw nodeFailure('store.row_damaged', { table, reason: z.prettifyError(score.error) });
  return score.data;
}
