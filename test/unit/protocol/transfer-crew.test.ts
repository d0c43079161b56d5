/** Who works on a transfer, on a clock of the test: nobody is blamed for having nothing to do. */
import { expect } from 'chai';
import { Uint8ArrayList } from 'uint8arraylist';
import { sha256Hex } from '../../../protocol/digest.js';
import type { Failure } from '../../../protocol/failure.js';
import { protocolFailures } from '../../../protocol/failures.js';
import { type ChunkPlace, packHoldings } from '../../../protocol/holdings.js';
import { TRANSFER_TIMEOUTS } from '../../../protocol/libp2p/artifact-client.js';
import { createCrew, type Outcome } from '../../../protocol/libp2p/artifact-crew.js';
import type { ArtifactWire, Ask } from '../../../protocol/libp2p/artifact-wire.js';
import { drawChunks } from '../../../protocol/libp2p/artifact-worker.js';
import { type PeerId, peerIdFromKey } from '../../../protocol/peer-id.js';
import { createProviderWatch } from '../../../protocol/provider-watch.js';
import { createPacer } from '../../../protocol/rate.js';
import { createTransferPlan, type TransferPlan } from '../../../protocol/transfer-plan.js';
import { aModel } from '../../support/keys.js';
import { createSteppedClock } from '../../support/manual-clock.js';

const peer = (n: number): PeerId => peerIdFromKey(new Uint8Array(32).fill(n));
const [A, B, C] = [peer(1), peer(2), peer(3)];
const onePlan = (): TransferPlan =>
  createTransferPlan(
    1,
    () => false,
    () => 0.5,
  );
/** What is due without time passing has happened. */
const settled = () => new Promise<void>((resolve) => setImmediate(resolve));

describe('the crew of a transfer', () => {
  function crewOf(plan: TransferPlan, providers: readonly PeerId[]) {
    const clock = createSteppedClock();
    const over = new AbortController();
    const hired: PeerId[] = [];
    const ends = new Map<PeerId, { done(how: Outcome): void; fail(cause: unknown): void }>();
    const endings: Failure[] = [];
    const crew = createCrew(
      {
        clock,
        watch: createProviderWatch(TRANSFER_TIMEOUTS),
        employ: (id) => {
          hired.push(id);
          plan.setProvider(id, null);
          return new Promise((done, fail) => ends.set(id, { done, fail }));
        },
        plan: () => plan,
        isResting: () => false,
        onDropped: () => {},
        onEnd: (failure) => endings.push(failure),
        onChange: () => {},
      },
      { model: aModel(1), providers: () => providers },
      TRANSFER_TIMEOUTS,
    );
    void crew.run(over.signal);
    const pass = clock.advance;
    return { crew, over, hired, ends, endings, pass };
  }

  it('lets one go that has nothing to do, without blame, and takes it back when there is work', async () => {
    const plan = onePlan();
    const { crew, over, hired, ends, endings, pass } = crewOf(plan, [A, B, C]);
    expect(hired).to.deep.equal([A, B, C]);
    for (const id of [A, B]) expect(plan.next(id)).to.equal(0);
    ends.get(C)?.done('idle');
    await settled();
    await pass(10_000);
    expect([hired.length, crew.size, crew.dropped.length]).to.deep.equal([3, 2, 0]);
    ends.get(A)?.fail(protocolFailures('p2p.timeout', { peer: A, waitedMs: 1 }));
    await settled();
    expect(hired, 'work is free again').to.deep.equal([A, B, C, C]);
    expect(crew.dropped.map(({ peer: id, failure }) => [id, failure.code])).to.deep.equal([[A, 'p2p.timeout']]);
    expect(endings).to.deep.equal([]);
    over.abort();
  });

  it('ends when nobody is left, with what it was that let it down', async () => {
    const { over, ends, endings } = crewOf(onePlan(), [A, B]);
    ends.get(A)?.fail(protocolFailures('p2p.too_slow', { peer: A, bytesPerSecond: 1 }));
    ends.get(B)?.fail(protocolFailures('p2p.wrong_bytes', { peer: B, file: 0, chunk: 0 }));
    await settled();
    expect(endings.map(({ code, facts }) => [code, facts['codes']])).to.deep.equal([
      ['p2p.no_source_left', ['p2p.too_slow', 'p2p.wrong_bytes']],
    ]);
    over.abort();
  });
});

describe('one provider of a transfer', () => {
  const bytes = Uint8Array.from({ length: 100 }, (_, n) => n);
  const place: ChunkPlace = { file: 0, chunk: 0, offset: 0, sizeBytes: 100, sha256: sha256Hex(bytes) };

  /** Answers every question at once: it holds everything. */
  function wire(): ArtifactWire & { readonly asks: Ask[] } {
    const asks: Ask[] = [];
    const open: Ask[] = [];
    return {
      asks,
      send(ask) {
        asks.push(ask);
        open.push(ask);
      },
      async receive() {
        const ask = open.shift();
        if (ask === undefined) throw new Error('nothing was asked');
        const whole = ask.want === 'chunk' ? bytes : packHoldings(null, 1);
        const data = new Uint8ArrayList(whole.subarray(ask.offset, ask.offset + ask.length));
        return { ask, at: 0, isLast: true, total: whole.length, data };
      },
      close: async () => {},
      abort() {},
    };
  }

  async function draw(plan: TransferPlan) {
    const clock = createSteppedClock();
    const line = wire();
    const kept: number[] = [];
    let outcome: Outcome | 'at work' = 'at work';
    const drawing = drawChunks(
      {
        ...{ wire: line, peer: C, clock, stop: new AbortController().signal, pacers: [createPacer(null)], withoutWorkMs: 15_000 },
        changed: () => new Promise(() => {}),
        onBytes: () => {},
        keep: async (at) => void kept.push(at.chunk),
      },
      { chunks: [place], plan },
    ).then((how) => {
      outcome = how;
    });
    await settled();
    return { clock, line, kept, drawing, outcome: () => outcome };
  }

  it('gives its seat back after a while in which everything was owed by others', async () => {
    const plan = onePlan();
    for (const id of [A, B]) {
      plan.setProvider(id, null);
      plan.next(id);
    }
    const { clock, line, outcome } = await draw(plan);
    await clock.advance(14_000);
    expect(outcome()).to.equal('at work');
    await clock.advance(4_000);
    expect(outcome()).to.equal('idle');
    expect(line.asks.map(({ want }) => want)).to.deep.equal(['holdings']);
  });

  it('ends with everything where there is work', async () => {
    const { kept, drawing, outcome } = await draw(onePlan());
    await drawing;
    expect([outcome(), kept]).to.deep.equal(['whole', [0]]);
  });
});
