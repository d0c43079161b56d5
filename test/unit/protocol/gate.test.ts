import { expect } from 'chai';
import fc from 'fast-check';
import { encodeAnnouncement } from '../../../protocol/announcement.js';
import { assemble, encodeBody, type MessageBody } from '../../../protocol/envelope.js';
import { protocolFailures } from '../../../protocol/failures.js';
import { KINDS, type MessageKind } from '../../../protocol/kinds.js';
import { createLru } from '../../../protocol/lru.js';
import { createMessageGate } from '../../../protocol/message-gate.js';
import type { Hash } from '../../../protocol/names.js';
import { createRateLimiter } from '../../../protocol/rate.js';
import { encodeScoreCommitment } from '../../../protocol/score-exchange.js';
import { createSeenCache, SEEN_PUBLISHERS_MAX } from '../../../protocol/seen.js';
import { aHotkey, aModel } from '../../support/keys.js';

const NETWORK = { genesis: `0x${'01'.repeat(32)}` as Hash, netuid: 58 } as const;
const NOW = 1_700_000_000_000;
const GOOD = new Uint8Array(64).fill(1);
const FORGED = new Uint8Array(64).fill(2);
const verify = (_: Uint8Array, signature: Uint8Array) => signature[0] === 1;
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

function gateway() {
  const gate = createMessageGate({ verify }, { network: NETWORK });
  const membership = { registered: new Set([aHotkey(1), aHotkey(2)]), permitted: new Set([aHotkey(2)]) };
  return {
    gate,
    ask(bytes: Uint8Array, kind: MessageKind = 'announce', nowMs = NOW): string {
      const verdict = gate.admit(kind, bytes, membership, nowMs);
      return verdict.action === 'accept' ? 'accept' : `${verdict.action} ${verdict.reason}`;
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
    expect(ask(message({ sequence: 5n, referenceBlock: 2 }))).to.equal('ignore message.equivocation');
    expect(ask(message({ sequence: 5n, referenceBlock: 2 }, FORGED))).to.equal('reject message.bad_signature');
  });

  it('uses up nobody’s allowance for a forgery', () => {
    const { ask } = gateway();
    for (let n = 0; n < KINDS.announce.burst * 2; n += 1) {
      expect(ask(message({ sequence: BigInt(n) }, FORGED))).to.equal('reject message.bad_signature');
    }
    for (let n = 0; n < KINDS.announce.burst; n += 1) expect(ask(message({ sequence: BigInt(n) }))).to.equal('accept');
    expect(ask(message({ sequence: 99n }))).to.equal('ignore message.rate_limited');
    expect(ask(message({ sequence: 99n, expiresAtMs: NOW + 90_000 }), 'announce', NOW + KINDS.announce.intervalMs)).to.equal('accept');
  });

  it('takes nothing from before a restart', () => {
    const { gate, ask } = gateway();
    gate.restore(aHotkey(1), 'announce', 7n);
    expect(ask(message({ sequence: 7n }))).to.equal('ignore message.old_sequence');
    expect(ask(message({ sequence: 8n }))).to.equal('accept');
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
});
