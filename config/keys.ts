/** The settings as a flat table, read off the schema. */
import { z } from 'zod';
import { configSchema, type KeyNote } from './schema.js';

/** How a text (variable, flag) becomes a value. */
export type ValueKind = 'text' | 'number' | 'boolean' | 'list' | 'numbers';

export interface ConfigKey extends KeyNote {
  /** Dotted, such as "chain.netuid". */
  readonly path: string;
  /** Environment variable, such as "VOXD_CHAIN__NETUID". */
  readonly variable: string;
  readonly kind: ValueKind;
  /** Undefined: the key must be set. */
  readonly default: unknown;
  /** Words it is limited to. */
  readonly choices: readonly string[] | null;
  readonly form: z.ZodType;
}

export const VARIABLE_PREFIX = 'VOXD_';

function variableOf(path: string): string {
  const words = path.split('.').map((part) => part.replace(/[A-Z]/g, (letter) => `_${letter}`).toUpperCase());
  return VARIABLE_PREFIX + words.join('__');
}

function keysOf(shape: Readonly<Record<string, z.ZodType>>, group: string): ConfigKey[] {
  return Object.entries(shape).flatMap(([name, form]) => {
    const path = group === '' ? name : `${group}.${name}`;
    return form instanceof z.ZodObject ? keysOf(form.shape, path) : [keyOf(path, form)];
  });
}

function keyOf(path: string, form: z.ZodType): ConfigKey {
  const note = form.meta() ?? {};
  const unset = form.safeParse(undefined);
  const core = coreOf(form);
  // Safety: `key()` in schema.ts is the only writer of these annotations, and its argument has this type.
  const known = note as unknown as KeyNote;
  return {
    ...known,
    path,
    variable: variableOf(path),
    kind: kindOf(core),
    default: unset.success ? unset.data : undefined,
    choices: core instanceof z.ZodEnum ? core.options.map(String) : null,
    form,
  };
}

/** The form inside default, null and transform. */
function coreOf(form: z.ZodType): unknown {
  if (form instanceof z.ZodDefault || form instanceof z.ZodNullable) return coreOf(form.unwrap() as z.ZodType);
  if (form instanceof z.ZodPipe) return coreOf(form.in as z.ZodType);
  return form;
}

function kindOf(core: unknown): ValueKind {
  if (core instanceof z.ZodNumber) return 'number';
  if (core instanceof z.ZodBoolean) return 'boolean';
  if (core instanceof z.ZodArray) return core.element instanceof z.ZodNumber ? 'numbers' : 'list';
  return 'text';
}

/** All settings in the order of the schema. */
export const CONFIG_KEYS: readonly ConfigKey[] = keysOf(configSchema.shape, '');

const BY_PATH = new Map(CONFIG_KEYS.map((key) => [key.path, key]));
const BY_VARIABLE = new Map(CONFIG_KEYS.map((key) => [key.variable, key]));

export function keyAt(path: string): ConfigKey | null {
  return BY_PATH.get(path) ?? null;
}

export function keyOfVariable(variable: string): ConfigKey | null {
  return BY_VARIABLE.get(variable) ?? null;
}

export function flagOf({ flag, path }: ConfigKey): string {
  return flag ?? `--set ${path}=…`;
}
