/** The settings for people: the reference page, and what a running node was told. */
import { CONFIG_KEYS, type ConfigKey } from './keys.js';
import type { LoadedConfig, Origin } from './load.js';
import { NETWORKS } from './networks.js';
import { CHAIN_VARIABLES, VARIABLES_NOT_READ, WALLET_VARIABLES } from './original-variables.js';

/** Shape: the schema → docs/config.md. */
export function describeConfig(): string {
  const groups = [...new Set(CONFIG_KEYS.map(groupOf))];
  return [
    '# Settings',
    '',
    'Written by `npm run docs` from config/schema.ts; do not edit by hand.',
    '',
    'A setting comes from, the later the stronger: its default, the network (`--chain`), the configuration file (`--config`, YAML),',
    'the environment, a flag. `voxd config show --origin` tells which. A secret can stand in a file of its own: the variable with the suffix',
    '`_FILE` names it. Lists in variables and flags are separated by commas. An empty variable counts as unset.',
    '',
    '```yaml',
    ...EXAMPLE,
    '```',
    ...groups.flatMap((group) => [
      '',
      `## ${group === '' ? 'The node' : group}`,
      '',
      ...table(CONFIG_KEYS.filter((key) => groupOf(key) === group)),
    ]),
    '',
    '## Networks',
    '',
    '| network | sets |',
    '|---|---|',
    ...Object.entries(NETWORKS).map(([name, values]) => {
      const sets = Object.entries(values).map(([path, value]) => `\`${path}\` = \`${JSON.stringify(value)}\``);
      return `| ${name} | ${sets.join('<br>')} |`;
    }),
    '',
    '## Variables of the original tools',
    '',
    'Read where nothing of voxd says otherwise: each of the wallet for itself, those of the chain only when neither `chain.network` nor',
    '`chain.endpoints` is set anywhere else. `voxd config show --origin` names them. `BT_PW_…`, the password of a key file, is in [wallets](wallets.md).',
    '',
    '| variable | setting |',
    '|---|---|',
    ...[...CHAIN_VARIABLES, ...WALLET_VARIABLES].map(({ variable, path }) => `| \`${variable}\` | \`${path}\` |`),
    '',
    '| not read | instead |',
    '|---|---|',
    ...VARIABLES_NOT_READ.map(({ variables, instead }) => `| ${variables.replace(/\w+/g, '`$&`')} | ${instead} |`),
    '',
  ].join('\n');
}

const EXAMPLE = [
  'chain:',
  '  network: finney',
  '  netuid: 58',
  'wallet:',
  '  name: validator',
  '  hotkey: default',
  'p2p:',
  '  announceIp: 203.0.113.7',
];

function table(keys: readonly ConfigKey[]): string[] {
  return [
    '| setting | variable | flag | default | what it is |',
    '|---|---|---|---|---|',
    ...keys.map((key) => {
      const { path, variable, flag, description, unit, choices, secret } = key;
      const notes = [
        description,
        ...(choices === null ? [] : [`One of ${choices.map((choice) => `\`${choice}\``).join(', ')}.`]),
        ...(unit === undefined ? [] : [`Unit: ${unit}.`]),
        ...(secret === true ? ['Secret.'] : []),
      ].join(' ');
      return `| \`${path}\` | \`${variable}\` | ${flag === undefined ? '' : `\`${flag}\``} | ${defaultOf(key)} | ${notes} |`;
    }),
  ];
}

function defaultOf({ default: value }: ConfigKey): string {
  if (value === undefined) return 'must be set';
  return value === null ? '' : `\`${JSON.stringify(value)}\``;
}

function groupOf({ path }: ConfigKey): string {
  return path.includes('.') ? path.slice(0, path.lastIndexOf('.')) : '';
}

export interface ShownSetting {
  readonly path: string;
  /** As text; secrets are masked. */
  readonly value: string;
  readonly origin: Origin;
}

/** Every setting with its value and origin; secrets show as "[secret]". */
export function showConfig({ config, origins }: LoadedConfig): readonly ShownSetting[] {
  return CONFIG_KEYS.map(({ path, secret }) => {
    const value = valueAt(config, path);
    const origin = origins.get(path) ?? { layer: 'default', where: 'default' };
    return {
      path,
      value: value === null ? '' : secret === true ? '[secret]' : typeof value === 'string' ? value : JSON.stringify(value),
      origin,
    };
  });
}

function valueAt(config: object, path: string): unknown {
  let at: unknown = config;
  for (const part of path.split('.')) at = typeof at === 'object' && at !== null ? Reflect.get(at, part) : undefined;
  return at ?? null;
}
