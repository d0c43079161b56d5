/** What an examination finds: one line each, with the next step where something is not as it should be. */
import type { Failure } from '../../protocol/failure.js';

export type Verdict = 'ok' | 'warn' | 'fail' | 'skip';

export interface Finding {
  /** What it is about, such as "disk" or an endpoint's address. */
  readonly name: string;
  readonly verdict: Verdict;
  readonly detail: string;
  /** Null: nothing to do. */
  readonly next: string | null;
  /** Code of the failure behind it. */
  readonly code: string | null;
}

export interface Section {
  readonly area: string;
  readonly findings: readonly Finding[];
}

export function ok(name: string, detail: string): Finding {
  return { name, verdict: 'ok', detail, next: null, code: null };
}

export function warn(name: string, detail: string, next: string): Finding {
  return { name, verdict: 'warn', detail, next, code: null };
}

export function fail(name: string, detail: string, next: string): Finding {
  return { name, verdict: 'fail', detail, next, code: null };
}

export function skip(name: string, detail: string): Finding {
  return { name, verdict: 'skip', detail, next: null, code: null };
}

export function fromFailure(name: string, verdict: 'warn' | 'fail', { code, message, hint }: Failure): Finding {
  return { name, verdict, detail: message, next: hint, code };
}

/** The worst of all findings decides. */
export function worst(sections: readonly Section[]): Verdict {
  const order: readonly Verdict[] = ['fail', 'warn', 'ok'];
  const found = new Set(sections.flatMap(({ findings }) => findings.map(({ verdict }) => verdict)));
  return order.find((verdict) => found.has(verdict)) ?? 'ok';
}
