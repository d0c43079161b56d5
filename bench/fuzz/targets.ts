/** Every decoder that eats foreign bytes, what it may be fed with, and what it may answer. */
import { readFileSync } from 'node:fs';
import { RPC } from '@chainsafe/libp2p-gossipsub/message';
import type { Logger } from '@libp2p/interface';
import { multiaddr } from '@multiformats/multiaddr';
import { decode as decodeFrames } from 'it-length-prefixed';
import { Uint8ArrayList } from 'uint8arraylist';
import { commitmentBytes, parseCommitment } from '../../chain/commitment.js';
import { DecodeError, toAxon, toCommitment } from '../../chain/substrate/decode.js';
import { decodeAnnouncement, isMultiaddrText } from '../../protocol/announcement.js';
import { openBinding } from '../../protocol/binding.js';
import { toHex } from '../../protocol/digest.js';
import { Goodbye, GoodbyeReply } from '../../protocol/discovery.pb.js';
import { openEnvelope } from '../../protocol/envelope.js';
import { decodeHave } from '../../protocol/have-hint.js';
import { mayDial } from '../../protocol/libp2p/addresses.js';
import { decodeAnswer } from '../../protocol/libp2p/artifact-frames.js';
import { RPC_SIZE_BYTES_MAX } from '../../protocol/libp2p/contained-gossipsub.js';
import { opened } from '../../protocol/libp2p/direct-noise.js';
import { createFrameReader, MalformedFrame } from '../../protocol/libp2p/gossip-frames.js';
import { decodeHaveAnswer, decodeHaveRequest } from '../../protocol/libp2p/have-frames.js';
import { decodeRpc } from '../../protocol/libp2p/rpc-limits.js';
import { thriftyYamux } from '../../protocol/libp2p/thrifty-yamux.js';
import { RESPONSE_SIZE_BYTES_MAX } from '../../protocol/libp2p/transfer.js';
import { parseHotkey } from '../../protocol/names.js';
import { decodeOffersAnswer, decodeOffersRequest } from '../../protocol/offers.js';
import { decodePeersAnswer, decodePeersRequest } from '../../protocol/peer-exchange.js';
import { parsePeerId } from '../../protocol/peer-id.js';
import { decodeProbeAnswer, decodeProbeRequest, endpointOf } from '../../protocol/probe.js';
import { decodeScoreCommitment, decodeScoreReveal } from '../../protocol/score-exchange.js';
import { ArtifactRequest, ArtifactResponse, Hello, HelloReply } from '../../protocol/streams.pb.js';
import { parseTopic } from '../../protocol/topics.js';
import { precheckGraph } from '../../scoring/graph/precheck.js';
import { createGraphWriter } from '../../scoring/graph/writer.js';
import { parseManifest } from '../../scoring/manifest.js';
import { decodeRecord } from '../../scoring/record.js';
import { muxerFrame } from '../../test/support/muxer-frame.js';

export interface Target {
  readonly name: string;
  readonly seeds: readonly Uint8Array[];
  /** Share of the inputs: cheap decoders get more. */
  readonly share: number;
  /** Throws when the decoder broke its promise. */
  readonly feed: (input: Uint8Array) => void | Promise<void>;
  /** Bytes an input may make the process allocate. */
  readonly allocatesMax: (inputBytes: number) => number;
}

interface Vectors {
  readonly gossip: Readonly<Record<string, { readonly topic: string; readonly payload: string; readonly envelope: string }>>;
  readonly protocols: Readonly<Record<string, string>>;
  readonly frames: Readonly<Record<string, string>>;
  readonly binding: string;
  readonly record: string;
  readonly manifest: string;
}

const MIB = 2 ** 20;
/** A decoded message is objects and copies of its bytes; counters of the heap move in pages of 256 KiB. */
const MESSAGE_ALLOCATES = (inputBytes: number) => 2 * MIB + 32 * inputBytes;

const FRAMING_ERRORS = new Set(['InvalidDataLengthError', 'InvalidDataLengthLengthError', 'UnexpectedEOFError']);

const text = new TextDecoder();
const bytesOf = (words: string) => new TextEncoder().encode(words);

