/** The server's own log, line by line, into ours; and what it says about its disk. */
import { createInterface } from 'node:readline';
import type { Readable } from 'node:stream';
import type { Logger } from '../logger.js';
import type { ServerTrouble } from './pg-errors.js';

const LAST_LINES_MAX = 20;
export const READY_WORDS = 'database system is ready to accept connections';

export interface ServerLog {
  /** The newest lines, for the reason of a failure. */
  readonly lastLines: () => readonly string[];
  readonly trouble: () => ServerTrouble;
  /** Resolves when the server says that it takes connections. */
  readonly ready: Promise<void>;
  /** All that was written before the end has been read. */
  readonly closed: Promise<void>;
}

export function followServerLog(stream: Readable, logger: Logger): ServerLog {
  // Bounded by LAST_LINES_MAX.
  const lines: string[] = [];
  let trouble: ServerTrouble = null;
  let onReady = () => {};
  const ready = new Promise<void>((resolve) => {
    onReady = resolve;
  });
  const reader = createInterface({ input: stream, crlfDelay: Number.POSITIVE_INFINITY });
  const closed = new Promise<void>((resolve) => reader.once('close', resolve));
  stream.on('error', () => reader.close());
  reader.on('line', (line) => {
    lines.push(line.slice(0, 500));
    if (lines.length > LAST_LINES_MAX) lines.shift();
    if (/no space left on device|disk quota exceeded/i.test(line)) trouble = 'full';
    else if (/read-only file system/i.test(line)) trouble = 'read_only';
    else if (line.includes(READY_WORDS)) {
      trouble = null;
      onReady();
    }
    log(line, logger);
  });
  return { lastLines: () => lines, trouble: () => trouble, ready, closed };
}

/** A statement's error reaches its caller as a Failure; in the log it is detail. */
function log(line: string, logger: Logger): void {
  const [, severity = 'LOG', text = line] = /^([A-Z]+\d?):\s+(.*)$/.exec(line) ?? [];
  if (severity === 'PANIC') logger.error({ text }, 'PostgreSQL stopped itself');
  else if (severity === 'WARNING') logger.warn({ text }, 'PostgreSQL warns');
  else logger.debug({ severity, text }, 'PostgreSQL says');
}
