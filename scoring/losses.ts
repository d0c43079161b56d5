/** Where the points went: what a model would gain if one part of every prompt were perfect. For people; no score is made of it. */
import { scoreOf as builtinScore, type PartName } from './builtin.js';
import { neuralScoreOf } from './neural/profile.js';
import type { PromptScore } from './profile.js';

export interface PartLoss {
  /** Name of the part, or FAULTS. */
  readonly part: string;
  /** Over the prompts that were spoken; null for FAULTS. */
  readonly meanPpm: number | null;
  readonly worstPpm: number | null;
  /** Mean gain of a prompt, ppm, if this part alone were perfect. The gains of several parts do not add up. */
  readonly lostPpm: number;
}

/** What prompts lose that were not spoken at all. */
export const FAULTS = 'faults';

type Scored = Pick<PromptScore, 'parts' | 'scorePpm' | 'fault'>;

/** Shape: the prompts of a record → its parts, the one that costs most first; faults are among them where there are any. */
export function lossesOf(prompts: readonly Scored[]): readonly PartLoss[] {
  if (prompts.length === 0) return [];
  const spoken = prompts.filter(({ fault }) => fault === null);
  const names = [...new Set(spoken.flatMap(({ parts }) => Object.keys(parts)))];
  const losses = names.map((part): PartLoss => {
    const values = spoken.map(({ parts }) => parts[part] ?? 0);
    const gains = spoken.map(({ parts }) => scorePpmOf({ ...parts, [part]: 1_000_000 }) - scorePpmOf(parts));
    return {
      part,
      meanPpm: Math.round(sum(values) / values.length),
      worstPpm: Math.min(...values),
      lostPpm: Math.max(0, Math.round(sum(gains) / prompts.length)),
    };
  });
  const faults = prompts.length - spoken.length;
  const failed: PartLoss = { part: FAULTS, meanPpm: null, worstPpm: null, lostPpm: Math.round((faults * 1_000_000) / prompts.length) };
  return [...losses, ...(faults > 0 ? [failed] : [])].sort((a, b) => b.lostPpm - a.lostPpm);
}

/** Which profile made a record is seen by its parts. */
function scorePpmOf(parts: Readonly<Record<string, number>>): number {
  if ('naturalness' in parts) return neuralScoreOf(parts);
  const shares: Readonly<Record<PartName, number>> = {
    content: shareOf(parts, 'content'),
    clean: shareOf(parts, 'clean'),
    prosody: shareOf(parts, 'prosody'),
    rate: shareOf(parts, 'rate'),
    spectrum: shareOf(parts, 'spectrum'),
    padding: shareOf(parts, 'padding'),
  };
  return builtinScore(shares) * 1_000_000;
}

function shareOf(parts: Readonly<Record<string, number>>, name: PartName): number {
  return (parts[name] ?? 0) / 1_000_000;
}

function sum(values: readonly number[]): number {
  return values.reduce((total, value) => total + value, 0);
}
