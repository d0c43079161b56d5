/** One of everything that travels, from fixed values: the golden bytes of test/vectors/frames.json are made of these. */
import { encodeAnnouncement } from '../../protocol/announcement.js';
import { assembleBinding, bindingBytesToSign, encodeBindingBody } from '../../protocol/binding.js';
import { toHex } from '../../protocol/digest.js';
import { Goodbye, GoodbyeReply } from '../../protocol/discovery.pb.js';
import { assemble, encodeBody } from '../../protocol/envelope.js';
import { encodeHave } from '../../protocol/have-hint.js';
import { MESSAGE_KINDS, type MessageKind } from '../../protocol/kinds.js';
import { messageId, messageIdText } from '../../protocol/libp2p/gossip.js';
import { encodeHaveAnswer, encodeHaveRequest } from '../../protocol/libp2p/have-frames.js';
import { publicKeyOfSeed, signWithSeed } from '../../protocol/libp2p/peer-key.js';
import { type Hash, hotkeyFromPublicKey } from '../../protocol/names.js';
import { encodeOffersAnswer, encodeOffersRequest } from '../../protocol/offers.js';
import { encodePeersAnswer, encodePeersRequest } from '../../protocol/peer-exchange.js';
import { encodeProbeAnswer, encodeProbeRequest } from '../../protocol/probe.js';
import { digestOfRecord, encodeScoreCommitment, encodeScoreReveal } from '../../protocol/score-exchange.js';
import { ArtifactRequest, ArtifactResponse, Hello, HelloReply } from '../../protocol/streams.pb.js';
import { streamProtocolOf, topicOf } from '../../protocol/topics.js';
import { CHUNK_SIZE_BYTES, manifestBytes } from '../../scoring/manifest.js';
import { composeManifest } from '../../scoring/package.js';
import { encodeRecord } from '../../scoring/record.js';
import { aHotkey, aModel } from './keys.js';
import { tinyDescription } from './voice-package.js';

const NETWORK = { genesis: `0x${'01'.repeat(32)}` as Hash, netuid: 58 } as const;
const SEED = new Uint8Array(32).fill(7);
const HOTKEY = hotkeyFromPublicKey(new Uint8Array(32).fill(9));
const SIGNATURE = new Uint8Array(64).fill(0xcd);
const FROM_MS = 1_700_000_000_000;
const DIGEST = 'aa'.repeat(32);

export const STREAMS = ['hello', 'artifact', 'have', 'offers', 'peers', 'probe', 'goodbye'] as const;

const bindingBody = encodeBindingBody({
  ...NETWORK,
  hotkey: HOTKEY,
  peerKey: publicKeyOfSeed(SEED),
  addresses: ['/ip4/192.0.2.1/tcp/4004', '/ip6/2001:db8::1/tcp/4004'],
  sequence: 3n,
  notBeforeMs: FROM_MS,
  notAfterMs: FROM_MS + 3_600_000,
});
const binding = assembleBinding(bindingBody, SIGNATURE, signWithSeed(SEED, bindingBytesToSign(bindingBody)));
const prompt = { scorePpm: 900_000, parts: { content: 950_000 }, audioDigest: DIGEST, fault: null };
const record = encodeRecord({
  version: 1,
  netuid: 58,
  round: 12,
  hotkey: aHotkey(1),
  model: aModel(1),
  scorer: DIGEST,
  promptSet: 'bb'.repeat(32),
  seed: 'cc'.repeat(32),
  engine: 'native',
  prompts: [prompt, { ...prompt, audioDigest: '', fault: 'timeout' }],
  scorePpm: 500_000,
  fingerprint: 'ff00',
});
const manifest = composeManifest(tinyDescription(), [
  { path: 'voice.onnx', kind: 'graph', sizeBytes: CHUNK_SIZE_BYTES + 1, sha256: DIGEST, chunks: [DIGEST, DIGEST] },
  { path: 'voice.onnx.json', kind: 'config', sizeBytes: 10, sha256: DIGEST, chunks: [DIGEST] },
]);
if (!manifest.ok) throw manifest.error;

