/** A voice of the size and the work of a published one: our synthesiser, and beside it a stack of convolutions whose result is too faint to hear. */
import { createGraphWriter, type GraphWriter, type Value } from '../scoring/graph/writer.js';
import { DESIGNS } from '../scoring/voices/onnx-voice.js';
import { packageConfig } from '../scoring/voices/piper-config.js';
import { frameColumns, writeSpeech } from '../scoring/voices/voice-graph.js';
import { piperPorts } from '../scoring/voices/voice-ports.js';
import { tokenMap } from '../scoring/voices/voice-tables.js';

/** As Piper's medium voices. */
const SAMPLE_RATE_HZ = 22_050;
const TAPS = 3;
const FAINT = 1e-7;
/** So many of the layers work on every frame, the rest on every other: together what a second of Piper's speech costs. */
const FULL_RATE = 0.4;

export interface VoiceWeight {
  readonly channels: number;
  readonly layers: number;
}

/** 15.7 million parameters, 63 MB: Piper medium. */
export const MEDIUM: VoiceWeight = { channels: 512, layers: 20 };
/** 81 million parameters, 325 MB: Kokoro. */
export const KOKORO_SIZE: VoiceWeight = { channels: 1_024, layers: 26 };

/** Shape: files of a package without its manifest, in Piper's contract. The same call gives the same bytes. */
export function heavyVoice(weight: VoiceWeight): Readonly<Record<string, Uint8Array>> {
  const writer = createGraphWriter();
  const ports = piperPorts(1);
  writeSpeech(writer, DESIGNS.good, SAMPLE_RATE_HZ, {
    inputs: ports.inputs,
    outputs(of, ops, audio, frames) {
      ports.outputs(of, ops, ops.add(audio, ops.scale(ballast(of, frames, weight), FAINT)), frames);
    },
  });
  const tokens = Object.fromEntries(Object.entries(tokenMap()).map(([symbol, id]) => [symbol, [id]]));
  const metadata = { model_type: 'vits', comment: 'piper', sample_rate: String(SAMPLE_RATE_HZ), language: 'English', n_speakers: '1' };
  return {
    'voice.onnx': writer.bytes({ name: 'heavy', opset: 15, irVersion: 8, producer: 'voxd', metadata }),
    'voice.onnx.json': new TextEncoder().encode(
      JSON.stringify({ ...packageConfig({ tokens, sampleRateHz: SAMPLE_RATE_HZ }), dataset: 'heavy' }),
    ),
  };
}

/** Frames [F, columns] → one number [1, 1, 1]. */
function ballast(writer: GraphWriter, frames: Value, { channels, layers }: VoiceWeight): Value {
  const random = uniform(7);
  const pads = { ints: [1, 1] };
  const convolve = (value: Value, from: number, stride: number): Value => {
    const scale = Math.sqrt(3 / (from * TAPS));
    const kernel = writer.floats(
      Float32Array.from({ length: channels * from * TAPS }, () => scale * random()),
      [channels, from, TAPS],
    );
    const attributes = { kernel_shape: { ints: [TAPS] }, pads, strides: { ints: [stride] } };
    return writer.node('LeakyRelu', [writer.node('Conv', [value, kernel], attributes)], { alpha: { float: 0.1 } });
  };
  const rows = writer.node('Unsqueeze', [writer.node('Transpose', [frames], { perm: { ints: [1, 0] } }), writer.integers([0])]);
  let value = convolve(writer.node('Tanh', [rows]), frameColumns(SAMPLE_RATE_HZ), 1);
  for (let layer = 0; layer < layers; layer += 1) value = convolve(value, channels, layer === Math.round(layers * FULL_RATE) ? 2 : 1);
  return writer.node('ReduceMean', [value], { axes: { ints: [1, 2] }, keepdims: { int: 1 } });
}

/** -1..1, the same numbers every time. Source: Numerical Recipes, "quick and dirty" generators. */
function uniform(seed: number): () => number {
  let state = seed;
  return () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return state / 2 ** 31 - 1;
  };
}
