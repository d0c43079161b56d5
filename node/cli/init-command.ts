import { existsSync } from 'node:fs';
import { rename, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { type Command, Option } from 'commander';
import { stringify } from 'yaml';
import { prepareDataDir } from '../files/data-dir.js';
import {
  addChainOptions,
  addConfigOptions,
  addModelOption,
  addWalletOptions,
  CONFIG_FILE_NAME,
  dataDirOf,
  loadSettings,
} from './context.js';
import { addDryRun, isDryRun, sayDryRun } from './dry-run.js';
import type { Environment } from './environment.js';
import { createOutput } from './output.js';

export function addInitCommand(program: Command, env: Environment): void {
  const command = program
    .command('init')
    .description('Make the data directory and a settings file in it; safe to repeat, never overwrites')
    .addOption(new Option('--role <role>', 'what the node shall do').choices(['validator', 'miner', 'auto']))
    .option('--announce-ip <ip>', 'address under which other nodes reach this one');
  addDryRun(command);
  addModelOption(addWalletOptions(addChainOptions(addConfigOptions(command)))).action(async (flags: Record<string, unknown>) => {
    const out = createOutput({ json: flags['json'] === true });
    const dataDir = dataDirOf(flags, env);
    const path = join(dataDir, CONFIG_FILE_NAME);
    const fresh = !existsSync(path);
    const config = await loadSettings(flags, env);
    const said = {
      role: config.role,
      dataDir,
      chain: {
        ...(config.chain.network === null ? { endpoints: [...config.chain.endpoints] } : { network: config.chain.network }),
        netuid: config.chain.netuid,
      },
      wallet: { path: config.wallet.path, name: config.wallet.name, hotkey: config.wallet.hotkey },
      ...(config.p2p.announceIp === null ? {} : { p2p: { announceIp: config.p2p.announceIp } }),
      ...(config.miner.modelDir === null ? {} : { miner: { modelDir: config.miner.modelDir } }),
    };
    if (isDryRun(flags)) {
      return sayDryRun(
        out,
        { would_create: fresh, config: path, data_dir: dataDir, settings: fresh ? said : null },
        fresh
          ? [`${path} would be written:`, ...stringify(said).trimEnd().split('\n')]
          : [`${path} is there already and would stay as it is`],
      );
    }
    prepareDataDir(dataDir);
    if (fresh) {
      await writeFile(`${path}.part`, `# Settings of this node; docs/config.md has all of them.\n${stringify(said)}`, { mode: 0o600 });
      await rename(`${path}.part`, path);
    }
    out.result({ ok: true, created: fresh, config: path, data_dir: dataDir }, () =>
      [
        fresh ? `wrote ${path}` : `${path} is there already and stays as it is`,
        `  next      voxd wallet show      is the hotkey readable?`,
        `            voxd registry         is it registered?`,
        `            voxd ${config.role === 'miner' ? 'miner' : config.role === 'validator' ? 'validator' : 'start'}${' '.repeat(12)}run`,
      ].join('\n'),
    );
  });
}
