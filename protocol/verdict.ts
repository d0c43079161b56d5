/**
 * A verdict is not an error but a decision about a message. *Ignore* when an honest peer may have sent it (old, duplicate, unknown sender,
 * our own trouble); *reject* only when no honest peer could (malformed, over limit, bad signature).
 */
export type Verdict<T, R extends string = string> =
  | { readonly action: 'accept'; readonly value: T }
  | { readonly action: 'ignore'; readonly reason: R }
  | { readonly action: 'reject'; readonly reason: R };

export function accept<T>(value: T): Verdict<T, never> {
  return { action: 'accept', value };
}

export function ignore<R extends string>(reason: R): Verdict<never, R> {
  return { action: 'ignore', reason };
}

export function reject<R extends string>(reason: R): Verdict<never, R> {
  return { action: 'reject', reason };
}
