import { createPrivateKey, sign } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { expect } from 'chai';
import fc from 'fast-check';
import { decodeAnnouncement, encodeAnnouncement } from '../../../protocol/announcement.js';
import {
  assembleBinding,
  bindingBytesToSign,
  bindingChecks,
  encodeBindingBody,
  examineBinding,
  openBinding,
} from '../../../protocol/binding.js';
import { toHex } from '../../../protocol/digest.js';
import { verifyEd25519 } from '../../../protocol/ed25519.js';
import { assemble, bytesToSign, encodeBody, openEnvelope } from '../../../protocol/envelope.js';
import { decodeHave, encodeHave, HINTED_MODELS_MAX } from '../../../protocol/have-hint.js';
import { KINDS, MESSAGE_KINDS } from '../../../protocol/kinds.js';
import { messageId, messageIdText } from '../../../protocol/libp2p/gossip.js';
import { publicKeyOfSeed } from '../../../protocol/libp2p/peer-key.js';
import { type Hash, hotkeyFromPublicKey, type ModelDigest } from '../../../protocol/names.js';
import { keyOfPeerId, peerIdFromKey } from '../../../protocol/peer-id.js';
import {
  decodeScoreCommitment,
  decodeScoreReveal,
  digestOfRecord,
  encodeScoreReveal,
  opensCommitment,
  scoreCommitment,
} from '../../../protocol/score-exchange.js';
import { parseTopic, streamProtocolOf, topicOf } from '../../../protocol/topics.js';
import { encodeRecord, recordDigest, type ScoreRecord } from '../../../scoring/record.js';
import { aHotkey, aModel } from '../../support/keys.js';

const NETWORK = { genesis: `0x${'01'.repeat(32)}` as Hash, netuid: 58 } as const;
const SEED = new Uint8Array(32).fill(7);
const HOTKEY = hotkeyFromPublicKey(new Uint8Array(32).fill(9));
const PKCS8 = Buffer.from('302e020100300506032b657004220420', 'hex');
const peerSign = (message: Uint8Array) =>
  new Uint8Array(sign(null, message, createPrivateKey({ key: Buffer.concat([PKCS8, SEED]), format: 'der', type: 'pkcs8' })));

const announcement = encodeAnnouncement({
  model: aModel('vector'),
  manifestSizeBytes: 1234,
  sizeBytes: 5_000_000,
  commitmentBlock: 4242,
  providers: ['/ip4/192.0.2.1/tcp/4004'],
});
const body = encodeBody({
  ...NETWORK,
  kind: 'announce',
  hotkey: HOTKEY,
  sequence: 17n,
  issuedAtMs: 1_700_000_000_000,
  expiresAtMs: 1_700_000_600_000,
  referenceBlock: 4300,
  payload: announcement,
});
const topic = topicOf(NETWORK, 'announce');
const signature = new Uint8Array(64).fill(0xcd);
const envelope = assemble(body, signature);
const binding = {
  ...NETWORK,
  hotkey: HOTKEY,
  peerKey: publicKeyOfSeed(SEED),
  addresses: ['/ip4/192.0.2.1/tcp/4004'],
  sequence: 3n,
  notBeforeMs: 1_700_000_000_000,
  notAfterMs: 1_700_003_600_000,
};
const bindingBody = encodeBindingBody(binding);
const bindingText = bindingBytesToSign(bindingBody);
const signedBinding = assembleBinding(bindingBody, signature, peerSign(bindingText));

