import type { Command } from 'commander';
import { EXIT } from '../../protocol/failure.js';
import type { Knock } from '../../protocol/ports.js';
import { inWords, isReachable, type Reachability } from '../network/reachability.js';
import { addConfigOptions, loadSettings } from './context.js';
import type { Environment } from './environment.js';
import { createOutput, short, table } from './output.js';
import { askNode } from './running-node.js';

/** Longer than a peer has for all phases of its dial. */
const ANSWER_TIMEOUT_MS = 25_000;

export function addProbeCommand(program: Command, env: Environment): void {
  const command = program
    .command('probe')
    .description('Whether peers can reach the running node, or with an address: whether it reaches that one. Exit code 1: no')
    .argument('[address]', 'address to dial, such as /ip4/203.0.113.7/tcp/4010')
    .option('--http-port <port>', 'HTTP port of the node');
  addConfigOptions(command).action(async (address: string | undefined, flags: Record<string, unknown>) => {
    const out = createOutput({ json: flags['json'] === true });
    const config = await loadSettings(flags, env, 'no chain');
    const ask = <T>(post: object | null) => askNode<T>(config, '/probe', { post, timeoutMs: ANSWER_TIMEOUT_MS });
    if (address !== undefined) {
      const { knock } = await ask<{ readonly knock: Knock }>({ address });
      process.exitCode = knock.failedAt === null ? EXIT.ok : EXIT.failure;
      out.result({ ok: knock.failedAt === null, ...knock }, () => knockText(knock));
      return;
    }
    const { reachability } = await ask<{ readonly reachability: Reachability }>(null);
    const reached = isReachable(reachability);
    process.exitCode = reached ? EXIT.ok : EXIT.failure;
    out.result({ ok: reached, ...reachability }, () => reachText(reachability));
  });
}

function knockText({ address, failedAt, problem, hotkey, peerId }: Knock): string {
  if (failedAt !== null) return `${address} was not reached: ${inWords({ outcome: 'failed', reason: failedAt })} (${problem})`;
  return `${address} was reached: hotkey ${hotkey ?? 'unknown'}, peer ${peerId ?? 'unknown'}`;
}

function reachText(reachability: Reachability): string {
  const { answers } = reachability;
  if (answers.length === 0) return 'Nobody could be asked: no registered peer is connected, or this node has no address of its own.';
  const rows = answers.map((answer) => [answer.address, short(answer.hotkey ?? answer.peerId), inWords(answer), answer.observed]);
  const verdict = isReachable(reachability) ? 'Peers reach this node.' : 'No peer reached this node.';
  return `${table(['address', 'asked', 'answer', 'sees us at'], rows)}\n${verdict}`;
}
