import type { Command } from 'commander';
import type { Environment } from './environment.js';
import { addHistory } from './weights-history.js';
import { addPlan } from './weights-plan.js';
import { addReveal } from './weights-reveal.js';
import { addStatus } from './weights-status.js';
import { addCommit, addSubmit } from './weights-submit.js';
import { addWatch } from './weights-watch.js';

export function addWeightsCommands(program: Command, env: Environment): void {
  const weights = program.command('weights').description('See, set and trace weights on chain');
  addSubmit(weights, env);
  addCommit(weights, env);
  addReveal(weights, env);
  addPlan(weights, env);
  addStatus(weights, env);
  addHistory(weights, env);
  addWatch(weights, env);
}
