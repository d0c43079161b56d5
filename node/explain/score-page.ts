/** What `voxd model score` heard, as a page. */
import type { Evaluation } from '../../scoring/evaluate.js';
import { FAULTS, lossesOf } from '../../scoring/losses.js';
import type { PromptScore } from '../../scoring/profile.js';
import type { Prompt } from '../../scoring/prompts.js';
import { partWords, points } from './advice.js';
import type { ExplainedPrompt } from './explain.js';
import type { Page, PageUtterance } from './page.js';

export interface ScoredModel {
  readonly name: string;
  readonly model: string;
  readonly seed: string;
  readonly profile: string;
  readonly engineId: string;
  readonly scorer: string;
  readonly prompts: readonly { readonly prompt: Prompt; readonly score: PromptScore }[];
  readonly evaluation: Evaluation;
  readonly audioSeconds: number;
}

export function explainedPrompts(prompts: ScoredModel['prompts']): readonly ExplainedPrompt[] {
  return prompts.map(({ prompt: { index, kind, text }, score: { scorePpm, parts, fault } }) => ({
    index,
    kind,
    text,
    score_ppm: scorePpm,
    parts,
    fault,
  }));
}

export function scorePage(of: ScoredModel, utterances: readonly PageUtterance[]): Page {
  const { evaluation, prompts, audioSeconds } = of;
  const { loadMs, synthesisMs, judgeMs, totalMs } = evaluation.timings;
  const scores = prompts.map(({ score }) => score);
  const faults = scores.filter(({ fault }) => fault !== null).length;
  const mean = scores.reduce((sum, { scorePpm }) => sum + scorePpm, 0) / Math.max(1, scores.length);
  const seconds = (ms: number) => `${(ms / 1000).toFixed(1)} s`;
  const losses = lossesOf(scores);
  const costly = losses.filter(({ lostPpm }) => lostPpm >= 1_000).slice(0, 3);
  return {
    title: of.name,
    subtitle: `model ${of.model}`,
    figures: [
      { label: 'score', value: points(evaluation.scorePpm), note: 'of 100; mean less half a standard error' },
      { label: 'mean of the prompts', value: points(mean), note: `${scores.length} prompts, ${faults} failed` },
      { label: 'audio', value: seconds(audioSeconds * 1000), note: `said in ${seconds(synthesisMs)}` },
      { label: 'time', value: seconds(totalMs), note: `load ${seconds(loadMs)}, judging ${seconds(judgeMs)} beside it` },
    ],
    advice: costly.map(({ part, lostPpm }) =>
      part === FAULTS ? `${faults} prompts failed: see their codes below.` : `${part} costs ${points(lostPpm)} points: ${partWords(part)}.`,
    ),
    parts: losses,
    prompts: [...explainedPrompts(prompts)].sort((a, b) => a.score_ppm - b.score_ppm || a.index - b.index),
    utterances,
    facts: [
      ['again', `voxd model score DIR --seed ${of.seed} --prompts ${prompts.length}`],
      ['model', of.model],
      ['seed', of.seed],
      ['profile', of.profile],
      ['scorer', of.scorer],
      ['engine', of.engineId],
    ],
  };
}
