import { readFileSync } from 'node:fs';
import { expect } from 'chai';
import { varint } from '../../../bench/fuzz/mutate.js';
import { decodeAnnouncement } from '../../../protocol/announcement.js';
import { BINDING_SIZE_BYTES_MAX, openBinding } from '../../../protocol/binding.js';
import { fromHex } from '../../../protocol/digest.js';
import { assemble, encodeBody, openEnvelope } from '../../../protocol/envelope.js';
import { decodeHave } from '../../../protocol/have-hint.js';
import { KINDS, MESSAGE_KINDS } from '../../../protocol/kinds.js';
import { HAVE_REPLY_BYTES_MAX, HAVE_REQUEST_BYTES_MAX } from '../../../protocol/libp2p/have.js';
import {
  decodeHaveAnswer,
  decodeHaveRequest,
  encodeHaveAnswer,
  encodeHaveRequest,
  HAVE_MODELS_MAX,
} from '../../../protocol/libp2p/have-frames.js';
import { HELLO_SIZE_BYTES_MAX } from '../../../protocol/libp2p/hello.js';
import { OFFERS_REPLY_BYTES_MAX, OFFERS_REQUEST_BYTES_MAX } from '../../../protocol/libp2p/offers.js';
import { PEERS_REPLY_BYTES_MAX } from '../../../protocol/libp2p/peer-exchange.js';
import { type Hash, type Hotkey, hotkeyFromPublicKey } from '../../../protocol/names.js';
import {
  decodeOffersAnswer,
  decodeOffersRequest,
  encodeOffersAnswer,
  encodeOffersRequest,
  endOfPage,
  OFFERS_BYTES_MAX,
  OFFERS_MAX,
  pageOf,
} from '../../../protocol/offers.js';
import { decodePeersAnswer, decodePeersRequest, EXCHANGE_RECORDS_MAX, encodePeersAnswer } from '../../../protocol/peer-exchange.js';
import { decodeProbeAnswer, decodeProbeRequest, encodeProbeAnswer, PROBE_PHASES, PROBE_REFUSALS } from '../../../protocol/probe.js';
import { decodeScoreCommitment, decodeScoreReveal } from '../../../protocol/score-exchange.js';
import { HaveReply, HaveRequest, HelloReply } from '../../../protocol/streams.pb.js';
import { parseTopic } from '../../../protocol/topics.js';
import { aHotkey, aModel } from '../../support/keys.js';
import { STREAMS, wireVectors } from '../../support/wire-samples.js';

const VECTORS = wireVectors();
const hex = (digits: string | undefined) => new Uint8Array(Buffer.from(digits ?? '', 'hex'));
const envelopeOf = (kind: (typeof MESSAGE_KINDS)[number]) => hex(VECTORS.gossip[kind]?.envelope);
const payloadOf = (kind: (typeof MESSAGE_KINDS)[number]) => hex(VECTORS.gossip[kind]?.payload);

/** One field as it stands on the wire. */
const bytesField = (number: number, value: Uint8Array) =>
  Buffer.concat([varint(BigInt(number * 8 + 2)), varint(BigInt(value.length)), value]);
const varintField = (number: number, value: bigint) => Buffer.concat([varint(BigInt(number * 8)), varint(value)]);
const join = (...parts: readonly Uint8Array[]) => new Uint8Array(Buffer.concat(parts));
const UNKNOWN = bytesField(15, Uint8Array.of(1));

/** The two fields of an outer message, taken apart. */
function taken(envelope: Uint8Array): { body: Uint8Array; signature: Uint8Array } {
  const opened = openEnvelope(envelope);
  if (!opened.ok) throw new Error(opened.error);
  return { body: opened.value.bodyBytes, signature: opened.value.signature };
}
const seal = (body: Uint8Array, signature: Uint8Array) => join(bytesField(1, body), bytesField(2, signature));
const errorOf = (result: { readonly ok: true } | { readonly ok: false; readonly error: string }) => (result.ok ? 'ok' : result.error);

const PAYLOAD_DECODERS = {
  announce: decodeAnnouncement,
  record: openBinding,
  scoreCommit: decodeScoreCommitment,
  scoreReveal: decodeScoreReveal,
  have: decodeHave,
} as const;

