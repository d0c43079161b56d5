import { once } from 'node:events';
import type { Command } from 'commander';
import { KINDS_OF_A_NODE, SIGNING_KINDS, type SigningKind } from '../../chain/wallet/remote/policy.js';
import { startSignerServer } from '../../chain/wallet/remote/server.js';
import { fromHex } from '../../protocol/digest.js';
import { EXIT } from '../../protocol/failure.js';
import { createLogger } from '../logger.js';
import { addConfigOptions, addKeyFileOptions, createClock, type Flags, loadSettings } from './context.js';
import { addDryRun, isDryRun, sayDryRun } from './dry-run.js';
import type { Environment } from './environment.js';
import { cliFailure } from './failures.js';
import { createOutput } from './output.js';
import { openColdkeySigner, openSigner } from './signers.js';
import { addStdinOption, onStdinEnd } from './stdin.js';

export function addSignerCommand(program: Command, env: Environment): void {
  const command = program
    .command('signer')
    .description('Hold a key in a process of its own and sign for a node on this machine, by a unix socket')
    .requiredOption('--socket <path>', 'where to listen; its folder must be yours alone')
    .option('--coldkey', 'hold the coldkey instead of the hotkey (for a moment, not for good)')
    .option('--allow <kinds>', `what is signed: ${SIGNING_KINDS.join(', ')}`, KINDS_OF_A_NODE.join(','))
    .option('--calls <list>', 'the only extrinsics that are signed, such as 7.0,7.4,18.0 (pallet.call); default: any')
    .option('--chain <network>', 'finney or test: extrinsics of other chains are not signed (or --set chain.genesis=0x…)')
    .option('--password-file <file>', 'password of an encrypted coldkey');
  addStdinOption(addKeyFileOptions(addConfigOptions(addDryRun(command)))).action(async (flags: Flags) => {
    process.exitCode = await run(flags, env);
  });
}

async function run(flags: Flags, env: Environment): Promise<number> {
  const kinds = kindsOf(String(flags['allow']));
  const calls = callsOf(flags['calls']);
  const config = await loadSettings(flags, env, 'no chain');
  const logger = createLogger(config.log);
  const passwordFile = typeof flags['passwordFile'] === 'string' ? flags['passwordFile'] : undefined;
  // The settings may be those of the node, which name this very process.
  const own = { ...config, wallet: { ...config.wallet, signer: null } };
  const signer = flags['coldkey'] === true ? await openColdkeySigner(own, env, { passwordFile }) : await openSigner(own, env);
  const { genesis } = config.chain;
  const socket = String(flags['socket']);
  const facts = { hotkey: signer.hotkey, socket, kinds: [...kinds], calls: calls === null ? null : [...calls], genesis };
  if (isDryRun(flags)) {
    sayDryRun(createOutput({ json: flags['json'] === true }), facts, [
      `${signer.hotkey} would sign for whoever reaches ${socket}`,
      `kinds      ${facts.kinds.join(', ')}`,
      `calls      ${facts.calls?.join(', ') ?? 'any'}`,
      `chain      ${genesis ?? 'any; name one with --chain or --set chain.genesis=0x…'}`,
    ]);
    return EXIT.ok;
  }
  const server = await startSignerServer(
    { signer, clock: createClock(), logger },
    { socket, policy: { kinds, calls, genesis: genesis === null ? null : fromHex(genesis) } },
  );
  logger.info(facts, 'signing for whoever reaches the socket');
  if (flags['json'] === true) createOutput({ json: true }).result({ ok: true, ...facts }, () => '');
  if (genesis === null) logger.warn({}, 'extrinsics of any chain are signed; name one with --chain or --set chain.genesis=0x…');

  const stopping = new AbortController();
  const stop = () => stopping.abort();
  for (const signal of ['SIGTERM', 'SIGINT', 'SIGHUP'] as const) process.on(signal, stop);
  if (flags['untilStdinEnds'] === true) onStdinEnd(stop);
  if (!stopping.signal.aborted) await once(stopping.signal, 'abort');
  await server.stop();
  logger.info({}, 'stopped');
  return EXIT.ok;
}

function kindsOf(text: string): ReadonlySet<SigningKind> {
  const kinds = text.split(',').map((word) => {
    const kind = SIGNING_KINDS.find((known) => known === word.trim());
    if (kind === undefined) {
      throw cliFailure('cli.bad_value', { command: 'voxd signer', problem: `--allow knows ${SIGNING_KINDS.join(', ')}, not "${word}"` });
    }
    return kind;
  });
  return new Set(kinds);
}

function callsOf(given: unknown): ReadonlySet<string> | null {
  if (typeof given !== 'string') return null;
  const calls = given.split(',').map((word) => word.trim());
  const bad = calls.find((call) => !/^\d{1,3}\.\d{1,3}$/.test(call));
  if (bad !== undefined) throw cliFailure('cli.bad_value', { command: 'voxd signer', problem: `--calls takes pallet.call, not "${bad}"` });
  return new Set(calls);
}
