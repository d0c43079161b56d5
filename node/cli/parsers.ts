import { InvalidArgumentError } from 'commander';
import { type Hotkey, parseHotkey } from '../../protocol/names.js';
import { cliFailure } from './failures.js';

/** A parser of option values that takes whole numbers in a range. */
export function wholeNumber(from: number, to: number): (text: string) => number {
  return (text) => {
    const value = Number(text);
    if (!/^\d+$/.test(text) || value < from || value > to) throw new InvalidArgumentError(`give a whole number from ${from} to ${to}`);
    return value;
  };
}

/** Rounds are numbered from 0 and fit the database's integers. */
export const roundNumber = wholeNumber(0, 2 ** 31 - 1);

/** Errors: throws cli.bad_hotkey. */
export function hotkeyArgument(given: string): Hotkey {
  const hotkey = parseHotkey(given);
  if (!hotkey.ok) throw cliFailure('cli.bad_hotkey', { given: given.slice(0, 80), problem: hotkey.error });
  return hotkey.value;
}

export function positiveNumber(text: string): number {
  const value = Number(text);
  if (!Number.isInteger(value) || value < 1) throw new InvalidArgumentError('give a whole number above 0');
  return value;
}

const MS_PER = { s: 1_000, m: 60_000, h: 3_600_000, d: 86_400_000 } as const;
const DURATION_DAYS_MAX = 3_650;

/** 90s, 30m, 24h, 7d → milliseconds. */
export function durationArgument(text: string): number {
  const [, count, unit] = /^(\d{1,9})([smhd])$/.exec(text) ?? [];
  // Safety: the expression lets no other unit through.
  const ms = Number(count) * MS_PER[(unit ?? 's') as keyof typeof MS_PER];
  if (count === undefined || ms < 1 || ms > DURATION_DAYS_MAX * MS_PER.d)
    throw new InvalidArgumentError('give a duration such as 30m, 24h or 7d');
  return ms;
}