describe('golden frames', () => {
  it('are of every kind, stream and frame, and have not changed', () => {
    const golden: unknown = JSON.parse(readFileSync(new URL('../../vectors/frames.json', import.meta.url), 'utf8'));
    expect(VECTORS).to.deep.equal(golden);
    expect(Object.keys(VECTORS.gossip)).to.deep.equal([...MESSAGE_KINDS]);
    expect(Object.keys(VECTORS.protocols)).to.deep.equal([...STREAMS]);
  });

  it('are read back', () => {
    for (const kind of MESSAGE_KINDS) {
      expect(errorOf(openEnvelope(envelopeOf(kind))), kind).to.equal('ok');
      expect(errorOf(PAYLOAD_DECODERS[kind](payloadOf(kind))), kind).to.equal('ok');
      expect(envelopeOf(kind).length).to.be.at.most(KINDS[kind].sizeBytesMax);
    }
    const { frames } = VECTORS;
    expect(decodePeersRequest(hex(frames['peersRequest']))).to.deep.equal({ ok: true, value: 32 });
    const peers = decodePeersAnswer(hex(frames['peersRecords']));
    expect(peers.ok && peers.value.outcome === 'records' && peers.value.records.length).to.equal(2);
    expect(decodeHaveRequest(hex(frames['haveRequest']))).to.deep.equal({ ok: true, value: [aModel(1), aModel(2), aModel(3)] });
    const holdings = { outcome: 'holdings', holdings: ['none', 'part', 'whole'] };
    expect(decodeHaveAnswer(hex(frames['haveHoldings']))).to.deep.equal({ ok: true, value: holdings });
    for (const why of ['busy', 'notServed', 'badRequest'] as const)
      expect(decodeHaveAnswer(encodeHaveAnswer({ outcome: 'refused', why }))).to.deep.equal({
        ok: true,
        value: { outcome: 'refused', why },
      });
    const asked = hotkeyFromPublicKey(new Uint8Array(32).fill(9));
    expect(decodeOffersRequest(hex(frames['offersFirst']))).to.deep.equal({ ok: true, value: null });
    expect(decodeOffersRequest(hex(frames['offersRequest']))).to.deep.equal({ ok: true, value: asked });
    const page = decodeOffersAnswer(hex(frames['offersPage']));
    expect(page.ok && page.value).to.deep.equal({ outcome: 'page', envelopes: [envelopeOf('announce')], more: true });
    expect(decodeOffersAnswer(hex(frames['offersRefused']))).to.deep.equal({ ok: true, value: { outcome: 'refused', why: 'busy' } });
    expect(decodeProbeRequest(hex(frames['probeRequest']))).to.deep.equal({ ok: true, value: '/ip4/203.0.113.7/tcp/4010' });
    const answers = [
      ...PROBE_PHASES.map((phase) => ({ outcome: 'failed', phase, observed: '' }) as const),
      ...PROBE_REFUSALS.map((why) => ({ outcome: 'refused', why, observed: '' }) as const),
      { outcome: 'reached', observed: '/ip4/203.0.113.7/tcp/51234' } as const,
    ];
    for (const answer of answers) expect(decodeProbeAnswer(encodeProbeAnswer(answer))).to.deep.equal({ ok: true, value: answer });
  });

  it('of the largest answers fit their limits', () => {
    const record = new Uint8Array(BINDING_SIZE_BYTES_MAX).fill(1);
    const records = Array.from({ length: EXCHANGE_RECORDS_MAX }, () => record);
    expect(encodePeersAnswer({ outcome: 'records', records }).length).to.be.at.most(PEERS_REPLY_BYTES_MAX);
    const envelopes = Array.from({ length: OFFERS_MAX }, () => new Uint8Array(OFFERS_BYTES_MAX / OFFERS_MAX));
    expect(encodeOffersAnswer({ outcome: 'page', envelopes, more: true }).length).to.be.at.most(OFFERS_REPLY_BYTES_MAX);
    expect(encodeOffersRequest(aHotkey('any')).length).to.be.at.most(OFFERS_REQUEST_BYTES_MAX);
    for (const refused of [[...envelopes, new Uint8Array(1)], [new Uint8Array(KINDS.announce.sizeBytesMax + 1)]])
      expect(errorOf(decodeOffersAnswer(encodeOffersAnswer({ outcome: 'page', envelopes: refused, more: false })))).to.equal(
        'p2p.malformed_frame',
      );
    const models = Array.from({ length: HAVE_MODELS_MAX + 1 }, (_, n) => aModel(n));
    expect(encodeHaveRequest(models).length).to.be.at.most(HAVE_REQUEST_BYTES_MAX);
    const whole = Array.from({ length: HAVE_MODELS_MAX }, () => 'whole' as const);
    expect(encodeHaveAnswer({ outcome: 'holdings', holdings: whole }).length).to.be.at.most(HAVE_REPLY_BYTES_MAX);
    for (const wrong of [
      HaveRequest.encode({ models: [] }),
      HaveRequest.encode({ models: models.map(fromHex) }),
      HaveRequest.encode({ models: [new Uint8Array(31)] }),
    ])
      expect(errorOf(decodeHaveRequest(wrong))).to.equal('p2p.malformed_frame');
    for (const wrong of [
      HaveReply.encode({ status: 1, holdings: Uint8Array.of(3) }),
      HaveReply.encode({ status: 1, holdings: new Uint8Array(HAVE_MODELS_MAX + 1) }),
      HaveReply.encode({ status: 9 }),
    ])
      expect(errorOf(decodeHaveAnswer(wrong))).to.equal('p2p.malformed_frame');
    expect(HelloReply.encode({ status: 1, binding: record }).length).to.be.at.most(HELLO_SIZE_BYTES_MAX);
    expect(errorOf(decodePeersAnswer(encodePeersAnswer({ outcome: 'records', records: [...records, record] })))).to.equal(
      'p2p.malformed_frame',
    );
  });
});