/** Shape: the golden vectors of the repository → targets. */
export function fuzzTargets(vectorFile: string): readonly Target[] {
  // Safety: written by our own test, and compared there.
  const vectors = JSON.parse(readFileSync(vectorFile, 'utf8')) as Vectors;
  const hex = (digits: string | undefined) => new Uint8Array(Buffer.from(digits ?? '', 'hex'));
  const gossip = Object.values(vectors.gossip);
  const frame = (start: string) =>
    Object.entries(vectors.frames).flatMap(([name, digits]) => (name.startsWith(start) ? [hex(digits)] : []));
  const frames = Object.values(vectors.frames).map(hex);

  const result = (name: string, seeds: readonly Uint8Array[], decode: (input: Uint8Array) => { readonly ok: boolean }): Target => ({
    name,
    seeds,
    share: 4,
    allocatesMax: MESSAGE_ALLOCATES,
    feed: (input) => {
      if (typeof decode(input).ok !== 'boolean') throw new Error(`${name} gave no result`);
    },
  });
  /** Decoders that throw, inside a function of ours that catches: any Error, never anything else. */
  const throwing = (
    name: string,
    seeds: readonly Uint8Array[],
    decode: (input: Uint8Array) => unknown,
    allowed: (error: Error) => boolean = () => true,
  ): Target => ({
    name,
    seeds,
    share: 2,
    allocatesMax: MESSAGE_ALLOCATES,
    feed: (input) => {
      try {
        decode(input);
      } catch (error) {
        if (!(error instanceof Error) || !allowed(error)) throw error;
      }
    },
  });
  /** Readers of a line as it comes, in pieces. */
  const fromLine = (name: string, seeds: readonly Uint8Array[], feed: (input: Uint8Array) => Promise<void>): Target => ({
    name,
    seeds,
    share: 2,
    allocatesMax: (inputBytes) => 8 * MIB + 1024 * inputBytes,
    feed,
  });
  const payloads = gossip.map(({ payload }) => hex(payload));
  const addresses = [
    '/ip4/192.0.2.1/tcp/4010',
    '/ip6/2001:db8::1/tcp/4010',
    '/dns4/boot.example/tcp/4010/p2p/12D3KooWRawPbxPtP1eZaJpumGnyWX2DcUyd3RQnydr3eAto4Az7',
  ];

  return [
    result(
      'envelope',
      gossip.map(({ envelope }) => hex(envelope)),
      openEnvelope,
    ),
    result('announcement', payloads, decodeAnnouncement),
    result('have hint', payloads, decodeHave),
    result('score commitment', payloads, decodeScoreCommitment),
    result('score reveal', payloads, decodeScoreReveal),
    result('binding', [hex(vectors.binding), ...payloads], openBinding),
    throwing('greeting', frame('hello'), (input) => [Hello.decode(input), HelloReply.decode(input)]),
    throwing('artifact frames', frame('artifact'), (input) => [ArtifactRequest.decode(input), ArtifactResponse.decode(input)]),
    result('artifact answer', frame('artifact'), readAnswer),
    result('have question', frame('have'), decodeHaveRequest),
    result('have answer', frame('have'), decodeHaveAnswer),
    result('offers request', frame('offers'), decodeOffersRequest),
    result('offers answer', frame('offers'), decodeOffersAnswer),
    result('peers request', frame('peers'), decodePeersRequest),
    result('peers answer', frame('peers'), decodePeersAnswer),
    result('probe request', frame('probe'), decodeProbeRequest),
    result('probe answer', frame('probe'), decodeProbeAnswer),
    throwing('goodbye', frame('goodbye'), (input) => [Goodbye.decode(input), GoodbyeReply.decode(input)]),
    {
      ...throwing('framing', frames.map(framed), readFrames, (error) => FRAMING_ERRORS.has(error.name)),
      // Nothing of it is kept, but every frame of one byte is an object for a moment.
      allocatesMax: (inputBytes) => 2 * MIB + 1024 * inputBytes + RESPONSE_SIZE_BYTES_MAX,
    },
    throwing('gossip frame', rpcSeeds(gossip), decodeRpc),
    {
      ...throwing('gossip framing', rpcSeeds(gossip).map(framed), readGossipFrames, (error) => error instanceof MalformedFrame),
      allocatesMax: (inputBytes) => 2 * MIB + 1024 * inputBytes,
    },
    fromLine('noise frames', [noiseFrames(frames)], readNoiseFrames),
    // A muxer is made for each input.
    { ...fromLine('muxer', muxerSeeds(frames), readMuxed), share: 1 },
    result('topic', [...gossip.map(({ topic }) => topic), ...Object.values(vectors.protocols)].map(bytesOf), (input) =>
      parseTopic(text.decode(input)),
    ),
    result('peer id', [bytesOf('12D3KooWRawPbxPtP1eZaJpumGnyWX2DcUyd3RQnydr3eAto4Az7')], (input) => parsePeerId(text.decode(input))),
    result('hotkey', [bytesOf('5GrwvaEF5zXb26Fz9rcQpDWS57CtERHpNehXCPcNoHGKutQY')], (input) => parseHotkey(text.decode(input))),
    result('address', addresses.map(bytesOf), (input) => {
      const address = text.decode(input);
      return { ok: endpointOf(address) !== null && isMultiaddrText(address) };
    }),
    throwing('dialled address', addresses.map(bytesOf), (input) => {
      const address = text.decode(input);
      // What a peer names is looked at before it reaches the library.
      return isMultiaddrText(address) && mayDial(multiaddr(address), false);
    }),
    { ...result('manifest', [hex(vectors.manifest)], parseManifest), share: 1, allocatesMax: (inputBytes) => 8 * MIB + 256 * inputBytes },
    { ...result('score record', [hex(vectors.record)], decodeRecord), share: 1, allocatesMax: (inputBytes) => 8 * MIB + 256 * inputBytes },
    result('commitment', [commitmentBytes('ab'.repeat(32))], (input) => parseCommitment({ data: toHex(input) })),
    throwing(
      'axon',
      AXONS.map(bytesOf),
      (input) => readAxon(text.decode(input)),
      (error) => error instanceof DecodeError,
    ),
    {
      ...result('ONNX graph', [tinyGraph(), tinyGraph(40)], readGraph),
      share: 2,
      allocatesMax: (inputBytes) => 8 * MIB + 512 * inputBytes,
    },
  ];
}

