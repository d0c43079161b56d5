import { existsSync, statfsSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { dirname, resolve } from 'node:path';
import type { Command } from 'commander';
import type { Neuron } from '../../chain/snapshot.js';
import type { ChainClient } from '../../chain/substrate/client.js';
import { isRemote, type RemoteSigner } from '../../chain/wallet/remote/client.js';
import { KINDS_OF_A_NODE } from '../../chain/wallet/remote/policy.js';
import { showWallet } from '../../chain/wallet/views.js';
import type { Config } from '../../config/schema.js';
import { EXIT, type Failure, isFailure } from '../../protocol/failure.js';
import type { Signer } from '../../protocol/ports.js';
import { type EndpointFacts, examineEndpoints } from '../doctor/chain.js';
import { type Finding, fromFailure, ok, type Section, skip, type Verdict, worst } from '../doctor/finding.js';
import { examineHotkey } from '../doctor/hotkey.js';
import { examineMachine } from '../doctor/machine.js';
import { examineSigner } from '../doctor/signer.js';
import { createLogger } from '../logger.js';
import { VERSION_KEY } from '../weights/setter.js';
import { usableMemoryBytes } from './capacity.js';
import {
  addChainOptions,
  addConfigOptions,
  addWalletOptions,
  createClock,
  type Flags,
  loadSettings,
  openSigner,
  withChain,
} from './context.js';
import { networkFindings, ownPeerKey } from './doctor-network.js';
import type { Environment } from './environment.js';
import { createOutput, type Output } from './output.js';

/** Each endpoint gets this long; they are asked side by side. */
const ENDPOINT_TIMEOUT_MS = 20_000;
const LATENCY_SAMPLES = 3;
/** Blocks to see, at most, before the clock counts as not judged. */
const CLOCK_BLOCKS = 6;
const CLOCK_TIMEOUT_MS = 90_000;
const MARKS: Readonly<Record<Verdict, string>> = { ok: '✔', warn: '!', fail: '✘', skip: '·' };

export function addDoctorCommand(program: Command, env: Environment): void {
  const command = program
    .command('doctor')
    .description(
      'Examine this machine, the way to the chain, the wallet, the network and the database. Exit code 0: nothing is broken, 1: something is',
    )
    .option(
      '--quick',
      'leave out what takes time: watching the clock of the chain for a few blocks, and having peers dial the running node',
    )
    .option('--announce-ip <ip>', 'address under which other nodes are to reach this one')
    .option('--p2p-port <port>', 'TCP port for peers')
    .option('--http-port <port>', 'HTTP port of the node');
  addWalletOptions(addChainOptions(addConfigOptions(command))).action(async (flags: Flags) => {
    const out = createOutput({ json: flags['json'] === true });
    const config = await loadSettings(flags, env);
    const quick = flags['quick'] === true;
    const machine = { area: 'machine', findings: await machineFindings(config) };
    const [endpoints, wallet] = await Promise.all([
      Promise.all(config.chain.endpoints.map((each) => askEndpoint(config, each, quick ? null : out))),
      openWallet(config, env),
    ]);
    const reachable = endpoints.some(({ failure }) => failure === null);
    const signer =
      isFailure(wallet) || !isRemote(wallet) ? [] : [{ area: 'signer', findings: await signerFindings(config, wallet, endpoints) }];
    const hotkey = await hotkeyFindings(config, wallet, reachable);
    const sections: readonly Section[] = [
      machine,
      { area: 'chain', findings: examineEndpoints(endpoints) },
      ...signer,
      { area: 'hotkey', findings: hotkey.findings },
      { area: 'network', findings: await networkFindings(config, hotkey.neurons, quick) },
      { area: 'database', findings: [await databaseFinding(config)] },
    ];
    const verdict = worst(sections);
    process.exitCode = verdict === 'fail' ? EXIT.failure : EXIT.ok;
    out.result({ ok: verdict !== 'fail', verdict, sections }, () => sectionsText(sections, verdict));
  });
}

async function machineFindings(config: Config): Promise<readonly Finding[]> {
  const dataDir = resolve(config.dataDir);
  const { findConfinement } = await import('../../scoring/onnx/sandbox.js');
  const confinement = await findConfinement().then(
    ({ report }) => report,
    (error: unknown) => failureOf(error),
  );
  const findings = examineMachine({
    node: process.version,
    cores: availableParallelism(),
    memoryBytes: usableMemoryBytes(),
    diskFreeBytes: diskFreeBytes(dataDir),
    dataDir,
    sandbox: isFailure(confinement) ? null : confinement,
  });
  return isFailure(confinement) ? [...findings, fromFailure('sandbox', 'fail', confinement)] : findings;
}

/** Of the nearest folder that exists already. */
function diskFreeBytes(path: string): number {
  if (!existsSync(path)) return diskFreeBytes(dirname(path));
  const { bavail, bsize } = statfsSync(path);
  return bavail * bsize;
}

/** `out`: where to say that the clock is being watched; null: it is not. */
async function askEndpoint(config: Config, endpoint: string, out: Output | null): Promise<EndpointFacts> {
  const facts: EndpointFacts = {
    endpoint,
    failure: null,
    identity: null,
    latencyMs: 0,
    head: null,
    finalized: null,
    runtime: null,
    crossCheck: null,
    driftMs: null,
    clockNote: null,
  };
  const { composeChain } = await import('../compose-chain.js');
  const clock = createClock();
  const client = composeChain({ clock, logger: createLogger({ level: 'silent' }) }, { ...config.chain, endpoints: [endpoint] });
  try {
    await client.start(AbortSignal.timeout(ENDPOINT_TIMEOUT_MS));
    const samples: number[] = [];
    let finalized = await client.chain.finalizedHead();
    for (let sample = 0; sample < LATENCY_SAMPLES; sample += 1) {
      const from = performance.now();
      finalized = await client.chain.finalizedHead();
      // The head and its number are two requests.
      samples.push((performance.now() - from) / 2);
    }
    const latencyMs = samples.toSorted((a, b) => a - b)[Math.floor(LATENCY_SAMPLES / 2)] ?? 0;
    const identity = client.chain.identity();
    // A subnet that is not there is told with the hotkey; here it would make the endpoint look bad.
    const crossCheck = await client.crossCheck(config.chain.netuid).catch((error: unknown) => {
      failureOf(error);
      return null;
    });
    const seen = {
      ...facts,
      crossCheck,
      identity,
      latencyMs,
      head: client.status().head ?? finalized,
      finalized,
      runtime: client.chain.runtime(),
    };
    return out === null ? seen : { ...seen, ...(await watchClock(client, identity.blockTimeMs, out)) };
  } catch (error) {
    return { ...facts, failure: failureOf(error) };
  } finally {
    await client.stop();
  }
}

/** The clock is judged by blocks as they come. */
async function watchClock(
  client: Pick<ChainClient, 'status'>,
  blockTimeMs: number,
  out: Output,
): Promise<Pick<EndpointFacts, 'driftMs' | 'clockNote'>> {
  const limitMs = Math.min(CLOCK_BLOCKS * blockTimeMs, CLOCK_TIMEOUT_MS);
  out.note(`watching the clock of the chain, for ${Math.ceil(limitMs / 1000)} s at most (--quick leaves it out)`);
  const clock = createClock();
  const until = clock.nowMs() + limitMs;
  while (clock.nowMs() < until && client.status().clock === null) await clock.sleep(blockTimeMs / 4);
  const judged = client.status().clock;
  return judged === null
    ? { driftMs: null, clockNote: 'not judged: no regular blocks came while it was watched' }
    : { driftMs: judged.driftMs, clockNote: null };
}

function openWallet(config: Config, env: Environment): Promise<Signer | Failure> {
  return openSigner(config, env).catch(failureOf);
}

async function signerFindings(config: Config, signer: RemoteSigner, endpoints: readonly EndpointFacts[]): Promise<readonly Finding[]> {
  const from = performance.now();
  const failure = await signer.probe().then(() => null, failureOf);
  if (failure !== null) return [fromFailure('signer', 'fail', failure)];
  const latencyMs = performance.now() - from;
  const { path, name, hotkey } = config.wallet;
  const wallet = await showWallet({ walletPath: path, wallet: name, hotkey }).then(
    (view) => view.hotkey.address,
    (error: unknown) => {
      failureOf(error);
      return null;
    },
  );
  const seen = endpoints.find(({ failure: trouble }) => trouble === null);
  return examineSigner({
    socket: config.wallet.signer ?? '',
    latencyMs,
    hotkey: signer.hotkey,
    policy: signer.policy(),
    neededKinds: KINDS_OF_A_NODE,
    expected: wallet === null ? [] : [{ by: `the wallet ${name}/${hotkey}`, hotkey: wallet }],
    genesis: seen?.identity?.genesis ?? null,
    nodeCalls: seen?.runtime?.nodeCalls ?? [],
    validates: validates(config),
    mechanism: config.chain.mechanism,
  });
}

function validates({ role, miner }: Config): boolean {
  return role === 'validator' || (role === 'auto' && miner.modelDir === null);
}

/** `neurons`: of the subnet; empty where it could not be read. */
async function hotkeyFindings(
  config: Config,
  wallet: Signer | Failure,
  reachable: boolean,
): Promise<{ readonly findings: readonly Finding[]; readonly neurons: readonly Neuron[] }> {
  if (isFailure(wallet)) return { findings: [fromFailure('wallet', 'fail', wallet)], neurons: [] };
  const { hotkey } = wallet;
  const opened = ok('wallet', `opens: ${hotkey}`);
  if (!reachable) return { findings: [opened, skip('seat', 'not known: no endpoint answers')], neurons: [] };
  try {
    return await withChain(config, async ({ chain }) => {
      const { netuid, mechanism } = config.chain;
      const snapshot = await chain.snapshot(netuid);
      const facts = {
        hotkey,
        snapshot,
        weights: await chain.weightFacts(netuid, mechanism, hotkey),
        validates: validates(config),
        versionKey: VERSION_KEY,
        announceIp: config.p2p.announceIp,
        port: config.p2p.port,
        // What is wrong with the file is told with the network.
        peerKey: await ownPeerKey(config.dataDir).catch(unknownForNow),
        nowSeconds: Math.floor(createClock().nowMs() / 1000),
      };
      return { findings: [opened, ...examineHotkey(facts)], neurons: snapshot.neurons };
    });
  } catch (error) {
    return { findings: [opened, fromFailure('seat', 'fail', failureOf(error))], neurons: [] };
  }
}

async function databaseFinding(config: Config): Promise<Finding> {
  const dataDir = resolve(config.dataDir);
  const embedded = config.database.url === null;
  if (embedded && !existsSync(`${dataDir}/postgres`))
    return skip('postgres', `none yet in ${dataDir}; the node makes its own at its first start`);
  try {
    const { openDatabase } = await import('../postgres/database.js');
    const database = await openDatabase(
      { clock: createClock(), logger: createLogger({ level: 'silent' }) },
      { url: config.database.url, dataDir, role: 'guest', poolConnectionsMax: 1 },
    );
    try {
      const [row] = await database.query<{ version: string }>(`SELECT current_setting('server_version') AS version`);
      return ok('postgres', `${row?.version ?? 'answers'}, ${embedded ? `own server in ${dataDir}` : 'external server'}`);
    } finally {
      await database.stop();
    }
  } catch (error) {
    return fromFailure('postgres', 'fail', failureOf(error));
  }
}

function unknownForNow(error: unknown): null {
  failureOf(error);
  return null;
}

function failureOf(error: unknown): Failure {
  if (isFailure(error)) return error;
  throw error;
}

function sectionsText(sections: readonly Section[], verdict: Verdict): string {
  const lines = sections.flatMap(({ area, findings }) => [
    area,
    ...findings.flatMap(({ name, verdict: mark, detail, next }) => [
      `  ${MARKS[mark]} ${name}: ${detail}`,
      ...(next === null ? [] : [`      next: ${next}`]),
    ]),
  ]);
  const end: Readonly<Record<Verdict, string>> = {
    ok: 'all is well',
    skip: 'all is well',
    warn: 'it works; the lines with ! could be better',
    fail: 'something is broken: see the lines with ✘',
  };
  return [...lines, '', end[verdict]].join('\n');
}
