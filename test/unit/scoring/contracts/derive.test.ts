import { expect } from 'chai';
import { unwrap } from '../../../../protocol/result.js';
import { deriveVoice } from '../../../../scoring/contracts/derive.js';
import type { Derived, ImportChoices, VoiceSources } from '../../../../scoring/contracts/sources.js';
import { characters, ipaSymbols, symbolsOf } from '../../../../scoring/contracts/text.js';
import { readModel } from '../../../../scoring/graph/reader.js';
import { concatBytes } from '../../../../scoring/graph/wire.js';
import { createGraphWriter, metadataField } from '../../../../scoring/graph/writer.js';
import { type PublishedFiles, publishedVoice, VOICE_CONTRACTS, type VoiceContract } from '../../../../scoring/voices/published-voice.js';
import { TOLD } from '../../../support/published.js';

function sourcesOf(files: PublishedFiles): VoiceSources {
  const named = (pattern: RegExp) => Object.entries(files).filter(([path]) => pattern.test(path));
  return {
    graphs: named(/\.onnx$/).map(([path, bytes]) => {
      const model = readModel(bytes);
      if (!model.ok) throw new Error(model.error.problem);
      return { path, model: model.value };
    }),
    texts: new Map(named(/\.(json|txt)$/)),
    tables: named(/\.bin$/).map(([path, { length }]) => ({ path, sizeBytes: length })),
  };
}
const derive = (
  contract: VoiceContract,
  choices: ImportChoices = TOLD[contract],
  change: (files: PublishedFiles) => PublishedFiles = (files) => files,
) => deriveVoice(sourcesOf(change(publishedVoice(contract))), choices);
const bindsOf = ({ description }: Derived) =>
  description.graphs.map(({ inputs }) => inputs.map(({ name, bind }) => `${name}=${bind}`).join(' '));
const without = (path: string) => (files: PublishedFiles) => Object.fromEntries(Object.entries(files).filter(([name]) => name !== path));
const problemOf = (result: ReturnType<typeof derive>) =>
  result.ok ? 'derived' : `${result.error.code}: ${String(result.error.facts['problem'])}`;

