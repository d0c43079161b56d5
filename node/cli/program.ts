import { Command } from 'commander';
import { VERSION } from '../version.js';
import { addConfigCommand } from './config-command.js';
import { addDevnetCommands } from './devnet-command.js';
import { addExplainCommand } from './explain-command.js';
import { addInitCommand } from './init-command.js';
import { addModelCommands } from './model-commands.js';
import { addRegistryCommand } from './registry-command.js';
import { addReplayCommand } from './replay-command.js';
import { addRunCommands } from './run-commands.js';
import { addStatusCommand } from './status-command.js';
import { addWalletCommands } from './wallet-commands.js';
import { addWeightsCommands } from './weights-commands.js';

export type Environment = Readonly<Record<string, string | undefined>>;

/** The whole command line; docs/cli.md is written from it. */
export function createProgram(env: Environment): Command {
  const program = new Command('voxd')
    .description('Node of a speech-model subnet on a Bittensor chain: validate, mine, set weights.')
    .version(VERSION, '-V, --version')
    .exitOverride()
    .showHelpAfterError('(voxd COMMAND --help shows what it takes)')
    .configureHelp({ sortSubcommands: false, showGlobalOptions: false });
  for (const add of [
    addInitCommand,
    addRunCommands,
    addDevnetCommands,
    addStatusCommand,
    addRegistryCommand,
    addWeightsCommands,
    addModelCommands,
    addExplainCommand,
    addReplayCommand,
    addConfigCommand,
    addWalletCommands,
  ])
    add(program, env);
  strict(program);
  return program;
}

/** Unknown flags and surplus words are refused everywhere, and errors are thrown so that main prints them once. */
function strict(command: Command): void {
  command.exitOverride().allowExcessArguments(false);
  for (const sub of command.commands) strict(sub);
}
