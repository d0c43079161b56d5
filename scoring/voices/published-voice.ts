/**
 * Voices of every contract that is published, as their folders would look: the exact inputs, outputs, metadata and side files, with our own
 * synthesiser inside. They are what the importer and the engines are tried on, and small examples for whoever brings a voice.
 */

import { symbolsOf } from '../contracts/text.js';
import { createGraphWriter, type GraphWriter } from '../graph/writer.js';
import { PHONES } from '../phonemes.js';
import { LETTERS, letterTables } from './letters.js';
import { DESIGNS } from './onnx-voice.js';
import { packageConfig } from './piper-config.js';
import { frameColumns, type SpeechDesign, type VoicePorts, writeAcoustic, writeSpeech, writeVocoder } from './voice-graph.js';
import { kokoroPorts, matchaPorts, mmsPorts, piperPorts, sherpaPorts, VOCODER_PORTS } from './voice-ports.js';
import { TOKEN, tokenMap } from './voice-tables.js';

export const VOICE_CONTRACTS = [
  'piper',
  'piper-speakers',
  'sherpa',
  'sherpa-speakers',
  'mms',
  'kokoro',
  'kokoro-tokens',
  'matcha',
] as const;
export type VoiceContract = (typeof VOICE_CONTRACTS)[number];

export type PublishedFiles = Readonly<Record<string, Uint8Array>>;

const RATE_HZ = 16_000;
/** No file of a Kokoro voice says it: all of them have this rate. */
const KOKORO_RATE_HZ = 24_000;
const IR_VERSION = 8;
const OPSET = 15;
const STYLE = { rows: 510, columns: 256 } as const;

/** Shape: contract → file names and their bytes. The same call gives the same bytes. */
export function publishedVoice(contract: VoiceContract, design: SpeechDesign = DESIGNS.good): PublishedFiles {
  switch (contract) {
    case 'piper':
    case 'piper-speakers':
      return piper(design, contract === 'piper' ? 1 : 2);
    case 'sherpa':
    case 'sherpa-speakers':
      return sherpa(design, contract === 'sherpa' ? 1 : 2);
    case 'mms':
      return mms(design);
    case 'kokoro':
      return kokoro(design, { tokens: 'input_ids', speed: 'float32', audio: 'waveform', duration: true }, 'tokenizer.json');
    case 'kokoro-tokens':
      return kokoro(design, { tokens: 'tokens', speed: 'int32', audio: 'audio', duration: false }, 'config.json');
    case 'matcha':
      return matcha(design);
  }
}

function piper(design: SpeechDesign, speakers: number): PublishedFiles {
  const tokens = Object.fromEntries(Object.entries(tokenMap()).map(([symbol, id]) => [symbol, [id]]));
  const config = { ...packageConfig({ tokens, sampleRateHz: RATE_HZ }), num_speakers: speakers };
  return { 'en_US-voice-low.onnx': speech(design, piperPorts(speakers)), 'en_US-voice-low.onnx.json': json(config) };
}

/** As a Coqui voice: blanks by the metadata, start and end symbols. */
function sherpa(design: SpeechDesign, speakers: number): PublishedFiles {
  const metadata = {
    model_type: 'vits',
    comment: 'coqui',
    language: 'English',
    voice: 'en-us',
    add_blank: '1',
    blank_id: String(TOKEN.pad),
    use_eos_bos: '1',
    bos_id: String(TOKEN.bos),
    eos_id: String(TOKEN.eos),
    n_speakers: String(speakers),
    sample_rate: String(RATE_HZ),
  };
  return { 'model.onnx': speech(design, sherpaPorts(speakers), metadata), 'tokens.txt': tokensText() };
}

function matcha(design: SpeechDesign): PublishedFiles {
  const acoustic = createGraphWriter();
  writeAcoustic(acoustic, design, RATE_HZ, matchaPorts(frameColumns(RATE_HZ)));
  const vocoder = createGraphWriter();
  writeVocoder(vocoder, design, RATE_HZ, VOCODER_PORTS);
  const metadata = {
    model_type: 'matcha-tts',
    language: 'English',
    voice: 'en-us',
    has_espeak: '1',
    n_speakers: '1',
    num_ode_steps: '3',
    pad_id: '0',
  };
  return {
    'model-steps-3.onnx': bytesOf(acoustic, { ...metadata, sample_rate: String(RATE_HZ), use_eos_bos: '1', version: '1' }),
    'hifigan_v2.onnx': bytesOf(vocoder, {}),
    'tokens.txt': tokensText(),
  };
}

