import { InvalidArgumentError } from 'commander';

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
