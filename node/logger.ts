/** Log lines: JSON, or readable on a terminal. No secret gets through, no line grows without bound. */
import { type Bindings, type DestinationStream, destination, pino, stdTimeFunctions } from 'pino';
import pretty from 'pino-pretty';
import { isFailure } from '../protocol/failure.js';
import { Secret } from '../protocol/secret.js';

export const LOG_LEVELS = ['trace', 'debug', 'info', 'warn', 'error', 'fatal', 'silent'] as const;
export type LogLevel = (typeof LOG_LEVELS)[number];

/** Longest text in one field, characters. */
export const LOG_TEXT_MAX = 4096;
const DEPTH_MAX = 6;
const ITEMS_MAX = 100;
const BYTES_SHOWN_MAX = 32;
const HIDDEN = '[secret]';

interface LogMethod {
  (fields: object, message?: string): void;
  (message: string): void;
}

export interface Logger {
  readonly trace: LogMethod;
  readonly debug: LogMethod;
  readonly info: LogMethod;
  readonly warn: LogMethod;
  readonly error: LogMethod;
  readonly fatal: LogMethod;
  child(bindings: Record<string, unknown>): Logger;
}

export interface LoggerOptions {
  readonly level?: LogLevel;
  /** `auto`: pretty on a terminal, JSON otherwise. */
  readonly format?: 'json' | 'pretty' | 'auto';
  /** Levels of single modules, such as { p2p: 'debug' }; applied by `moduleLogger`. */
  readonly modules?: Readonly<Record<string, LogLevel>>;
  /** Default: standard error, so that a command's output stays clean. */
  readonly destination?: DestinationStream;
}

export function createLogger(options: LoggerOptions = {}): Logger {
  const format = options.format ?? 'auto';
  const readable = format === 'pretty' || (format === 'auto' && options.destination === undefined && process.stderr.isTTY === true);
  const sink = options.destination ?? destination({ fd: 2, sync: true });
  const stream = readable
    ? pretty({
        destination: sink,
        colorize: process.stderr.isTTY === true,
        translateTime: 'SYS:HH:MM:ss',
        ignore: 'pid,hostname',
        sync: true,
      })
    : sink;
  const modules = options.modules ?? {};
  const root = pino(
    {
      level: options.level ?? 'info',
      base: null,
      timestamp: stdTimeFunctions.isoTime,
      formatters: {
        level: (label: string) => ({ level: label }),
        log: (fields: object) => scrubFields(fields),
        bindings: (bindings: Bindings) => scrubFields(bindings),
      },
      serializers: { err: (value: unknown) => value },
    },
    stream,
  );
  return wrap(root, modules);
}

/** A logger whose lines carry `module`, at that module's own level if it has one. */
export function moduleLogger(logger: Logger, module: string): Logger {
  return logger.child({ module });
}

/** Shape: "info" or "info,p2p=debug,store=warn" → level and modules. Errors: a sentence. */
export function parseLogLevels(text: string): { level: LogLevel; modules: Record<string, LogLevel> } | { error: string } {
  let level: LogLevel = 'info';
  const modules: Record<string, LogLevel> = {};
  for (const part of text.split(',').map((piece) => piece.trim())) {
    if (part === '') continue;
    const [left, right] = part.split('=', 2);
    const wanted = LOG_LEVELS.find((name) => name === (right ?? left));
    if (wanted === undefined) return { error: `"${right ?? left}" is not a log level; there are ${LOG_LEVELS.join(', ')}` };
    if (right === undefined) level = wanted;
    else modules[left ?? ''] = wanted;
  }
  return { level, modules };
}

function wrap(logger: pino.Logger, modules: Readonly<Record<string, LogLevel>>): Logger {
  const method =
    (name: Exclude<LogLevel, 'silent'>): LogMethod =>
    (fields: object | string, message?: string) => {
      if (typeof fields === 'string') logger[name](fields);
      else logger[name](fields, message);
    };
  return {
    trace: method('trace'),
    debug: method('debug'),
    info: method('info'),
    warn: method('warn'),
    error: method('error'),
    fatal: method('fatal'),
    child(bindings) {
      const module = bindings['module'];
      const level = typeof module === 'string' ? modules[module] : undefined;
      return wrap(logger.child(scrubFields(bindings), level === undefined ? {} : { level }), modules);
    },
  };
}

const SECRET_FIELD =
  /^(.*(password|passphrase|mnemonic|secret|private_?key|api_?key|credential|authorization|cookie)s?|suri|seed_?phrase|token|access_?token|auth_?token|database_?url)$/i;

function scrubFields(fields: object): Record<string, unknown> {
  const scrubbed = scrub(fields, 0, new Set());
  return typeof scrubbed === 'object' && scrubbed !== null && !Array.isArray(scrubbed) ? { ...scrubbed } : { value: scrubbed };
}

/** A copy that is safe to print: secrets hidden, bytes as hex, bigints as text, depth and length bounded. */
export function scrub(value: unknown, depth = 0, above: Set<object> = new Set()): unknown {
  if (typeof value === 'string') return scrubText(value);
  if (typeof value === 'bigint') return value.toString();
  if (typeof value !== 'object' || value === null) return value;
  if (value instanceof Secret) return HIDDEN;
  if (value instanceof Date) return value.toISOString();
  if (value instanceof Uint8Array) return scrubBytes(value);
  if (above.has(value)) return '[circular]';
  if (depth >= DEPTH_MAX) return '[deep]';
  const inside = new Set(above).add(value);
  if (value instanceof Error) return scrubError(value, depth, inside);
  if (Array.isArray(value)) return value.slice(0, ITEMS_MAX).map((item) => scrub(item, depth + 1, inside));
  return scrubEntries(Object.entries(value), depth, inside);
}

function scrubEntries(entries: readonly (readonly [string, unknown])[], depth: number, above: Set<object>): Record<string, unknown> {
  const out: Record<string, unknown> = {};
  for (const [key, item] of entries.slice(0, ITEMS_MAX)) {
    out[key] = SECRET_FIELD.test(key) && item !== null && item !== undefined ? HIDDEN : scrub(item, depth + 1, above);
  }
  return out;
}

function scrubError(error: Error, depth: number, above: Set<object>): Record<string, unknown> {
  const cause = error.cause === undefined ? {} : { cause: scrub(error.cause, depth + 1, above) };
  const message = scrubText(error.message);
  if (isFailure(error))
    return { code: error.code, message, ...scrubEntries([['facts', error.facts]], depth, above), hint: error.hint, ...cause };
  const code = 'code' in error && typeof error.code === 'string' ? { code: error.code } : {};
  return { type: error.name, message, ...code, stack: scrubText(error.stack ?? ''), ...cause };
}

function scrubBytes(bytes: Uint8Array): string {
  const shown = Buffer.from(bytes.buffer, bytes.byteOffset, Math.min(bytes.byteLength, BYTES_SHOWN_MAX)).toString('hex');
  return bytes.length > BYTES_SHOWN_MAX ? `${shown}… (${bytes.length} bytes)` : shown;
}

function scrubText(text: string): string {
  const safe = text.replace(/\b([a-z][a-z0-9+.-]*:\/\/)[^\s/@]*:[^\s/@]*@/gi, `$1${HIDDEN}@`);
  return safe.length > LOG_TEXT_MAX ? `${safe.slice(0, LOG_TEXT_MAX)}… (${safe.length} characters)` : safe;
}
