/**
 * What an input of a graph is fed with. A graph names and orders its inputs as it likes; the manifest says of each one which of these few
 * things it wants.
 */
import { z } from 'zod';

export const BINDS = [
  /** The ids of the utterance. */
  'tokens',
  /** How many they are. */
  'tokenCount',
  /** As many ones. */
  'attentionMask',
  /** Noise, length and noise of durations in one vector, in this order. */
  'scales',
  'noise',
  'length',
  'noiseW',
  'speed',
  'speaker',
  'language',
  /** A row of the style table. */
  'style',
  /** What the graph before gave. */
  'mel',
] as const;
export type Bind = (typeof BINDS)[number];

export const INPUT_TYPES = ['float32', 'int64', 'int32'] as const;
export type InputType = (typeof INPUT_TYPES)[number];

const VALUE_MAX = 65_535;
const INTEGERS: readonly InputType[] = ['int64', 'int32'];
const FLOATS: readonly InputType[] = ['float32'];

export interface BindRule {
  readonly types: readonly InputType[];
  readonly ranks: readonly number[];
  /** How many values the manifest gives. */
  readonly values: number;
  /** The values are thousandths; otherwise they are ids, fed as they are. */
  readonly milli: boolean;
}

/** Shape by rank: 0 a scalar, 1 [n], 2 [1, n], 3 [1, n, frames]. */
export const BIND_RULES: Readonly<Record<Bind, BindRule>> = {
  tokens: { types: INTEGERS, ranks: [1, 2], values: 0, milli: false },
  tokenCount: { types: INTEGERS, ranks: [0, 1], values: 0, milli: false },
  attentionMask: { types: INTEGERS, ranks: [1, 2], values: 0, milli: false },
  scales: { types: FLOATS, ranks: [1], values: 3, milli: true },
  noise: { types: FLOATS, ranks: [0, 1], values: 1, milli: true },
  length: { types: FLOATS, ranks: [0, 1], values: 1, milli: true },
  noiseW: { types: FLOATS, ranks: [0, 1], values: 1, milli: true },
  speed: { types: [...FLOATS, ...INTEGERS], ranks: [0, 1], values: 1, milli: true },
  speaker: { types: INTEGERS, ranks: [0, 1], values: 1, milli: false },
  language: { types: INTEGERS, ranks: [0, 1], values: 1, milli: false },
  style: { types: FLOATS, ranks: [1, 2], values: 0, milli: false },
  mel: { types: FLOATS, ranks: [2, 3], values: 0, milli: false },
};

export const graphInput = z.strictObject({
  name: z.string().min(1).max(128),
  bind: z.enum(BINDS),
  type: z.enum(INPUT_TYPES),
  rank: z.number().int().min(0).max(3),
  values: z.array(z.number().int().min(0).max(VALUE_MAX)).max(3),
});

export type GraphInput = Readonly<z.output<typeof graphInput>>;

/** What contradicts itself in the inputs of one graph, in words. */
export function inputProblems(inputs: readonly GraphInput[]): readonly string[] {
  const problems = inputs.flatMap((input) => problemOf(input) ?? []);
  if (new Set(inputs.map(({ name }) => name)).size !== inputs.length) problems.push('two inputs have the same name');
  if (new Set(inputs.map(({ bind }) => bind)).size !== inputs.length) problems.push('two inputs want the same thing');
  return problems;
}

function problemOf({ name, bind, type, rank, values }: GraphInput): string | null {
  const rule = BIND_RULES[bind];
  if (!rule.types.includes(type)) return `${name} is bound to ${bind}, which cannot be ${type}`;
  if (!rule.ranks.includes(rank)) return `${name} is bound to ${bind}, which has ${rule.ranks.join(' or ')} dimensions, not ${rank}`;
  if (values.length !== rule.values) return `${name} is bound to ${bind}, which takes ${rule.values} values, not ${values.length}`;
  const whole = type === 'float32' || !rule.milli || values.every((value) => value % 1000 === 0);
  if (!whole) return `${name} is ${type} and must be a whole number, in thousandths`;
  const stopped = (bind === 'speed' || bind === 'length') && values[0] === 0;
  return stopped ? `${name} must be more than 0` : null;
}
