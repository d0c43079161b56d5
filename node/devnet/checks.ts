/** What must hold at the end of a run. Pure: facts in, verdicts out. */
import { AGREEMENT_TOLERANCE_PPM } from '../../scoring/agreement.js';
import { combinePrompts } from '../../scoring/profile.js';
import type { Check, LeaderboardRow, RoundSummary } from './result.js';
import { type OfferedVoice, ORIGINAL } from './voices.js';

export interface ChainRow {
  readonly validator: string;
  readonly onChain: { readonly uids: readonly number[]; readonly values: readonly number[] };
  readonly stored: { readonly uids: readonly number[]; readonly values: readonly number[] } | null;
}

export interface CheckedFacts {
  readonly roundsWanted: number;
  readonly rounds: readonly RoundSummary[];
  readonly leaderboard: readonly LeaderboardRow[];
  readonly chainRows: readonly ChainRow[];
}

export function checksOf(of: CheckedFacts): readonly Check[] {
  return [
    rounds(of),
    order(of.leaderboard),
    copy(of.leaderboard, ORIGINAL.demo),
    agreement(of.rounds, AGREEMENT_TOLERANCE_PPM),
    weights(of.chainRows),
    paid(of.leaderboard),
    replay(of.rounds),
  ];
}

export function rounds({ roundsWanted, rounds: done }: { readonly roundsWanted: number; readonly rounds: readonly RoundSummary[] }): Check {
  const weighed = done.filter(({ validators }) => validators.every(({ weights: sent }) => sent !== null));
  return {
    name: 'rounds_finished',
    ok: weighed.length >= roundsWanted,
    detail: `${weighed.length} of ${roundsWanted} rounds weighed by every validator and on chain`,
  };
}

function order(rows: readonly LeaderboardRow[]): Check {
  const score = (voice: string) => rows.find((row) => row.voice === voice)?.score_ppm ?? Number.NaN;
  const [good, female, noisy, muffled] = [score('good'), score('female'), score('noisy'), score('muffled')];
  return {
    name: 'order',
    ok: Math.min(good, female) > noisy && noisy > muffled,
    detail: `good ${good}, female ${female} > noisy ${noisy} > muffled ${muffled} (ppm)`,
  };
}

export function copy(rows: readonly LeaderboardRow[], of: OfferedVoice): Check {
  const cheat = rows.find(({ voice }) => voice === 'copy');
  const original = rows.find(({ voice }) => voice === of);
  if (!cheat || !original) return { name: 'copy_earns_nothing', ok: false, detail: 'the copy or its original is not on the board' };
  const weighted = Object.values(cheat.weights).some((value) => value > 0);
  return {
    name: 'copy_earns_nothing',
    ok: cheat.copy_of === original.hotkey && !weighted && cheat.incentive === 0 && cheat.emission_rao === 0n,
    detail: `called a copy of ${cheat.copy_of ?? 'nobody'}: ${cheat.copy_evidence ?? 'no evidence'}; incentive ${cheat.incentive}, emission ${cheat.emission_rao} rao`,
  };
}

/** Over the prompts that both heard, as records are compared everywhere: one of them may have heard a contender further. */
export function agreement(done: readonly RoundSummary[], tolerancePpm: number): Check {
  let compared = 0;
  let largest = 0;
  for (const { validators } of done) {
    const [first, ...others] = validators;
    for (const other of others)
      for (const [hotkey, ours] of Object.entries(first?.prompts_ppm ?? {})) {
        const theirs = other.prompts_ppm[hotkey];
        if (theirs === undefined) continue;
        const shared = Math.min(ours.length, theirs.length);
        const scoreOf = (prompts: readonly number[]) => combinePrompts(prompts.slice(0, shared).map((scorePpm) => ({ scorePpm })));
        compared++;
        largest = Math.max(largest, Math.abs(scoreOf(theirs) - scoreOf(ours)));
      }
  }
  const expected = done.reduce((sum, { models, validators }) => sum + models * (validators.length - 1), 0);
  return {
    name: 'validators_agree',
    ok: compared > 0 && compared === expected && largest <= tolerancePpm,
    detail: `${compared} of ${expected} records compared, largest difference ${largest} ppm (tolerance ${tolerancePpm})`,
  };
}

export function weights(rows: readonly ChainRow[]): Check {
  const same = ({ onChain, stored }: ChainRow) =>
    stored !== null && onChain.uids.join() === stored.uids.join() && onChain.values.join() === stored.values.join();
  const wrong = rows.filter((row) => !same(row));
  return {
    name: 'weights_match_rows',
    ok: rows.length > 0 && wrong.length === 0,
    detail:
      wrong.length === 0
        ? `${rows.length} weight rows on chain equal the rows in Postgres`
        : wrong
            .map(
              ({ validator, onChain, stored }) =>
                `${validator}: chain [${onChain.uids}]→[${onChain.values}], Postgres ${stored ? `[${stored.uids}]→[${stored.values}]` : 'none'}`,
            )
            .join('; '),
  };
}

export function paid(rows: readonly LeaderboardRow[]): Check {
  const earning = rows.filter(({ emission_rao }) => emission_rao > 0n);
  const total = earning.reduce((sum, { emission_rao }) => sum + emission_rao, 0n);
  return { name: 'chain_paid', ok: earning.length > 0, detail: `${earning.length} miners earned ${total} rao in the last epoch` };
}

export function replay(done: readonly RoundSummary[]): Check {
  const all = done.flatMap(({ round, validators }) => validators.map(({ name, replay_equal }) => ({ round, name, replay_equal })));
  const wrong = all.filter(({ replay_equal }) => !replay_equal);
  return {
    name: 'replay_equal',
    ok: all.length > 0 && wrong.length === 0,
    detail:
      wrong.length === 0
        ? `${all.length} rounds replayed from rows, bit for bit`
        : wrong.map(({ round, name }) => `${name} round ${round}`).join(', '),
  };
}
