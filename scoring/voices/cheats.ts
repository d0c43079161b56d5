/**
 * Voices that cheat, in Piper's contract: what a development network sets its judges to. Each is allowed by the pre-check and fails, or earns
 * nothing, for a reason of its own. They are not copies: a copy is made of another voice's bytes.
 */
import { symbolsOf } from '../contracts/text.js';
import { createGraphWriter, ELEMENT, type GraphWriter, type Value } from '../graph/writer.js';
import { drawPrompts } from '../prompts.js';
import { createOps, type Ops } from './graph-ops.js';
import { DESIGNS, VOICE_SAMPLE_RATE_HZ } from './onnx-voice.js';
import { packageConfig } from './piper-config.js';
import type { PublishedFiles } from './published-voice.js';
import { type SpeechDesign, writeSpeech } from './voice-graph.js';
import { piperPorts } from './voice-ports.js';
import { TOKEN, tokenMap } from './voice-tables.js';

export const CHEATS = [
  /** Hisses as long as the text would take. */
  'noise',
  /** Speaks well, always the same sentence. */
  'wrong-text',
  /** Knows prompts of an earlier round by heart and says the one that is most like what it is asked. */
  'prompt-table',
  /** Speaks well what is short and fails at what is long, hoping that failures are forgotten. */
  'crash-on-hard',
  /** Speaks well, with half a minute of arithmetic behind every prompt. */
  'slow',
  /** A loop without end. */
  'endless',
  /** A tensor that doubles until memory ends. */
  'memory-bomb',
  'not-a-number',
  'silence',
  /** An hour of audio for a sentence. */
  'hour',
] as const;
export type Cheat = (typeof CHEATS)[number];

/**
 * Length of a very short question, in sounds. One prompt in forty is shorter, so that a subnet of three prompts sees it fail in every draw but one in more
 * than a hundred thousand.
 */
export const SHORT_SOUNDS_MAX = 38;
export const PROMPTS_KNOWN = 24;
const SAMPLES_PER_TOKEN = 1_200;
/** An hour for two hundred tokens, small enough that memory is not what ends it. */
const HOUR_SAMPLES_PER_TOKEN = 18 * VOICE_SAMPLE_RATE_HZ;
const DOUBLINGS = 24;
const BURN = { side: 1_024, products: 600 } as const;
const ENDLESS_TURNS = 2 ** 62;
const SEED_OF_AN_EARLIER_ROUND = 'e'.repeat(64);

/** Shape: kind → files as published, without a manifest. The same call gives the same bytes. */
export function cheatingVoice(kind: Cheat): PublishedFiles {
  const writer = createGraphWriter();
  WRITE[kind](writer);
  const tokens = Object.fromEntries(Object.entries(tokenMap()).map(([symbol, id]) => [symbol, [id]]));
  const config = packageConfig({ tokens, sampleRateHz: VOICE_SAMPLE_RATE_HZ });
  return {
    'voice.onnx': writer.bytes({ name: 'voxd-voice', opset: 15, irVersion: 8, producer: 'voxd', metadata: {} }),
    'voice.onnx.json': new TextEncoder().encode(`${JSON.stringify(config, null, 2)}\n`),
  };
}

