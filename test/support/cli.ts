/**
 * The real command line, with an environment that holds nothing of the tester's: as a process of its own, or here, which saves a second each time.
 * `refusal` looks at each code once as a process.
 */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { tmpdir } from 'node:os';
import { expect } from 'chai';
import { CommanderError } from 'commander';
import { reportError } from '../../node/cli/output.js';
import { createProgram } from '../../node/cli/program.js';
import { entryPoint } from '../../protocol/entry.js';
import { EXIT, type ExitCode } from '../../protocol/failure.js';

export interface CliRun {
  readonly exit: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

export interface CliError {
  readonly ok: false;
  readonly code: string;
  readonly message: string;
  readonly facts: Readonly<Record<string, unknown>>;
  readonly hint: string;
}

const RUN_TIMEOUT_MS = 90_000;
const HOMELESS = { HOME: tmpdir(), XDG_DATA_HOME: `${tmpdir()}/voxd-test-none` };

export async function voxdProcess(args: readonly string[], env: Readonly<Record<string, string>> = {}): Promise<CliRun> {
  const child = spawn(process.execPath, [entryPoint('node/cli/main'), ...args], {
    stdio: ['ignore', 'pipe', 'pipe'],
    env: { PATH: process.env['PATH'] ?? '', ...HOMELESS, ...env },
    signal: AbortSignal.timeout(RUN_TIMEOUT_MS),
  });
  const out: Buffer[] = [];
  const err: Buffer[] = [];
  child.stdout.on('data', (bytes: Buffer) => out.push(bytes));
  child.stderr.on('data', (bytes: Buffer) => err.push(bytes));
  const [exit] = await once(child, 'close');
  // Safety: what node tells with "close".
  return { exit: exit as number | null, stdout: Buffer.concat(out).toString(), stderr: Buffer.concat(err).toString() };
}

/**
 * Without a process of its own, for commands that end by themselves. What is printed to standard output and error is caught, so nothing else may
 * print meanwhile, and one runs at a time.
 */
export async function voxd(args: readonly string[], env: Readonly<Record<string, string>> = {}): Promise<CliRun> {
  const caught = { stdout: '', stderr: '' };
  const before = { stdout: process.stdout.write, stderr: process.stderr.write, exitCode: process.exitCode, home: process.env['HOME'] };
  for (const name of ['stdout', 'stderr'] as const)
    process[name].write = (chunk: string | Uint8Array) => {
      caught[name] += typeof chunk === 'string' ? chunk : Buffer.from(chunk).toString();
      return true;
    };
  process.env['HOME'] = HOMELESS.HOME;
  process.exitCode = EXIT.ok;
  try {
    await createProgram({ ...HOMELESS, ...env }).parseAsync(['node', 'voxd', ...args]);
  } catch (error) {
    process.exitCode = error instanceof CommanderError ? error.exitCode : reportError(error, args.includes('--json'));
  } finally {
    process.stdout.write = before.stdout;
    process.stderr.write = before.stderr;
    if (before.home !== undefined) process.env['HOME'] = before.home;
  }
  const exit = Number(process.exitCode);
  process.exitCode = before.exitCode;
  return { ...caught, exit };
}

/** The one JSON value that a command has printed. */
export async function voxdJson<T>(args: readonly string[], env: Readonly<Record<string, string>> = {}): Promise<T> {
  const run = await voxd([...args, '--json'], env);
  expect(run.exit, `${run.stdout}${run.stderr}`).to.equal(EXIT.ok);
  return oneValue(run.stdout);
}

/** Codes that were looked at as a person sees them: once each is enough. */
const seen = new Set<string>();

/** Runs it as a program and, for a code not seen before, as a person would; holds both against the code, the exit status and the rules for errors. */
export async function refusal(
  args: readonly string[],
  expected: { readonly code: string; readonly exit: ExitCode },
  env: Readonly<Record<string, string>> = {},
  run: typeof voxd = voxd,
): Promise<CliError> {
  const machine = await run([...args, '--json'], env);
  const error = oneValue<CliError>(machine.stdout);
  expect(error, machine.stderr).to.include({ ok: false, code: expected.code });
  expect(machine.exit).to.equal(expected.exit);
  expect(error.hint, 'names the fix').to.match(/\w.{8,}/);
  expect(`${error.message}${error.hint}`, 'no template is left open').not.to.match(/\{\w+\}/);

  if (seen.has(expected.code)) return error;
  seen.add(expected.code);
  const person = await voxdProcess(args, env);
  expect(person.exit).to.equal(expected.exit);
  expect(person.stdout, 'nothing but results on standard output').to.equal('');
  expect(person.stderr).to.match(/error: .+/);
  expect(person.stderr).to.match(/next: .+/);
  expect(person.stderr, 'no stack trace for what the user can mend').not.to.match(/\n\s+at .+:\d+/);
  return error;
}

function oneValue<T>(stdout: string): T {
  expect(stdout.trimEnd().split('\n'), 'one JSON value on one line').to.have.length(1);
  // Safety: each test looks at what it needs of it.
  return JSON.parse(stdout) as T;
}
