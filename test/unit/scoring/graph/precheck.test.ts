import { expect } from 'chai';
import fc from 'fast-check';
import { unwrap } from '../../../../protocol/result.js';
import { ALLOWED_OPERATORS } from '../../../../scoring/graph/operators.js';
import { contractOf, precheckGraph } from '../../../../scoring/graph/precheck.js';
import { GRAPH_DEPTH_MAX } from '../../../../scoring/graph/reader.js';
import { bytesField, concatBytes, messageField, packedVarints, textField, varintField } from '../../../../scoring/graph/wire.js';
import type { Manifest } from '../../../../scoring/manifest.js';
import * as attacks from '../../../support/onnx-attacks.js';
import { tinyDescription } from '../../../support/voice-package.js';

// Safety: the contract reads inputs and output only.
const CONTRACT = contractOf(tinyDescription() as Manifest);
const codeOf = (bytes: Uint8Array) => {
  const checked = precheckGraph(bytes, CONTRACT);
  return checked.ok ? 'ok' : checked.error.code;
};
const start = attacks.initialiser('start', [1, 1, 4], bytesField(9, new Uint8Array(16)));
const simple = (...more: readonly Uint8Array[]) =>
  attacks.rawVoice([textField(2, 'g'), start, attacks.node('Identity', ['start'], ['audio']), ...more]);