/** Answers are read by hand, from pieces. Throws where the generated decoder reads something else. */
function readAnswer(input: Uint8Array): { readonly ok: boolean } {
  const cut = input.length >> 1;
  const read = decodeAnswer(new Uint8ArrayList(input.subarray(0, cut), input.subarray(cut)));
  if (read === null) return { ok: false };
  const generated = ArtifactResponse.decode(input);
  const isSame = (['id', 'status', 'total'] as const).every((field) => read[field] === generated[field]);
  if (!isSame || !Buffer.from(read.data.subarray()).equals(generated.data)) throw new Error('an answer is read in two ways');
  return { ok: true };
}

/** In two pieces, as a socket would give it. */
function readFrames(input: Uint8Array): void {
  const cut = input.length >> 1;
  for (const frame of decodeFrames([input.subarray(0, cut), input.subarray(cut)], { maxDataLength: RESPONSE_SIZE_BYTES_MAX }))
    frame.subarray();
}

/** As the library that writes them reads them. Throws MalformedFrame, or where the two read something else. */
function readGossipFrames(input: Uint8Array): void {
  const cut = input.length >> 1;
  const reader = createFrameReader(RPC_SIZE_BYTES_MAX);
  const read: Uint8Array[] = [];
  for (const piece of [input.subarray(0, cut), input.subarray(cut)]) {
    reader.push(piece);
    for (let frame = reader.take(); frame !== null; frame = reader.take()) read.push(frame);
  }
  let n = 0;
  try {
    for (const frame of decodeFrames([input], { maxDataLength: RPC_SIZE_BYTES_MAX })) {
      const ours = read[n];
      if (ours === undefined || !Buffer.from(frame.subarray()).equals(ours)) throw new TypeError('a frame is read in two ways');
      n += 1;
    }
  } catch (error) {
    // The last one is not whole.
    if (!(error instanceof Error) || error.name !== 'UnexpectedEOFError') throw error;
  }
  if (n !== read.length) throw new TypeError(`${n} frames are read, and ${read.length}`);
}

/** In pieces of a kilobyte, as a busy socket might. */
async function* inPieces(bytes: Uint8Array): AsyncGenerator<Uint8Array> {
  for (let at = 0; at < bytes.length; at += 1024) yield bytes.subarray(at, at + 1024);
}

/** With a cipher that takes every frame whose tag ends in nothing. */
async function readNoiseFrames(input: Uint8Array): Promise<void> {
  const decrypt = (sealed: Uint8Array | Uint8ArrayList) => {
    const bytes = new Uint8Array(sealed.subarray());
    if (bytes.at(-1) !== 0) throw new Error('a tag that does not fit');
    return bytes.subarray(0, -16);
  };
  try {
    for await (const plain of opened(inPieces(input), { decrypt })) plain.subarray();
  } catch (error) {
    if (!(error instanceof Error) || error instanceof TypeError || error instanceof RangeError) throw error;
  }
}

