import type { Command } from 'commander';
import { chainFailure } from '../../chain/failures.js';
import type { WeightFacts } from '../../chain/ports.js';
import {
  movers,
  type Outcome,
  type Reservation,
  SIMULATED_EPOCHS_MAX,
  type SimulatedSeat,
  type Simulation,
  simulate,
} from '../../chain/simulate.js';
import type { SubnetSnapshot } from '../../chain/snapshot.js';
import type { Config } from '../../config/schema.js';
import type { Hotkey } from '../../protocol/names.js';
import { wantedWeights } from '../weights/vector.js';
import {
  addChainOptions,
  addConfigOptions,
  addWalletOptions,
  type Flags,
  loadSettings,
  nothingRecorded,
  openSigner,
  withChain,
  withStores,
} from './context.js';
import type { Environment } from './environment.js';
import { cliFailure } from './failures.js';
import { counted, createOutput, short, table, tao } from './output.js';
import { hotkeyArgument, wholeNumber } from './parsers.js';
import { readVector } from './weights-input.js';

const U16_MAX = 65_535;
/** Seats named under "gains" and "loses". */
const MOVERS_SHOWN = 5;

interface Vector {
  readonly uids: readonly number[];
  readonly values: readonly number[];
  /** null: given by hand. */
  readonly round: number | null;
}

export function addSimulateCommand(program: Command, env: Environment): void {
  const command = program
    .command('simulate')
    .description(
      'What these weights would earn: the next epoch with them, held against the epoch with the weights on chain; nothing is sent',
    )
    .option('--as <hotkey>', 'the validator whose weights these are, by address; default: the hotkey of the wallet')
    .option('--uids <list>', 'uids, separated by commas; default: the vector of the newest weighed round of this node')
    .option('--values <list>', 'weights in the same order, on any scale')
    .option('--epochs <n>', 'look so many epochs ahead: bonds follow weights slowly', wholeNumber(1, SIMULATED_EPOCHS_MAX), 1);
  addWalletOptions(addChainOptions(addConfigOptions(command))).action(async (flags: Flags) => {
    const out = createOutput({ json: flags['json'] === true });
    const given = givenVector(flags);
    const config = await loadSettings(flags, env);
    const hotkey = typeof flags['as'] === 'string' ? hotkeyArgument(flags['as']) : (await openSigner(config)).hotkey;
    await withChain(config, async ({ chain }) => {
      const { netuid, mechanism } = config.chain;
      const facts = await chain.weightFacts(netuid, mechanism, hotkey);
      const { uid } = facts;
      if (uid === null) throw chainFailure('chain.not_registered', { netuid });
      const [snapshot, input] = await Promise.all([chain.snapshot(netuid), chain.epochInput(netuid, mechanism)]);
      const vector = given ?? (await newestVector(config, snapshot, facts));
      const outside = vector.uids.find((each) => each >= input.stakeRao.length);
      if (outside !== undefined) throw chainFailure('chain.seat_gone', { netuid, error: `uid ${outside} of ${input.stakeRao.length}` });
      const epochs = Number(flags['epochs']);
      const simulation = simulate(input, {
        uid,
        weights: vector.uids.map((to, i) => ({ uid: to, value: vector.values[i] ?? 0 })),
        epochs,
        epochBlocks: facts.epochClock === null ? facts.tempo + 1 : facts.tempo,
        blockTimeMs: chain.identity().blockTimeMs,
      });
      const hotkeyOf = new Map(snapshot.neurons.map((neuron) => [neuron.uid, neuron.hotkey]));
      const about = { netuid, mechanism, uid, hotkey, epochs, vector, simulation, hotkeyOf };
      out.result(toJson(about), () => toText(about));
    });
  });
}

/** Errors: cli.bad_list, cli.value_missing where only one of both lists is there, weights.not_a_vector. */
function givenVector(flags: Flags): Vector | null {
  const { uids, values } = flags;
  if (uids === undefined && values === undefined) return null;
  if (uids === undefined || values === undefined) {
    throw cliFailure('cli.value_missing', { command: 'voxd simulate', what: uids === undefined ? '--uids' : '--values' });
  }
  return { ...readVector({ uids, values }), round: null };
}

async function newestVector(config: Config, snapshot: SubnetSnapshot, facts: WeightFacts): Promise<Vector> {
  return withStores(config, async (stores) => {
    const wanted = await wantedWeights(stores, snapshot, facts, config.weights.burnPercent);
    if (wanted === null) throw nothingRecorded('a weighed round', config.dataDir, 'Weights can be given with --uids and --values.');
    if (wanted.refusal !== null) throw wanted.refusal;
    return { ...wanted.vector, round: wanted.round.round };
  });
}

interface About {
  readonly netuid: number;
  readonly mechanism: number;
  readonly uid: number;
  readonly hotkey: Hotkey;
  readonly epochs: number;
  readonly vector: Vector;
  readonly simulation: Simulation;
  readonly hotkeyOf: ReadonlyMap<number, Hotkey>;
}