describe('pages of announcements', () => {
  const envelopeBy = (byte: number, sequence: bigint, size = 10) =>
    assemble(
      encodeBody({
        genesis: `0x${'01'.repeat(32)}` as Hash,
        netuid: 58,
        kind: 'announce',
        hotkey: hotkeyFromPublicKey(new Uint8Array(32).fill(byte)),
        sequence,
        issuedAtMs: 1,
        expiresAtMs: 2,
        referenceBlock: 1,
        payload: new Uint8Array(size).fill(1),
      }),
      new Uint8Array(64).fill(1),
    );
  const offer = (byte: number, sequence = 1n, size = 10) => ({
    hotkey: hotkeyFromPublicKey(new Uint8Array(32).fill(byte)),
    sequence,
    envelope: envelopeBy(byte, sequence, size),
  });

  it('bring every hotkey once, its newest, whatever their number and size', () => {
    for (const size of [10, 7_000]) {
      const offers = Array.from({ length: 200 }, (_, n) => offer(n + 1, 1n, size));
      const kept = [...offers, offer(7, 3n), offer(7, 2n)].reverse();
      const heard: Uint8Array[] = [];
      let after: Hotkey | null = null;
      for (let more = true; more; ) {
        const page = pageOf(kept, after);
        const end = endOfPage(page, after);
        if (!end.ok) throw new Error(end.error);
        expect(encodeOffersAnswer({ outcome: 'page', ...page }).length).to.be.at.most(OFFERS_REPLY_BYTES_MAX);
        heard.push(...page.envelopes);
        ({ more } = page);
        after = end.value;
      }
      const expected = offers.map((each, n) => (n === 6 ? envelopeBy(7, 3n) : each.envelope));
      expect(heard.map((bytes) => Buffer.from(bytes).toString('hex')).sort()).to.deep.equal(
        expected.map((bytes) => Buffer.from(bytes).toString('hex')).sort(),
      );
    }
    expect(pageOf([], null)).to.deep.equal({ envelopes: [], more: false });
  });

  it('that would never end, go back or hold noise are refused', () => {
    const [one, two] = [offer(1), offer(2)];
    const of = (envelopes: readonly Uint8Array[], more = false, after: Hotkey | null = null) =>
      errorOf(endOfPage({ envelopes, more }, after));
    expect(of([one.envelope, two.envelope])).to.equal('ok');
    expect(of([])).to.equal('ok');
    expect(of([], true)).to.equal('p2p.malformed_frame');
    expect(of([two.envelope, one.envelope])).to.equal('p2p.malformed_frame');
    expect(of([one.envelope, one.envelope])).to.equal('p2p.malformed_frame');
    expect(of([one.envelope], true, one.hotkey)).to.equal('p2p.malformed_frame');
    expect(of([Uint8Array.of(1, 2, 3)])).to.equal('p2p.malformed_frame');
  });
});

