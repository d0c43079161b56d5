/** Contenders for tests of the contest: with and without families, owners and prompts. */
import fc from 'fast-check';
import type { Contender, ContestRules } from '../../scoring/contest.js';
import { combinePrompts } from '../../scoring/profile.js';
import { aHotkey, aModel } from './keys.js';

export const CONTEST_RULES: ContestRules = {
  epsilonPpm: 20_000,
  epsilonFloorPpm: 2_000,
  epsilonDecayBlocks: 1000,
  standardErrors: 2,
  thresholdPpm: 100_000,
  curve: [600, 200, 100, 60, 40],
};

export const contender = (n: number, standingPpm: number, over: Partial<Contender> = {}): Contender => ({
  hotkey: aHotkey(n),
  coldkey: null,
  parent: null,
  model: aModel(n),
  commitmentBlock: n,
  standingPpm,
  promptsPpm: [],
  ...over,
});

const CONTENDERS_MAX = 9;
const PROMPTS_MAX = 8;

/** Later ones may be children of earlier ones, and owners have several. Nobody was heard in this round. */
export const anyFamilies = fc
  .array(fc.tuple(fc.integer({ min: 90_000, max: 1_000_000 }), fc.nat(2000), fc.nat(CONTENDERS_MAX), fc.nat(4)), {
    maxLength: CONTENDERS_MAX,
  })
  .map((list) =>
    list.map(([ppm, block, parent, owner], n) =>
      contender(n, ppm, {
        commitmentBlock: block + n,
        parent: parent < n ? aHotkey(parent) : null,
        coldkey: owner === 0 ? null : aHotkey(`owner ${owner}`),
      }),
    ),
  );

/** What a prompt is worth: anything, often the best, and nothing where the voice fails. */
const anyPrompt = fc.oneof(fc.nat(1_000_000), fc.constantFrom(0, 950_000, 1_000_000));

/** The same, all heard on the same prompts; what they stand at is what these make of it. */
export const anyHeardFamilies = fc
  .tuple(anyFamilies, fc.integer({ min: 2, max: PROMPTS_MAX }))
  .chain(([list, prompts]) =>
    fc
      .tuple(...list.map(() => fc.array(anyPrompt, { minLength: prompts, maxLength: prompts })))
      .map((heard: readonly (readonly number[])[]) => list.map((one, n) => sayingPrompts(one, heard[n]!))),
  );

/** A contender in its first round: its standing is the score of these prompts. */
export function sayingPrompts(one: Contender, promptsPpm: readonly number[]): Contender {
  return { ...one, promptsPpm, standingPpm: combinePrompts(promptsPpm.map((scorePpm) => ({ scorePpm }))) };
}

/** One prompt worse, or none better, and no better standing: mean and doubt are rounded, which may be worth one ppm. */
export function noBetter(one: Contender, at: number, ppm: number): Contender {
  const prompts = one.promptsPpm.map((own, n) => (n === at % one.promptsPpm.length ? Math.min(own, ppm) : own));
  const worse = sayingPrompts(one, prompts);
  return { ...worse, standingPpm: Math.min(one.standingPpm, worse.standingPpm) };
}
