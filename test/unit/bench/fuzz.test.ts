import { fileURLToPath } from 'node:url';
import { expect } from 'chai';
import { feed, fuzz } from '../../../bench/fuzz/fuzz.js';
import { mutate } from '../../../bench/fuzz/mutate.js';
import { createChance } from '../../../bench/fuzz/random.js';
import { fuzzTargets, type Target } from '../../../bench/fuzz/targets.js';

const VECTORS = fileURLToPath(new URL('../../vectors/frames.json', import.meta.url));

describe('decoders under fuzz', function () {
  this.timeout(60_000);

  it('keep their promises: a result or their own error, bounded memory, bounded time', async () => {
    let rounds = 0;
    const { tallies, findings } = await fuzz(fuzzTargets(VECTORS), 1_000, () => {
      rounds += 1;
      return rounds > 2;
    });
    expect(findings).to.deep.equal([]);
    expect(tallies.every(({ inputs }) => inputs >= 128)).to.equal(true);
  });

  const bad = (doThis: (input: Uint8Array) => void): Target => ({
    name: 'bad',
    seeds: [Uint8Array.of(8, 1)],
    share: 4,
    allocatesMax: () => 2 ** 20,
    feed: doThis,
  });
  const run = async (target: Target) => (await fuzz([target], 7, (inputs) => inputs > 2_000)).findings;

  it('finds what throws, what hangs and what takes memory, and names the input', async () => {
    const kept: Uint8Array[] = [];
    const throwing = await run(
      bad((input) => {
        if (input[0] === 9) throw new TypeError('oops');
      }),
    );
    expect(throwing[0]?.problem).to.equal('threw TypeError: oops');
    expect(throwing[0]?.input.slice(0, 2)).to.equal('09');
    const slow = bad(() => {
      const endMs = performance.now() + 120;
      while (performance.now() < endMs);
    });
    expect((await run(slow))[0]?.problem).to.match(/^took 1\d\d ms/);
    expect((await run(bad(() => void kept.push(new Uint8Array(2 ** 22)))))[0]?.problem).to.match(/^allocated 4\d{6} bytes/);
    const tally = { target: 'bad', inputs: 0, bytes: 0, elapsedMs: 0, slowestMs: 0, allocatedMax: 0 };
    expect(
      await feed(
        bad(() => {}),
        Uint8Array.of(1),
        tally,
      ),
    ).to.equal(null);
  });

  it('are given the same inputs for the same seed, and others for another', () => {
    const inputs = (seed: number) => {
      const chance = createChance(seed);
      return Array.from({ length: 50 }, () => Buffer.from(mutate([Uint8Array.of(10, 2, 8, 1)], chance)).toString('hex'));
    };
    expect(inputs(3)).to.deep.equal(inputs(3));
    expect(inputs(3)).to.not.deep.equal(inputs(4));
  });
});
