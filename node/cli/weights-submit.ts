import { type Command, InvalidArgumentError } from 'commander';
import { chainFailure } from '../../chain/failures.js';
import type { Inclusion, SetWeights } from '../../chain/ports.js';
import { planSubmission } from '../../chain/submission.js';
import type { Hotkey } from '../../protocol/names.js';
import { unwrap } from '../../protocol/result.js';
import { checkVector, WEIGHT_MAX } from '../../scoring/weights.js';
import { VERSION_KEY } from '../weight-setter.js';
import { addChainOptions, addConfigOptions, addWalletOptions, type Flags, loadSettings, openSigner, withChain } from './context.js';
import { cliFailure } from './failures.js';
import { createOutput } from './output.js';
import type { Environment } from './program.js';

const U64_MAX = 2n ** 64n - 1n;
/** Digits of a weight given by hand, before and after the point. */
const DIGITS_MAX = 18;

export function addSubmit(weights: Command, env: Environment): void {
  const command = weights
    .command('submit')
    .description('Set these weights now, without a running node: the shortest path to the chain')
    .requiredOption('--uids <list>', 'uids, separated by commas')
    .requiredOption('--values <list>', 'weights in the same order, on any scale (3,1 or 0.75,0.25): the largest becomes 65535')
    .option('--version-key <n>', 'version key to send', parseVersionKey, String(VERSION_KEY))
    .option('--dry-run', 'say what would be sent, send nothing')
    .addHelpText(
      'after',
      `
Examples:
  voxd weights submit --chain finney --netuid 58 --wallet W --hotkey H --uids 1,2 --values 3,1
  voxd weights submit --chain ws://127.0.0.1:9944 --netuid 1 --uri //Alice --uids 0 --values 1 --dry-run

It ends when the weights are in a finalized block, or with the reason why the chain would not take them.`,
    );
  addWalletOptions(addChainOptions(addConfigOptions(command))).action(async (flags: Flags) => {
    const out = createOutput({ json: flags['json'] === true });
    const vector = readVector(String(flags['uids']), String(flags['values']));
    const config = await loadSettings(flags, env);
    const signer = await openSigner(config);
    await withChain(config, async ({ chain }) => {
      const { netuid, mechanism } = config.chain;
      const request: SetWeights = { netuid, mechanism, ...vector, versionKey: BigInt(String(flags['versionKey'])) };
      const timing = { nowSeconds: Date.now() / 1000, blockTimeMs: chain.identity().blockTimeMs };
      const plan = planSubmission(await chain.weightFacts(netuid, mechanism, signer.hotkey), request, timing);
      if (plan.action === 'done')
        return out.result(
          { ok: true, done: plan.what, block: plan.block, uids: vector.uids, values: vector.values, hotkey: signer.hotkey },
          () => [`nothing to do: these weights were ${plan.what} in block ${plan.block}`, ...vectorLines(vector)].join('\n'),
        );
      if (plan.action !== 'submit') throw plan.because;
      if (plan.way !== 'open') throw chainFailure('chain.commit_reveal_unsupported', { netuid });
      if (flags['dryRun'] === true)
        return out.result(
          { ok: true, dry_run: true, method: plan.method, uids: vector.uids, values: vector.values, hotkey: signer.hotkey },
          () =>
            [`dry run: the chain would take this now, by ${plan.method}`, ...vectorLines(vector), `  hotkey     ${signer.hotkey}`].join(
              '\n',
            ),
        );
      const inclusion = await chain.setWeights(signer, request);
      out.result(inclusionJson(inclusion, vector, signer.hotkey), () =>
        [
          `weights set in finalized block ${inclusion.block.number}`,
          ...vectorLines(vector),
          `  hotkey     ${signer.hotkey}`,
          `  extrinsic  ${inclusion.extrinsicHash}`,
        ].join('\n'),
      );
    });
  });
}

interface GivenVector {
  /** Ascending. */
  readonly uids: readonly number[];
  /** The largest is 65535, as the chain would scale by itself. */
  readonly values: readonly number[];
}

function inclusionJson({ method, block, extrinsicHash }: Inclusion, { uids, values }: GivenVector, hotkey: Hotkey): object {
  return { ok: true, method, block: block.number, hash: extrinsicHash, block_hash: block.hash, uids, values, hotkey };
}

function vectorLines({ uids, values }: GivenVector): readonly string[] {
  return [`  uids       ${uids.join(', ')}`, `  values     ${values.join(', ')}`];
}

/** Errors: cli.bad_list, weights.not_a_vector. */
function readVector(uidList: string, valueList: string): GivenVector {
  const uids = items(uidList, '--uids', /^\d{1,9}$/).map(Number);
  const given = items(valueList, '--values', /^\d{1,18}(\.\d{1,18})?$/).map(fixedPoint);
  const largest = given.reduce((most, value) => (value > most ? value : most), 0n);
  const scaled = given.map((value) => (largest === 0n ? 0 : Number((value * BigInt(WEIGHT_MAX)) / largest)));
  unwrap(checkVector(uids, scaled));
  const pairs = uids.map((uid, i) => ({ uid, value: scaled[i] ?? 0 })).sort((a, b) => a.uid - b.uid);
  return { uids: pairs.map(({ uid }) => uid), values: pairs.map(({ value }) => value) };
}

function items(text: string, flag: string, form: RegExp): readonly string[] {
  const parts = text.split(',').map((part) => part.trim());
  if (!parts.every((part) => form.test(part))) throw cliFailure('cli.bad_list', { flag, given: text.slice(0, 80) });
  return parts;
}

/** Exact: no weight depends on how a machine rounds. */
function fixedPoint(text: string): bigint {
  const [whole = '', part = ''] = text.split('.');
  return BigInt(whole + part.padEnd(DIGITS_MAX, '0'));
}

function parseVersionKey(text: string): string {
  if (!/^\d{1,20}$/.test(text) || BigInt(text) > U64_MAX) throw new InvalidArgumentError('give a whole number below 2^64');
  return text;
}
