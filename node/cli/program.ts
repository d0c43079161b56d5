import { Command } from 'commander';
import { VERSION } from '../version.js';
import { addAgreementCommand } from './agreement-command.js';
import { addAnnouncementsCommand } from './announcements-command.js';
import { addAxonCommands } from './axon-commands.js';
import { addChainCommands } from './chain-commands.js';
import { addCommitmentCommands } from './commitment-commands.js';
import { addConfigCommand } from './config-command.js';
import { addDevchainCommand } from './devchain-command.js';
import { addDevnetCommand } from './devnet-command.js';
import { addDoctorCommand } from './doctor-command.js';
import type { Environment } from './environment.js';
import { addEquivocationsCommand } from './equivocations-command.js';
import { EXAMPLES } from './examples.js';
import { addExplainCommand } from './explain-command.js';
import { addFetchCommand } from './fetch-command.js';
import { addInitCommand } from './init-command.js';
import { addModelCommands } from './model-commands.js';
import { addPeersCommands } from './peers-commands.js';
import { addProbeCommand } from './probe-command.js';
import { addProfileCommand } from './profile-command.js';
import { addRegisterCommand } from './register-command.js';
import { addRegistryCommand } from './registry-command.js';
import { addReplayCommand } from './replay-command.js';
import { addRunCommands } from './run-commands.js';
import { addSignerCommand } from './signer-command.js';
import { addSimulateCommand } from './simulate-command.js';
import { addStatusCommand } from './status-command.js';
import { addTopicsCommand } from './topics-command.js';
import { usageFailure } from './usage.js';
import { addWalletCommands } from './wallet-commands.js';
import { addWeightsCommands } from './weights-commands.js';
import { addWorkerCommands } from './worker-command.js';

/** The whole command line; docs/cli.md is written from it. */
export function createProgram(env: Environment): Command {
  const program = new Command('voxd')
    .description('Node of a speech-model subnet on a Bittensor chain: validate, mine, set weights.')
    .version(VERSION, '-V, --version')
    .configureHelp({ sortSubcommands: false, showGlobalOptions: false })
    .addHelpText(
      'after',
      `
First steps:
  voxd devnet                                        a whole subnet on this machine
  voxd registry --chain finney --netuid 58           who is in a subnet
  voxd init --role validator --chain finney --netuid 58 --wallet W --hotkey H
  voxd validator --announce-ip 203.0.113.7           run it; voxd status tells how it feels

Exit codes: 0 done, 1 refused, 2 wrong command line, 69 something is not there, 70 a defect,
73 cannot write, 77 no permission, 78 wrong configuration. Every command takes --json.`,
    );
  for (const add of [
    addInitCommand,
    addRunCommands,
    addWorkerCommands,
    addDevnetCommand,
    addDevchainCommand,
    addStatusCommand,
    addProbeCommand,
    addDoctorCommand,
    addRegistryCommand,
    addRegisterCommand,
    addAxonCommands,
    addCommitmentCommands,
    addChainCommands,
    addWeightsCommands,
    addSimulateCommand,
    addModelCommands,
    addFetchCommand,
    addProfileCommand,
    addExplainCommand,
    addReplayCommand,
    addAgreementCommand,
    addPeersCommands,
    addTopicsCommand,
    addAnnouncementsCommand,
    addEquivocationsCommand,
    addConfigCommand,
    addWalletCommands,
    addSignerCommand,
  ])
    add(program, env);
  strict(program);
  addExamples(program, []);
  return program;
}

function addExamples(command: Command, path: readonly string[]): void {
  const examples = EXAMPLES[path.join(' ')];
  if (examples) command.addHelpText('after', `\nExamples:\n${examples.map((line) => `  ${line}`).join('\n')}`);
  for (const sub of command.commands) addExamples(sub, [...path, sub.name()]);
}

/** Unknown flags and surplus words are refused everywhere, and errors are thrown as failures so that main prints them once. */
function strict(command: Command): void {
  command
    .allowExcessArguments(false)
    .configureOutput({ outputError: () => undefined })
    .exitOverride((error) => {
      throw usageFailure(error, command) ?? error;
    });
  for (const sub of command.commands) strict(sub);
}
