#!/usr/bin/env node
import '../../protocol/libp2p/node20.js';
import { CommanderError } from 'commander';
import { EXIT } from '../../protocol/failure.js';
import { reportError } from './output.js';
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
  // Help and the version are thrown as well, after they were printed.
  process.exitCode = error instanceof CommanderError ? error.exitCode : reportError(error, wantsJson);
}
