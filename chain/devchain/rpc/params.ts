/** What clients send, as values. Errors: invalid params (-32602). */
import { z } from 'zod';
import { invalidParams } from './errors.js';

/** Keys in one request. */
export const MAX_KEYS = 4096;

const hex = z.string().regex(/^0x([0-9a-fA-F]{2})*$/);
export const param = {
  hex: hex.transform((text) => text.toLowerCase()),
  hash: hex.length(66).transform((text) => text.toLowerCase()),
  keys: z.array(hex.transform((text) => text.toLowerCase())).max(MAX_KEYS),
  text: z.string().max(256),
  count: z.number().int().nonnegative(),
} as const;

/** The parameter at `index`. Missing and null are refused; see `optionalParam`. */
export function required<T>(params: readonly unknown[], index: number, schema: z.ZodType<T>): T {
  const parsed = schema.safeParse(params[index]);
  if (parsed.success) return parsed.data;
  throw invalidParams(`parameter ${index}: ${parsed.error.issues[0]?.message ?? 'unreadable'}`);
}

export function optional<T>(params: readonly unknown[], index: number, schema: z.ZodType<T>): T | null {
  return params[index] === undefined || params[index] === null ? null : required(params, index, schema);
}
