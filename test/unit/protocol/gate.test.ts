import { expect } from 'chai';
import fc from 'fast-check';
import { encodeAnnouncement } from '../../../protocol/announcement.js';
import { countsAgainstForwarder } from '../../../protocol/blame.js';
import { assemble, encodeBody, type MessageBody } from '../../../protocol/envelope.js';
import { createProofShelf, FROZEN_BLOCKS } from '../../../protocol/equivocation.js';
import { protocolFailures } from '../../../protocol/failures.js';
import { KINDS, MESSAGE_KINDS, type MessageKind } from '../../../protocol/kinds.js';
import { createLru } from '../../../protocol/lru.js';
import { createMessageGate, type GateVerdict, type Moment } from '../../../protocol/message-gate.js';
import { createMessageQueues } from '../../../protocol/message-queues.js';
import type { Hash } from '../../../protocol/names.js';
import { createRateLimiter } from '../../../protocol/rate.js';
import { encodeScoreCommitment } from '../../../protocol/score-exchange.js';
import { createSeenCache, SEEN_PUBLISHERS_MAX } from '../../../protocol/seen.js';
import type { SignatureCheck } from '../../../protocol/signatures.js';
import type { Examined, Membership } from '../../../protocol/validate.js';
import { reject, type Verdict } from '../../../protocol/verdict.js';
import { aHotkey, aModel } from '../../support/keys.js';

const NETWORK = { genesis: `0x${'01'.repeat(32)}` as Hash, netuid: 58 } as const;
const NOW = 1_700_000_000_000;
const GOOD = new Uint8Array(64).fill(1);
const FORGED = new Uint8Array(64).fill(2);
const genuine = ({ signature }: SignatureCheck) => signature[0] === 1;
const payload = encodeAnnouncement({ model: aModel(1), manifestSizeBytes: 1, sizeBytes: 1, commitmentBlock: 1, providers: [] });

function message(change: Partial<MessageBody> = {}, signature = GOOD): Uint8Array {
  const body = {
    ...NETWORK,
    kind: 'announce',
    hotkey: aHotkey(1),
    sequence: 1n,
    issuedAtMs: NOW,
    expiresAtMs: NOW + 60_000,
    referenceBlock: 1,
    payload,
    ...change,
  } as const;
  return assemble(encodeBody(body), signature);
}

const MEMBERS: Membership = { registered: new Set([aHotkey(1), aHotkey(2)]), permitted: new Set([aHotkey(2)]) };

function gateway() {
  const gate = createMessageGate({ network: NETWORK });
  let now: Moment = { membership: MEMBERS, nowMs: NOW, block: 100 };
  const told = (verdict: GateVerdict | Verdict<unknown>) =>
    verdict.action === 'accept' ? 'accept' : `${verdict.action} ${verdict.reason}`;
  const judge = (bytes: Uint8Array, kind: MessageKind = 'announce', at: Partial<Moment> = {}): GateVerdict => {
    const examined = gate.examine(kind, bytes, { ...now, ...at });
    if (examined.action !== 'accept') return examined;
    return examined.value.checks.every(genuine) ? gate.settle(examined.value, { ...now, ...at }) : reject('message.bad_signature');
  };
  return {
    gate,
    judge,
    told,
    ask: (bytes: Uint8Array, kind: MessageKind = 'announce', at: Partial<Moment> = {}) => told(judge(bytes, kind, at)),
    /** The first of the two steps. */
    examine(bytes: Uint8Array): Examined {
      const examined = gate.examine('announce', bytes, now);
      if (examined.action !== 'accept') throw new Error(examined.reason);
      return examined.value;
    },
    settle: (examined: Examined) => told(gate.settle(examined, now)),
    atBlock(block: number) {
      now = { ...now, block };
    },
  };
}

const COMMITMENT = encodeScoreCommitment({ round: 1, commitment: '00'.repeat(32), nextNonceDigest: '11'.repeat(32) });