describe('importing a published voice', () => {
  const expected: Readonly<Record<VoiceContract, readonly string[]>> = {
    piper: ['input=tokens input_lengths=tokenCount scales=scales'],
    'piper-speakers': ['input=tokens input_lengths=tokenCount scales=scales sid=speaker'],
    sherpa: ['x=tokens x_length=tokenCount noise_scale=noise length_scale=length noise_scale_w=noiseW'],
    'sherpa-speakers': ['x=tokens x_length=tokenCount noise_scale=noise length_scale=length noise_scale_w=noiseW sid=speaker'],
    mms: ['input_ids=tokens attention_mask=attentionMask'],
    kokoro: ['input_ids=tokens style=style speed=speed'],
    'kokoro-tokens': ['tokens=tokens style=style speed=speed'],
    matcha: ['x=tokens x_length=tokenCount noise_scale=noise length_scale=length', 'mel=mel'],
  };
  for (const contract of VOICE_CONTRACTS) {
    it(`binds every input of ${contract}`, () => {
      const derived = unwrap(derive(contract));
      expect(bindsOf(derived)).to.deep.equal(expected[contract]);
      expect(derived.findings.map(({ what }) => what)).to.include.members([
        'family',
        'language',
        'sample rate',
        'text',
        'tokens',
        'inputs',
      ]);
      expect(derived.description.audio.sampleRateHz).to.equal(contract.startsWith('kokoro') ? 24_000 : 16_000);
    });
  }

  it('places starts, ends and pads as each runner does', () => {
    const rule = (contract: VoiceContract) => {
      const { bos, eos, pad, pads } = unwrap(derive(contract)).description.tokens;
      return [bos, eos, pad, pads];
    };
    expect(rule('piper')).to.deep.equal([[1], [2], [0], 'after-start']);
    expect(rule('sherpa')).to.deep.equal([[1], [2], [0], 'after-start']);
    expect(rule('mms')).to.deep.equal([[], [], [0], 'around']);
    expect(rule('kokoro')).to.deep.equal([[0], [0], [], 'none']);
    expect(rule('matcha')).to.deep.equal([[1], [2], [0], 'around']);
  });

  it('says where it has something from, and what it took for granted', () => {
    const from = (contract: VoiceContract) => {
      const told = unwrap(derive(contract)).findings.map(({ what, from: place }) => [what, place] as const);
      expect(new Set(told.map(([what]) => what)).size, 'each thing once').to.equal(told.length - (contract === 'matcha' ? 1 : 0));
      return Object.fromEntries(told);
    };
    expect(from('kokoro')).to.include({
      family: 'the inputs of model.onnx',
      language: 'you',
      'sample rate': 'all Kokoro voices have it',
      style: 'the only table that fits the graph',
    });
    expect(from('mms')).to.include({ language: 'tokenizer_config.json', 'sample rate': 'config.json', tokens: 'vocab.json' });
    expect(from('piper')).to.include({ language: 'en_US-voice-low.onnx.json', 'sample rate': 'en_US-voice-low.onnx.json' });
    expect(unwrap(derive('kokoro')).findings.find(({ what }) => what === 'row of the style')?.value).to.equal('symbols-1');
    from('matcha');
    expect(unwrap(derive('sherpa')).findings.find(({ what }) => what === 'scales')?.from).to.equal('the defaults of sherpa-onnx');
  });

  it('feeds a speed of integers, and outputs that nobody needs are named', () => {
    const [graph] = unwrap(derive('kokoro-tokens')).description.graphs;
    expect(graph?.inputs.at(-1)).to.deep.equal({ name: 'speed', bind: 'speed', type: 'int32', rank: 1, values: [1000] });
    expect(unwrap(derive('kokoro')).description.graphs[0]?.outputs).to.deep.equal([
      { name: 'waveform', use: 'audio' },
      { name: 'duration', use: 'none' },
    ]);
  });

  it('cuts one voice out of a table of many', () => {
    const many = (files: PublishedFiles) => ({ ...files, 'af_heart.bin': new Uint8Array(3 * 522_240) });
    const { cut, files, description } = unwrap(derive('kokoro', { language: 'en-US', speaker: 0 }, many));
    expect(cut).to.deep.equal({ path: 'style-0.bin', from: 'af_heart.bin', startByte: 0, sizeBytes: 522_240 });
    expect(files).to.not.include('af_heart.bin');
    expect(description.style?.file).to.equal('style-0.bin');
  });

  const refusals: readonly [string, VoiceContract, (files: PublishedFiles) => PublishedFiles, RegExp, ImportChoices?][] = [
    ['no tokens of Kokoro', 'kokoro', without('tokenizer.json'), /no file of its tokens/],
    ['no language of Kokoro', 'kokoro', (files) => files, /--language/, {}],
    ['no style of Kokoro', 'kokoro', without('af_heart.bin'), /table of styles/],
    ['two styles and no choice', 'kokoro', (files) => ({ ...files, 'am_adam.bin': files['af_heart.bin']! }), /say it with --style/],
    ['no tokens of sherpa-onnx', 'sherpa', without('tokens.txt'), /no file of its tokens/],
    ['a speaker that is not there', 'sherpa-speakers', (files) => files, /there is no speaker 7/, { speaker: 7 }],
    ['a Matcha voice without its vocoder', 'matcha', without('hifigan_v2.onnx'), /needs its vocoder/],
    [
      'two voices in one folder',
      'piper',
      (files) => ({ ...files, 'other.onnx': publishedVoice('sherpa')['model.onnx']! }),
      /one graph that reads tokens/,
    ],
    ['no sample rate of MMS', 'mms', without('config.json'), /--sample-rate/],
    [
      'romanised text',
      'mms',
      (files) => ({ ...files, 'tokenizer_config.json': new TextEncoder().encode('{"is_uroman":true}') }),
      /romanised/,
    ],
    ['a Piper voice without its configuration', 'piper', without('en_US-voice-low.onnx.json'), /neither .* \(Piper\)/],
    ['espeak-ng of no version', 'piper', (files) => files, /--espeak-version/, { text: 'espeak-ng' }],
    ['tokens that are none', 'sherpa', (files) => ({ ...files, 'tokens.txt': new TextEncoder().encode('a b\n') }), /line 1 is not/],
  ];
  for (const [what, contract, change, problem, choices] of refusals) {
    it(`guesses nothing: ${what}`, () => {
      expect(problemOf(derive(contract, choices, change))).to.match(problem);
    });
  }

  it('names an input that no kind of voice has, and a vocoder that gives a spectrum', () => {
    const writer = createGraphWriter();
    for (const name of ['input', 'tones']) writer.input(name, 'int64', [1, 'N']);
    writer.output(writer.node('Cast', ['input'], { to: { int: 1 } }, 'output'), 'float32', [1, 'N']);
    const files = publishedVoice('piper');
    const strange = { ...files, 'en_US-voice-low.onnx': writer.bytes({ name: 's', opset: 15, irVersion: 8, producer: 't', metadata: {} }) };
    expect(problemOf(deriveVoice(sourcesOf(strange)))).to.match(/has an input tones/);
    const vocos = createGraphWriter();
    const mels = vocos.input('mels', 'float32', [1, 80, 'L']);
    for (const name of ['mag', 'x', 'y']) vocos.output(vocos.node('Abs', [mels], {}, name), 'float32', [1, 80, 'L']);
    const spectrum = {
      ...publishedVoice('matcha'),
      'hifigan_v2.onnx': vocos.bytes({ name: 'v', opset: 15, irVersion: 8, producer: 't', metadata: {} }),
    };
    expect(problemOf(deriveVoice(sourcesOf(spectrum)))).to.match(/gives a spectrum \(Vocos\)/);
  });

  it('believes the first of two metadata entries', () => {
    const change = (files: PublishedFiles) => ({
      ...files,
      'model.onnx': concatBytes([files['model.onnx']!, metadataField('sample_rate', '8000')]),
    });
    expect(unwrap(derive('sherpa', {}, change)).description.audio.sampleRateHz).to.equal(16_000);
  });
});

describe('the front ends', () => {
  it('write Kokoro’s letters', () => {
    const phones = 'HH AH0 L OW1 | CH OY1 | JH ER1 M AY2 | B ER0 D IY1 ,  M AW1 TH .'.split(/\s+/);
    expect(symbolsOf('misaki', { phones, text: '' }).join('')).to.equal('həlˈO ʧˈY ʤˈɜɹmˌI bəɹdˈi, mˈWθ.');
  });

  it('write letters plainly', () => {
    expect(characters('  Don’t —\tstop,\n“Zoë”! ﬁne ').join('')).to.equal('don\'t - stop, "zoe"! fine');
  });

  it('take IPA apart as Piper’s maps are keyed', () => {
    expect(ipaSymbols(' ç  ɑ̃ ')).to.deep.equal(['c', '\u0327', ' ', 'ɑ', '\u0303']);
  });
});
