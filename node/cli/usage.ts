/** What commander says about a wrong command line, as failures like all others. */
import type { Command, CommanderError } from 'commander';
import type { Failure } from '../../protocol/failure.js';
import { cliFailure } from './failures.js';

/** Shape: the refusal and the command it is about. Null: nothing is wrong, help or version was shown. */
export function usageFailure(error: CommanderError, command: Command): Failure | null {
  if (error.exitCode === 0) return null;
  const [first = '', ...more] = error.message.replace(/^error: /, '').split('\n');
  const path = pathOf(command);
  const meant = /Did you mean (?:one of )?([^?]+)\?/.exec(more.join(' '))?.[1];
  const advice = meant === undefined ? '' : `Did you mean ${meant}? `;
  const given = /'([^']*)'/.exec(first)?.[1] ?? '';
  const found = { command: path, given, advice, ...(meant === undefined ? {} : { nearest: meant }) };
  switch (error.code) {
    case 'commander.unknownOption':
      return cliFailure('cli.unknown_option', found);
    case 'commander.unknownCommand':
      return cliFailure('cli.unknown_command', found);
    case 'commander.help':
      return cliFailure('cli.command_missing', { command: path });
    case 'commander.missingArgument':
      return cliFailure('cli.value_missing', { command: path, what: `<${given}>` });
    case 'commander.missingMandatoryOptionValue':
      return cliFailure('cli.value_missing', { command: path, what: given });
    case 'commander.optionMissingArgument':
      return cliFailure('cli.value_missing', { command: path, what: `the value of ${given}` });
    case 'commander.excessArguments':
      return cliFailure('cli.too_many_words', { command: path, problem: first });
    default:
      return cliFailure('cli.bad_value', { command: path, problem: readable(first) });
  }
}

function pathOf(command: Command): string {
  return command.parent === null ? command.name() : `${pathOf(command.parent)} ${command.name()}`;
}

function readable(message: string): string {
  return message
    .replace(/^option '([^']*)' argument '([^']*)' is invalid\. ?/, '$1 is not "$2": ')
    .replace(/^command-argument value '([^']*)' is invalid for argument '([^']*)'\. ?/, '<$2> is not "$1": ');
}