describe('the pre-check of graphs', () => {
  it('lets voices pass and counts what is in them', () => {
    const { facts } = unwrap(precheckGraph(attacks.noiseVoice(), CONTRACT));
    expect(facts.operators).to.include({ RandomNormalLike: 1, ConstantOfShape: 1, Identity: 1 });
    expect(facts).to.include({ randomNodes: 1, opset: 15, irVersion: 8, depth: 1 });
    expect(facts.nodes).to.equal(Object.values(facts.operators).reduce((sum, count) => sum + count, 0));
    expect(codeOf(simple())).to.equal('ok');
  });

  const refusals: readonly [string, () => Uint8Array, string][] = [
    ['a loop', attacks.loopVoice, 'model.operator_refused'],
    ['data in another file', () => attacks.externalVoice(), 'model.external_data'],
    ['data in another place', () => attacks.rawVoice([attacks.initialiser('audio', [1, 1, 4], varintField(14, 1))]), 'model.external_data'],
    ['an operator of another domain', () => simple(attacks.node('Evil', ['start'], ['x'], attacks.domain('evil'))), 'model.domain_refused'],
    [
      'a known operator in another domain',
      () => simple(attacks.node('Relu', ['start'], ['x'], attacks.domain('evil'))),
      'model.domain_refused',
    ],
    ['an opset of another domain', () => attacks.rawVoice([start], [attacks.opset('com.microsoft', 1)]), 'model.domain_refused'],
    ['two opsets', () => attacks.rawVoice([start], [attacks.opset('ai.onnx', 9)]), 'model.feature_refused'],
    ['an old opset', () => attacks.tinyVoice((w) => w.float(0), { opset: 8 }), 'model.version_unsupported'],
    ['a new opset', () => attacks.tinyVoice((w) => w.float(0), { opset: 99 }), 'model.version_unsupported'],
    ['a new IR version', () => attacks.tinyVoice((w) => w.float(0), { irVersion: 11 }), 'model.version_unsupported'],
    ['local functions', () => attacks.rawVoice([start], [messageField(25, textField(1, 'f'))]), 'model.feature_refused'],
    ['training information', () => attacks.rawVoice([start], [messageField(20)]), 'model.feature_refused'],
    ['a runtime configuration', () => attacks.rawVoice([start], [messageField(14, textField(1, 'ort_config'))]), 'model.feature_refused'],
    [
      'megabytes of metadata',
      () => attacks.rawVoice([start], [messageField(14, textField(1, 'k'), textField(2, 'x'.repeat(70_000)))]),
      'model.graph_limit',
    ],
    ['sparse initialisers', () => simple(messageField(15)), 'model.feature_refused'],
    [
      'sparse attributes',
      () => simple(attacks.node('Constant', [], ['x'], messageField(5, textField(1, 'sparse_value'), messageField(22)))),
      'model.feature_refused',
    ],
    [
      'references to function attributes',
      () => simple(attacks.node('Relu', ['start'], ['x'], messageField(5, textField(1, 'a'), textField(21, 'b')))),
      'model.feature_refused',
    ],
    ['an overload', () => simple(attacks.node('Relu', ['start'], ['x'], textField(8, 'o'))), 'model.feature_refused'],
    ['a value with a reserved name', () => simple(attacks.node('Relu', ['start'], ['voxd_seed'])), 'model.feature_refused'],
    [
      'an initialiser with a reserved name',
      () => simple(attacks.initialiser('voxd_x', [1], bytesField(9, new Uint8Array(4)))),
      'model.feature_refused',
    ],
    [
      'a second graph, which another parser would merge',
      () => attacks.rawVoice([start], [messageField(7, textField(2, 'h'))]),
      'model.graph_malformed',
    ],
    ['unknown fields', () => attacks.rawVoice([start], [varintField(999, 1)]), 'model.graph_malformed'],
    ['a second operator type', () => simple(attacks.node('Relu', ['start'], ['x'], textField(4, 'Loop'))), 'model.graph_malformed'],
    ['graphs in graphs without end', () => attacks.nestedVoice(GRAPH_DEPTH_MAX + 1), 'model.graph_malformed'],
    [
      'a tensor of strings',
      () => simple(messageField(5, varintField(1, 1), varintField(2, 8), textField(6, 'x'), textField(8, 't'))),
      'model.tensor_malformed',
    ],
    [
      'a tensor longer than its dimensions',
      () => simple(attacks.initialiser('t', [3], bytesField(9, new Uint8Array(16)))),
      'model.tensor_malformed',
    ],
    [
      'a tensor shorter than its dimensions',
      () => simple(attacks.initialiser('t', [2 ** 40, 2 ** 40], bytesField(9, new Uint8Array(16)))),
      'model.tensor_malformed',
    ],
    [
      'a tensor with two kinds of data',
      () => simple(attacks.initialiser('t', [1], bytesField(9, new Uint8Array(4)), bytesField(4, new Uint8Array(4)))),
      'model.tensor_malformed',
    ],
    ['a negative dimension', () => simple(attacks.initialiser('t', [-1], bytesField(9, new Uint8Array(4)))), 'model.graph_malformed'],
    ['an input that the manifest does not know', () => simple(attacks.value(11, 'more', 1, [1])), 'model.interface_mismatch'],
    [
      'an input as a constant',
      () => simple(attacks.initialiser('scales', [3], bytesField(9, new Uint8Array(12)))),
      'model.interface_mismatch',
    ],
    ['two outputs', () => simple(attacks.value(12, 'audio', 1, [1, 1, 4])), 'model.interface_mismatch'],
    ['no graph', () => concatBytes([varintField(1, 8), attacks.opset('', 15)]), 'model.graph_malformed'],
    ['nothing', () => new Uint8Array(0), 'model.graph_malformed'],
  ];
  for (const [what, graph, code] of refusals) {
    it(`refuses ${what} with ${code}`, () => {
      expect(codeOf(graph())).to.equal(code);
    });
  }

  it('allows every operator of Piper voices, and none that can run for ever', () => {
    const piper =
      'Add And Cast Ceil Clip Concat Constant ConstantOfShape Conv ConvTranspose CumSum Div Equal Erf Exp Expand Gather GatherElements GatherND GreaterOrEqual Identity LeakyRelu Less LessOrEqual MatMul Mul Neg NonZero Not Pad Pow RandomNormalLike Range ReduceMax ReduceMean ReduceSum Relu Reshape ScatterND Shape Sigmoid Slice Softmax Softplus Split Sqrt Squeeze Sub Tanh Transpose Unsqueeze Where';
    for (const operator of piper.split(' ')) expect(ALLOWED_OPERATORS.has(operator), operator).to.equal(true);
    for (const operator of ['Loop', 'Scan', 'SequenceMap', 'Dropout', 'Bernoulli', 'Multinomial', '']) {
      expect(ALLOWED_OPERATORS.has(operator), operator).to.equal(false);
    }
  });

  it('allows loops and sequences only to a manifest that asks for them, and what is random inside them not even then', () => {
    const withLoops = (bytes: Uint8Array) => {
      const checked = precheckGraph(bytes, { ...CONTRACT, loops: true });
      return checked.ok ? 'ok' : checked.error.code;
    };
    const sequence = () => simple(attacks.node('SequenceConstruct', ['start'], ['s']), attacks.node('ConcatFromSequence', ['s'], ['x']));
    expect(codeOf(attacks.loopVoice())).to.equal('model.operator_refused');
    expect(codeOf(sequence())).to.equal('model.operator_refused');
    expect(withLoops(attacks.loopVoice())).to.equal('ok');
    expect(withLoops(sequence())).to.equal('ok');
    for (const operator of ['Scan', 'SequenceMap', 'Multinomial']) {
      expect(withLoops(simple(attacks.node(operator, ['start'], ['x']))), operator).to.equal('model.operator_refused');
    }
  });

  it('lets an output that nobody looks at be anything, and no output be more than the manifest says', () => {
    const contract = { ...CONTRACT, outputs: [...CONTRACT.outputs, { name: 'more', elementType: null, rank: null }] };
    const more = simple(attacks.value(12, 'more', 7, ['N']));
    expect(precheckGraph(more, contract).ok).to.equal(true);
    expect(codeOf(more)).to.equal('model.interface_mismatch');
    expect(precheckGraph(simple(), contract).ok).to.equal(false);
  });

  it('finds a refused operator inside branches', () => {
    expect(codeOf(attacks.nestedVoice(GRAPH_DEPTH_MAX))).to.equal('ok');
    expect(codeOf(attacks.nestedVoice(GRAPH_DEPTH_MAX, 'Scan'))).to.equal('model.operator_refused');
  });

  it('answers every truncation and bit flip with a verdict, and never throws', () => {
    const graph = attacks.noiseVoice();
    for (let length = 0; length < graph.length; length += 1) {
      expect(codeOf(graph.subarray(0, length)), `cut at ${length}`).to.not.equal('ok');
    }
    fc.assert(
      fc.property(fc.nat(graph.length * 8 - 1), (bit) => {
        const flipped = graph.slice();
        flipped[bit >> 3]! ^= 1 << (bit & 7);
        expect(codeOf(flipped)).to.be.a('string');
      }),
      { numRuns: 2000 },
    );
  });

  it('gives a tensor one digest, whatever its name and encoding', () => {
    const values = Array.from({ length: 64 }, (_, i) => i * 7 - 100);
    const raw = new BigInt64Array(values.map(BigInt));
    const integers = (name: string, data: Uint8Array) => messageField(5, varintField(1, 64), varintField(2, 7), textField(8, name), data);
    const digests = (tensor: Uint8Array) => unwrap(precheckGraph(simple(tensor), CONTRACT)).facts.tensorDigests;
    const asRaw = digests(integers('a', bytesField(9, new Uint8Array(raw.buffer))));
    const asTyped = digests(integers('b', packedVarints(7, values)));
    const other = digests(integers('a', packedVarints(7, [...values.slice(1), 5])));
    expect(asRaw).to.have.length(1);
    expect(asRaw[0]).to.match(/^int64:64 [0-9a-f]{64}$/);
    expect(asTyped).to.deep.equal(asRaw);
    expect(other).to.not.deep.equal(asRaw);
    expect(digests(start.slice())).to.deep.equal([], 'small tensors say nothing');
  });
});
