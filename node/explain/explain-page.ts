/** What a validator has on record about a miner, as a page. */
import { points } from './advice.js';
import type { Explanation } from './explain.js';
import type { Page, PageUtterance } from './page.js';

/** When the next round opens; `inMs` is null where nobody can tell how fast blocks come. */
export interface NextRound {
  readonly block: number;
  readonly inBlocks: number | null;
  readonly inMs: number | null;
}

export function explanationPage(of: Explanation, next: NextRound, when: string, utterances: readonly PageUtterance[]): Page {
  const share = of.share_ppm === null ? '–' : `${points(of.share_ppm)} %`;
  const verdict = of.kinship === null ? 'an original' : `a ${of.kinship.kind} of ${of.kinship.of}: ${of.copy_evidence ?? ''}`;
  const state = of.reason === null ? (of.state ?? 'unknown') : `${of.state ?? 'unknown'}: ${of.reason.code}`;
  return {
    title: `${of.hotkey} in round ${of.round}`,
    subtitle: `${state}; ${verdict}`,
    figures: [
      { label: 'score of the round', value: number(of.score_ppm), note: `${of.prompts.length} prompts, of 100` },
      { label: 'standing', value: number(of.standing_ppm), note: 'what rounds made of its scores' },
      {
        label: 'rank',
        value: of.rank === null ? '–' : `${of.rank} of ${of.contenders}`,
        note: of.climb === null ? 'not ranked in this round' : 'originals above the threshold',
      },
      { label: 'share of the weights', value: share },
      { label: 'next round', value: `block ${next.block}`, note: when },
    ],
    advice: of.advice,
    parts: of.parts,
    prompts: of.prompts,
    utterances,
    facts: [
      ['hotkey', of.hotkey],
      ['model', of.model ?? '–'],
      ['seed of the round', of.seed],
      [
        'the same record',
        `voxd model score DIR --seed ${of.seed} --prompts ${of.prompts.length}${of.engine === 'wasm' ? ' --engine wasm' : ''}`,
      ],
      ...of.heard_by.map(({ validator, score_ppm }): [string, string] => ['heard by', `${validator}: ${points(score_ppm)}`]),
    ],
  };
}

function number(ppm: number | null): string {
  return ppm === null ? '–' : points(ppm);
}
