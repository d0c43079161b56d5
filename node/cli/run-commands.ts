import { setMaxListeners } from 'node:events';
import type { Command } from 'commander';
import { EXIT, isFailure } from '../../protocol/failure.js';
import { createLogger } from '../logger.js';
import { addConfigOptions, addModelOption, addNodeOptions, createClock, daemonOptions, loadSettings, openSigner } from './context.js';
import type { Environment } from './environment.js';
import { addStdinOption, onStdinEnd } from './stdin.js';

/** Time that all parts together get to stop, after which the process ends anyway. */
const STOP_BUDGET_MS = 60_000;

const STOP_SIGNALS = ['SIGTERM', 'SIGINT', 'SIGHUP'] as const;

export function addRunCommands(program: Command, env: Environment): void {
  for (const [name, description, role] of [
    ['validator', 'Run a validator: fetch, score, agree, set weights', 'validator'],
    ['miner', 'Run a miner: commit to a model, announce it, serve it', 'miner'],
    ['start', 'Run the node with the role of its configuration', undefined],
  ] as const) {
    const command = program.command(name).description(description);
    addNodeOptions(addConfigOptions(command));
    if (role !== 'validator') addModelOption(command);
    addStdinOption(command);
    command.action(async (flags: Record<string, unknown>) => {
      process.exitCode = await run(role === undefined ? flags : { ...flags, role }, env);
    });
  }
}

/** Runs until a signal; the second signal does not wait. This is the only place that listens to signals. */
async function run(flags: Record<string, unknown>, env: Environment): Promise<number> {
  const config = await loadSettings(flags, env);
  const logger = createLogger(config.log);
  const clock = createClock();
  const { createDaemon } = await import('../compose.js');
  const daemon = createDaemon({ clock, logger, signer: await openSigner(config, env) }, daemonOptions(config));
  const stopping = new AbortController();
  // Every loop and wait of the daemon listens to this one signal for as long as it lives.
  setMaxListeners(0, stopping.signal);
  const stop = (signal: NodeJS.Signals) => {
    if (stopping.signal.aborted) process.exit(128 + 15);
    logger.info({ signal }, 'stopping; once more to stop at once');
    stopping.abort(new Error(`stopped by ${signal}`));
  };
  for (const signal of STOP_SIGNALS) process.on(signal, stop);
  if (flags['untilStdinEnds'] === true) onStdinEnd(() => stop('SIGHUP'));
  try {
    await daemon.start(stopping.signal);
    await new Promise<void>((resolve) => {
      stopping.signal.addEventListener('abort', () => resolve(), { once: true });
      daemon.broken.addEventListener('abort', () => resolve(), { once: true });
      if (stopping.signal.aborted || daemon.broken.aborted) resolve();
    });
    if (daemon.broken.aborted) throw daemon.broken.reason;
    return EXIT.ok;
  } catch (error) {
    if (stopping.signal.aborted) return EXIT.ok;
    if (isFailure(error)) logger.fatal({ code: error.code, facts: error.facts, hint: error.hint, cause: error.cause }, error.message);
    throw error;
  } finally {
    setTimeout(() => process.exit(process.exitCode ?? EXIT.failure), STOP_BUDGET_MS).unref();
    await daemon.stop();
    for (const signal of STOP_SIGNALS) process.off(signal, stop);
    logger.info({}, 'stopped');
  }
}