const WRITE: Readonly<Record<Cheat, (writer: GraphWriter) => void>> = {
  noise: soundOf((writer, ops, tokens) => ops.scale(ops.noiseLike(zeros(writer, tokens, SAMPLES_PER_TOKEN)), 0.1)),
  silence: soundOf((writer, _ops, tokens) => zeros(writer, tokens, SAMPLES_PER_TOKEN)),
  hour: soundOf((writer, _ops, tokens) => zeros(writer, tokens, HOUR_SAMPLES_PER_TOKEN)),
  'not-a-number': soundOf((writer, ops, tokens) => {
    const blank = zeros(writer, tokens, SAMPLES_PER_TOKEN);
    return ops.div(blank, blank);
  }),
  'memory-bomb': soundOf((writer, ops, tokens) => {
    let value = zeros(writer, tokens, SAMPLES_PER_TOKEN);
    for (let n = 0; n < DOUBLINGS; n += 1) value = ops.concat([value, value], 2);
    return value;
  }),
  endless: soundOf((writer, ops, tokens) => {
    const body = createGraphWriter();
    body.input('turn', 'int64', []);
    body.input('going', 'bool', []);
    body.input('carried', 'float32', [1, 1, 'T']);
    // Names inside must differ from those outside.
    body.output(body.node('Identity', ['going'], {}, 'still_going'), 'bool', []);
    body.output(body.node('Identity', ['carried'], {}, 'still_carried'), 'float32', [1, 1, 'T']);
    const going = writer.node('Cast', [writer.integer(1)], { to: { int: ELEMENT.bool } });
    const start = ops.add(zeros(writer, tokens, SAMPLES_PER_TOKEN), writer.float(0));
    return writer.node('Loop', [writer.integer(ENDLESS_TURNS), going, start], { body: { graph: body.graph('again') } });
  }),
  'wrong-text': speechOf({ pitchHz: 132, formantScale: 1.07 }, (writer) => writer.integers(knownPrompts(1)[0] ?? [])),
  'prompt-table': speechOf({ pitchHz: 140, formantScale: 1.09 }, (writer, ops, ids) => {
    const known = knownPrompts(PROMPTS_KNOWN);
    const width = Math.max(...known.map((row) => row.length));
    const rows = writer.integers(
      known.flatMap((row) => [...row, ...Array(width - row.length).fill(TOKEN.pad)]),
      [known.length, width],
    );
    const asked = ops.slice(ops.concat([ids, writer.integers(Array(width).fill(TOKEN.pad))], 0), 0, width);
    const alike = ops.sum(ops.float(ops.op('Equal', rows, ops.unsqueeze(asked, 0))), 1);
    const row = writer.node('ArgMax', [alike], { axis: { int: 0 }, keepdims: { int: 0 } });
    const said = ops.reshape(ops.op('Gather', rows, row), [-1]);
    return ops.op('Gather', said, ops.reshape(ops.op('NonZero', said), [-1]));
  }),
  'crash-on-hard': speechOf({ pitchHz: 112, formantScale: 0.97 }, (writer, ops, ids) => {
    const tooMany = ops.op('Max', ops.op('Sub', ops.op('Size', ids), writer.integer(SHORT_SOUNDS_MAX)), writer.integer(0));
    const places = writer.node('Range', [writer.integer(0), ops.op('Size', ids), writer.integer(1)]);
    // Beyond the end of the ids as soon as there are too many of them.
    return ops.op('Gather', ids, ops.op('Add', places, ops.op('Mul', tooMany, writer.integer(1_000_000))));
  }),
  slow: speechOf({ pitchHz: 118, formantScale: 0.95 }, (writer, ops, ids) => {
    const first = ops.float(ops.slice(ids, 0, 1));
    let square = ops.op('Expand', first, writer.integers([BURN.side, BURN.side]));
    for (let n = 0; n < BURN.products; n += 1) square = ops.op('Tanh', ops.op('MatMul', square, square));
    const nothing = ops.integer(ops.scale(ops.reshape(ops.slice(ops.slice(square, 0, 1), 0, 1, 1), [1]), 0));
    return ops.op('Add', ids, nothing);
  }),
};

/** A graph whose audio, float32[1, 1, T], is made of the number of tokens alone. */
function soundOf(body: (writer: GraphWriter, ops: Ops, tokens: Value) => Value): (writer: GraphWriter) => void {
  return (writer) => {
    const ops = createOps(writer);
    const tokens = writer.input('input', 'int64', ['batch_size', 'phonemes']);
    writer.input('input_lengths', 'int64', ['batch_size']);
    writer.input('scales', 'float32', [3]);
    writer.node('Identity', [body(writer, ops, tokens)], {}, 'output');
    writer.output('output', 'float32', ['batch_size', 1, 'time']);
  };
}

/** A good voice that does something to what it is to say. */
function speechOf(
  design: Partial<SpeechDesign>,
  change: (writer: GraphWriter, ops: Ops, ids: Value) => Value,
): (writer: GraphWriter) => void {
  const ports = piperPorts(1);
  return (writer) =>
    writeSpeech(writer, { ...DESIGNS.good, ...design }, VOICE_SAMPLE_RATE_HZ, {
      outputs: ports.outputs,
      inputs(inner, ops) {
        const inputs = ports.inputs(inner, ops);
        return { ...inputs, ids: change(inner, ops, inputs.ids) };
      },
    });
}

/** Zeros, `each` samples per token. */
function zeros(writer: GraphWriter, tokens: Value, each: number): Value {
  const length = writer.node('Mul', [writer.node('Size', [tokens]), writer.integer(each)]);
  const shape = writer.node('Concat', [writer.integers([1, 1]), writer.node('Reshape', [length, writer.integers([1])])], {
    axis: { int: 0 },
  });
  return writer.node('ConstantOfShape', [shape]);
}

function knownPrompts(count: number): readonly (readonly number[])[] {
  const ids = tokenMap();
  return drawPrompts(SEED_OF_AN_EARLIER_ROUND, count).map((prompt) => [
    TOKEN.bos,
    ...symbolsOf('espeak', prompt).flatMap((symbol) => ids[symbol] ?? []),
    TOKEN.eos,
  ]);
}