describe('the validation ladder', () => {
  const single: [string, Uint8Array, MessageKind?][] = [
    ['accept', message()],
    ['reject message.too_large', new Uint8Array(8 * 1024 + 1)],
    ['reject message.malformed', new Uint8Array()],
    ['reject message.wrong_topic', message(), 'scoreCommit'],
    ['reject message.wrong_network', message({ netuid: 1 })],
    ['reject message.wrong_network', message({ genesis: `0x${'02'.repeat(32)}` as Hash })],
    ['reject message.lifetime_too_long', message({ expiresAtMs: NOW + KINDS.announce.lifetimeMsMax + 1 })],
    ['reject message.lifetime_too_long', message({ expiresAtMs: NOW })],
    ['ignore message.from_future', message({ issuedAtMs: NOW + 10_001 })],
    ['ignore message.expired', message({ issuedAtMs: NOW - 2, expiresAtMs: NOW })],
    ['ignore message.unregistered', message({ hotkey: aHotkey(3) })],
    ['reject message.bad_signature', message({}, FORGED)],
    ['reject message.bad_payload', message({ payload: Uint8Array.of(9) })],
    ['ignore message.no_permit', message({ kind: 'scoreCommit', payload: COMMITMENT }), 'scoreCommit'],
    ['accept', message({ kind: 'scoreCommit', hotkey: aHotkey(2), payload: COMMITMENT }), 'scoreCommit'],
  ];
  for (const [index, [expected, bytes, kind]] of single.entries()) {
    it(`answers "${expected}" (${index})`, () => {
      expect(gateway().ask(bytes, kind)).to.equal(expected);
    });
  }

  it('takes a message once, in any order within the window, and tells two bodies of one number', () => {
    const { ask } = gateway();
    expect(ask(message({ sequence: 5n }))).to.equal('accept');
    expect(ask(message({ sequence: 5n }))).to.equal('ignore message.duplicate');
    expect(ask(message({ sequence: 4n }))).to.equal('accept');
    expect(ask(message({ sequence: 5n, referenceBlock: 2 }, FORGED))).to.equal('reject message.bad_signature');
    expect(ask(message({ sequence: 5n, referenceBlock: 2 }))).to.equal('ignore message.equivocation');
  });

  it('uses up nobody’s allowance for a forgery', () => {
    const { ask } = gateway();
    for (let n = 0; n < KINDS.announce.burst * 2; n += 1) {
      expect(ask(message({ sequence: BigInt(n) }, FORGED))).to.equal('reject message.bad_signature');
    }
    for (let n = 0; n < KINDS.announce.burst; n += 1) expect(ask(message({ sequence: BigInt(n) }))).to.equal('accept');
    expect(ask(message({ sequence: 99n }))).to.equal('ignore message.rate_limited');
    expect(ask(message({ sequence: 99n, expiresAtMs: NOW + 90_000 }), 'announce', { nowMs: NOW + KINDS.announce.intervalMs })).to.equal(
      'accept',
    );
  });

  it('takes nothing from before a restart', () => {
    const { gate, ask } = gateway();
    gate.restore(aHotkey(1), 'announce', { floor: 7n, newest: 9n, bodyDigest: 'ab'.repeat(32) });
    expect(ask(message({ sequence: 7n }))).to.equal('ignore message.old_sequence');
    expect(ask(message({ sequence: 8n }))).to.equal('accept');
    expect(ask(message({ sequence: 9n }))).to.equal('ignore message.equivocation');
  });

  it('judges nobody before the registry was read', () => {
    const { ask } = gateway();
    expect(ask(message(), 'announce', { membership: null })).to.equal('ignore message.no_registry');
    expect(countsAgainstForwarder('message.no_registry')).to.equal(false);
  });

  it('asks again after the signature: what came twice meanwhile is taken once, and no allowance is overdrawn', () => {
    const { examine, settle } = gateway();
    const twins = [examine(message()), examine(message({}, new Uint8Array(64).fill(1, 0, 1)))];
    expect(twins.map(settle)).to.deep.equal(['accept', 'ignore message.duplicate']);
    const crowd = Array.from({ length: KINDS.announce.burst + 3 }, (_, n) => examine(message({ sequence: BigInt(n + 2) })));
    const verdicts = crowd.map(settle);
    expect(verdicts.filter((each) => each === 'accept')).to.have.length(KINDS.announce.burst - 1);
    expect(verdicts.filter((each) => each === 'ignore message.rate_limited')).to.have.length(4);
  });

  it('signs nothing for granted: every signature in a binding must hold too', () => {
    const { examine } = gateway();
    expect(examine(message()).checks).to.have.length(1);
    const [check] = examine(message()).checks;
    expect(check).to.deep.include({ scheme: 'sr25519', signature: GOOD });
  });

  it('keeps both bodies of one number as proof, and hears nothing more of that hotkey and kind for a while', () => {
    const { judge, told, ask, atBlock } = gateway();
    const [first, second] = [message({ sequence: 5n }), message({ sequence: 5n, referenceBlock: 2 })];
    expect(told(judge(first))).to.equal('accept');
    const verdict = judge(second);
    if (verdict.action !== 'ignore') throw new Error(verdict.action);
    expect(verdict.proof).to.deep.include({ hotkey: aHotkey(1), kind: 'announce', sequence: 5n, first, second, block: 100 });
    expect(ask(message({ sequence: 6n }))).to.equal('ignore message.frozen');
    expect(ask(message({ sequence: 6n, hotkey: aHotkey(2) }))).to.equal('accept');
    atBlock(100 + FROZEN_BLOCKS);
    expect(ask(message({ sequence: 6n }))).to.equal('accept');
  });

  it('remembers a freeze over a restart', () => {
    const { gate, ask } = gateway();
    gate.freeze(aHotkey(1), 'announce', 101);
    expect(ask(message())).to.equal('ignore message.frozen');
    expect(ask(message(), 'announce', { block: 101 })).to.equal('accept');
  });

  it('gives one verdict for the same bytes wherever it is only the bytes that count', () => {
    const mangled = fc.tuple(fc.nat(), fc.nat(255)).map(([at, value]) => {
      const copy = Uint8Array.from(message());
      copy[at % copy.length] = value;
      return copy;
    });
    fc.assert(
      fc.property(mangled, fc.integer({ min: 0, max: 10 ** 9 }), (bytes, later) => {
        const here = gateway().ask(bytes);
        const elsewhere = gateway().ask(bytes, 'announce', { nowMs: NOW + later, membership: null, block: 0 });
        if (here.startsWith('reject') && here !== 'reject message.bad_signature' && here !== 'reject message.bad_payload')
          expect(elsewhere).to.equal(here);
        if (elsewhere.startsWith('reject')) expect(here).to.equal(elsewhere);
      }),
    );
  });

  it('explains every reason', () => {
    for (const [code, { message: text, hint }] of Object.entries(protocolFailures.table)) {
      expect(text, code).to.not.equal('');
      expect(hint, code).to.not.equal('');
    }
  });
});

