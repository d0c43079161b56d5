/**
 * Writes the pages of docs/ that are generated from code. `npm run docs` writes them; a test compares them with what is committed.
 */
import { readFileSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import type { Command, Option } from 'commander';
import { chainFailure } from '../chain/failures.js';
import { signerFailure } from '../chain/signer-failures.js';
import { walletFailure } from '../chain/wallet-failures.js';
import { describeConfig } from '../config/describe.js';
import { configFailure } from '../config/failures.js';
import { cliFailure } from '../node/cli/failures.js';
import { createProgram } from '../node/cli/program.js';
import { nodeFailure } from '../node/failures.js';
import { describeMetrics } from '../node/metrics.js';
import { submissionFailure } from '../node/weights/failures.js';
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

/** An option that so many commands have is described once. */
const COMMON_FROM = 3;

function describeCli(): string {
  const commands = leavesOf(createProgram({}), 'voxd');
  const uses = new Map<string, number>();
  for (const { command } of commands) for (const option of command.options) uses.set(rowOf(option), (uses.get(rowOf(option)) ?? 0) + 1);
  const common = [...uses].filter(([, count]) => count >= COMMON_FROM).map(([row]) => row);
  const lines = [
    '# Command line',
    '',
    'Generated from the program. Every command takes `--help`; what it prints is JSON with `--json`, errors too: `{"ok":false,"code":…,"facts":…,"hint":…}`.',
    '',
    '## Exit codes',
    '',
    '| code | means |',
    '|---|---|',
    // Safety: the keys of EXIT are the keys of EXIT_WORDS.
    ...Object.entries(EXIT).map(([name, code]) => `| ${code} | ${EXIT_WORDS[name as keyof typeof EXIT]} |`),
    '',
    '`voxd status` uses 1 for degraded and 2 for failing. A second signal while stopping ends with 143.',
    '',
    '## Options of many commands',
    '',
    'Each command below names those that it takes.',
    '',
    ...tableOf(common),
    ...commands.flatMap(({ command, path }) => describeCommand(command, path, new Set(common))),
  ];
  return `${lines.join('\n').trimEnd()}\n`;
}

interface Leaf {
  readonly command: Command;
  readonly path: string;
}

function leavesOf(command: Command, path: string): readonly Leaf[] {
  const own = command.commands.filter((sub) => sub.name() !== 'help');
  return own.length === 0 ? [{ command, path }] : own.flatMap((sub) => leavesOf(sub, `${path} ${sub.name()}`));
}

function rowOf({ flags, description, defaultValue, mandatory, argChoices }: Option): string {
  const unset = defaultValue === undefined || (Array.isArray(defaultValue) && defaultValue.length === 0);
  const notes = [
    ...(argChoices ? [`one of ${argChoices.join(', ')}`] : []),
    ...(mandatory ? ['required'] : []),
    ...(unset ? [] : [`default ${String(defaultValue)}`]),
  ];
  const words = `${description}${notes.length > 0 ? ` (${notes.join('; ')})` : ''}`;
  return `| \`${flags.replaceAll('|', '\\|')}\` | ${words.replaceAll('|', '\\|')} |`;
}

function tableOf(rows: readonly string[]): string[] {
  return rows.length > 0 ? ['| option | what it does |', '|---|---|', ...rows, ''] : [];
}

function describeCommand(command: Command, path: string, common: ReadonlySet<string>): string[] {
  const words = command.registeredArguments.map((argument) => (argument.required ? `<${argument.name()}>` : `[${argument.name()}]`));
  const shared = command.options.filter((option) => common.has(rowOf(option))).map(({ long, flags }) => `\`${long ?? flags}\``);
  return [
    `## ${[path, ...words].join(' ')}`,
    '',
    `${command.description()}.`,
    '',
    ...tableOf(command.options.map(rowOf).filter((row) => !common.has(row))),
    ...(shared.length > 0 ? [`Also takes ${shared.join(', ')}.`, ''] : []),
  ];
}

function describeFailures(): string {
  const tables: readonly (readonly [string, Readonly<Record<string, FailureSpec>>])[] = [
    ['Chain', chainFailure.table],
    ['Wallet', walletFailure.table],
    ['Signer', signerFailure.table],
    ['Weights', { ...weightsFailure.table, ...submissionFailure.table }],
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
