import { expect } from 'chai';
import { InferenceSession, Tensor } from 'onnxruntime-node';
import { deriveVoice } from '../../../../scoring/contracts/derive.js';
import { precheckGraph } from '../../../../scoring/graph/precheck.js';
import { readModel } from '../../../../scoring/graph/reader.js';
import { CHEATS, type Cheat, cheatingVoice, SHORT_SOUNDS_MAX } from '../../../../scoring/voices/cheats.js';

const graphOf = (kind: Cheat) => cheatingVoice(kind)['voice.onnx']!;

async function say(kind: Cheat, ids: readonly number[]): Promise<Float32Array> {
  const session = await InferenceSession.create(graphOf(kind), { intraOpNumThreads: 1, interOpNumThreads: 1, logSeverityLevel: 4 });
  const { output } = await session.run({
    input: new Tensor('int64', BigInt64Array.from(ids.map(BigInt)), [1, ids.length]),
    input_lengths: new Tensor('int64', BigInt64Array.of(BigInt(ids.length)), [1]),
    scales: new Tensor('float32', Float32Array.of(0, 1, 0), [3]),
  });
  if (!(output?.data instanceof Float32Array)) throw new Error('no audio');
  return output.data;
}

describe('voices that cheat', () => {
  for (const kind of CHEATS) {
    it(`${kind}: what can be read of it before it runs is in order`, () => {
      const model = readModel(graphOf(kind));
      if (!model.ok) throw new Error(model.error.problem);
      const config = cheatingVoice(kind)['voice.onnx.json']!;
      const derived = deriveVoice({
        graphs: [{ path: 'voice.onnx', model: model.value }],
        texts: new Map([['voice.onnx.json', config]]),
        tables: [],
      });
      if (!derived.ok) throw derived.error;
      expect(derived.value.description.operators).to.equal(kind === 'endless' ? 'loops' : 'plain');
      const { inputs, outputs } = derived.value.description.graphs[0]!;
      expect(inputs.map(({ name }) => name)).to.deep.equal(['input', 'input_lengths', 'scales']);
      expect(outputs.map(({ name }) => name)).to.deep.equal(['output']);
      if (kind !== 'endless') expect(precheckGraph(graphOf(kind), null).ok).to.equal(true);
    });
  }

  it('one says the same whatever it is asked, one what it knows by heart, one fails at what is long', async () => {
    const short = [1, 5, 6, 7, 8, 2];
    const other = [1, 20, 21, 22, 9, 10, 11, 2];
    const long = Array.from({ length: SHORT_SOUNDS_MAX + 1 }, (_, at) => 5 + (at % 10));
    expect(await say('wrong-text', short)).to.deep.equal(await say('wrong-text', other));
    expect((await say('prompt-table', short)).length).to.be.above(16_000);
    expect((await say('crash-on-hard', short)).length).to.be.below(16_000);
    const failed = await say('crash-on-hard', long).then(
      () => null,
      (error: unknown) => String(error),
    );
    expect(failed).to.match(/Gather/);
  });
});