describe('bounded memory', () => {
  it('lets through exactly the burst, then one per interval', () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 50 }), fc.integer({ min: 1, max: 1_000 }), (burst, intervalMs) => {
        const limiter = createRateLimiter({ burst, intervalMs }, 4);
        for (let n = 0; n < burst; n += 1) expect(limiter.take('a', NOW)).to.equal(true);
        expect(limiter.peek('a', NOW)).to.equal(false);
        expect(limiter.take('a', NOW)).to.equal(false);
        expect(limiter.take('a', NOW + intervalMs)).to.equal(true);
        expect(limiter.take('a', NOW + intervalMs)).to.equal(false);
      }),
    );
  });

  it('holds no more keys than it may', () => {
    const limiter = createRateLimiter({ burst: 1, intervalMs: 1 }, 10);
    const lru = createLru<number>(10);
    for (let n = 0; n < 100; n += 1) {
      limiter.take(String(n), NOW);
      lru.set(String(n), n);
    }
    expect(limiter.size).to.equal(10);
    expect(lru.size).to.equal(10);
    expect(lru.get('89')).to.equal(undefined);
    expect(lru.get('90')).to.equal(90);
  });

  it('remembers a window of numbers per hotkey and kind', () => {
    const seen = createSeenCache();
    const size = KINDS.record.sequenceWindow;
    for (let n = 1; n <= size + 3; n += 1) seen.remember(aHotkey(1), 'record', BigInt(n), String(n));
    expect(seen.sequence(aHotkey(1), 'record', 3n, 'x')).to.equal('old');
    expect(seen.sequence(aHotkey(1), 'record', BigInt(size + 3), 'x')).to.equal('equivocation');
    expect(seen.sequence(aHotkey(1), 'announce', 3n, 'x')).to.equal('new');
    expect(SEEN_PUBLISHERS_MAX).to.be.greaterThan(256 * 4);
  });

  it('holds proofs up to its bytes per kind, the newest', () => {
    const shelf = createProofShelf(100);
    for (let n = 0; n < 30; n += 1) shelf.keep('announce', String(n), new Uint8Array(30));
    shelf.keep('record', 'other', new Uint8Array(30));
    expect([shelf.sizeBytes('announce'), shelf.sizeBytes('record')]).to.deep.equal([90, 30]);
    expect([26, 27, 29].map((n) => shelf.find('announce', String(n)) !== null)).to.deep.equal([false, true, true]);
    shelf.keep('announce', 'too large', new Uint8Array(101));
    expect(shelf.find('announce', 'too large')).to.equal(null);
  });

  it('queues by kind: first in first out drops the newest, last in first out the oldest, within messages and bytes', () => {
    const queues = createMessageQueues<number>();
    const { queueMax } = KINDS.announce;
    for (let n = 0; n < queueMax; n += 1) expect(queues.push('announce', n, 1)).to.deep.equal([]);
    expect(queues.push('announce', -1, 1)).to.deep.equal([-1]);
    expect(queues.take('announce')).to.equal(0);
    for (let n = 0; n < KINDS.record.queueMax; n += 1) expect(queues.push('record', n, 1)).to.deep.equal([]);
    expect(queues.push('record', -1, 1)).to.deep.equal([0]);
    expect(queues.take('record')).to.equal(-1);
    queues.clear();
    const { queueBytesMax } = KINDS.scoreReveal;
    queues.push('scoreReveal', 1, queueBytesMax - 10);
    expect(queues.push('scoreReveal', 2, 11)).to.deep.equal([2]);
    expect(queues.push('scoreReveal', 3, 10)).to.deep.equal([]);
    expect([queues.waiting('scoreReveal'), queues.waitingBytes('scoreReveal')]).to.deep.equal([2, queueBytesMax]);
  });

  it('never holds more than a queue may, whatever comes', () => {
    const steps = fc.array(fc.tuple(fc.constantFrom(...MESSAGE_KINDS), fc.integer({ min: 0, max: 3_000_000 }), fc.boolean()), {
      maxLength: 200,
    });
    fc.assert(
      fc.property(steps, (list) => {
        const queues = createMessageQueues<number>();
        let [inLine, serial] = [0, 0];
        for (const [kind, sizeBytes, take] of list) {
          serial += 1;
          inLine += 1 - queues.push(kind, serial, sizeBytes).length;
          if (take && queues.take(kind) !== undefined) inLine -= 1;
          expect(queues.waiting(kind)).to.be.at.most(KINDS[kind].queueMax);
          expect(queues.waitingBytes(kind)).to.be.at.most(KINDS[kind].queueBytesMax);
        }
        expect(MESSAGE_KINDS.reduce((sum, kind) => sum + queues.waiting(kind), 0)).to.equal(inLine);
      }),
    );
  });
});
