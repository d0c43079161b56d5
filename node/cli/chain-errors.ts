import { type Command, InvalidArgumentError } from 'commander';
import type { RuntimeDescription } from '../../chain/ports.js';
import { failureOfModuleError, failureOfPoolError } from '../../chain/refusals.js';
import type { Failure } from '../../protocol/failure.js';
import { addChainOptions, addConfigOptions, type Flags, loadSettings, withChain } from './context.js';
import type { Environment } from './environment.js';
import { cliFailure } from './failures.js';
import { createOutput, table } from './output.js';

/** JSON-RPC code of a transaction that the pool calls invalid; the runtime's own number is in its text. */
const INVALID_TRANSACTION = 1010;
const LARGEST_CUSTOM = 255;
const CALL = { method: 'the call' } as const;

export function addErrors(chain: Command, env: Environment): void {
  const command = chain
    .command('errors')
    .argument('[name|number]', 'one error by its name, or the N of "Custom error: N"', nameOrNumber)
    .description('What the chain can answer, what it means, and what to do; without an argument every error of the runtime');
  addChainOptions(addConfigOptions(command)).action(async (wanted: string | undefined, flags: Flags) => {
    const out = createOutput({ json: flags['json'] === true });
    if (wanted !== undefined && /^\d+$/.test(wanted)) {
      const found = customError(Number(wanted));
      return out.result({ ok: true, custom_error: Number(wanted), ...meaningOf(found) }, () => explained(`Custom error: ${wanted}`, found));
    }
    const config = await loadSettings({ netuid: '1', ...flags }, env);
    await withChain(config, async ({ chain: client }) => {
      const { specVersion, errors } = client.runtime();
      const chosen = wanted === undefined ? errors : errors.filter(({ name }) => name.toLowerCase() === wanted.toLowerCase());
      if (chosen.length === 0) throw cliFailure('cli.no_such_error', { given: wanted ?? '', specVersion });
      out.result(
        { ok: true, spec_version: specVersion, errors: chosen.map((error) => ({ ...error, ...meaningOf(failureOf(error)) })) },
        () => (wanted === undefined ? listText(specVersion, chosen) : chosen.map((error) => oneText(error)).join('\n\n')),
      );
    });
  });
}

type RuntimeError = RuntimeDescription['errors'][number];

function customError(number: number): Failure {
  const failure = failureOfPoolError(INVALID_TRANSACTION, 'Invalid Transaction', `Custom error: ${number}`, CALL);
  if (failure === null) throw new RangeError(`the pool's code ${number} has no meaning`);
  return failure;
}

function failureOf({ pallet, name, documentation }: RuntimeError): Failure {
  return failureOfModuleError(pallet, name, { ...CALL, documentation });
}

/** "the call" may stand anywhere in the sentence. */
function sentence(text: string): string {
  return text.charAt(0).toUpperCase() + text.slice(1);
}

function meaningOf(failure: Failure): object {
  return { code: failure.code, message: sentence(failure.message), hint: failure.hint };
}

function explained(what: string, failure: Failure): string {
  return [`${what}: ${failure.code}`, `  ${sentence(failure.message)}`, `  next: ${failure.hint}`].join('\n');
}

function oneText(error: RuntimeError): string {
  const own = error.documentation === '' ? [] : [`  the pallet says: ${error.documentation}`];
  return [explained(`${error.pallet}.${error.name} (${error.index})`, failureOf(error)), ...own].join('\n');
}

function listText(specVersion: number, errors: readonly RuntimeError[]): string {
  return [
    `${errors.length} errors of runtime ${specVersion}; \`voxd chain errors NAME\` explains one`,
    table(
      ['pallet', 'nr', 'error', 'here'],
      errors.map((error) => [error.pallet, error.index, error.name, failureOf(error).code]),
    ),
  ].join('\n');
}

function nameOrNumber(text: string): string {
  if (/^\d+$/.test(text) ? Number(text) > LARGEST_CUSTOM : !/^[A-Za-z]\w{0,80}$/.test(text)) {
    throw new InvalidArgumentError('give the name of an error such as SettingWeightsTooFast, or a number up to 255');
  }
  return text;
}
