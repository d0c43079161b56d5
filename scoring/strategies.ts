/** How much of a model is heard, and in which steps. Pure: a strategy looks at what was heard and names the next stage. */
import { createChance } from './chance.js';
import type { PromptScore } from './profile.js';
import type { Prompt } from './prompts.js';

/** Prompts that every model speaks, before anybody decides whether it is heard further. */
export const FIRST_PROMPTS = 8;
/** Prompts that a contender speaks. */
export const CONTENDER_PROMPTS = 64;
/** Prompts that an audit asks again. */
export const AUDIT_PROMPTS = 4;

export const STRATEGY_NAMES = ['precheck', 'staged', 'full', 'audit'] as const;
export type StrategyName = (typeof STRATEGY_NAMES)[number];

export type StageName = 'precheck' | 'first' | 'private' | 'contenders' | 'full' | 'audit';

export interface Stage {
  readonly name: StageName;
  /** In the order in which they are said. */
  readonly prompts: readonly Prompt[];
}

/** Scores by `Prompt.index`. */
export type HeardPrompts = ReadonlyMap<number, PromptScore>;

export interface Strategy {
  readonly name: StrategyName;
  /** Stages it would take this model through, given what was heard; what is heard already is in them. Null: nothing is left to hear. */
  next(heard: HeardPrompts): Stage | null;
}

/** Structure, limits and one prompt: does it speak at all. */
export function precheckStrategy(prompts: readonly Prompt[]): Strategy {
  return inStages('precheck', () => [{ name: 'precheck', prompts: prompts.slice(0, 1) }]);
}

export function fullStrategy(prompts: readonly Prompt[]): Strategy {
  return inStages('full', () => [{ name: 'full', prompts }]);
}

/**
 * The first prompts for every model, the rest for contenders.
 *
 * The first prompts are the first of the set, so that records of both lengths agree on what they share.
 */
export function stagedStrategy(of: {
  readonly prompts: readonly Prompt[];
  readonly firstPrompts: number;
  /** Asked when the first prompts are heard; their scores in order. */
  readonly isContender: (first: readonly PromptScore[]) => boolean;
}): Strategy {
  const first: Stage = { name: 'first', prompts: of.prompts.slice(0, of.firstPrompts) };
  const rest: Stage = { name: 'contenders', prompts: of.prompts.slice(of.firstPrompts) };
  return inStages('staged', (heard) => {
    const scores = scoresOf(first.prompts, heard);
    return scores.length < first.prompts.length || !of.isContender(scores) ? [first] : [first, rest];
  });
}

/** Another strategy, and one stage more before contenders are heard further: every model speaks the private prompts. */
export function withPrivateStage(strategy: Strategy, prompts: readonly Prompt[]): Strategy {
  if (prompts.length === 0) return strategy;
  const own: Stage = { name: 'private', prompts };
  return {
    name: strategy.name,
    next(heard) {
      const stage = strategy.next(heard);
      const due = stage === null || stage.name === 'contenders';
      return due && prompts.some(({ index }) => !heard.has(index)) ? own : stage;
    },
  };
}

/** A few prompts of the set, drawn by seed: those who are audited cannot know which. Ascending. */
export function auditStrategy(of: { readonly prompts: readonly Prompt[]; readonly sample: number; readonly seed: string }): Strategy {
  const drawn = createChance(of.seed, 'audit/prompts').shuffle(of.prompts).slice(0, of.sample);
  const sample = [...drawn].sort((a, b) => a.index - b.index);
  return inStages('audit', () => [{ name: 'audit', prompts: sample }]);
}

/** Shape: prompts → the scores of those that were heard, in the same order. */
export function scoresOf(prompts: readonly Prompt[], heard: HeardPrompts): readonly PromptScore[] {
  return prompts.flatMap(({ index }) => heard.get(index) ?? []);
}

/** The first stage of which something is not heard yet. */
function inStages(name: StrategyName, stages: (heard: HeardPrompts) => readonly Stage[]): Strategy {
  return { name, next: (heard) => stages(heard).find(({ prompts }) => prompts.some(({ index }) => !heard.has(index))) ?? null };
}
