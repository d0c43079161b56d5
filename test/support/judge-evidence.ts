/** Listens to many speech systems and says whether their order is the expected one. */
import { createUtteranceJudge } from '../../scoring/profile.js';
import { drawPrompts, type Prompt } from '../../scoring/prompts.js';
import type { SpeechSystem } from './speech-systems.js';

export interface SystemScore {
  readonly id: string;
  readonly tier: number;
  readonly half: SpeechSystem['half'];
  /** Mean over all prompts, 0..1. */
  readonly score: number;
  readonly parts: Readonly<Record<string, number>>;
  readonly prompts: number;
}

export interface EvidenceOptions {
  readonly seeds: readonly string[];
  /** Of every seed; each seed goes on with other kinds where the one before stopped. */
  readonly promptsPerSeed: number;
  readonly onSystem?: (score: SystemScore) => void;
}

interface Task {
  readonly prompt: Prompt;
  readonly unlike: Prompt;
  readonly alike: Prompt;
}

export function evidenceTasks({ seeds, promptsPerSeed }: EvidenceOptions): readonly Task[] {
  return seeds.flatMap((seed, nth) => {
    const prompts = drawPrompts(seed, 8);
    return Array.from({ length: promptsPerSeed }, (_, n) => {
      const at = (nth * promptsPerSeed + n) % prompts.length;
      const prompt = prompts[at]!;
      return { prompt, unlike: prompts[(at + 1) % prompts.length]!, alike: drawPrompts(`${seed} alike`, 1, { kinds: [prompt.kind] })[0]! };
    });
  });
}

/** Every system says every prompt. */
export function listenTo(systems: readonly SpeechSystem[], options: EvidenceOptions): readonly SystemScore[] {
  const judge = createUtteranceJudge();
  const tasks = evidenceTasks(options);
  const heard = new Map(systems.map(({ id }) => [id, [] as ReturnType<typeof judge>[]]));
  for (const { prompt, ...others } of tasks) {
    for (const { id, speak } of systems) heard.get(id)!.push(judge(prompt, speak(prompt, others)));
  }
  return systems.map(({ id, tier, half }) => {
    const scores = heard.get(id)!;
    const names = [...new Set(scores.flatMap(({ parts }) => Object.keys(parts)))];
    const parts = Object.fromEntries(names.map((name) => [name, mean(scores.map((one) => (one.parts[name] ?? 0) / 1_000_000))]));
    const score = { id, tier, half, score: mean(scores.map(({ scorePpm }) => scorePpm / 1_000_000)), parts, prompts: scores.length };
    options.onSystem?.(score);
    return score;
  });
}

/** Spearman's rank correlation; equal values share their mean rank. */
export function spearman(a: readonly number[], b: readonly number[]): number {
  const [x, y] = [ranks(a), ranks(b)];
  const [mx, my] = [mean(x), mean(y)];
  const cross = x.reduce((sum, value, n) => sum + (value - mx) * (y[n]! - my), 0);
  const size = (values: readonly number[], middle: number) => values.reduce((sum, value) => sum + (value - middle) ** 2, 0);
  return cross / Math.sqrt(size(x, mx) * size(y, my));
}

export function orderOf(scores: readonly SystemScore[]): number {
  return spearman(
    scores.map(({ tier }) => tier),
    scores.map(({ score }) => score),
  );
}

export function mean(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0) / Math.max(1, values.length);
}

function ranks(values: readonly number[]): readonly number[] {
  const sorted = [...values].sort((a, b) => a - b);
  return values.map((value) => (sorted.indexOf(value) + sorted.lastIndexOf(value)) / 2);
}
