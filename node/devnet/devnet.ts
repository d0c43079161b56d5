/** `voxd devnet`: a chain and its nodes, watched from outside until the rounds are done. */
import { setMaxListeners } from 'node:events';
import { join } from 'node:path';
import { epochIndex, epochStart } from '../../chain/epoch.js';
import type { ChainReader, ChainWriter } from '../../chain/ports.js';
import type { SubnetSnapshot } from '../../chain/snapshot.js';
import { entryPoint } from '../../protocol/entry.js';
import { isFailure } from '../../protocol/failure.js';
import type { Hotkey } from '../../protocol/names.js';
import type { Clock, Signer } from '../../protocol/ports.js';
import { cliFailure } from '../cli/failures.js';
import type { Stores } from '../ports.js';
import { type CastMember, type CastName, castOf } from './cast.js';
import { createCensus } from './census.js';
import { checksOf } from './checks.js';
import { configPath, type DevnetFolders, freeBasePort, prepareFolders, type ScoringSettings, writeConfig, writeVoices } from './files.js';
import { gauntletChecks } from './gauntlet.js';
import { fateOf, healthOf, landedAt, leaderboard, type ObservedValidator, summarise } from './observe.js';
import { type KeptProcess, keepProcess } from './processes.js';
import type { Progress, ProgressRow } from './progress.js';
import type { DevnetResult, RoundSummary } from './result.js';
import { ORIGINAL } from './voices.js';

export interface DevnetOptions {
  readonly cast: CastName;
  readonly rounds: number;
  readonly dataDir: string;
  readonly basePort: number;
  readonly blockTimeMs: number;
  readonly tempo: number;
  readonly cadenceBlocks: number;
  readonly scoring: ScoringSettings;
  /** Age of the runtime that the chain presents. */
  readonly generation: string;
  /** Weights are committed first and revealed later. */
  readonly commitReveal: boolean;
  readonly timeoutMs: number;
  /** The command line's own entry file: the nodes are started as a user would start them. */
  readonly entry: string;
  readonly env: Readonly<Record<string, string>>;
}

export interface DevnetDeps {
  readonly clock: Clock;
  readonly progress: Progress;
  readonly signerOf: (uri: string) => Promise<Signer>;
  readonly connect: (
    endpoint: string,
    signal: AbortSignal,
  ) => Promise<{ readonly chain: ChainReader & ChainWriter; stop(): Promise<void> }>;
  readonly observe: (dataDir: string) => Promise<{ readonly stores: Stores; stop(): Promise<void> }>;
  readonly scorer: string;
}

export interface Devnet {
  readonly result: DevnetResult;
  readonly folders: DevnetFolders;
  readonly endpoint: string;
  /** Stops everything, newest first. Shape: what must not be there any more and is. */
  stop(): Promise<readonly { readonly pid: number; readonly command: string }[]>;
}

const NETUID = 1;
const MECHANISM = 0;
const LOOK_MS = 1_000;
/** Times that a registration or a stake is sent. */
const SENT_MAX = 3;
/** Starting coldkey balance of each participant. */
const BALANCE_RAO = 100_000_000_000_000n;

interface Player extends CastMember {
  readonly hotkey: Hotkey;
  readonly cold: Signer;
}

