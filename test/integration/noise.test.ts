/** The noise that replaces random nodes, as ONNX Runtime computes it. Needs the compiled child. */
import { expect } from 'chai';
import { unwrap } from '../../protocol/result.js';
import { precheckGraph } from '../../scoring/graph/precheck.js';
import { SEED_INPUT, SEED_WORDS, seedRandomNodes, seedWords } from '../../scoring/graph/random.js';
import { createGraphWriter, type ElementName, type Value } from '../../scoring/graph/writer.js';
import { RUN_LIMITS } from '../../scoring/limits.js';
import { type GraphProcess, openGraph } from '../../scoring/onnx/graph-process.js';
import { findConfinement } from '../../scoring/onnx/sandbox.js';
import type { EngineName } from '../../scoring/ports.js';
import { nestedVoice } from '../support/onnx-attacks.js';

const SIDE = 200;

describe('the noise of replaced random nodes', function () {
  this.timeout(30_000);
  const open: GraphProcess[] = [];
  afterEach(async () => {
    for (const process of open.splice(0)) await process.close();
  });

  async function drawer(
    operator: string,
    attributes: Record<string, { int: number } | { float: number } | { ints: number[] }>,
    options: Options = {},
  ) {
    const { opset = 15, element = 'float32', engine = 'native', twice = false } = options;
    const writer = createGraphWriter();
    const shape = writer.input('shape', 'int64', [2]);
    const blank: Value = writer.node('Cast', [writer.node('ConstantOfShape', [shape])], { to: { int: element === 'float64' ? 11 : 1 } });
    const from = operator.endsWith('Like') ? [blank] : [];
    const first = writer.node(operator, from, attributes);
    const drawn = twice ? writer.node('Sub', [first, writer.node(operator, from, attributes)]) : first;
    writer.node('Cast', [drawn], { to: { int: 1 } }, 'drawn');
    writer.output('drawn', 'float32', ['a', 'b']);
    const graph = writer.bytes({ name: 'noise', opset, irVersion: 8, producer: 'test', metadata: {} });
    const seeded = seedRandomNodes(unwrap(precheckGraph(graph, null)));
    if (!seeded.ok) throw seeded.error;
    const process = await openGraph(await findConfinement(), seeded.value.bytes, {
      engine,
      limits: RUN_LIMITS[engine],
      outputBytesMax: 2 ** 22,
    });
    open.push(process);
    return async (seed: string, dims: readonly number[] = [SIDE, SIDE]) => {
      const { tensors } = await process.run([...feed('shape', dims), ...feed(SEED_INPUT, [...seedWords(Buffer.from(seed))])], ['drawn']);
      const { bytes, dims: actual } = tensors[0]!;
      expect(actual).to.deep.equal(operator.endsWith('Like') ? dims : [SIDE, SIDE]);
      return new Float32Array(bytes.buffer, bytes.byteOffset, bytes.length / 4);
    };
  }

  it('is normal: mean, deviation, distribution, independence of neighbours', async () => {
    const draw = await drawer('RandomNormalLike', { dtype: { int: 1 } });
    for (const seed of ['a', 'b', 'c']) {
      const z = await draw(seed);
      expect(mean(z)).to.be.closeTo(0, 0.025);
      expect(deviation(z)).to.be.closeTo(1, 0.02);
      expect(kolmogorov(z, normalShare)).to.be.lessThan(1.8 / Math.sqrt(z.length));
      for (const lag of [1, 2, 3, SIDE]) expect(Math.abs(correlation(z, lag)), `lag ${lag}`).to.be.lessThan(0.025);
    }
  });

  it('is uniform between its bounds', async () => {
    const draw = await drawer('RandomUniformLike', { dtype: { int: 1 }, low: { float: -2 }, high: { float: 6 } });
    const u = await draw('a');
    expect(Math.min(...u)).to.be.within(-2, -1.99);
    expect(Math.max(...u)).to.be.within(5.99, 6);
    expect(kolmogorov(u, (x) => (x + 2) / 8)).to.be.lessThan(1.8 / Math.sqrt(u.length));
    expect(Math.abs(correlation(u, 1))).to.be.lessThan(0.025);
  });

  it('repeats with the seed, changes with the seed, and differs between nodes', async () => {
    const draw = await drawer('RandomNormalLike', { dtype: { int: 1 }, mean: { float: 3 }, scale: { float: 0.5 } }, { twice: true });
    const first = await draw('a');
    expect(await draw('a')).to.deep.equal(first);
    expect(await draw('b')).to.not.deep.equal(first);
    // The difference of two independent nodes of deviation 1/2.
    expect(deviation(first)).to.be.closeTo(Math.SQRT1_2, 0.02);
    expect(mean(first)).to.be.closeTo(0, 0.02);
  });

  const forms: readonly [string, string, Parameters<typeof drawer>[1], Options][] = [
    ['a fixed shape', 'RandomNormal', { shape: { ints: [SIDE, SIDE] } }, {}],
    ['a fixed shape, uniform', 'RandomUniform', { shape: { ints: [SIDE, SIDE] } }, {}],
    ['doubles', 'RandomNormalLike', { dtype: { int: 11 } }, {}],
    ['the type of its input', 'RandomNormalLike', {}, { element: 'float64' }],
    ['opset 11', 'RandomNormalLike', { dtype: { int: 1 } }, { opset: 11 }],
    ['opset 21', 'RandomNormalLike', { dtype: { int: 1 } }, { opset: 21 }],
    ['the wasm engine', 'RandomNormalLike', { dtype: { int: 1 } }, { engine: 'wasm' }],
  ];
  for (const [what, operator, attributes, options] of forms) {
    it(`works with ${what}`, async () => {
      const drawn = await (await drawer(operator, attributes, options))('a');
      expect(deviation(drawn)).to.be.closeTo(operator.includes('Normal') ? 1 : Math.sqrt(1 / 12), 0.02);
    });
  }

  it('makes an empty tensor where nothing is asked for', async () => {
    const draw = await drawer('RandomNormalLike', { dtype: { int: 1 } });
    expect(await draw('a', [0, 5])).to.have.length(0);
  });

  it('reaches into branches', async () => {
    const seeded = unwrap(seedRandomNodes(unwrap(precheckGraph(nestedVoice(3, 'RandomNormalLike'), null))));
    const process = await openGraph(await findConfinement(), seeded.bytes, {
      engine: 'native',
      limits: RUN_LIMITS.native,
      outputBytesMax: 1024,
    });
    open.push(process);
    const draw = async (seed: string) => {
      const scales = { name: 'scales', type: 'float32', dims: [3], bytes: new Uint8Array(12) } as const;
      const feeds = [
        ...feed('input', [1], [1, 1]),
        ...feed('input_lengths', [1]),
        scales,
        ...feed(SEED_INPUT, [...seedWords(Buffer.from(seed))]),
      ];
      return Buffer.from((await process.run(feeds, ['output'])).tensors[0]!.bytes).toString('hex');
    };
    expect(await draw('a')).to.equal(await draw('a'));
    expect(await draw('a')).to.not.equal(await draw('b'));
    expect(await draw('a')).to.not.match(/^0+$/);
  });

  it('refuses what it cannot make repeatable, and leaves other graphs alone', () => {
    const build = (opset: number, attributes: Parameters<typeof drawer>[1]) => {
      const writer = createGraphWriter();
      writer.output(writer.node('RandomNormalLike', [writer.floats([1, 2])], attributes), 'float32', [2]);
      return unwrap(precheckGraph(writer.bytes({ name: 'n', opset, irVersion: 8, producer: 't', metadata: {} }), null));
    };
    for (const [opset, attributes] of [
      [10, { dtype: { int: 1 } }],
      [14, {}],
      [15, { dtype: { int: 7 } }],
    ] as const) {
      const seeded = seedRandomNodes(build(opset, attributes));
      expect(seeded.ok ? 'ok' : seeded.error.code).to.equal('model.random_unsupported');
    }
    const writer = createGraphWriter();
    writer.output(writer.node('Relu', [writer.floats([1, 2])]), 'float32', [2]);
    const plain = writer.bytes({ name: 'n', opset: 15, irVersion: 8, producer: 't', metadata: {} });
    expect(unwrap(seedRandomNodes(unwrap(precheckGraph(plain, null))))).to.deep.equal({ bytes: plain, seedInput: null });
  });

  it('has as many seed words as the graph asks for', () => {
    expect(seedWords(new Uint8Array(32))).to.have.length(SEED_WORDS);
    for (const word of seedWords(new Uint8Array(32))) expect(Number(word)).to.be.within(0, 2 ** 31 - 2);
  });
});