function mms(design: SpeechDesign): PublishedFiles {
  const vocab = Object.fromEntries(LETTERS.map((letter, at) => [letter, at + 1]));
  return {
    'model.onnx': speech(design, mmsPorts(letterTables())),
    'vocab.json': json({ ...vocab, '<unk>': LETTERS.length + 1 }),
    'tokenizer_config.json': json({
      add_blank: true,
      is_uroman: false,
      language: 'eng',
      normalize: true,
      pad_token: ' ',
      phonemize: false,
    }),
    'config.json': json({ model_type: 'vits', sampling_rate: RATE_HZ, vocab_size: LETTERS.length + 2 }),
  };
}

type KokoroNames = Parameters<typeof kokoroPorts>[0];

function kokoro(design: SpeechDesign, names: KokoroNames, tokenFile: 'tokenizer.json' | 'config.json'): PublishedFiles {
  const letters = misakiLetters();
  const vocab = Object.fromEntries(letters.map((letter, at) => [letter, FIRST_KOKORO_ID + at]));
  const blank = Array.from({ length: FIRST_KOKORO_ID }, () => [0, 0] as const);
  const sounds = [...blank, ...letters.map(soundsOfMisaki)];
  const side = tokenFile === 'config.json' ? { vocab } : { model: { type: 'WordLevel', vocab: { $: 0, ...vocab } } };
  return {
    'model.onnx': speech(design, kokoroPorts(names, sounds), {}, KOKORO_RATE_HZ),
    [tokenFile]: json(side),
    'af_heart.bin': styleTable(),
  };
}

const FIRST_KOKORO_ID = 3;

/** Every letter that our front end writes for Kokoro. */
function misakiLetters(): readonly string[] {
  const phones = PHONES.flatMap((phone) => ['AA1', phone, 'AA1']);
  return [...new Set(symbolsOf('misaki', { phones, text: '' }))].sort();
}

const TWO_SOUNDS: Readonly<Record<string, string>> = {
  A: 'eɪ',
  I: 'aɪ',
  O: 'oʊ',
  W: 'aʊ',
  Y: 'ɔɪ',
  ʧ: 'tʃ',
  ʤ: 'dʒ',
  ɑ: 'ɑː',
  ɔ: 'ɔː',
  i: 'iː',
  u: 'uː',
};

function soundsOfMisaki(letter: string): readonly [number, number] {
  const ids = tokenMap();
  const [first = '', second = ''] = [...(TWO_SOUNDS[letter] ?? letter)];
  return [ids[first] ?? 0, ids[second] ?? 0];
}

/** Each row of its own pitch, within a quarter of a tone or so: a voice that takes the wrong row is heard. */
function styleTable(): Uint8Array {
  const view = new DataView(new ArrayBuffer(STYLE.rows * STYLE.columns * 4));
  for (let row = 0; row < STYLE.rows; row += 1) {
    for (let column = 0; column < STYLE.columns; column += 1) {
      const value = column === 0 ? (((row * 7) % 11) - 5) / 100 : ((row + column) % 5) / 100;
      view.setFloat32((row * STYLE.columns + column) * 4, value, true);
    }
  }
  return new Uint8Array(view.buffer);
}

function speech(
  design: SpeechDesign,
  ports: VoicePorts,
  metadata: Readonly<Record<string, string>> = {},
  rateHz: number = RATE_HZ,
): Uint8Array {
  const writer = createGraphWriter();
  writeSpeech(writer, design, rateHz, ports);
  return bytesOf(writer, metadata);
}

function bytesOf(writer: GraphWriter, metadata: Readonly<Record<string, string>>): Uint8Array {
  return writer.bytes({ name: 'voxd-published', opset: OPSET, irVersion: IR_VERSION, producer: 'voxd', metadata });
}

/** sherpa-onnx's own form: a symbol, a space, an id; the space is a symbol too. */
function tokensText(): Uint8Array {
  const lines = [
    `_ ${TOKEN.pad}`,
    `^ ${TOKEN.bos}`,
    `$ ${TOKEN.eos}`,
    ...Object.entries(tokenMap()).map(([symbol, id]) => `${symbol} ${id}`),
  ];
  return new TextEncoder().encode(`${lines.join('\n')}\n`);
}

function json(value: unknown): Uint8Array {
  return new TextEncoder().encode(`${JSON.stringify(value, null, 2)}\n`);
}