describe('the wire', () => {
  it('has not changed: every golden byte is as it was', () => {
    const now = {
      topic,
      helloProtocol: streamProtocolOf(NETWORK, 'hello'),
      announcement: toHex(announcement),
      body: toHex(body),
      bytesToSign: toHex(bytesToSign(body, topic)),
      envelope: toHex(envelope),
      messageId: messageIdText(messageId(topic, envelope)),
      peerId: peerIdFromKey(binding.peerKey),
      bindingBody: toHex(bindingBody),
      bindingText: toHex(bindingText),
      binding: toHex(signedBinding),
      scoreCommitment: scoreCommitment(12, new Uint8Array(32).fill(1), ['bb'.repeat(32), 'aa'.repeat(32)]),
    };
    const golden: unknown = JSON.parse(readFileSync(new URL('../../vectors/wire.json', import.meta.url), 'utf8'));
    expect(now).to.deep.equal(golden);
  });

  it('reads back what it writes', () => {
    const opened = openEnvelope(envelope);
    expect(opened.ok && opened.value.body.sequence).to.equal(17n);
    expect(opened.ok && toHex(opened.value.body.payload)).to.equal(toHex(announcement));
    const payload = decodeAnnouncement(announcement);
    expect(payload.ok && payload.value.model).to.equal(aModel('vector'));
    for (const kind of MESSAGE_KINDS) {
      const parsed = parseTopic(topicOf(NETWORK, kind));
      expect(parsed.ok && parsed.value.kind).to.equal(kind);
    }
    const key = keyOfPeerId(peerIdFromKey(binding.peerKey));
    expect(key.ok && toHex(key.value)).to.equal(toHex(binding.peerKey));
  });

  it('refuses every other form of the same message: appended fields, and any one byte dropped', () => {
    const appended = Uint8Array.from([...envelope, 0x1a, 0x01, 0x00]);
    expect(openEnvelope(appended)).to.deep.equal({ ok: false, error: 'message.malformed' });
    for (let index = 0; index < envelope.length; index += 1) {
      const shorter = envelope.filter((_, at) => at !== index);
      const opened = openEnvelope(shorter);
      expect(opened.ok && toHex(opened.value.bodyBytes) === toHex(body) && opened.value.signature.length === 64).to.equal(false);
    }
  });

  it('reads hints of 1 to 16 models, each once and in order, and no others', () => {
    const models = fc.uniqueArray(fc.uint8Array({ minLength: 32, maxLength: 32 }).map(toHex), { minLength: 0, maxLength: 18 });
    fc.assert(
      fc.property(models, (digests) => {
        // Safety: hex digits of 32 bytes.
        const bytes = encodeHave(digests as ModelDigest[]);
        const read = decodeHave(bytes);
        expect(read.ok).to.equal(digests.length > 0 && digests.length <= HINTED_MODELS_MAX);
        if (!read.ok) return;
        expect(read.value).to.deep.equal([...digests].sort());
        expect(bytes.length + 400).to.be.lessThan(KINDS.have.sizeBytesMax);
      }),
    );
    const fields = (...parts: readonly number[][]) => Uint8Array.from(parts.flatMap((part) => [0x0a, part.length, ...part]));
    const [one, two] = [Array<number>(32).fill(1), Array<number>(32).fill(2)];
    expect(decodeHave(fields(one, two)).ok).to.equal(true);
    for (const wrong of [fields(two, one), fields(one, one), fields(one.slice(1)), new Uint8Array()]) {
      expect(decodeHave(wrong)).to.deep.equal({ ok: false, error: 'message.bad_payload' });
    }
  });

  it('never throws on foreign bytes', () => {
    const decoders = [openEnvelope, openBinding, decodeAnnouncement, decodeScoreCommitment, decodeScoreReveal, decodeHave];
    const seeds = [envelope, signedBinding, announcement, body];
    const mangled = fc.tuple(fc.constantFrom(...seeds), fc.nat(), fc.nat(255)).map(([bytes, at, value]) => {
      const copy = Uint8Array.from(bytes);
      copy[at % copy.length] = value;
      return copy;
    });
    fc.assert(
      fc.property(fc.oneof(fc.uint8Array({ maxLength: 300 }), mangled), (bytes) => {
        for (const decode of decoders) expect(decode(bytes)).to.have.property('ok');
      }),
      { numRuns: 2_000 },
    );
    fc.assert(fc.property(fc.string({ maxLength: 80 }), (text) => parseTopic(text).ok === false && keyOfPeerId(text).ok === false));
  });
});

