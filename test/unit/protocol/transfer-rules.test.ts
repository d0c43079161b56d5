/** The small pure rules around a transfer: who is too slow, who is blamed, whose turn it is, and the bytes of an answer. */
import { expect } from 'chai';
import fc from 'fast-check';
import { Uint8ArrayList } from 'uint8arraylist';
import { protocolFailures } from '../../../protocol/failures.js';
import { createHolders, HOLDER_MODELS_KEPT_MAX, HOLDERS_KEPT_MAX } from '../../../protocol/holders.js';
import { packHoldings, unpackHoldings } from '../../../protocol/holdings.js';
import { decodeAnswer, encodeAnswer } from '../../../protocol/libp2p/artifact-frames.js';
import { BLAMED_KEPT_MAX, blameOf, createBlameLedger, FAILED_REST_MS, LIED_REST_MS } from '../../../protocol/provider-blame.js';
import { createProviderWatch } from '../../../protocol/provider-watch.js';
import { createPacer, PACER_BURST_MS } from '../../../protocol/rate.js';
import { ArtifactResponse } from '../../../protocol/streams.pb.js';
import {
  createUploadTurns,
  UPLOADS_MAX,
  UPLOADS_OTHERS_MAX,
  UPLOADS_PER_HOTKEY_MAX,
  VALIDATOR_TURNS,
} from '../../../protocol/upload-turns.js';
import { aHotkey, aModel } from '../../support/keys.js';

const TIMEOUTS = {
  firstByteMs: 5_000,
  idleMs: 10_000,
  rateWindowMs: 10_000,
  bytesPerSecondMin: 1_000,
  bytesPerSecondWanted: 100_000,
  withoutWorkMs: 15_000,
};

describe('provider watch', () => {
  it('drops who sends no first byte, and who falls silent while he owes something', () => {
    const watch = createProviderWatch(TIMEOUTS);
    watch.asked('a', 0);
    expect(watch.late(4_999)).to.deep.equal([]);
    expect(watch.late(5_000)).to.deep.equal([{ id: 'a', reason: 'silent', waitedMs: 5_000 }]);
    watch.answered('a', 64_000, false, 5_000);
    expect(watch.late(14_999).filter(({ reason }) => reason === 'silent')).to.deep.equal([]);
    expect(watch.late(15_000)).to.deep.include({ id: 'a', reason: 'silent', waitedMs: 10_000 });
  });

  it('does not count time in which nothing is owed', () => {
    const watch = createProviderWatch(TIMEOUTS);
    watch.asked('a', 0);
    watch.answered('a', 10_000_000, true, 100);
    expect(watch.isIdle()).to.equal(true);
    expect(watch.late(1_000_000)).to.deep.equal([]);
    watch.asked('a', 1_000_000);
    expect(watch.late(1_009_000)).to.deep.equal([]);
  });

  /** So many bytes per second of each for 11 s. */
  const lateAfter = (rates: Readonly<Record<string, number>>) => {
    const watch = createProviderWatch(TIMEOUTS);
    for (const id of Object.keys(rates)) watch.asked(id, 0);
    for (let second = 1; second <= 11; second += 1)
      for (const [id, bytes] of Object.entries(rates)) watch.answered(id, bytes, false, second * 1_000);
    return watch.late(11_000).map((late) => late.id);
  };

  it('drops one byte per second in any company', () => {
    expect(lateAfter({ drip: 1 })).to.deep.equal(['drip']);
    expect(lateAfter({ drip: 1, other: 1_000_000 })).to.deep.equal(['drip']);
  });

  it('drops the slow one when another is quick, the slowest first, and keeps it when there is nobody better', () => {
    expect(lateAfter({ slow: 50_000 })).to.deep.equal([]);
    expect(lateAfter({ slow: 50_000, slower: 20_000 })).to.deep.equal([]);
    expect(lateAfter({ slow: 50_000, slower: 20_000, quick: 1_000_000 })).to.deep.equal(['slower']);
  });

  it('forgets who is gone', () => {
    const watch = createProviderWatch(TIMEOUTS);
    watch.asked('a', 0);
    watch.forget('a');
    expect(watch.late(60_000)).to.deep.equal([]);
  });
});

