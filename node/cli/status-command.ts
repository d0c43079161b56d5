import type { Command } from 'commander';
import { EXIT } from '../../protocol/failure.js';
import type { HealthReport } from '../health.js';
import { addConfigOptions, loadSettings } from './context.js';
import type { Environment } from './environment.js';
import { createOutput, short, table } from './output.js';
import { askNode } from './running-node.js';

const EXIT_OF = { ok: EXIT.ok, degraded: EXIT.failure, failing: EXIT.usage } as const;

export function addStatusCommand(program: Command, env: Environment): void {
  const command = program
    .command('status')
    .description('How the running node feels, part by part. Exit code 0 ok, 1 degraded, 2 failing, 69 not running')
    .option('--quick', 'only the exit code: 0 when the node is ready (for health checks)')
    .option('--http-port <port>', 'HTTP port of the node');
  addConfigOptions(command).action(async (flags: Record<string, unknown>) => {
    const out = createOutput({ json: flags['json'] === true });
    const config = await loadSettings(flags, env, 'no chain');
    const report = await askNode<HealthReport>(config, '/health/detailed');
    if (flags['quick'] === true) {
      process.exitCode = report.ready ? EXIT.ok : EXIT.failure;
      return;
    }
    process.exitCode = EXIT_OF[report.status];
    out.result({ ok: report.status === 'ok', ...report }, () =>
      [
        `voxd ${report.version} at ${config.http.host}:${config.http.port}: ${report.status}, ${report.ready ? 'ready' : 'not ready'}, up ${report.uptimeSeconds} s`,
        table(
          ['part', 'status', 'facts'],
          report.components.map(({ name, status, facts }) => [
            name,
            status,
            Object.entries(facts ?? {})
              .map(([key, value]) => `${key} ${typeof value === 'string' && !value.includes('/') ? short(value) : value}`)
              .join(', '),
          ]),
        ),
        ...report.components.filter(({ detail }) => detail !== undefined).map(({ name, detail }) => `${name}: ${detail}`),
      ].join('\n'),
    );
  });
}
