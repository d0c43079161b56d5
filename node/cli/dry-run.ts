/** `--dry-run` of commands that write files, keep rules or bring something up: what would be done, and nothing is. */
import type { Command } from 'commander';
import type { Output } from './output.js';

export function addDryRun(command: Command): Command {
  return command.option('--dry-run', 'say what would be done, do nothing');
}

export function isDryRun(flags: Readonly<Record<string, unknown>>): boolean {
  return flags['dryRun'] === true;
}

/** `lines`: what would be done first, then the particulars. */
export function sayDryRun(out: Output, said: object, [first = '', ...more]: readonly string[]): void {
  out.result({ ok: true, dry_run: true, ...said }, () => [`dry run: ${first}`, ...more.map((line) => `  ${line}`)].join('\n'));
}