describe('a binding', () => {
  const facts = {
    network: NETWORK,
    nowMs: 1_700_000_100_000,
    connectedKey: binding.peerKey,
    chainKeyOf: () => null,
  };
  /** The hotkey's signature is made up here; that of the peer is real. */
  const outcome = (bytes: Uint8Array, more: Partial<Parameters<typeof examineBinding>[1]> = {}) => {
    const result = examineBinding(bytes, { ...facts, ...more });
    if (!result.ok) return result.error;
    const held = bindingChecks(result.value).map((check) =>
      check.scheme === 'ed25519'
        ? verifyEd25519(check.message, check.signature, check.publicKey)
        : toHex(check.signature) === toHex(signature),
    );
    return held.every(Boolean) ? 'ok' : 'a signature does not hold';
  };

  it('is accepted when all is well, and refused for one reason each', () => {
    expect(outcome(signedBinding)).to.equal('ok');
    expect(outcome(signedBinding, { chainKeyOf: () => toHex(binding.peerKey) })).to.equal('ok');
    expect(outcome(signedBinding, { connectedKey: null })).to.equal('ok');
    expect(outcome(signedBinding, { network: { ...NETWORK, netuid: 1 } })).to.equal('p2p.binding_wrong_network');
    expect(outcome(signedBinding, { nowMs: 1_700_003_600_000 + 10_001 })).to.equal('p2p.binding_expired');
    expect(outcome(signedBinding, { nowMs: 1_700_000_000_000 - 10_001 })).to.equal('p2p.binding_expired');
    expect(outcome(signedBinding, { connectedKey: new Uint8Array(32) })).to.equal('p2p.binding_other_peer');
    expect(outcome(signedBinding, { chainKeyOf: () => '00'.repeat(32) })).to.equal('p2p.binding_key_mismatch');
    expect(outcome(assembleBinding(bindingBody, signature, signature))).to.equal('a signature does not hold');
    expect(outcome(assembleBinding(bindingBody, peerSign(bindingText), peerSign(bindingText)))).to.equal('a signature does not hold');
    const long = encodeBindingBody({ ...binding, notAfterMs: binding.notAfterMs + 1 });
    expect(outcome(assembleBinding(long, signature, peerSign(bindingBytesToSign(long))))).to.equal('p2p.binding_malformed');
  });

  it('knows a real Ed25519 signature', () => {
    expect(verifyEd25519(bindingText, peerSign(bindingText), binding.peerKey)).to.equal(true);
    expect(verifyEd25519(Uint8Array.of(1), peerSign(bindingText), binding.peerKey)).to.equal(false);
  });
});

describe('the exchange of scores', () => {
  const record: ScoreRecord = {
    version: 1,
    netuid: 58,
    round: 12,
    hotkey: aHotkey(1),
    model: aModel(1),
    scorer: 'aa'.repeat(32),
    promptSet: 'bb'.repeat(32),
    seed: 'cc'.repeat(32),
    engine: 'native',
    prompts: [],
    scorePpm: 500_000,
    fingerprint: '',
  };
  const bytes = encodeRecord(record);
  const own = digestOfRecord(bytes);
  const digests = ['ff'.repeat(32), own, '00'.repeat(32)];
  const nonce = new Uint8Array(32).fill(5);

  it('names records as scoring does', () => {
    expect(own).to.equal(recordDigest(record));
  });

  it('opens its own commitment and no other', () => {
    const reveal = decodeScoreReveal(encodeScoreReveal({ round: 12, nonce, recordDigests: digests, record: bytes }));
    if (!reveal.ok) throw new Error(reveal.error);
    const commitment = scoreCommitment(12, nonce, [...digests].reverse());
    expect(opensCommitment(reveal.value, commitment)).to.equal(true);
    expect(opensCommitment({ ...reveal.value, round: 13 }, commitment)).to.equal(false);
    expect(opensCommitment({ ...reveal.value, nonce: new Uint8Array(32) }, commitment)).to.equal(false);
    expect(opensCommitment({ ...reveal.value, recordDigests: digests.slice(1) }, commitment)).to.equal(false);
  });

  it('refuses a reveal without its own record, with a digest twice, or too large', () => {
    const refused = (change: Partial<Parameters<typeof encodeScoreReveal>[0]>) =>
      decodeScoreReveal(encodeScoreReveal({ round: 12, nonce, recordDigests: digests, record: bytes, ...change })).ok === false;
    expect(refused({})).to.equal(false);
    expect(refused({ recordDigests: ['00'.repeat(32)] })).to.equal(true);
    expect(refused({ recordDigests: [own, own] })).to.equal(true);
    expect(refused({ nonce: new Uint8Array(31) })).to.equal(true);
    const large = new Uint8Array(48 * 1024 + 1);
    expect(refused({ record: large, recordDigests: [digestOfRecord(large)] })).to.equal(true);
  });

  it('fits its largest reveal into its kind', () => {
    const record = new Uint8Array(48 * 1024);
    const recordDigests = Array.from({ length: 255 }, (_, index) => index.toString(16).padStart(64, '0')).concat(digestOfRecord(record));
    const payload = encodeScoreReveal({ round: 2 ** 40, nonce, recordDigests, record });
    expect(decodeScoreReveal(payload).ok).to.equal(true);
    expect(payload.length + 400).to.be.lessThan(KINDS.scoreReveal.sizeBytesMax);
  });
});
