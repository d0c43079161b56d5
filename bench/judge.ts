/** Whom builtin-1 believes: many ways to speak, in the order of their scores, beside the order that was expected. */
import { listenTo, orderOf, type SystemScore } from '../test/support/judge-evidence.js';
import { SPEECH_SYSTEMS } from '../test/support/speech-systems.js';
import type { Benchmark, BenchRow } from './benchmark.js';

const SEEDS = 6;
const SEEDS_QUICK = 1;
const PROMPTS_PER_SEED = 4;

export const judge: Benchmark = {
  name: 'judge',
  what: `${SPEECH_SYSTEMS.length} speech systems, half of them never tuned on`,
  async run({ quick, note }) {
    const rows: BenchRow[] = [];
    for (const half of ['tuned', 'held'] as const) {
      const seeds = Array.from({ length: quick ? SEEDS_QUICK : SEEDS }, (_, n) => `${half} evidence ${n + 1}`);
      const systems = SPEECH_SYSTEMS.filter((system) => system.half === half);
      const fromMs = performance.now();
      const scores = listenTo(systems, { seeds, promptsPerSeed: PROMPTS_PER_SEED, onSystem: (score) => note(line(score)) });
      const utterances = systems.length * seeds.length * PROMPTS_PER_SEED;
      rows.push(
        {
          measure: `${half}: rank correlation with the expected order`,
          value: orderOf(scores),
          unit: '',
          limit: `${systems.length} systems in 6 tiers; within a tier any order is right`,
        },
        {
          measure: `${half}: made and judged`,
          value: (performance.now() - fromMs) / utterances,
          unit: 'ms each',
          limit: 'speaking and spoiling the audio; the reference speech of a prompt, once',
        },
      );
      for (const { id, tier, score } of [...scores].sort((a, b) => b.score - a.score)) {
        rows.push({ measure: `${half}: ${id}`, value: score, unit: '0..1', limit: `tier ${tier}` });
      }
    }
    return rows;
  },
};

function line({ tier, id, score, parts }: SystemScore): string {
  const named = Object.entries(parts).map(([name, part]) => `${name} ${part.toFixed(2)}`);
  return `${tier} ${id.padEnd(24)} ${score.toFixed(3)}  ${named.join(' ')}`;
}
