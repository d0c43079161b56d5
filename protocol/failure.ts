/**
 * Failures: every refusal of this program is a typed code, the facts, and what to do next.
 *
 * Each domain declares its codes in one table with `defineFailures`; the table is what the compiler, the CLI, the HTTP API and
 * `docs/failures.md` read. A `Failure` is data first and an `Error` second (for the stack and the `cause` chain).
 */
import { exactTao } from './tao.js';

export type FactValue = string | number | boolean | readonly string[] | readonly number[];
export type Facts = Readonly<Record<string, FactValue>>;

/** What the program does about it: `retry` later by itself, `skip` this item and go on, `fatal` needs a person. */
export type Disposition = 'retry' | 'skip' | 'fatal';

/** Exit codes of the command line (sysexits where one fits). Documented in docs/cli.md. */
export const EXIT = { ok: 0, failure: 1, usage: 2, unavailable: 69, internal: 70, cantCreate: 73, noPermission: 77, config: 78 } as const;
export type ExitCode = (typeof EXIT)[keyof typeof EXIT];

export interface FailureSpec {
  readonly disposition: Disposition;
  /** One sentence for a person; `{name}` is replaced by the fact of that name, `{name:tao}` by that many rao in TAO. */
  readonly message: string;
  /** The next thing to do, same templates. */
  readonly hint: string;
  /** Exit code of a command that ends with it; default 1. */
  readonly exit?: ExitCode;
}

export class Failure<C extends string = string> extends Error {
  override readonly name = 'Failure';
  readonly code: C;
  readonly facts: Facts;
  readonly hint: string;
  readonly disposition: Disposition;
  readonly exit: ExitCode;

  constructor(code: C, spec: FailureSpec, facts: Facts, cause?: unknown) {
    super(fill(spec.message, facts), cause === undefined ? undefined : { cause });
    this.code = code;
    this.facts = facts;
    this.hint = fill(spec.hint, facts);
    this.disposition = spec.disposition;
    this.exit = spec.exit ?? EXIT.failure;
  }

  toJSON(): { code: C; message: string; facts: Facts; hint: string } {
    return { code: this.code, message: this.message, facts: this.facts, hint: this.hint };
  }
}

export interface FailureFactory<C extends string> {
  (code: C, facts?: Facts, cause?: unknown): Failure<C>;
  readonly table: Readonly<Record<C, FailureSpec>>;
}

/** Declare a domain's codes (`domain.reason`) once; returns the function that makes them. */
export function defineFailures<C extends string>(table: Readonly<Record<C, FailureSpec>>): FailureFactory<C> {
  const make = (code: C, facts: Facts = {}, cause?: unknown) => new Failure(code, table[code], facts, cause);
  return Object.assign(make, { table });
}

export function isFailure(value: unknown): value is Failure {
  return value instanceof Failure;
}

/** A broken promise of our own code. Nobody catches it; the process ends and its supervisor starts it anew. */
export class InvariantError extends Error {
  override readonly name = 'InvariantError';
}

export function invariant(condition: unknown, message: string): asserts condition {
  if (!condition) throw new InvariantError(message);
}

function fill(template: string, facts: Facts): string {
  return template.replace(/\{(\w+)(:tao)?\}/g, (whole, name: string, unit: string | undefined) => {
    const value = facts[name];
    if (value === undefined) return whole;
    if (unit !== undefined && /^\d+$/.test(String(value))) return exactTao(BigInt(String(value)));
    return Array.isArray(value) ? value.join(', ') : String(value);
  });
}
