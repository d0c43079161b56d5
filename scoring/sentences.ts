/** What a prompt of each kind says: the sentence patterns. */
import { BANK } from './bank/bank.js';
import type { Chance } from './chance.js';
import { actor, draw, fixed, numberPhrase, type Piece, POOLS, paused, placePhrase, type Sentence, thingPhrase } from './grammar.js';
import type { PromptKind } from './prompts.js';

type Pattern = (chance: Chance) => Sentence;
type Pieces = readonly Piece[];

const say = (end: Sentence['end'], ...parts: readonly Pieces[]): Sentence => ({ pieces: parts.flat(), end });

/** Someone did something to something somewhere. */
const deed = (c: Chance): Pieces => [...actor(c), draw(c, POOLS.did), ...thingPhrase(c, POOLS.thing), ...placePhrase(c)];
const motion = (c: Chance): Pieces => [...actor(c), draw(c, POOLS.went), draw(c, BANK.manners), ...placePhrase(c)];
const state = (c: Chance): Pieces => [...fixed('the'), draw(c, POOLS.thing), ...fixed('was'), draw(c, BANK.adjectives)];

const PATTERNS: Readonly<Record<PromptKind, readonly Pattern[]>> = {
  plain: [
    (c) => say('.', deed(c)),
    (c) => say('.', motion(c)),
    (c) => say('.', fixed('on'), paused([draw(c, BANK.days)]), deed(c)),
    (c) => say('.', actor(c), fixed('said that'), state(c)),
    (c) => say('.', fixed('there was'), thingPhrase(c, POOLS.animal), placePhrase(c)),
    (c) =>
      say('.', thingPhrase(c, POOLS.person), [draw(c, POOLS.did)], fixed('some'), [draw(c, BANK.stuff)], fixed('for her'), [
        draw(c, POOLS.animal),
      ]),
  ],
  question: [
    (c) => say('?', fixed('did'), actor(c), [draw(c, POOLS.does)], thingPhrase(c, POOLS.thing), placePhrase(c)),
    (c) => say('?', fixed('why is the'), [draw(c, POOLS.thing)], fixed('so'), [draw(c, BANK.adjectives)], [draw(c, BANK.times)]),
    (c) => say('?', fixed('where did'), [draw(c, BANK.names)], [draw(c, POOLS.does)], thingPhrase(c, POOLS.thing)),
    (c) => say('?', fixed('can you'), [draw(c, POOLS.does)], thingPhrase(c, POOLS.thing), fixed('before'), [draw(c, BANK.days)]),
    (c) => say('?', fixed('how many'), [draw(c, POOLS.animals)], fixed('are'), placePhrase(c)),
    (c) => say('?', fixed('who'), [draw(c, POOLS.did)], fixed('the'), [draw(c, BANK.adjectives), draw(c, POOLS.thing)], placePhrase(c)),
  ],
  numbers: [
    (c) => say('.', thingPhrase(c, POOLS.thing), fixed('cost'), numberPhrase(c), fixed('dollars')),
    (c) => say('.', fixed('the'), [draw(c, POOLS.place)], fixed('is'), numberPhrase(c), fixed('miles from the'), [draw(c, POOLS.place)]),
    (c) => say('.', fixed('her number is'), paused(digits(c, 3)), digits(c, 4)),
    (c) =>
      say('.', fixed('on'), [draw(c, BANK.months)], fixed('twenty first'), actor(c), [draw(c, POOLS.did)], numberPhrase(c), [
        draw(c, POOLS.foods),
      ]),
    (c) => say('.', fixed('see page'), numberPhrase(c), fixed('of the'), [draw(c, BANK.adjectives)], [draw(c, POOLS.thing)]),
  ],
  list: [
    (c) => say('.', fixed('we need some'), listed(c, POOLS.foods)),
    (c) => say('.', actor(c), [draw(c, POOLS.did)], listed(c, POOLS.thingThings)),
    (c) => say('.', fixed('they saw'), listed(c, POOLS.animals), placePhrase(c)),
    (c) => say('.', fixed('there are'), listed(c, POOLS.persons), placePhrase(c)),
  ],
  clusters: [
    (c) =>
      say(
        '.',
        fixed('the'),
        [draw(c, BANK.clusterAdjectives), draw(c, POOLS.clusterNoun), draw(c, POOLS.clusterDid)],
        fixed('the'),
        [draw(c, POOLS.clusterNoun)],
        fixed('with'),
        [draw(c, BANK.clusterAdjectives), draw(c, POOLS.clusterNouns)],
      ),
    (c) =>
      say(
        '.',
        actor(c),
        [draw(c, POOLS.clusterDid)],
        fixed('six'),
        [draw(c, BANK.clusterAdjectives), draw(c, POOLS.clusterNouns)],
        placePhrase(c),
      ),
    (c) =>
      say(
        '.',
        fixed('the'),
        [draw(c, POOLS.clusterNoun)],
        fixed('of the'),
        [draw(c, BANK.clusterAdjectives), draw(c, POOLS.clusterNoun)],
        fixed('was'),
        [draw(c, BANK.clusterAdjectives)],
      ),
  ],
  'minimal-pair': [
    (c) => {
      const [a, b] = contrast(c);
      return say('.', fixed('the word is'), paused([a]), fixed('not'), paused([b]), fixed('and then'), [a]);
    },
    (c) => {
      const [a, b] = contrast(c);
      return say('?', fixed('did she say'), paused([a]), fixed('or was it'), [b]);
    },
    (c) => {
      const [a, b] = contrast(c);
      return say('.', fixed('first say'), paused([a]), fixed('then say'), paused([b]), fixed('then'), [a]);
    },
  ],
  long: [
    (c) => say('.', deed(c), fixed('because'), paused(state(c)), fixed('and'), motion(c), fixed('while'), deed(c)),
    (c) => say('.', fixed('when'), paused(deed(c)), motion(c), fixed('but'), paused(deed(c)), fixed('and'), state(c)),
    (c) =>
      say(
        '.',
        fixed('before'),
        paused(motion(c)),
        deed(c),
        fixed('because'),
        state(c),
        fixed('and the'),
        [draw(c, POOLS.place)],
        fixed('was very'),
        [draw(c, BANK.adjectives)],
      ),
  ],
  expressive: [
    (c) =>
      say(
        '!',
        paused([draw(c, BANK.interjections)]),
        fixed('the'),
        [draw(c, POOLS.animal)],
        fixed('is'),
        [draw(c, BANK.prepositions)],
        fixed('your'),
        [draw(c, BANK.adjectives), draw(c, POOLS.thing)],
      ),
    (c) => say('!', paused([draw(c, BANK.interjections)]), fixed('what'), thingPhrase(c, POOLS.place).slice(-1), fixed('this is')),
    (c) =>
      say('!', fixed('I really'), [draw(c, POOLS.did)], paused([...fixed('the'), draw(c, BANK.adjectives), draw(c, POOLS.thing)]), [
        draw(c, BANK.names),
      ]),
    (c) => say('?', paused([draw(c, BANK.interjections)]), fixed('would you really'), [draw(c, POOLS.does)], thingPhrase(c, POOLS.thing)),
  ],
};

