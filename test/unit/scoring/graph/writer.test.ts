import { expect } from 'chai';
import { precheckGraph } from '../../../../scoring/graph/precheck.js';
import { concatBytes } from '../../../../scoring/graph/wire.js';
import { createGraphWriter, type ModelHead, metadataField } from '../../../../scoring/graph/writer.js';

const HEAD: ModelHead = { name: 'test', opset: 15, irVersion: 8, producer: 'voxd', metadata: { licence: 'CC0' } };

function small(): Uint8Array {
  const writer = createGraphWriter();
  const input = writer.input('x', 'float32', ['n', 3]);
  const sum = writer.node('ReduceSum', [input, writer.integers([1])], { keepdims: { int: 0 } });
  writer.node('LeakyRelu', [sum], { alpha: { float: 0.25 } }, 'y');
  writer.output('y', 'float32', ['n']);
  return writer.bytes(HEAD);
}

describe('graph/writer', () => {
  it('writes a model that the reader takes apart again', () => {
    const contract = {
      inputs: [{ name: 'x', elementType: 'float32', rank: 2 }],
      outputs: [{ name: 'y', elementType: 'float32', rank: 1 }],
    };
    const checked = precheckGraph(small(), contract);
    if (!checked.ok) throw checked.error;
    const { facts, model } = checked.value;
    expect(facts).to.include({ opset: 15, irVersion: 8, nodes: 2, tensors: 1, parameters: 1, randomNodes: 0 });
    expect(facts.operators).to.deep.equal({ LeakyRelu: 1, ReduceSum: 1 });
    expect(model.metadata.map(({ key }) => key)).to.deep.equal(['licence']);
  });

  it('writes the same bytes for the same calls', () => {
    expect(Buffer.from(small()).equals(Buffer.from(small()))).to.equal(true);
  });

  it('keeps one tensor of equal constants, and two of the same bytes in other shapes or types', () => {
    const writer = createGraphWriter();
    expect(writer.floats([1, 2])).to.equal(writer.floats([1, 2]));
    expect(writer.floats([1, 2])).to.not.equal(writer.floats([1, 2], [2, 1]));
    expect(writer.integer(0)).to.not.equal(writer.floats([0, 0], []));
    expect(writer.integer(-1)).to.not.equal(writer.integer(1));
  });

  it('lets metadata be appended to a finished model', () => {
    const checked = precheckGraph(concatBytes([small(), metadataField('note', 'hello')]), null);
    expect(checked.ok && checked.value.model.metadata.map(({ key }) => key)).to.deep.equal(['licence', 'note']);
  });
});
