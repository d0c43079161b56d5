import { reportError } from '../../node/cli/output.js';
import { createProgram } from '../../node/cli/program.js';
import { EXIT } from '../../protocol/failure.js';
import type { CliRun } from './cli.js';

/**
 * The command line without a process of its own, for commands that end by themselves: a second cheaper. What it prints to standard output and error
 * is caught, so nothing else may print meanwhile.
 */
export async function voxdHere(args: readonly string[], env: Readonly<Record<string, string>> = {}): Promise<CliRun> {
  const caught = { stdout: '', stderr: '' };
  const before = { stdout: process.stdout.write, stderr: process.stderr.write, exitCode: process.exitCode };
  for (const name of ['stdout', 'stderr'] as const)
    process[name].write = (chunk: string | Uint8Array) => {
      caught[name] += String(chunk);
      return true;
    };
  process.exitCode = EXIT.ok;
  try {
    await createProgram(env).parseAsync(['node', 'voxd', ...args]);
  } catch (error) {
    process.exitCode = reportError(error, args.includes('--json'));
  } finally {
    process.stdout.write = before.stdout;
    process.stderr.write = before.stderr;
  }
  const exit = Number(process.exitCode);
  process.exitCode = before.exitCode;
  return { ...caught, exit };
}
