import { randomUUID } from 'node:crypto';
import { existsSync } from 'node:fs';
import { cp, mkdir, rename } from 'node:fs/promises';
import { dirname, join, resolve } from 'node:path';
import type { Command } from 'commander';
import { Failure } from '../../protocol/failure.js';
import { peerKeyIfThere } from '../../protocol/libp2p/peer-key.js';
import { type ModelDigest, parseModelDigest } from '../../protocol/names.js';
import type { TransferProgress } from '../../protocol/ports.js';
import { lockHolder } from '../files/data-dir.js';
import { createLogger } from '../logger.js';
import { addChainOptions, addConfigOptions, addWalletOptions, createClock, loadSettings, openSigner, withChain } from './context.js';
import { addDryRun, isDryRun, sayDryRun } from './dry-run.js';
import type { Environment } from './environment.js';
import { cliFailure } from './failures.js';
import { createOutput } from './output.js';
import { createProgressLine } from './progress.js';

const MEGA = 1_000_000;

interface Fetched {
  readonly directory: string;
  readonly receivedBytes: number | null;
  readonly from: readonly { readonly peer: string; readonly bytes: number }[];
}

export function addFetchCommand(program: Command, env: Environment): void {
  const command = program
    .command('fetch <digest>')
    .description('Bring a model package from peers, verified chunk by chunk; a call after an interruption goes on from there')
    .option(
      '--out <dir>',
      'new folder for the package; default: it stays in the cache of the node; with --peer or --alone: a folder by its digest',
    )
    .option('--peer <multiaddr>', 'ask this peer, without a running node; may be repeated', collect, [])
    .option('--alone', 'without a running node: ask whoever the chain and the peers found there name')
    .option('--http-port <port>', 'HTTP port of the node');
  addDryRun(command);
  addWalletOptions(addChainOptions(addConfigOptions(command))).action(async (digest: string, flags: Record<string, unknown>) => {
    const json = flags['json'] === true;
    const out = createOutput({ json });
    const model = parseModelDigest(digest);
    if (!model.ok) throw cliFailure('cli.bad_value', { command: 'voxd fetch', problem: `"${digest}": ${model.error}` });
    const directory = typeof flags['out'] === 'string' ? resolve(flags['out']) : null;
    if (directory !== null && existsSync(directory)) throw cliFailure('cli.folder_not_empty', { folder: directory });
    const peers = Array.isArray(flags['peer']) ? flags['peer'].map(String) : [];
    const isAlone = flags['alone'] === true;
    const isByNode = peers.length === 0 && !isAlone;
    if (isDryRun(flags)) {
      const config = await loadSettings(flags, env, 'no chain');
      const node = `http://${config.http.host}:${config.http.port}`;
      const to = directory ?? (isByNode ? 'the cache of the node' : resolve(model.value.slice(0, 16)));
      return sayDryRun(out, { model: model.value, directory: to, node: isByNode ? node : null, peers, alone: isAlone }, [
        `${model.value} would be brought to ${to}`,
        isByNode ? `by        the running node at ${node}` : `from      ${[...peers, ...(isAlone ? ['whoever has it'] : [])].join(', ')}`,
      ]);
    }
    const line = createProgressLine(process.stderr, { quiet: json, nowMs: Date.now });
    const stop = new AbortController();
    const onSignal = () => stop.abort(new Error('stopped'));
    process.once('SIGINT', onSignal).once('SIGTERM', onSignal);
    try {
      const of = { model: model.value, directory, signal: stop.signal, onProgress: line.show };
      const fetched = isByNode ? await fromNode(flags, env, of) : await fromPeers(flags, env, peers, of);
      line.end();
      const { receivedBytes } = fetched;
      out.result({ ok: true, model: model.value, ...fetched }, () =>
        [
          `${model.value} is whole and in ${fetched.directory}`,
          receivedBytes === null ? '' : `  ${(receivedBytes / MEGA).toFixed(1)} MB came from ${fetched.from.length} peers`,
          `  next: voxd model check ${fetched.directory}`,
        ]
          .filter((text) => text !== '')
          .join('\n'),
      );
    } finally {
      line.end();
      process.off('SIGINT', onSignal).off('SIGTERM', onSignal);
    }
  });
}

interface Asked {
  readonly model: ModelDigest;
  readonly directory: string | null;
  readonly signal: AbortSignal;
  readonly onProgress: (progress: TransferProgress) => void;
}