export interface Drawn {
  readonly sentence: Sentence;
  /** Another sentence of the same build. */
  readonly alike: () => Sentence;
  /** Another sentence of the same kind, any build. */
  readonly another: () => Sentence;
}

/** A fresh sentence of a kind, and where more of it come from. */
export function drawSentence(kind: PromptKind, chance: Chance): Drawn {
  const pattern = chance.pick(PATTERNS[kind]);
  return { sentence: pattern(chance), alike: () => pattern(chance), another: () => chance.pick(PATTERNS[kind])(chance) };
}

function digits(c: Chance, count: number): Pieces {
  return Array.from({ length: count }, () => draw(c, POOLS.digits));
}

/** Three of a kind: "apples, two pears, and nuts". */
function listed(c: Chance, pool: readonly Piece['word'][]): Pieces {
  const [a, b, d] = c
    .shuffle(pool)
    .slice(0, 3)
    .map((word) => ({ word, pool, pause: false })) as [Piece, Piece, Piece];
  return [...paused([a!]), ...paused([draw(c, POOLS.teens), b!]), ...fixed('and'), draw(c, BANK.adjectives), d!];
}

/** Two words that differ in one sound, in either order; each may be mistaken for the other. */
function contrast(c: Chance): readonly [Piece, Piece] {
  const pair = c.shuffle(c.pick(BANK.minimalPairs));
  const piece = (at: number): Piece => ({ word: pair[at]!, pool: pair, pause: false });
  return [piece(0), piece(1)];
}
