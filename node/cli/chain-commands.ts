import type { Command } from 'commander';
import { addEpoch } from './chain-epoch.js';
import { addErrors } from './chain-errors.js';
import { addParams } from './chain-params.js';
import type { Environment } from './environment.js';

export function addChainCommands(program: Command, env: Environment): void {
  const chain = program.command('chain').description('What the chain says about a subnet: its clock, its rules, its refusals');
  addEpoch(chain, env);
  addParams(chain, env);
  addErrors(chain, env);
}