async function fromPeers(flags: Record<string, unknown>, env: Environment, addresses: readonly string[], asked: Asked): Promise<Fetched> {
  const config = await loadSettings(flags, env);
  const peerKey = await ownPeerKey(resolve(config.dataDir));
  const signer = await openSigner(config, env);
  const isAlone = flags['alone'] === true;
  const { netuid } = config.chain;
  const { genesis, snapshot } =
    config.chain.genesis !== null && !isAlone
      ? { genesis: config.chain.genesis, snapshot: null }
      : await withChain(config, async ({ chain }) => ({
          genesis: chain.identity().genesis,
          snapshot: isAlone ? await chain.snapshot(netuid) : null,
        }));
  const [{ fetchOnce }, { createVerifyPool }] = await Promise.all([
    import('../compose-fetch.js'),
    import('../../protocol/threads/verify-pool.js'),
  ]);
  const [clock, logger] = [createClock(), createLogger({ level: 'error' })];
  const verifier = createVerifyPool({ clock, logger }, { threads: 1 });
  const directory = asked.directory ?? resolve(asked.model.slice(0, 16));
  if (existsSync(directory)) throw cliFailure('cli.folder_not_empty', { folder: directory });
  try {
    const { receivedBytes, from } = await fetchOnce(
      { signer, verifier, clock, logger },
      {
        ...asked,
        network: { genesis, netuid },
        peerKey,
        addresses,
        snapshot,
        directory,
        // Whom to dial is named by the caller, or else by strangers.
        privateNetwork: !isAlone || config.p2p.allowPrivateAddresses,
      },
    );
    return { directory, receivedBytes, from };
  } finally {
    await verifier.close();
  }
}

/** Of the node of this directory, which may not run meanwhile: two processes would be one peer. Null: there has been none. */
async function ownPeerKey(dataDir: string): Promise<Uint8Array | null> {
  const peerKey = await peerKeyIfThere(join(dataDir, 'identity', 'peer.key'));
  const pid = peerKey === null ? null : lockHolder(dataDir);
  if (pid !== null) throw cliFailure('cli.node_runs', { dataDir, pid });
  return peerKey;
}

/** The node brings it into its cache; with a folder, a copy is put there. */
async function fromNode(flags: Record<string, unknown>, env: Environment, asked: Asked): Promise<Fetched> {
  const config = await loadSettings(flags, env, 'no chain');
  const url = `http://${config.http.host}:${config.http.port}`;
  const answer = await fetch(`${url}/v1/models/${asked.model}/fetch`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: '{}',
    signal: asked.signal,
  }).catch((cause: unknown) => {
    throw cliFailure('cli.not_running', { url }, cause);
  });
  if (answer.body === null || !answer.ok) throw cliFailure('cli.not_running', { url });
  let last: NodeLine | null = null;
  let receivedBytes: number | null = null;
  for await (const line of linesOf(answer.body)) {
    last = line;
    if (line.type !== 'progress') continue;
    receivedBytes = line.receivedBytes;
    asked.onProgress(line);
  }
  if (last?.type === 'refused') {
    const { code, facts, hint, message } = last;
    throw new Failure(code, { message, hint, disposition: 'retry' }, facts);
  }
  if (last?.type !== 'done') throw cliFailure('cli.not_running', { url });
  if (asked.directory === null) return { directory: last.directory, receivedBytes, from: [] };
  return { directory: await copyOut(last.directory, asked.directory, asked.model), receivedBytes, from: [] };
}

type NodeLine =
  | ({ readonly type: 'progress' } & TransferProgress)
  | { readonly type: 'done'; readonly directory: string }
  | { readonly type: 'refused'; readonly code: string; readonly message: string; readonly hint: string; readonly facts: Failure['facts'] };

async function* linesOf(body: ReadableStream<Uint8Array>): AsyncGenerator<NodeLine> {
  let rest = '';
  // Safety: our own server writes one JSON value per line.
  const read = (line: string) => JSON.parse(line) as NodeLine;
  const decoder = new TextDecoder();
  for await (const bytes of body) {
    const lines = (rest + decoder.decode(bytes, { stream: true })).split('\n');
    rest = lines.pop() ?? '';
    for (const line of lines) if (line !== '') yield read(line);
  }
  if (rest !== '') yield read(rest);
}

/** The folder appears whole or not at all. */
async function copyOut(from: string, to: string, model: ModelDigest): Promise<string> {
  const { verifyPackage } = await import('../../scoring/onnx/package-files.js');
  const temporary = `${to}.${randomUUID().slice(0, 8)}.part`;
  await mkdir(dirname(to), { recursive: true });
  await cp(from, temporary, { recursive: true });
  await verifyPackage(temporary, model);
  await rename(temporary, to);
  return to;
}

function collect(value: string, before: readonly string[]): readonly string[] {
  return [...before, value];
}
