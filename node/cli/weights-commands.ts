import type { Command } from 'commander';
import type { Environment } from './program.js';
import { addHistory } from './weights-history.js';
import { addPlan } from './weights-plan.js';
import { addStatus } from './weights-status.js';
import { addSubmit } from './weights-submit.js';

export function addWeightsCommands(program: Command, env: Environment): void {
  const weights = program.command('weights').description('See, set and trace weights on chain');
  addSubmit(weights, env);
  addPlan(weights, env);
  addStatus(weights, env);
  addHistory(weights, env);
}
