import { type Command, InvalidArgumentError } from 'commander';
import { parseCommitment } from '../../chain/commitment.js';
import type { ChainCommitment, Neuron } from '../../chain/snapshot.js';
import type { Hotkey } from '../../protocol/names.js';
import { addChainOptions, addConfigOptions, addWalletOptions, type Flags, loadSettings, openSigner, withChain } from './context.js';
import type { Environment } from './environment.js';
import { cliFailure } from './failures.js';
import { inclusionJson, inclusionLines } from './inclusion.js';
import { createOutput, short, table } from './output.js';
import { hotkeyArgument } from './parsers.js';
import { seatOf } from './seats.js';

/** What one `Raw` field of the pallet holds. */
const COMMITMENT_BYTES_MAX = 128;
const SHOWN_CHARACTERS = 60;

export function addCommitmentCommands(program: Command, env: Environment): void {
  const commitment = program.command('commitment').description('What neurons have committed to on chain');
  addShow(commitment, env);
  addSet(commitment, env);
}

function addShow(commitment: Command, env: Environment): void {
  const command = commitment
    .command('show')
    .argument('[hotkey]', 'one neuron; without it everybody', hotkeyArgument)
    .description('The commitments on chain: of one hotkey, or of the whole subnet');
  addChainOptions(addConfigOptions(command)).action(async (hotkey: Hotkey | undefined, flags: Flags) => {
    const out = createOutput({ json: flags['json'] === true });
    const config = await loadSettings(flags, env);
    await withChain(config, async ({ chain }) => {
      const snapshot = await chain.snapshot(config.chain.netuid);
      const shown = hotkey === undefined ? snapshot.neurons.filter((neuron) => neuron.commitment !== null) : [seatOf(snapshot, hotkey)];
      out.result({ ok: true, netuid: snapshot.netuid, block: snapshot.block.number, commitments: shown.map(commitmentJson) }, () =>
        [
          `netuid ${snapshot.netuid} at block ${snapshot.block.number}: ${snapshot.neurons.filter((neuron) => neuron.commitment !== null).length} of ${snapshot.neurons.length} neurons have committed`,
          ...(shown.length === 0 ? [] : [table(['uid', 'hotkey', 'block', 'counts', 'commitment'], shown.map(row))]),
        ].join('\n'),
      );
    });
  });
}

/** A commitment older than the registration is another person's, or of another time. */
function counts({ commitment, registeredAt }: Neuron): boolean {
  return commitment !== null && commitment.block >= registeredAt;
}

function commitmentJson(neuron: Neuron): object {
  const { uid, hotkey, commitment } = neuron;
  return {
    uid,
    hotkey,
    commitment: commitment && {
      block: commitment.block,
      data: commitment.data,
      text: textOf(commitment),
      voxd: voxdOf(commitment),
      counts: counts(neuron),
    },
  };
}

function row(neuron: Neuron): (string | number | null)[] {
  const { uid, hotkey, commitment } = neuron;
  const text = commitment === null ? '–' : (textOf(commitment) ?? `0x${commitment.data}`);
  return [
    uid,
    short(hotkey),
    commitment?.block ?? null,
    commitment === null ? '' : counts(neuron) ? 'yes' : 'older than the registration',
    short(text, SHOWN_CHARACTERS, 8),
  ];
}

function voxdOf(commitment: ChainCommitment): string | null {
  const parsed = parseCommitment(commitment);
  return parsed.ok ? parsed.value : null;
}

/** Null: these bytes are no plain text. */
function textOf({ data }: ChainCommitment): string | null {
  const text = Buffer.from(data.replace(/^0x/, ''), 'hex').toString('latin1');
  return /^[\x20-\x7e]*$/.test(text) ? text : null;
}

function addSet(commitment: Command, env: Environment): void {
  const command = commitment
    .command('set')
    .description('Commit to some bytes; a mining node commits to its model by itself. One per hotkey: the new one replaces the old')
    .option('--text <text>', `plain ASCII text, at most ${COMMITMENT_BYTES_MAX} characters`, asciiText)
    .option('--hex <bytes>', `bytes as hex digits, at most ${COMMITMENT_BYTES_MAX} bytes`, hexBytes)
    .option('--dry-run', 'say what would be sent, send nothing');
  addWalletOptions(addChainOptions(addConfigOptions(command))).action(async (flags: Flags) => {
    const out = createOutput({ json: flags['json'] === true });
    const given = [flags['text'], flags['hex']].filter((value) => value !== undefined);
    if (given.length !== 1) throw cliFailure('cli.value_missing', { command: 'voxd commitment set', what: 'one of --text and --hex' });
    const data = typeof flags['text'] === 'string' ? Buffer.from(flags['text'], 'latin1') : Buffer.from(String(flags['hex']), 'hex');
    const config = await loadSettings(flags, env);
    const signer = await openSigner(config, env);
    await withChain(config, async ({ chain }) => {
      const { netuid } = config.chain;
      const seat = seatOf(await chain.snapshot(netuid), signer.hotkey);
      const said = { netuid, uid: seat.uid, hotkey: signer.hotkey, data: data.toString('hex'), replaces: seat.commitment?.data ?? null };
      if (flags['dryRun'] === true) {
        return out.result({ ok: true, dry_run: true, ...said }, () =>
          [
            `dry run: uid ${seat.uid} would commit to ${data.length} bytes on netuid ${netuid}`,
            `  replaces   ${seat.commitment === null ? 'nothing' : `the one of block ${seat.commitment.block}`}`,
          ].join('\n'),
        );
      }
      const inclusion = await chain.setCommitment(signer, netuid, Uint8Array.from(data));
      out.result({ ok: true, ...inclusionJson(inclusion), ...said }, () =>
        [`uid ${seat.uid} has committed in finalized block ${inclusion.block.number}`, ...inclusionLines(inclusion, signer.hotkey)].join(
          '\n',
        ),
      );
    });
  });
}

/** ASCII only: readers that take the field for text count characters, not bytes. */
function asciiText(text: string): string {
  if (!/^[\x20-\x7e]+$/.test(text)) throw new InvalidArgumentError('give plain ASCII text; --hex takes any bytes');
  if (text.length > COMMITMENT_BYTES_MAX) throw new InvalidArgumentError(`at most ${COMMITMENT_BYTES_MAX} characters`);
  return text;
}

function hexBytes(text: string): string {
  const digits = text.replace(/^0x/, '');
  if (!/^([0-9a-fA-F]{2})+$/.test(digits)) throw new InvalidArgumentError('give pairs of hex digits');
  if (digits.length > 2 * COMMITMENT_BYTES_MAX) throw new InvalidArgumentError(`at most ${COMMITMENT_BYTES_MAX} bytes`);
  return digits;
}