function toJson({ netuid, mechanism, uid, hotkey, epochs, vector, simulation, hotkeyOf }: About): object {
  const outcome = (of: Outcome) => ({
    incentive: of.incentive,
    dividends: of.dividends,
    validator_trust: of.validatorTrust,
    incentive_rao: of.serverRao,
    dividends_rao: of.validatorRao,
    per_day_rao: of.perDayRao,
  });
  return {
    ok: true,
    block: simulation.block,
    netuid,
    mechanism,
    uid,
    hotkey,
    epochs,
    round: vector.round,
    uids: vector.uids,
    values: vector.values,
    pools_rao: simulation.poolsRao,
    seats: simulation.seats.map((seat) => ({
      uid: seat.uid,
      hotkey: hotkeyOf.get(seat.uid) ?? null,
      before: outcome(seat.before),
      after: outcome(seat.after),
    })),
    movers: movers(simulation.seats).map((mover) => ({ uid: mover.uid, gains: mover.gains, change_rao: mover.changeRao })),
    reservations: simulation.reservations,
    left_out: LEFT_OUT,
  };
}

function toText({ netuid, mechanism, uid, hotkey, epochs, vector, simulation, hotkeyOf }: About): string {
  const own = simulation.seats[uid];
  const source = vector.round === null ? 'the given weights' : `the weights of round ${vector.round}`;
  const ahead = epochs === 1 ? 'the next epoch' : `${counted(epochs, 'epoch')} ahead`;
  const earning = simulation.seats.filter(({ before, after }) => before.incentive > 0 || after.incentive > 0);
  return [
    `subnet ${netuid}, mechanism ${mechanism}, block ${simulation.block}: ${source} in uid ${uid} (${short(hotkey)}), ${ahead}`,
    '',
    earning.length === 0
      ? 'nobody earns incentive, with or without them'
      : table(
          ['uid', 'hotkey', 'incentive', 'with', 'alpha/epoch', 'with', 'alpha/day', 'with'],
          earning.map(({ uid: seat, before, after }) => [
            seat,
            short(hotkeyOf.get(seat) ?? ''),
            share(before.incentive),
            share(after.incentive),
            alpha(before.serverRao),
            alpha(after.serverRao),
            alpha(before.perDayRao),
            alpha(after.perDayRao),
          ]),
        ),
    '',
    ...(own === undefined ? [] : ownLines(own)),
    ...moverLines(simulation.seats),
    ...simulation.reservations.map((each) => `warning: ${RESERVATIONS[each]}`),
    ...LEFT_OUT.map((each) => `left out: ${each}`),
  ].join('\n');
}

function ownLines({ before, after }: SimulatedSeat): readonly string[] {
  return [
    `own dividends    ${share(before.dividends)} → ${share(after.dividends)}, alpha/epoch ${alpha(before.validatorRao)} → ${alpha(after.validatorRao)}`,
    `validator trust  ${share(before.validatorTrust)} → ${share(after.validatorTrust)}`,
    `own alpha/day    ${alpha(before.perDayRao)} → ${alpha(after.perDayRao)}`,
  ];
}

function moverLines(seats: readonly SimulatedSeat[]): readonly string[] {
  const moved = movers(seats);
  const line = (label: string, list: typeof moved) => {
    if (list.length === 0) return `${label}nobody`;
    const named = list.slice(0, MOVERS_SHOWN).map(({ uid, changeRao }) => {
      if (changeRao === null) return `uid ${uid}`;
      return `uid ${uid} by ${alpha(changeRao < 0n ? -changeRao : changeRao)} alpha/epoch`;
    });
    return `${label}${named.join(', ')}${list.length > MOVERS_SHOWN ? ` and ${list.length - MOVERS_SHOWN} more` : ''}`;
  };
  const losers = moved.filter(({ gains }) => !gains).toReversed();
  return [
    line(
      'gains            ',
      moved.filter(({ gains }) => gains),
    ),
    line('loses            ', losers),
  ];
}

const RESERVATIONS: Readonly<Record<Reservation, string>> = {
  no_permit: 'this hotkey has no validator permit: its weights do not count before an epoch gives it one',
  no_stake: 'the stake of this hotkey does not count: it is none, or below the threshold',
  commit_reveal: 'the subnet uses commit-reveal: new weights count only in the epoch after they are revealed',
  newcomers_masked: 'a pending commit is older than some of these seats: their weights are left out until it is revealed or expires',
  unknown_pools: 'the pools are empty or have no epoch behind them: only shares are shown, no alpha',
};

const LEFT_OUT: readonly string[] = [
  'other validators may change their weights and stake meanwhile',
  'dividends are before the cut into alpha and root, the take, and what parents of the hotkey receive',
  'incentive of the subnet owner is not paid but burned or recycled',
];

function share(u16: number): string {
  return `${((u16 * 100) / U16_MAX).toFixed(2)} %`;
}

function alpha(rao: bigint | null): string {
  return rao === null ? '–' : tao(rao);
}
