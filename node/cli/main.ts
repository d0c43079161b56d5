#!/usr/bin/env node
import '../../protocol/libp2p/node20.js';
import { CommanderError } from 'commander';
import { EXIT } from '../../protocol/failure.js';
import { reportError, toJson } from './output.js';
import { createProgram } from './program.js';

const wantsJson = process.argv.includes('--json');

// A closed pipe (`voxd … | head`) is the reader's choice, not an error.
process.stdout.on('error', (error: NodeJS.ErrnoException) => {
  if (error.code === 'EPIPE') process.exit(EXIT.ok);
  throw error;
});

try {
  await createProgram(process.env).parseAsync(process.argv);
} catch (error) {
  process.exitCode = error instanceof CommanderError ? usage(error) : reportError(error, wantsJson);
}

function usage(error: CommanderError): number {
  if (error.exitCode === 0) return EXIT.ok;
  if (wantsJson) {
    const message = error.message.replace(/^error: /, '');
    process.stdout.write(
      `${toJson({ ok: false, code: `usage.${error.code.replace('commander.', '')}`, facts: { message }, hint: 'See `voxd --help`.' })}\n`,
    );
  }
  return EXIT.usage;
}