describe('blame', () => {
  it('tells a lie from a failing from nothing, for every code that can end a part of a transfer', () => {
    const by = (blame: string | null) => Object.keys(protocolFailures.table).filter((code) => blameOf(code) === blame);
    expect(by('lied')).to.have.members(['p2p.wrong_manifest', 'p2p.wrong_bytes', 'p2p.protocol_violation']);
    expect(by('failed')).to.have.members(['p2p.timeout', 'p2p.too_slow', 'p2p.truncated', 'p2p.stream_failed']);
  });

  it('ends by itself, a lie after an hour, a failing after a minute, and does not turn a lie into a failing', () => {
    const ledger = createBlameLedger();
    ledger.add('liar', 'lied', 0);
    ledger.add('liar', 'failed', 1_000);
    ledger.add('slow', 'failed', 0);
    expect([ledger.isLiar('liar', LIED_REST_MS - 1), ledger.isResting('liar', LIED_REST_MS - 1)]).to.deep.equal([true, true]);
    expect([ledger.isLiar('liar', LIED_REST_MS), ledger.isResting('liar', LIED_REST_MS)]).to.deep.equal([false, false]);
    expect([ledger.isLiar('slow', 1), ledger.isResting('slow', FAILED_REST_MS - 1)]).to.deep.equal([false, true]);
    expect(ledger.isResting('slow', FAILED_REST_MS)).to.equal(false);
  });

  it('is bounded', () => {
    const ledger = createBlameLedger();
    for (let n = 0; n <= BLAMED_KEPT_MAX; n += 1) ledger.add(`p${n}`, 'lied', 0);
    expect([ledger.isLiar('p0', 1), ledger.isLiar('p1', 1)]).to.deep.equal([false, true]);
  });
});

describe('upload turns', () => {
  const free = { bytesPerSecond: null, bytesPerSecondPerHotkey: null, bytesPerDayPerHotkey: 1_000 };
  const validator = (hotkey: string) => ({ hotkey, isValidator: true });
  const other = (hotkey: string) => ({ hotkey, isValidator: false });

  it('seats two per hotkey, eight in all, four of them for others than validators', () => {
    const turns = createUploadTurns(free);
    const seats = Array.from({ length: UPLOADS_PER_HOTKEY_MAX + 1 }, (_, n) => turns.enter(n, other('a')));
    expect(seats).to.deep.equal([true, true, false]);
    for (const n of [10, 11]) expect(turns.enter(n, other(`b${n}`))).to.equal(true);
    expect(turns.enter(12, other('c')), `at most ${UPLOADS_OTHERS_MAX} others`).to.equal(false);
    for (const n of [20, 21, 22, 23]) expect(turns.enter(n, validator(`v${n}`))).to.equal(true);
    expect(turns.enter(24, validator('v24')), `at most ${UPLOADS_MAX}`).to.equal(false);
    turns.leave(20);
    expect(turns.enter(24, validator('v24'))).to.equal(true);
  });

  it('goes round the hotkeys, so that two streams of one get no more than one of another', () => {
    const turns = createUploadTurns(free);
    turns.enter(1, other('a'));
    turns.enter(2, other('a'));
    turns.enter(3, other('b'));
    const order: number[] = [];
    for (let n = 0; n < 2; n += 1) {
      for (const id of [1, 2, 3]) turns.want(id, 1);
      order.push(...turns.grant(0).ids);
    }
    expect(order).to.deep.equal([1, 3, 2, 3, 1, 2]);
  });

  it('lets validators go first, and others not starve', () => {
    const turns = createUploadTurns({ ...free, bytesPerSecond: 1_000, bytesPerDayPerHotkey: 1_000_000 });
    turns.enter(1, validator('v'));
    turns.enter(2, other('o'));
    const served = { v: 0, o: 0 };
    for (let nowMs = 0; nowMs < 8_000; nowMs += 1_000) {
      turns.want(1, 1_000);
      turns.want(2, 1_000);
      for (const id of turns.grant(nowMs).ids) served[id === 1 ? 'v' : 'o'] += 1;
    }
    expect(served.v / served.o).to.be.closeTo(VALIDATOR_TURNS, 1);
    expect(served.o).to.be.greaterThan(0);
  });

  it('keeps to both rates, and says when to come again', () => {
    const turns = createUploadTurns({ bytesPerSecond: 10_000, bytesPerSecondPerHotkey: 1_000, bytesPerDayPerHotkey: 1e9 });
    turns.enter(1, other('a'));
    turns.enter(2, other('b'));
    const sent = { 1: 0, 2: 0 } as Record<number, number>;
    for (let nowMs = 0; nowMs <= 10_000; ) {
      for (const id of [1, 2]) turns.want(id, 100);
      const { ids, againInMs } = turns.grant(nowMs);
      for (const id of ids) sent[id] = (sent[id] ?? 0) + 100;
      expect(againInMs).to.not.equal(0);
      nowMs += againInMs ?? 1;
    }
    for (const id of [1, 2]) expect(sent[id]).to.be.within(9_500, 10_400);
  });

  it('has a quota for each day', () => {
    const turns = createUploadTurns(free);
    turns.enter(1, other('a'));
    turns.want(1, 1_000);
    turns.grant(0);
    expect([turns.mayHave('a', 1), turns.mayHave('b', 1)]).to.deep.equal([false, true]);
    expect(turns.mayHave('a', 24 * 3_600_000)).to.equal(true);
  });
});