function noiseFrames(frames: readonly Uint8Array[]): Uint8Array {
  const sealed = frames.flatMap((frame) => {
    const bytes = Buffer.alloc(2 + frame.length + 16);
    bytes.writeUInt16BE(frame.length + 16);
    bytes.set(frame, 2);
    return [bytes];
  });
  return new Uint8Array(Buffer.concat(sealed));
}

const SILENT_LOG: Logger = Object.assign(() => {}, { error() {}, trace() {}, enabled: false, newScope: () => SILENT_LOG });
const MUXED = thriftyYamux({
  maxInboundStreams: 64,
  maxOutboundStreams: 64,
  maxMessageSize: 64 * 1024,
  maxStreamWindowSize: 4 * MIB,
  enableKeepAlive: false,
})({
  logger: { forComponent: () => SILENT_LOG },
});

async function readMuxed(input: Uint8Array): Promise<void> {
  const muxer = MUXED.createStreamMuxer({ direction: 'inbound' });
  // It ends by itself, whatever comes; what it says in the end is taken, so that it waits for nobody.
  await Promise.all([muxer.sink(inPieces(input)), drained(muxer.source)]);
}

async function drained(source: AsyncIterable<unknown>): Promise<void> {
  for await (const _ of source);
}

/** A ping; streams opened, spoken on, and closed or reset; a farewell. */
function muxerSeeds(frames: readonly Uint8Array[]): readonly Uint8Array[] {
  const spoken = frames
    .slice(0, 8)
    .flatMap((data, n) => [
      muxerFrame(1, 1, 2 * n + 1),
      muxerFrame(0, 0, 2 * n + 1, data.length, data),
      muxerFrame(n % 2, n % 4 === 0 ? 8 : 4, 2 * n + 1),
    ]);
  return [[muxerFrame(2, 1, 0, 7)], spoken, [muxerFrame(2, 1, 0, 1), ...spoken, muxerFrame(3, 0, 0)]].map(
    (list) => new Uint8Array(Buffer.concat(list)),
  );
}

function framed(bytes: Uint8Array): Uint8Array {
  const head = bytes.length < 0x80 ? [bytes.length] : [(bytes.length & 0x7f) | 0x80, bytes.length >> 7];
  return Uint8Array.from([...head, ...bytes]);
}

function rpcSeeds(gossip: readonly { readonly topic: string; readonly envelope: string }[]): readonly Uint8Array[] {
  const id = new Uint8Array(20).fill(1);
  return gossip.map(({ topic, envelope }) =>
    RPC.encode({
      subscriptions: [{ subscribe: true, topic }],
      messages: [{ topic, data: new Uint8Array(Buffer.from(envelope, 'hex')) }],
      control: {
        ihave: [{ topicID: topic, messageIDs: [id, id] }],
        iwant: [{ messageIDs: [id] }],
        graft: [{ topicID: topic }],
        prune: [{ topicID: topic, peers: [], backoff: 60 }],
        idontwant: [{ messageIDs: [id] }],
      },
    }),
  );
}

/** As polkadot-js gives them out: JSON. */
const AXONS = [
  '[{"block":7,"version":1,"ip":3221225985,"port":4010,"ipType":4,"protocol":4},{"publicKey":"0xed07"}]',
  '[{"block":7,"version":1,"ip":"0x20010db8000000000000000000000001","port":4010,"ipType":6,"protocol":4},null]',
  '[{"block":7,"info":{"fields":[{"raw70":"0x766f786431"}]}},{"block":7,"info":{"fields":[{"bigRaw":"0x00"}]}}]',
];

function readAxon(json: string): void {
  let parsed: unknown;
  try {
    parsed = JSON.parse(json);
  } catch {
    return;
  }
  const [first, second] = Array.isArray(parsed) ? (parsed as readonly unknown[]) : [parsed];
  try {
    toAxon(first ?? null, second ?? null);
  } finally {
    toCommitment(first ?? null);
  }
}

function tinyGraph(nodes = 2): Uint8Array {
  const writer = createGraphWriter();
  let value = writer.input('input', 'float32', [1, 'N']);
  for (let node = 0; node < nodes; node += 1) value = writer.node('Add', [value, writer.floats(new Float32Array([0.5, 1]), [2])]);
  writer.node('Identity', [value], {}, 'output');
  writer.output('output', 'float32', [1, 'N']);
  return writer.bytes({ name: 'fuzz', opset: 15, irVersion: 8, producer: 'voxd', metadata: { a: 'b' } });
}

/** Read, and looked at as every foreign graph is. */
function readGraph(input: Uint8Array): { readonly ok: boolean } {
  return precheckGraph(input, null);
}
