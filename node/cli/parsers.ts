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
