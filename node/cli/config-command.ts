import type { Command } from 'commander';
import { CONFIG_KEYS } from '../../config/keys.js';
import { addChainOptions, addConfigOptions, loadWithOrigins } from './context.js';
import type { Environment } from './environment.js';
import { createOutput, table } from './output.js';

export function addConfigCommand(program: Command, env: Environment): void {
  const config = program.command('config').description('The settings this node would run with');
  const show = config
    .command('show')
    .description('Every setting with its value; secrets are not shown')
    .option('--origin', 'and where each comes from');
  addChainOptions(addConfigOptions(show)).action((flags: Record<string, unknown>) => {
    const out = createOutput({ json: flags['json'] === true });
    const loaded = loadWithOrigins(flags, env);
    const rows = CONFIG_KEYS.map(({ path, unit }) => ({
      key: path,
      value: valueAt(loaded.config, path),
      unit: unit ?? '',
      origin: loaded.origins.get(path)?.where ?? 'default',
    }));
    out.result(
      {
        ok: true,
        config: Object.fromEntries(rows.map(({ key, value, origin }) => [key, flags['origin'] === true ? { value, origin } : value])),
      },
      () => {
        const cells = rows.map(({ key, value, unit, origin }) => [
          key,
          `${text(value)}${unit === '' || value === null ? '' : ` ${unit}`}`,
          ...(flags['origin'] === true ? [origin] : []),
        ]);
        return table(['setting', 'value', ...(flags['origin'] === true ? ['from'] : [])], cells);
      },
    );
  });
  const check = config.command('check').description('Only check the settings: every problem at once, exit code 78 when there is one');
  addChainOptions(addConfigOptions(check)).action((flags: Record<string, unknown>) => {
    const out = createOutput({ json: flags['json'] === true });
    loadWithOrigins(flags, env);
    out.result({ ok: true }, () => 'the settings are good');
  });
}

function valueAt(config: object, path: string): unknown {
  let value: unknown = config;
  for (const part of path.split('.'))
    value = typeof value === 'object' && value !== null ? Object.entries(value).find(([name]) => name === part)?.[1] : undefined;
  return value;
}

function text(value: unknown): string {
  if (value === null) return '–';
  return Array.isArray(value) ? value.join(', ') || '–' : String(value);
}