interface Options {
  readonly opset?: number;
  readonly element?: ElementName;
  readonly engine?: EngineName;
  readonly twice?: boolean;
}

function feed(name: string, values: readonly (number | bigint)[], dims: readonly number[] = [values.length]) {
  return [{ name, type: 'int64', dims, bytes: new Uint8Array(BigInt64Array.from(values.map(BigInt)).buffer) } as const];
}

function mean(x: Float32Array): number {
  return x.reduce((sum, value) => sum + value, 0) / x.length;
}

function deviation(x: Float32Array): number {
  const middle = mean(x);
  return Math.sqrt(x.reduce((sum, value) => sum + (value - middle) ** 2, 0) / x.length);
}

function correlation(x: Float32Array, lag: number): number {
  const middle = mean(x);
  let sum = 0;
  for (let i = lag; i < x.length; i += 1) sum += (x[i]! - middle) * (x[i - lag]! - middle);
  return sum / x.length / deviation(x) ** 2;
}

/** Largest distance between the sample's distribution and `share`. */
function kolmogorov(x: Float32Array, share: (value: number) => number): number {
  return x.toSorted().reduce((worst, value, i) => Math.max(worst, Math.abs((i + 0.5) / x.length - share(value))), 0);
}

/** Normal distribution function, Abramowitz and Stegun 7.1.26, to 1e-7. */
function normalShare(x: number): number {
  const t = 1 / (1 + (0.3275911 * Math.abs(x)) / Math.SQRT2);
  const tail = t * (0.254829592 + t * (-0.284496736 + t * (1.421413741 + t * (-1.453152027 + t * 1.061405429))));
  const erf = 1 - tail * Math.exp((-x * x) / 2);
  return x < 0 ? (1 - erf) / 2 : (1 + erf) / 2;
}
