/** What a prompt of each kind says: the sentence patterns. */
import { BANK } from './bank/bank.js';
import { startsWithVowel } from './bank/words.js';
import type { Chance } from './chance.js';
import {
  actor,
  draw,
  drawNumber,
  fixed,
  numberPieces,
  type Piece,
  POOLS,
  paused,
  placePhrase,
  type Sentence,
  thingPhrase,
} from './grammar.js';
import { cardinalWords, digitWords, ordinalEnding, ordinalWords } from './numbers.js';
import type { PromptKind } from './prompt-kinds.js';

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
    (c) => say('.', thingPhrase(c, POOLS.thing), fixed('cost'), money(c)),
    (c) => say('.', fixed('the'), [draw(c, POOLS.place)], fixed('is'), count(c), fixed('miles from the'), [draw(c, POOLS.place)]),
    (c) => say('.', fixed('her number is'), telephone(c)),
    (c) => say('.', fixed('on'), date(c), actor(c), [draw(c, POOLS.did)], count(c), [draw(c, POOLS.foods)]),
    (c) => say('.', fixed('see page'), count(c), fixed('of the'), [draw(c, BANK.adjectives)], [draw(c, POOLS.thing)]),
    (c) => say('.', fixed('at'), paused(time(c)), motion(c)),
    (c) => say('.', fixed('the'), [draw(c, POOLS.thing)], fixed('is'), decimal(c), fixed('meters from the'), [draw(c, POOLS.place)]),
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
    (c) => say('!', paused([draw(c, BANK.interjections)]), exclaimed(c), fixed('this is')),
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

/** "what an old village". */
function exclaimed(c: Chance): Pieces {
  const described = [draw(c, BANK.adjectives), draw(c, POOLS.place)];
  return [...fixed(startsWithVowel(described[0]!.word) ? 'what an' : 'what a'), ...described];
}

function count(c: Chance): Pieces {
  const value = drawNumber(c);
  return numberPieces(cardinalWords(value), grouped(value));
}

/** Shape: 7056 → 7,056. */
function grouped(value: number): string {
  return value < 1000 ? String(value) : `${Math.floor(value / 1000)},${String(value % 1000).padStart(3, '0')}`;
}

function money(c: Chance): Pieces {
  const value = drawNumber(c);
  return numberPieces([...cardinalWords(value), 'dollars'], `$${grouped(value)}`);
}

/** Seven digits in two groups with a pause between. */
function telephone(c: Chance): Pieces {
  const digits = Array.from({ length: 7 }, () => String(1 + c.below(9))).join('');
  const pieces = numberPieces(digitWords(digits), `${digits.slice(0, 3)}-${digits.slice(3)}`);
  return pieces.map((piece, at) => (at === 2 ? { ...piece, pause: true } : piece));
}

/** A day that every month has. */
function date(c: Chance): Pieces {
  const day = 1 + c.below(28);
  return [draw(c, BANK.months), ...numberPieces(ordinalWords(day), `${day}${ordinalEnding(day)}`)];
}

function time(c: Chance): Pieces {
  const [hour, minute] = [1 + c.below(12), 10 + c.below(50)];
  return numberPieces([...cardinalWords(hour), ...cardinalWords(minute)], `${hour}:${minute}`);
}

function decimal(c: Chance): Pieces {
  const [whole, tenths] = [2 + c.below(98), 1 + c.below(9)];
  return numberPieces([...cardinalWords(whole), 'point', ...cardinalWords(tenths)], `${whole}.${tenths}`);
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