const PAYLOADS: Readonly<Record<MessageKind, Uint8Array>> = {
  announce: encodeAnnouncement({
    model: aModel('vector'),
    manifestSizeBytes: 1234,
    sizeBytes: 5_000_000,
    commitmentBlock: 4242,
    providers: ['/ip4/192.0.2.1/tcp/4004'],
  }),
  record: binding,
  scoreCommit: encodeScoreCommitment({ round: 12, commitment: DIGEST, nextNonceDigest: 'bb'.repeat(32) }),
  scoreReveal: encodeScoreReveal({
    round: 12,
    nonce: new Uint8Array(32).fill(5),
    recordDigests: ['00'.repeat(32), digestOfRecord(record), 'ff'.repeat(32)],
    record,
  }),
  have: encodeHave([aModel('vector'), aModel('other')]),
};

function envelopeOf(kind: MessageKind): Uint8Array {
  const body = encodeBody({
    ...NETWORK,
    kind,
    hotkey: HOTKEY,
    sequence: 17n,
    issuedAtMs: FROM_MS,
    expiresAtMs: FROM_MS + 600_000,
    referenceBlock: 4300,
    payload: PAYLOADS[kind],
  });
  return assemble(body, SIGNATURE);
}

function gossip(kind: MessageKind) {
  const topic = topicOf(NETWORK, kind);
  const envelope = envelopeOf(kind);
  return { topic, payload: toHex(PAYLOADS[kind]), envelope: toHex(envelope), messageId: messageIdText(messageId(topic, envelope)) };
}

const model = new Uint8Array(32).fill(0xaa);
export const FRAMES: Readonly<Record<string, Uint8Array>> = {
  hello: Hello.encode({ binding }),
  helloAccepted: HelloReply.encode({ status: 1, binding }),
  helloRefused: HelloReply.encode({ status: 5 }),
  artifactManifest: ArtifactRequest.encode({ id: 1, want: 1, model, length: 65_472 }),
  artifactChunk: ArtifactRequest.encode({ id: 2, want: 2, model, file: 1, chunk: 3, offset: 65_472, length: 65_472 }),
  artifactHoldings: ArtifactRequest.encode({ id: 3, want: 3, model, length: 2 }),
  artifactData: ArtifactResponse.encode({ id: 2, status: 1, total: 1_048_576, data: Uint8Array.of(1, 2, 3) }),
  artifactRefused: ArtifactResponse.encode({ id: 2, status: 3 }),
  haveRequest: encodeHaveRequest([aModel(1), aModel(2), aModel(3)]),
  haveHoldings: encodeHaveAnswer({ outcome: 'holdings', holdings: ['none', 'part', 'whole'] }),
  haveRefused: encodeHaveAnswer({ outcome: 'refused', why: 'notServed' }),
  offersFirst: encodeOffersRequest(null),
  offersRequest: encodeOffersRequest(HOTKEY),
  offersPage: encodeOffersAnswer({ outcome: 'page', envelopes: [envelopeOf('announce')], more: true }),
  offersRefused: encodeOffersAnswer({ outcome: 'refused', why: 'busy' }),
  peersRequest: encodePeersRequest(32),
  peersRecords: encodePeersAnswer({ outcome: 'records', records: [binding, binding] }),
  peersRefused: encodePeersAnswer({ outcome: 'refused', why: 'busy' }),
  probeRequest: encodeProbeRequest('/ip4/203.0.113.7/tcp/4010'),
  probeReached: encodeProbeAnswer({ outcome: 'reached', observed: '/ip4/203.0.113.7/tcp/51234' }),
  probeFailed: encodeProbeAnswer({ outcome: 'failed', phase: 'noise', observed: '/ip4/203.0.113.7/tcp/51234' }),
  probeRefused: encodeProbeAnswer({ outcome: 'refused', why: 'not_yours', observed: '' }),
  goodbye: Goodbye.encode({ reason: 1 }),
  goodbyeReply: GoodbyeReply.encode({ status: 1 }),
};

/** Shape: test/vectors/frames.json. */
export function wireVectors() {
  return {
    gossip: Object.fromEntries(MESSAGE_KINDS.map((kind) => [kind, gossip(kind)])),
    protocols: Object.fromEntries(STREAMS.map((name) => [name, streamProtocolOf(NETWORK, name)])),
    frames: Object.fromEntries(Object.entries(FRAMES).map(([name, bytes]) => [name, toHex(bytes)])),
    binding: toHex(binding),
    record: toHex(record),
    manifest: manifest.ok ? toHex(manifestBytes(manifest.value)) : '',
  };
}
