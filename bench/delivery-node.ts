/** One node of the delivery benchmark: a host as the daemon runs it, and the gate in front of it. */
import { randomBytes } from 'node:crypto';
import { setTimeout as delay } from 'node:timers/promises';
import { signerFromUri } from '../chain/wallet/keys.js';
import { createJudging } from '../node/network/judging.js';
import { assemble, bytesToSign, encodeBody } from '../protocol/envelope.js';
import { ContainedGossipSub } from '../protocol/libp2p/contained-gossipsub.js';
import { createMessageGate } from '../protocol/message-gate.js';
import { type Hotkey, publicKeyOf } from '../protocol/names.js';
import { digestOfRecord, encodeScoreReveal } from '../protocol/score-exchange.js';
import type { SignatureCheck } from '../protocol/signatures.js';
import { topicOf } from '../protocol/topics.js';
import type { Membership } from '../protocol/validate.js';
import { accept } from '../protocol/verdict.js';
import type { Address, Answer, Mode, Order, Talk, Weight } from './delivery-parts.js';
import { residentMiB } from './memory.js';
import { NETWORK, openHost, openVerifier } from './transfer-parts.js';

/** The kind with the largest allowance. */
const KIND = 'scoreReveal';
/** With its envelope a message of 1 KiB. */
const RECORD_SIZE_BYTES = 730;
const NEIGHBOURS_WANTED = 4;
/** Longer than gossipsub keeps out of its mesh whom it has once refused: on a busy machine that is the first answer. */
const PATIENCE_MS = 120_000;
const LIFETIME_MS = 60_000;

const index = Number(process.argv[2]);
const signer = await signerFromUri(`//bench//delivery//${index}`);
const verifier = openVerifier();
// Its thread compiles what it is made of before anybody greets: who has not proved himself within 5 s is refused for a minute.
await verifier.verify([await ownCheck()]);
const host = await openHost(signer, verifier);
let membership: Membership | null = null;
const moment = () => ({ membership, nowMs: Date.now(), block: 1 });
const judge = createJudging({ gate: createMessageGate({ network: NETWORK }), verifier, moment, log: { warn() {} } });

let mode: Mode = 'raw';
let latenciesMs: number[] = [];
let receptions = 0;
let sequence = BigInt(Date.now());

// Duplicates end within gossipsub; this is the last place where they are seen.
const { handleReceivedRpc } = ContainedGossipSub.prototype;
ContainedGossipSub.prototype.handleReceivedRpc = function (from, rpc) {
  receptions += rpc.messages.length;
  return handleReceivedRpc.call(this, from, rpc);
};

/** The clock that all processes of a machine share. */
const nowNs = () => process.hrtime.bigint();

function took(stamped: Uint8Array): void {
  latenciesMs.push(Number(nowNs() - Buffer.from(stamped).readBigUInt64BE()) / 1e6);
}

host.onMessage(KIND, async (bytes) => {
  if (mode === 'raw') {
    took(bytes);
    return accept(null);
  }
  const verdict = await judge(KIND, bytes);
  if (verdict.action === 'accept') took(verdict.value.payload.nonce);
  return verdict;
});

async function ownCheck(): Promise<SignatureCheck> {
  const message = new Uint8Array(32);
  return { scheme: 'sr25519', publicKey: publicKeyOf(signer.hotkey), message, signature: await signer.sign(message) };
}

function stamp(sizeBytes: number): Uint8Array {
  const bytes = randomBytes(sizeBytes);
  bytes.writeBigUInt64BE(nowNs());
  return new Uint8Array(bytes);
}

async function sealed(): Promise<Uint8Array> {
  const nonce = stamp(32);
  const record = new Uint8Array(randomBytes(RECORD_SIZE_BYTES));
  sequence += 1n;
  const issuedAtMs = Date.now();
  const body = encodeBody({
    ...NETWORK,
    kind: KIND,
    hotkey: signer.hotkey,
    sequence,
    issuedAtMs,
    expiresAtMs: issuedAtMs + LIFETIME_MS,
    referenceBlock: 1,
    payload: encodeScoreReveal({ round: 1, nonce, recordDigests: [digestOfRecord(record)], record }),
  });
  return assemble(body, await signer.sign(bytesToSign(body, topicOf(NETWORK, KIND))));
}

async function know(neurons: readonly Address[]): Promise<null> {
  // Safety: told by the benchmark, from the hosts themselves.
  const entries = neurons.map((neuron) => ({ ...neuron, hotkey: neuron.hotkey as Hotkey, peerKey: null }));
  const names = new Set(entries.map(({ hotkey }) => hotkey));
  membership = { registered: names, permitted: names };
  host.setMembers(new Map([...names].map((hotkey) => [hotkey, { permitted: true, coldkey: hotkey, stakeRao: 1n }])));
  host.setDirectory(entries.filter(({ hotkey }) => hotkey !== signer.hotkey));
  const endMs = performance.now() + PATIENCE_MS;
  while (host.neighbours(KIND) < Math.min(NEIGHBOURS_WANTED, entries.length - 1)) {
    if (performance.now() > endMs) throw new Error(`node ${index} has ${host.neighbours(KIND)} neighbours after ${PATIENCE_MS} ms`);
    await delay(50);
  }
  return null;
}

async function weigh(): Promise<Weight> {
  globalThis.gc?.();
  // What finalizers give back is counted at the second time.
  await delay(50);
  globalThis.gc?.();
  const { heapUsed, external } = process.memoryUsage();
  return { residentMiB: residentMiB(), objectsKiB: (heapUsed + external) / 1024, peers: host.peers().length };
}

async function talk(order: Extract<Order, { readonly do: 'talk' }>): Promise<Talk> {
  const messageBytes = (await sealed()).length;
  mode = order.mode;
  latenciesMs = [];
  receptions = 0;
  const startNs = BigInt(order.startNs);
  const until = (ms: number) => delay(Math.max(0, ms - Number(nowNs() - startNs) / 1e6));
  await until(0);
  const cpu = process.cpuUsage();
  let sent = 0;
  for (let n = index; (n * 1000) / order.perSecond < order.windowMs; n += order.nodes) {
    await until((n * 1000) / order.perSecond);
    await host.publish(KIND, mode === 'raw' ? stamp(messageBytes) : await sealed());
    sent += 1;
  }
  await until(order.windowMs + order.settleMs);
  const { user, system } = process.cpuUsage(cpu);
  return { sent, latenciesMs, receptions, cpuMs: (user + system) / 1000, messageBytes };
}

function obey(order: Order): Promise<Answer> {
  if (order.do === 'know') return know(order.neurons);
  return order.do === 'weigh' ? weigh() : talk(order);
}

process.on('message', (order: Order) => {
  obey(order).then(
    (answer) => process.send?.(answer),
    (error: unknown) => {
      process.stderr.write(`${String(error)}\n`);
      process.exit(1);
    },
  );
});
process.once('disconnect', () => process.exit(0));
const [, , ip = '', , port = '0'] = (host.addresses()[0] ?? '').split('/');
process.send?.({ hotkey: signer.hotkey, ip, port: Number(port) } satisfies Address);
