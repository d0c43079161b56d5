import type { Command } from 'commander';
import { EXIT } from '../../protocol/failure.js';
import type { Knock } from '../../protocol/ports.js';
import { inWords, isReachable, type Reachability } from '../network/reachability.js';
import { addConfigOptions, loadSettings } from './context.js';
import { cliFailure } from './failures.js';
import { createOutput, short, table } from './output.js';
import type { Environment } from './program.js';

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
    const url = `http://${config.http.host}:${config.http.port}`;
    if (address !== undefined) {
      const { knock } = await ask<{ readonly knock: Knock }>(url, { address });
      process.exitCode = knock.failedAt === null ? EXIT.ok : EXIT.failure;
      out.result({ ok: knock.failedAt === null, ...knock }, () => knockText(knock));
      return;
    }
    const { reachability } = await ask<{ readonly reachability: Reachability }>(url, null);
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

async function ask<T>(url: string, body: object | null): Promise<T> {
  let answer: Response;
  try {
    answer = await fetch(`${url}/probe`, {
      method: 'POST',
      signal: AbortSignal.timeout(ANSWER_TIMEOUT_MS),
      ...(body === null ? {} : { body: JSON.stringify(body), headers: { 'content-type': 'application/json' } }),
    });
  } catch {
    throw cliFailure('cli.not_running', { url });
  }
  if (!answer.ok) throw cliFailure('cli.not_running', { url });
  // Safety: our own server answers with its own report.
  return (await answer.json()) as T;
}