describe('pacer', () => {
  it('lets through what its rate says, whatever the pieces', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 1_000, max: 1e9 }),
        fc.array(fc.integer({ min: 1, max: 300_000 }), { minLength: 20 }),
        (rate, pieces) => {
          const pacer = createPacer(rate);
          let nowMs = 0;
          let sent = 0;
          for (const bytes of pieces) {
            nowMs += pacer.waitMs(nowMs);
            expect(pacer.waitMs(nowMs)).to.equal(0);
            pacer.take(bytes, nowMs);
            sent += bytes;
          }
          const last = pieces.at(-1) ?? 0;
          expect(sent - last).to.be.at.most((rate * (nowMs + PACER_BURST_MS + 1)) / 1000);
        },
      ),
    );
  });
});

describe('holdings', () => {
  it('go through bits and back', () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 70 }), fc.array(fc.nat(69)), (count, list) => {
        const chunks = new Set(list.filter((chunk) => chunk < count));
        const bits = packHoldings(chunks, count);
        expect(bits.length).to.equal(Math.ceil(count / 8));
        const back = unpackHoldings(bits, count);
        if (chunks.size === count) expect(back).to.equal(null);
        else expect([...(back ?? [])].sort()).to.deep.equal([...chunks].sort());
      }),
    );
    expect(unpackHoldings(packHoldings(null, 9), 9)).to.equal(null);
    expect(unpackHoldings(new Uint8Array(), 3)?.size).to.equal(0);
  });

  it('of neurons are hints that end, the newest first, and are bounded', () => {
    const holders = createHolders();
    const [a, b, model] = [aHotkey('a'), aHotkey('b'), aModel(1)];
    holders.put(a, [model], 100);
    holders.put(b, [model, aModel(2)], 200);
    expect(holders.of(model, 50)).to.deep.equal([b, a]);
    expect(holders.of(model, 150)).to.deep.equal([b]);
    holders.put(b, [aModel(2)], 300);
    holders.put(b, [aModel(2)], 250);
    expect(holders.of(model, 150)).to.deep.equal([b]);
    expect(holders.of(aModel(2), 299)).to.deep.equal([b]);
    const others = Array.from({ length: HOLDER_MODELS_KEPT_MAX - 1 }, (_, n) => aModel(`other ${n}`));
    holders.put(b, others, 300);
    expect([holders.of(model, 150), holders.of(aModel(2), 150)]).to.deep.equal([[], [b]]);
    for (let n = 0; n <= HOLDERS_KEPT_MAX; n += 1) holders.put(aHotkey(`n${n}`), [model], 1_000);
    expect(holders.of(model, 1)).to.have.length(HOLDERS_KEPT_MAX);
  });
});

describe('frames of an answer', () => {
  const heads = fc.record({ id: fc.nat(), status: fc.nat(7), total: fc.nat() });
  const cut = (bytes: Uint8Array, at: number) => new Uint8ArrayList(bytes.subarray(0, at), bytes.subarray(at));
  /** Without the length prefix: one to three bytes here. */
  const body = (frame: Uint8ArrayList) => {
    const bytes = frame.subarray();
    return bytes.subarray(bytes.findIndex((byte) => byte < 0x80) + 1);
  };

  it('are the protobuf of docs/wire.md, written and read', () => {
    fc.assert(
      fc.property(heads, fc.uint8Array({ maxLength: 300 }), fc.nat(), (head, data, place) => {
        const encoded = body(encodeAnswer(head, data));
        expect(Buffer.from(encoded).toString('hex')).to.equal(Buffer.from(ArtifactResponse.encode({ ...head, data })).toString('hex'));
        const read = decodeAnswer(cut(encoded, place % (encoded.length + 1)));
        expect(read).to.deep.include(head);
        expect(Buffer.from(read?.data.subarray() ?? []).equals(data)).to.equal(true);
      }),
    );
  });

  it('may have fields of a later version, and anything else is null', () => {
    const later = Buffer.concat([
      ArtifactResponse.encode({ id: 1, status: 1, total: 2, data: Uint8Array.of(7, 8) }),
      Buffer.from([0x28, 1]),
    ]);
    expect(decodeAnswer(new Uint8ArrayList(later))).to.deep.include({ id: 1, status: 1, total: 2 });
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 64 }), (bytes) => {
        const read = decodeAnswer(new Uint8ArrayList(bytes));
        if (read !== null) expect(read.data.byteLength).to.be.at.most(bytes.length);
      }),
      { numRuns: 2_000 },
    );
  });
});