describe('signed messages of another time', () => {
  for (const kind of MESSAGE_KINDS) {
    const envelope = envelopeOf(kind);
    const payload = payloadOf(kind);
    const decode = PAYLOAD_DECODERS[kind];
    const malformed = kind === 'record' ? 'p2p.binding_malformed' : 'message.bad_payload';

    it(`${kind}: a field nobody knows is refused in the envelope, in the body and in the payload`, () => {
      const { body, signature } = taken(envelope);
      expect(errorOf(openEnvelope(join(envelope, UNKNOWN)))).to.equal('message.malformed');
      expect(errorOf(openEnvelope(seal(join(body, UNKNOWN), signature)))).to.equal('message.malformed');
      expect(errorOf(decode(join(payload, UNKNOWN)))).to.equal(malformed);
    });

    it(`${kind}: a field twice, or out of order, is refused everywhere`, () => {
      const { body, signature } = taken(envelope);
      expect(errorOf(openEnvelope(join(envelope, bytesField(2, signature))))).to.equal('message.malformed');
      expect(errorOf(openEnvelope(join(bytesField(2, signature), bytesField(1, body))))).to.equal('message.malformed');
      expect(errorOf(openEnvelope(seal(join(varintField(1, 1n), body), signature)))).to.equal('message.malformed');
      // The version behind the rest.
      expect(errorOf(openEnvelope(seal(join(body.subarray(2), body.subarray(0, 2)), signature)))).to.equal('message.malformed');
      expect(errorOf(decode(join(payload, payload)))).to.equal(malformed);
    });
  }

  it('have their version read before anything else is asked', () => {
    const { body, signature } = taken(envelopeOf('announce'));
    const of = (version: number) => seal(join(varintField(1, BigInt(version)), body.subarray(2)), signature);
    expect(errorOf(openEnvelope(of(1)))).to.equal('ok');
    expect(errorOf(openEnvelope(of(2)))).to.equal('message.wrong_version');
    expect(errorOf(openEnvelope(seal(body.subarray(2), signature)))).to.equal('message.wrong_version');
    const kind = Buffer.from(body).indexOf(Buffer.from([0x20, 0x01, 0x2a, 0x20]));
    const other = Uint8Array.from(body);
    other[kind + 1] = 99;
    expect(errorOf(openEnvelope(seal(other, signature)))).to.equal('message.unknown_kind');
  });

  it('are not heard on topics of another grammar or version', () => {
    const { topic = '' } = VECTORS.gossip['announce'] ?? {};
    expect(errorOf(parseTopic(topic))).to.equal('ok');
    for (const other of [topic.replace(/1$/, '2'), `${topic}/x`, topic.replace('announce', 'later'), topic.replace('58', '058')])
      expect(parseTopic(other).ok, other).to.equal(false);
  });
});

describe('frames of another time', () => {
  const { frames } = VECTORS;

  it('may have fields nobody knows: they are skipped', () => {
    expect(errorOf(decodePeersRequest(join(hex(frames['peersRequest']), UNKNOWN)))).to.equal('ok');
    expect(errorOf(decodePeersAnswer(join(hex(frames['peersRecords']), UNKNOWN)))).to.equal('ok');
    expect(errorOf(decodeOffersRequest(join(hex(frames['offersRequest']), UNKNOWN)))).to.equal('ok');
    expect(errorOf(decodeOffersAnswer(join(hex(frames['offersPage']), UNKNOWN)))).to.equal('ok');
    expect(errorOf(decodeProbeRequest(join(hex(frames['probeRequest']), UNKNOWN)))).to.equal('ok');
    expect(errorOf(decodeProbeAnswer(join(UNKNOWN, hex(frames['probeReached']))))).to.equal('ok');
    expect(HelloReply.decode(join(hex(frames['helloRefused']), UNKNOWN)).status).to.equal(5);
  });

  it('take the last of a field that comes twice, and any order', () => {
    expect(decodePeersRequest(join(varintField(1, 7n), varintField(1, 3n)))).to.deep.equal({ ok: true, value: 3 });
    const turned = join(bytesField(3, Buffer.from('/ip4/1.2.3.4/tcp/5')), varintField(1, 1n));
    expect(decodeProbeAnswer(turned)).to.deep.equal({ ok: true, value: { outcome: 'reached', observed: '/ip4/1.2.3.4/tcp/5' } });
  });

  it('with a status nobody knows are refusals', () => {
    expect(errorOf(decodePeersAnswer(varintField(1, 77n)))).to.equal('p2p.malformed_frame');
    expect(errorOf(decodeOffersAnswer(varintField(1, 77n)))).to.equal('p2p.malformed_frame');
    expect(errorOf(decodeOffersRequest(bytesField(1, Uint8Array.of(1, 2))))).to.equal('p2p.malformed_frame');
    expect(errorOf(decodeProbeAnswer(varintField(1, 77n)))).to.equal('p2p.malformed_frame');
    expect(errorOf(decodeProbeAnswer(join(varintField(1, 2n), varintField(2, 99n))))).to.equal('p2p.malformed_frame');
    expect(errorOf(decodePeersRequest(new Uint8Array()))).to.equal('p2p.malformed_frame');
  });
});
