/** The real command line as a process of its own, with an environment that holds nothing of the tester's. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { tmpdir } from 'node:os';
import { expect } from 'chai';
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

export async function voxd(args: readonly string[], env: Readonly<Record<string, string>> = {}): Promise<CliRun> {
  const child = spawn(process.execPath, [entryPoint('node/cli/main'), ...args], {
    stdio: ['ignore', 'pipe', 'pipe'],
    env: { PATH: process.env['PATH'] ?? '', HOME: tmpdir(), XDG_DATA_HOME: `${tmpdir()}/voxd-test-none`, ...env },
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
): Promise<CliError> {
  const machine = await voxd([...args, '--json'], env);
  const error = oneValue<CliError>(machine.stdout);
  expect(error, machine.stderr).to.include({ ok: false, code: expected.code });
  expect(machine.exit).to.equal(expected.exit);
  expect(error.hint, 'names the fix').to.match(/\w.{8,}/);
  expect(`${error.message}${error.hint}`, 'no template is left open').not.to.match(/\{\w+\}/);

  if (seen.has(expected.code)) return error;
  seen.add(expected.code);
  const person = await voxd(args, env);
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
