import { type Command, Option } from 'commander';

/** For a parent that must not leave us behind: its end, also by kill -9, closes the pipe. */
export function addStdinOption(command: Command): Command {
  return command.addOption(new Option('--until-stdin-ends', 'stop when standard input ends').hideHelp());
}

export function onStdinEnd(stop: () => void): void {
  process.stdin.resume();
  process.stdin.once('end', stop);
  process.stdin.once('error', stop);
  process.stdin.unref();
}
