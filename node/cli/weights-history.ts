import type { Command } from 'commander';
import { addConfigOptions, type Flags, loadSettings, withStores } from './context.js';
import type { Environment } from './environment.js';
import { createOutput, table } from './output.js';
import { wholeNumber } from './parsers.js';

const LIMIT_DEFAULT = 20;
const LIMIT_MAX = 1000;

export function addHistory(weights: Command, env: Environment): void {
  const command = weights
    .command('history')
    .description('Every attempt to set weights from this data directory, newest first')
    .option('--limit <n>', `rows, at most ${LIMIT_MAX}`, wholeNumber(1, LIMIT_MAX), LIMIT_DEFAULT);
  addConfigOptions(command).action(async (flags: Flags) => {
    const out = createOutput({ json: flags['json'] === true });
    const config = await loadSettings(flags, env, 'no chain');
    await withStores(config, async (stores) => {
      const rows = await stores.submissions.list(Number(flags['limit']));
      out.result(
        {
          ok: true,
          submissions: rows.map((row) => ({
            id: row.id,
            round: row.round,
            epoch_start: row.epochStart,
            state: row.state,
            way: row.way,
            method: row.method,
            burn: row.burn,
            uids: row.uids,
            values: row.values,
            planned_at: row.plannedAt.number,
            committed_in: row.committed?.number ?? null,
            commit_epoch: row.commitEpoch,
            commit_hash: row.commitExtrinsicHash,
            reveal_from: row.revealFrom,
            reveal_until: row.revealUntil,
            block: row.included?.number ?? null,
            hash: row.extrinsicHash,
            failure: row.failure,
          })),
        },
        () =>
          rows.length === 0
            ? 'no weights have been sent from here'
            : table(
                ['round', 'epoch from', 'way', 'state', 'planned', 'committed', 'set in', 'uids → values', 'failure'],
                rows.map((row) => [
                  row.round ?? 'by hand',
                  row.epochStart,
                  row.way,
                  row.state,
                  row.plannedAt.number,
                  row.committed?.number ?? null,
                  row.included?.number ?? null,
                  row.uids.map((uid, i) => `${uid}:${row.values[i]}`).join(' '),
                  row.failure?.code ?? '',
                ]),
              ),
      );
    });
  });
}
