import { expect } from 'chai';
import { sha256Hex } from '../../../../protocol/digest.js';
import { precheckGraph } from '../../../../scoring/graph/precheck.js';
import { seedRandomNodes } from '../../../../scoring/graph/random.js';
import { ipaOf, PHONES } from '../../../../scoring/phonemes.js';
import { SOUNDS } from '../../../../scoring/voices/formants.js';
import { buildVoice, generateVoicePackage, mutateCopy, VOICE_KINDS } from '../../../../scoring/voices/onnx-voice.js';

const CONTRACT = {
  inputs: [
    { name: 'input', elementType: 'int64', rank: 2 },
    { name: 'input_lengths', elementType: 'int64', rank: 1 },
    { name: 'scales', elementType: 'float32', rank: 1 },
  ],
  outputs: [{ name: 'output', elementType: 'float32', rank: 3 }],
};
const SIZE_BYTES_MAX = 100_000;

describe('voices/onnx-voice', () => {
  it('writes the same bytes each time, and others for each kind', () => {
    const digests = VOICE_KINDS.map((kind) => sha256Hex(buildVoice(kind).graph));
    expect(new Set(digests).size).to.equal(VOICE_KINDS.length);
    expect(VOICE_KINDS.map((kind) => sha256Hex(buildVoice(kind).graph))).to.deep.equal(digests);
    expect(sha256Hex(buildVoice('good', { design: { pitchHz: 99 } }).graph)).to.not.equal(digests[0]);
  });

  it('passes the pre-check with Piper’s contract, and its random nodes can be seeded', () => {
    for (const kind of VOICE_KINDS) {
      const { graph } = buildVoice(kind);
      expect(graph.length).to.be.below(SIZE_BYTES_MAX);
      const checked = precheckGraph(graph, CONTRACT);
      if (!checked.ok) throw checked.error;
      expect(checked.value.facts.randomNodes).to.equal(kind === 'noisy' ? 4 : 3);
      expect(seedRandomNodes(checked.value).ok).to.equal(true);
    }
  });

  it('has a token for every symbol of our prompts', () => {
    const { tokens, piperConfig } = buildVoice('good');
    for (const phone of PHONES) for (const symbol of ipaOf(['AA1', phone, 'AA1'])) expect(tokens, symbol).to.have.property(symbol);
    const ids = Object.values(piperConfig.phoneme_id_map).flat();
    expect(new Set(ids).size).to.equal(SOUNDS.length + 3);
    expect(piperConfig.num_symbols).to.equal(ids.length);
  });

  it('makes a package that Piper would read', () => {
    const files = generateVoicePackage('female', { name: 'eve', sampleRateHz: 22_050 });
    expect(Object.keys(files)).to.deep.equal(['voice.onnx', 'voice.onnx.json']);
    const config: unknown = JSON.parse(new TextDecoder().decode(files['voice.onnx.json']));
    expect(config).to.deep.include({ dataset: 'eve', num_speakers: 1, phoneme_type: 'espeak' });
    expect(config).to.have.nested.property('audio.sample_rate', 22_050);
  });

  it('disguises a copy: other bytes, a valid model', () => {
    const { graph } = buildVoice('good');
    const before = sha256Hex(graph);
    const named = mutateCopy(graph);
    const nudged = mutateCopy(graph, 'weights');
    expect(sha256Hex(graph)).to.equal(before);
    expect(new Set([before, sha256Hex(named), sha256Hex(nudged)]).size).to.equal(3);
    expect(nudged.length).to.equal(graph.length);
    const digests = [graph, named, nudged].map((bytes) => {
      const checked = precheckGraph(bytes, CONTRACT);
      if (!checked.ok) throw checked.error;
      return checked.value.facts.tensorDigests;
    });
    expect(digests[1]).to.deep.equal(digests[0]);
    expect(digests[2]).to.not.deep.equal(digests[0]);
  });
});
