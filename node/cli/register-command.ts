import { createInterface } from 'node:readline/promises';
import { type Command, InvalidArgumentError } from 'commander';
import { chainFailure } from '../../chain/failures.js';
import type { Inclusion } from '../../chain/ports.js';
import type { SubnetSnapshot } from '../../chain/snapshot.js';
import type { Hotkey } from '../../protocol/names.js';
import { exactTao } from '../../protocol/tao.js';
import {
  addChainOptions,
  addConfigOptions,
  addWalletOptions,
  type Flags,
  loadSettings,
  openColdkeyOf,
  openSigner,
  withChain,
} from './context.js';
import type { Environment } from './environment.js';
import { cliFailure } from './failures.js';
import { inclusionJson, inclusionLines } from './inclusion.js';
import { createOutput, tao } from './output.js';
import { seatOf } from './seats.js';

const RAO_DIGITS = 9;

/** What registering would mean, as read at one block. */
interface Offer {
  readonly netuid: number;
  readonly block: number;
  readonly hotkey: Hotkey;
  readonly coldkey: Hotkey;
  readonly priceRao: bigint;
  /** Never more than this is paid. */
  readonly limitRao: bigint;
  readonly balanceRao: bigint;
  readonly seats: string;
}

export function addRegisterCommand(program: Command, env: Environment): void {
  const command = program
    .command('register')
    .description('Buy a seat for the hotkey with its coldkey; the price is shown first, and never more than that is paid')
    .option('--max-price <tao>', 'the most to pay, in TAO; default: the price shown', raoAmount)
    .option('--coldkey-uri <uri>', 'development key that pays, such as //Bob, instead of the coldkey of the wallet')
    .option('--coldkey-signer <unix:path>', 'socket of a `voxd signer --coldkey` that pays')
    .option('--password-file <file>', 'password of an encrypted coldkey')
    .option('--yes', 'do not ask')
    .option('--dry-run', 'say what it would cost, pay nothing');
  addWalletOptions(addChainOptions(addConfigOptions(command))).action(async (flags: Flags) => {
    const out = createOutput({ json: flags['json'] === true });
    const config = await loadSettings(flags, env);
    const { hotkey } = await openSigner(config, env);
    const coldkey = await openColdkeyOf(config, env, flags);
    await withChain(config, async ({ chain }) => {
      const { netuid } = config.chain;
      const snapshot = await chain.snapshot(netuid);
      const offer = offerOf(snapshot, hotkey, coldkey.hotkey, await chain.balanceOf(coldkey.hotkey), flags['maxPrice']);
      refuseWhereHopeless(snapshot, offer);
      if (flags['dryRun'] === true) {
        return out.result({ ok: true, dry_run: true, ...offerJson(offer) }, () =>
          ['dry run: nothing is paid', ...offerLines(offer)].join('\n'),
        );
      }
      if (flags['yes'] !== true) await confirm(offer);
      const inclusion = await chain.burnedRegister(coldkey, netuid, hotkey, offer.limitRao);
      const seat = seatOf(await chain.snapshot(netuid, inclusion.block), hotkey);
      out.result({ ok: true, ...inclusionJson(inclusion), ...offerJson(offer), uid: seat.uid }, () => doneText(offer, seat.uid, inclusion));
    });
  });
}

function offerOf(snapshot: SubnetSnapshot, hotkey: Hotkey, coldkey: Hotkey, balanceRao: bigint, maxPrice: unknown): Offer {
  const { burnRao: priceRao, maxUids } = snapshot.hyperparameters;
  const taken = snapshot.neurons.length;
  return {
    netuid: snapshot.netuid,
    block: snapshot.block.number,
    hotkey,
    coldkey,
    priceRao,
    limitRao: typeof maxPrice === 'bigint' ? maxPrice : priceRao,
    balanceRao,
    seats:
      taken < maxUids ? `${taken} of ${maxUids} are taken` : `all ${maxUids} are taken: the weakest neuron that is not immune has to go`,
  };
}

/** Errors: chain.already_registered, registration_closed, price_above_limit, insufficient_balance. */
function refuseWhereHopeless(snapshot: SubnetSnapshot, { netuid, hotkey, priceRao, limitRao, balanceRao }: Offer): void {
  const seat = snapshot.neurons.find((neuron) => neuron.hotkey === hotkey);
  if (seat !== undefined) throw chainFailure('chain.already_registered', { netuid, uid: seat.uid, hotkey });
  if (!snapshot.hyperparameters.registrationAllowed) {
    throw chainFailure('chain.registration_closed', { netuid, error: 'SubNetRegistrationDisabled' });
  }
  if (priceRao > limitRao)
    throw chainFailure('chain.price_above_limit', { netuid, priceRao: String(priceRao), limitRao: String(limitRao) });
  if (balanceRao < priceRao) {
    throw chainFailure('chain.insufficient_balance', {
      method: 'a registration',
      reason: `it costs ${exactTao(priceRao)} TAO, the coldkey has ${tao(balanceRao)}`,
    });
  }
}

/** Errors: cli.not_confirmed. */
async function confirm(offer: Offer): Promise<void> {
  const { stdin, stderr } = process;
  if (!stdin.isTTY) throw cliFailure('cli.not_confirmed', { what: 'A registration', why: 'nobody can be asked here' });
  const terminal = createInterface({ input: stdin, output: stderr });
  try {
    const answer = await terminal.question(`${offerLines(offer).join('\n')}\nPay ${exactTao(offer.priceRao)} TAO? [y/N] `);
    if (!/^y(es)?$/i.test(answer.trim())) throw cliFailure('cli.not_confirmed', { what: 'A registration', why: 'the answer was no' });
  } finally {
    terminal.close();
  }
}

function offerJson(offer: Offer): object {
  return {
    netuid: offer.netuid,
    hotkey: offer.hotkey,
    coldkey: offer.coldkey,
    price_rao: offer.priceRao,
    limit_rao: offer.limitRao,
    balance_rao: offer.balanceRao,
    as_of_block: offer.block,
  };
}

function offerLines(offer: Offer): readonly string[] {
  return [
    `a seat on netuid ${offer.netuid}, as of block ${offer.block}`,
    `  price      ${exactTao(offer.priceRao)} TAO, burned; at most ${exactTao(offer.limitRao)} TAO is paid`,
    `  balance    ${tao(offer.balanceRao)} TAO`,
    `  seats      ${offer.seats}`,
    `  hotkey     ${offer.hotkey}`,
    `  coldkey    ${offer.coldkey}`,
  ];
}

function doneText(offer: Offer, uid: number, inclusion: Inclusion): string {
  return [
    `registered: uid ${uid} on netuid ${offer.netuid} since finalized block ${inclusion.block.number}`,
    `  hotkey     ${offer.hotkey}`,
    ...inclusionLines(inclusion, offer.coldkey),
  ].join('\n');
}

/** Shape: TAO with at most nine digits after the point → rao, exactly. */
function raoAmount(text: string): bigint {
  const [, whole, part = ''] = /^(\d{1,9})(?:\.(\d{1,9}))?$/.exec(text) ?? [];
  if (whole === undefined) throw new InvalidArgumentError('give an amount of TAO such as 0.5');
  return BigInt(whole + part.padEnd(RAO_DIGITS, '0'));
}
