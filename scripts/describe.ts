/**
 * Writes the pages of docs/ that are generated from code. `npm run docs` writes them; a test compares them with what is committed.
 */
import { readFileSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import type { Command } from 'commander';
import { chainFailure } from '../chain/failures.js';
import { walletFailure } from '../chain/wallet-failures.js';
import { describeConfig } from '../config/describe.js';
import { configFailure } from '../config/failures.js';
import { cliFailure } from '../node/cli/failures.js';
import { createProgram } from '../node/cli/program.js';
import { nodeFailure } from '../node/failures.js';
import { describeMetrics } from '../node/metrics.js';
import { EXIT, type FailureSpec } from '../protocol/failure.js';
import { protocolFailures } from '../protocol/failures.js';
import { modelFailure, scoringFailure } from '../scoring/failures.js';
import { weightsFailure } from '../scoring/weights.js';

const DOCS = new URL(import.meta.url.endsWith('.ts') ? '../docs/' : '../../docs/', import.meta.url);

/** Shape: file name in docs/ → its whole text. */
export function generatedPages(): Readonly<Record<string, string>> {
  return { 'cli.md': describeCli(), 'config.md': describeConfig(), 'metrics.md': describeMetrics(), 'failures.md': describeFailures() };
}

export function committedPage(name: string): string {
  try {
    return readFileSync(new URL(name, DOCS), 'utf8');
  } catch {
    return '';
  }
}

const EXIT_WORDS: Readonly<Record<keyof typeof EXIT, string>> = {
  ok: 'done',
  failure: 'refused or failed; the error says why and what to do',
  usage: 'the command line is wrong',
  unavailable: 'something needed is not there: chain, database, node, port',
  internal: 'a defect of voxd',
  cantCreate: 'a file or folder cannot be written',
  noPermission: 'permission is missing, or a key file is open to others',
  config: 'the configuration is wrong, or does not fit the database',
};

function describeCli(): string {
  const program = createProgram({});
  const lines = [
    '# Command line',
    '',
    'Generated from the program. Every command takes `--help`; all print JSON with `--json`, errors too: `{"ok":false,"code":…,"facts":…,"hint":…}`.',
    '',
    '## Exit codes',
    '',
    '| code | means |',
    '|---|---|',
    ...Object.entries(EXIT).map(([name, code]) => `| ${code} | ${EXIT_WORDS[name as keyof typeof EXIT]} |`),
    '',
  ];
  const visit = (command: Command, path: string) => {
    const own = command.commands.filter((sub) => sub.name() !== 'help');
    if (own.length > 0) for (const sub of own) visit(sub, `${path} ${sub.name()}`);
    else lines.push(...describeCommand(command, path));
  };
  visit(program, 'voxd');
  return `${lines.join('\n')}\n`;
}

function describeCommand(command: Command, path: string): string[] {
  const words = command.registeredArguments.map((argument) => (argument.required ? `<${argument.name()}>` : `[${argument.name()}]`));
  const options = command.options.map(({ flags, description, defaultValue, mandatory, argChoices }) => {
    const notes = [
      ...(argChoices ? [`one of ${argChoices.join(', ')}`] : []),
      ...(mandatory ? ['required'] : []),
      ...(defaultValue === undefined || (Array.isArray(defaultValue) && defaultValue.length === 0)
        ? []
        : [`default ${String(defaultValue)}`]),
    ];
    return `| \`${flags.replaceAll('|', '\\|')}\` | ${description.replaceAll('|', '\\|')}${notes.length > 0 ? ` (${notes.join('; ')})` : ''} |`;
  });
  return [
    `## ${[path, ...words].join(' ')}`,
    '',
    `${command.description()}.`,
    '',
    ...(options.length > 0 ? ['| option | what it does |', '|---|---|', ...options, ''] : []),
  ];
}

function describeFailures(): string {
  const tables: readonly (readonly [string, Readonly<Record<string, FailureSpec>>])[] = [
    ['Chain', chainFailure.table],
    ['Wallet', walletFailure.table],
    ['Weights', weightsFailure.table],
    ['Models', modelFailure.table],
    ['Scoring', scoringFailure.table],
    ['Network', protocolFailures.table],
    ['Storage and node', nodeFailure.table],
    ['Configuration', configFailure.table],
    ['Command line', cliFailure.table],
  ];
  const cell = (text: string) => text.replaceAll('|', '\\|').replaceAll('\n', ' ');
  return `${[
    '# Failures',
    '',
    'Generated from the tables in the code. Words in braces are facts that come with the failure. *retry*: voxd tries again by itself. *skip*: this one item is left out, the rest goes on. *fatal*: a person is needed.',
    '',
    ...tables.flatMap(([title, codes]) => [
      `## ${title}`,
      '',
      '| code | | what happened | what to do |',
      '|---|---|---|---|',
      ...Object.entries(codes).map(
        ([code, { disposition, message, hint }]) => `| \`${code}\` | ${disposition} | ${cell(message)} | ${cell(hint)} |`,
      ),
      '',
    ]),
  ].join('\n')}\n`;
}

if (process.argv[1] !== undefined && fileURLToPath(import.meta.url) === process.argv[1] && process.argv.includes('--write'))
  for (const [name, text] of Object.entries(generatedPages())) writeFileSync(new URL(name, DOCS), text);
