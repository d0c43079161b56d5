/** One node of the delivery benchmarks: a host as the daemon runs it, and the gate in front of it. Arguments: its number, how many hotkeys it signs with. */
import { createJudging } from '../node/network/judging.js';
import { assemble, bytesToSign, encodeBody } from '../protocol/envelope.js';
import { ContainedGossipSub } from '../protocol/libp2p/contained-gossipsub.js';
import { createMessageGate } from '../protocol/message-gate.js';
import type { Hotkey } from '../protocol/names.js';
import { digestOfRecord, encodeScoreReveal } from '../protocol/score-exchange.js';
import type { SignatureCheck } from '../protocol/signatures.js';
import { topicOf } from '../protocol/topics.js';
import type { Membership } from '../protocol/validate.js';
import { accept } from '../protocol/verdict.js';
import { type Ear, KIND, MESSAGE_SIZE_BYTES, obeyOrders, type SpeakingNode, stamp } from './delivery-parts.js';
import { type QuickSigner, quickSigner } from './quick-signer.js';
import { NETWORK, openHost, openVerifier } from './transfer-parts.js';

const ENVELOPE_SIZE_BYTES = 294;
const LIFETIME_MS = 60_000;

const index = Number(process.argv[2]);
const signers = Array.from({ length: Number(process.argv[3] ?? 1) }, (_, n) => quickSigner(`delivery ${index} ${n}`));

obeyOrders(index, open);

async function open(ear: Ear): Promise<SpeakingNode> {
  const [own] = signers as [QuickSigner];
  const verifier = openVerifier();
  // Its thread compiles what it is made of before anybody greets: who has not proved himself within 5 s is refused for a minute.
  await verifier.verify([ownCheck(own)]);
  const host = await openHost(own, verifier);
  let membership: Membership | null = null;
  const moment = () => ({ membership, nowMs: Date.now(), block: 1 });
  const judge = createJudging({ gate: createMessageGate({ network: NETWORK }), verifier, moment, log: { warn() {} } });
  let sequence = BigInt(Date.now());

  // Duplicates end within gossipsub; this is the last place where they are seen.
  const { handleReceivedRpc } = ContainedGossipSub.prototype;
  ContainedGossipSub.prototype.handleReceivedRpc = function (from, rpc) {
    ear.receptions += rpc.messages.length;
    return handleReceivedRpc.call(this, from, rpc);
  };

  host.onMessage(KIND, async (bytes) => {
    if (ear.mode === 'raw') {
      ear.took(bytes);
      return accept(null);
    }
    const verdict = await judge(KIND, bytes);
    if (verdict.action === 'accept') ear.took(verdict.value.payload.nonce);
    return verdict;
  });

  function sealed(): Uint8Array {
    const nonce = stamp(32);
    const record = stamp(MESSAGE_SIZE_BYTES - ENVELOPE_SIZE_BYTES);
    sequence += 1n;
    const signer = signers[Number(sequence) % signers.length] ?? own;
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
    return assemble(body, signer.signNow(bytesToSign(body, topicOf(NETWORK, KIND))));
  }

  const [, , ip = '', , port = '0'] = (host.addresses()[0] ?? '').split('/');
  return {
    address: { hotkeys: signers.map(({ hotkey }) => hotkey), ip, port: Number(port) },
    async know(neurons) {
      // Safety: told by the benchmark, from the hosts themselves.
      const names = new Set(neurons.flatMap(({ hotkeys }) => hotkeys as readonly Hotkey[]));
      membership = { registered: names, permitted: names };
      host.setMembers(new Map([...names].map((hotkey) => [hotkey, { permitted: true, coldkey: hotkey, stakeRao: 1n }])));
      const entries = neurons.map((neuron) => ({ ...neuron, hotkey: neuron.hotkeys[0] as Hotkey, peerKey: null }));
      host.setDirectory(entries.filter(({ hotkey }) => hotkey !== own.hotkey));
    },
    neighbours: () => host.neighbours(KIND),
    peers: () => host.peers().length,
    message: async (mode) => (mode === 'raw' ? stamp(MESSAGE_SIZE_BYTES) : sealed()),
    publish: (message) => host.publish(KIND, message),
  };
}

function ownCheck({ publicKey, signNow }: QuickSigner): SignatureCheck {
  const message = new Uint8Array(32);
  return { scheme: 'sr25519', publicKey, message, signature: signNow(message) };
}