export async function runDevnet(deps: DevnetDeps, options: DevnetOptions, signal: AbortSignal): Promise<Devnet> {
  const { progress, clock } = deps;
  const startedAtMs = clock.nowMs();
  const closers: (() => Promise<void>)[] = [];
  const kept: KeptProcess[] = [];
  const over = AbortSignal.any([signal, AbortSignal.timeout(options.timeoutMs)]);
  // Every wait of every node listens to it.
  setMaxListeners(0, over);
  const folders = await prepareFolders(options.dataDir);
  const census = createCensus();
  const stop = async () => {
    census.take();
    for (const close of [...closers].reverse()) await close().catch(() => {});
    await Promise.all(
      [...kept]
        .reverse()
        .filter(({ name }) => name !== 'chain')
        .map((process_) => process_.stop()),
    );
    await Promise.all(kept.filter(({ name }) => name === 'chain').map((process_) => process_.stop()));
    return census.left();
  };

  try {
    const basePort = await freeBasePort(options.basePort);
    const endpoint = `ws://127.0.0.1:${basePort}`;
    const players = await playersOf(basePort);
    const miners = players.filter(({ role }) => role === 'miner');
    const voices = miners.flatMap(({ voice }) => voice ?? []);
    await writeVoices(folders.voices, options.cast, voices);
    const originals = voices.filter((voice) => voice !== 'copy');
    progress.event(`voices written: ${originals.join(', ')}, and a copy of ${ORIGINAL[options.cast]} with other bytes`);
    keep('chain', [
      'devchain',
      '--port',
      String(basePort),
      '--data-dir',
      folders.chain,
      '--block-time-ms',
      String(options.blockTimeMs),
      '--tempo',
      String(options.tempo),
      '--generation',
      options.generation,
      ...(options.commitReveal ? ['--commit-reveal'] : []),
      ...players.flatMap(({ cold }) => ['--fund', `${cold.hotkey}=${BALANCE_RAO}`]),
    ]);
    const { chain, stop: disconnect } = await until('the chain', () => deps.connect(endpoint, over));
    closers.push(disconnect);
    progress.event(
      `chain at ${endpoint}, genesis ${chain.identity().genesis.slice(0, 10)}…, a block every ${options.blockTimeMs} ms, an epoch every ${options.tempo} blocks`,
    );

    for (const player of players)
      await writeConfig(player, { endpoint, netuid: NETUID, cadenceBlocks: options.cadenceBlocks, scoring: options.scoring, folders });
    startNodes(players.filter(({ late }) => !late));
    await Promise.all(players.map((player) => settle(player, chain)));
    progress.event(`${players.length} hotkeys registered, validators staked`);

    const original = players.find(({ voice }) => voice === ORIGINAL[options.cast])!;
    const committed = await until(`the first commitment of ${original.name}`, async () => {
      const snapshot = await look(chain, players);
      return neuronOf(snapshot, original)?.commitment == null ? null : snapshot;
    });
    progress.event(`${original.name} committed at block ${neuronOf(committed, original)?.commitment?.block}; the copycat joins now`);
    startNodes(players.filter(({ late }) => late));
    const complete = await until('the last commitment', async () => {
      const snapshot = await look(chain, players);
      return players.every((player) => player.role !== 'miner' || neuronOf(snapshot, player)?.commitment != null) ? snapshot : null;
    });
    const first = Math.floor(complete.block.number / options.cadenceBlocks) + 1;
    progress.event(`all ${miners.length} models are committed; counting from round ${first} (${options.cadenceBlocks} blocks each)`);

    const validators: ObservedValidator[] = [];
    for (const player of players.filter(({ role }) => role === 'validator')) {
      const { stores, stop: close } = await until(`database of ${player.name}`, () =>
        deps.observe(join(folders.nodes, player.name)).catch(onlyFailures),
      );
      closers.push(close);
      validators.push({ member: player, hotkey: player.hotkey, stores });
    }
    const finished: number[] = [];
    for (let round = first; finished.length < options.rounds; round++) {
      if (await everybodyFinishes(round)) finished.push(round);
    }
    const last = finished.at(-1) ?? first;
    const sent = Math.max(...(await Promise.all(validators.map(async (validator) => (await landedAt(validator, last)) ?? 0))));
    const paid = await until('an epoch with these weights', async () => {
      await look(chain, players);
      const facts = await chain.weightFacts(NETUID, MECHANISM, validators[0]!.hotkey);
      return epochStart(facts) > sent ? facts : null;
    });
    progress.event(`the epoch at block ${epochStart(paid)} paid by these weights`);
    progress.end();

    const nameOf = (hotkey: string) => players.find((player) => player.hotkey === hotkey)?.name ?? hotkey;
    const identity = { scorer: deps.scorer, genesis: chain.identity().genesis, netuid: NETUID, mechanism: MECHANISM, nameOf };
    const rounds: RoundSummary[] = [];
    for (const round of finished) {
      const summary = await summarise(round, validators, identity);
      if (summary) rounds.push(summary);
    }
    const snapshot = await chain.snapshot(NETUID);
    const { rows, chainRows } = await leaderboard(last, snapshot, validators, chain, (hotkey) =>
      players.find((player) => player.hotkey === hotkey),
    );
    const facts = { roundsWanted: options.rounds, rounds, leaderboard: rows, chainRows };
    const most = census.most();
    const footprint = most && { processes: most.processes, models: most.models, resident_bytes: most.residentBytes };
    const checks = options.cast === 'demo' ? checksOf(facts) : gauntletChecks({ ...facts, footprint });
    const result: DevnetResult = {
      ok: checks.every(({ ok }) => ok),
      cast: options.cast,
      footprint,
      checks,
      rounds,
      leaderboard: rows,
      chain: { endpoint, genesis: identity.genesis, block: snapshot.block.number, epochs: epochIndex(paid) },
      evidence: validators.map(({ member }) => join(folders.nodes, member.name, 'evidence')),
      data_dir: folders.root,
      elapsed_seconds: Math.round((clock.nowMs() - startedAtMs) / 1000),
      restarts: Object.fromEntries(kept.map((process_) => [process_.name, process_.restarts()])),
    };
    return { result, folders, endpoint, stop };

    /** False: a validator missed this round; what it says about that is told, and the next round counts instead. */
    async function everybodyFinishes(round: number): Promise<boolean> {
      for (const validator of validators) {
        const fate = await until(`${validator.member.name} in round ${round}`, async () => {
          await look(chain, players);
          const now = await fateOf(validator, round, miners.length);
          return now === 'running' ? null : now;
        });
        if (fate === 'missed') {
          const note = (await validator.stores.rounds.get(round).catch(onlyFailures))?.note;
          progress.event(`round ${round} does not count: ${validator.member.name} did not finish it${note ? ` (${note.code})` : ''}`);
          return false;
        }
      }
      progress.event(`round ${round}: both validators weighed it and the chain finalized their weights`);
      return true;
    }
  } catch (error) {
    progress.end();
    await stop();
    if (over.aborted && !signal.aborted)
      throw cliFailure('cli.devnet_failed', { reason: `not done after ${options.timeoutMs / 1000} s`, logs: folders.logs }, error);
    throw error;
  }

  async function playersOf(basePort: number): Promise<readonly Player[]> {
    return Promise.all(
      castOf(basePort, options.cast).map(async (member) => ({
        ...member,
        hotkey: (await deps.signerOf(member.hotkeyUri)).hotkey,
        cold: await deps.signerOf(member.coldkeyUri),
      })),
    );
  }

  function keep(name: string, args: readonly string[], entry?: string): void {
    kept.push(
      keepProcess({
        name,
        args: ['--enable-source-maps', ...(entry === undefined ? [options.entry, ...args, '--until-stdin-ends'] : [entry, ...args])],
        env: options.env,
        logDirectory: folders.logs,
        onExit: (who, how, restarts) => progress.event(`${who} ended (${how}); starting it again (${restarts})`),
        onGivenUp: (who) => progress.event(`${who} keeps ending; see ${join(folders.logs, `${who}.log`)}`),
      }),
    );
  }

  /** Those of one crew share a process. */
  function startNodes(starting: readonly Player[]): void {
    for (const player of starting.filter(({ crew }) => crew === null))
      keep(player.name, ['start', '--config', configPath(folders, player)]);
    for (const crew of new Set(starting.flatMap(({ crew: name }) => name ?? []))) {
      const members = starting.filter((player) => player.crew === crew);
      keep(crew, [join(folders.nodes, crew), ...members.map((player) => configPath(folders, player))], entryPoint('node/devnet/crew'));
    }
  }

  async function settle(player: Player, chain: ChainReader & ChainWriter): Promise<void> {
    await patiently(() => chain.burnedRegister(player.cold, NETUID, player.hotkey));
    if (player.stakeRao > 0n) await patiently(() => chain.addStake(player.cold, NETUID, player.hotkey, player.stakeRao));
  }

  /** A machine that starts twenty nodes at once may take longer than a transaction lives; one that expired did nothing. */
  async function patiently(send: () => Promise<unknown>): Promise<void> {
    for (let attempt = 1; ; attempt += 1) {
      try {
        await send();
        return;
      } catch (err) {
        if (!isFailure(err) || err.code !== 'chain.expired' || attempt === SENT_MAX) throw err;
      }
    }
  }

  /** Waits by looking again; a chain or a database that is away for a moment is looked at later. */
  async function until<T>(what: string, ask: () => Promise<T | null>): Promise<T> {
    for (;;) {
      if (over.aborted) throw cliFailure('cli.devnet_failed', { reason: `waited for ${what}`, logs: folders.logs });
      const answer = await ask().catch(onlyFailures);
      if (answer !== null) return answer;
      await clock.sleep(LOOK_MS, over).catch(() => {});
    }
  }

  async function look(chain: ChainReader, players: readonly Player[]): Promise<SubnetSnapshot> {
    census.take();
    const snapshot = await chain.snapshot(NETUID);
    const rows = await Promise.all(
      players.map(async (player): Promise<ProgressRow> => {
        const health = await healthOf(player);
        const part = (name: string) => health?.components.find((component) => component.name === name)?.facts ?? {};
        const neuron = neuronOf(snapshot, player);
        return {
          name: player.name,
          role: player.role,
          uid: neuron?.uid ?? null,
          peers: health === null ? null : Number(part('p2p')['bound'] ?? 0),
          doing:
            health === null
              ? 'starting'
              : player.role === 'validator'
                ? validatorWords(part('scoring'), part('weights'))
                : minerWords(neuron),
        };
      }),
    );
    const round = Math.floor(snapshot.block.number / options.cadenceBlocks);
    progress.show(
      `block ${snapshot.block.number}, round ${round} (${snapshot.block.number % options.cadenceBlocks}/${options.cadenceBlocks})`,
      rows,
    );
    return snapshot;
  }
}

function neuronOf(snapshot: SubnetSnapshot, player: Player) {
  return snapshot.neurons.find(({ hotkey }) => hotkey === player.hotkey);
}

function validatorWords(scoring: object, weights: object): string {
  const facts: Record<string, unknown> = { ...scoring, ...weights };
  const heard =
    facts['round'] == null
      ? 'waits for its permit'
      : `round ${facts['round']} ${facts['phase']}: heard ${facts['heard']} of ${facts['entered']}`;
  return facts['lastRound'] == null ? heard : `${heard}; weights of round ${facts['lastRound']} at block ${facts['lastBlock']}`;
}

function minerWords(neuron: SubnetSnapshot['neurons'][number] | undefined): string {
  if (!neuron) return 'waits for its registration';
  if (neuron.commitment === null) return 'commits to its model';
  return `committed at block ${neuron.commitment.block}, incentive ${((neuron.incentive * 100) / 65_535).toFixed(1)} %`;
}

/** Trouble that has a name may pass; a defect may not. */
function onlyFailures(error: unknown): null {
  if (isFailure(error)) return null;
  throw error;
}
