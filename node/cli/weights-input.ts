/** A weight vector as it is given by hand. */
import { type Command, InvalidArgumentError } from 'commander';
import { unwrap } from '../../protocol/result.js';
import { checkVector, WEIGHT_MAX } from '../../scoring/weights.js';
import { VERSION_KEY } from '../weights/setter.js';
import type { Flags } from './context.js';
import { cliFailure } from './failures.js';

const U64_MAX = 2n ** 64n - 1n;
/** Digits of a weight given by hand, before and after the point. */
const DIGITS_MAX = 18;

export interface GivenVector {
  /** Ascending. */
  readonly uids: readonly number[];
  /** The largest is 65535, as the chain would scale by itself. */
  readonly values: readonly number[];
  readonly versionKey: bigint;
}

export function addVectorOptions(command: Command): Command {
  return command
    .requiredOption('--uids <list>', 'uids, separated by commas')
    .requiredOption('--values <list>', 'weights in the same order, on any scale (3,1 or 0.75,0.25): the largest becomes 65535')
    .option('--version-key <n>', 'version key to send', parseVersionKey, String(VERSION_KEY))
    .option('--salt-file <file>', 'journal to use where no node has a data directory: it keeps the salt of a commit by hash')
    .option('--dry-run', 'say what would be sent, send nothing');
}

/** Errors: cli.bad_list, weights.not_a_vector. */
export function readVector(flags: Flags): GivenVector {
  const uids = items(String(flags['uids']), '--uids', /^\d{1,9}$/).map(Number);
  const given = items(String(flags['values']), '--values', /^\d{1,18}(\.\d{1,18})?$/).map(fixedPoint);
  const largest = given.reduce((most, value) => (value > most ? value : most), 0n);
  const scaled = given.map((value) => (largest === 0n ? 0 : Number((value * BigInt(WEIGHT_MAX)) / largest)));
  unwrap(checkVector(uids, scaled));
  const pairs = uids.map((uid, i) => ({ uid, value: scaled[i] ?? 0 })).sort((a, b) => a.uid - b.uid);
  return {
    uids: pairs.map(({ uid }) => uid),
    values: pairs.map(({ value }) => value),
    versionKey: BigInt(String(flags['versionKey'] ?? VERSION_KEY)),
  };
}

export function vectorLines({ uids, values }: Pick<GivenVector, 'uids' | 'values'>): readonly string[] {
  return [`  uids       ${uids.join(', ')}`, `  values     ${values.join(', ')}`];
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
