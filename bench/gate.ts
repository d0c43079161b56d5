/** How many gossip messages one core can judge, beside how many signatures it can verify. */
import { monitorEventLoopDelay, performance } from 'node:perf_hooks';
import { sr25519Verify, waitReady } from '@polkadot/wasm-crypto';
import { sr25519_verify as verifyFast } from '@polkadot-labs/schnorrkel-wasm';
import { signerFromUri } from '../chain/wallet/keys.js';
import { createSystemClock } from '../node/clock.js';
import { createJudging } from '../node/network/judging.js';
import { encodeAnnouncement } from '../protocol/announcement.js';
import { assemble, bytesToSign, encodeBody } from '../protocol/envelope.js';
import { MESSAGES_AT_ONCE_MAX } from '../protocol/libp2p/gossip.js';
import { createMessageGate } from '../protocol/message-gate.js';
import { type Hash, type Hotkey, type ModelDigest, publicKeyOf } from '../protocol/names.js';
import type { SignatureCheck } from '../protocol/signatures.js';
import { createSr25519Check, type Sr25519Check } from '../protocol/threads/sr25519.js';
import { createVerifyPool } from '../protocol/threads/verify-pool.js';
import { topicOf } from '../protocol/topics.js';
import type { Membership } from '../protocol/validate.js';
import { type Benchmark, median, rowBeside } from './benchmark.js';

// Safety: 32 bytes in hex, as the types ask.
const NETWORK = { genesis: `0x${'ab'.repeat(32)}` as Hash, netuid: 7 };
const MODEL = 'cd'.repeat(32) as ModelDigest;
const NOW_MS = 1_700_000_000_000;
const SILENT = { debug() {}, info() {}, warn() {}, error() {} };
/** Within the burst of an announcer, so that nothing is rate limited. */
const MESSAGES_PER_HOTKEY = 16;
const HOTKEYS = 32;

interface Sealed {
  readonly hotkey: Hotkey;
  readonly envelope: Uint8Array;
  readonly signed: Uint8Array;
  readonly signature: Uint8Array;
}

async function sealAll(hotkeys: number): Promise<readonly Sealed[]> {
  const sealed: Sealed[] = [];
  for (let person = 0; person < hotkeys; person += 1) {
    const signer = await signerFromUri(`//bench//${person}`);
    for (let message = 0; message < MESSAGES_PER_HOTKEY; message += 1) {
      const body = encodeBody({
        ...NETWORK,
        kind: 'announce',
        hotkey: signer.hotkey,
        sequence: BigInt(NOW_MS) + BigInt(message),
        issuedAtMs: NOW_MS,
        expiresAtMs: NOW_MS + 3_600_000,
        referenceBlock: 1,
        payload: encodeAnnouncement({
          model: MODEL,
          manifestSizeBytes: 4_000,
          sizeBytes: 63_000_000,
          commitmentBlock: 1,
          providers: ['/ip4/203.0.113.7/tcp/4004/p2p/12D3KooWEyoppNCUx8Yx66oV9fJnriXwCcXwDDUA2kj6vnc6iDEp'],
        }),
      });
      const signed = bytesToSign(body, topicOf(NETWORK, 'announce'));
      const signature = await signer.sign(signed);
      sealed.push({ hotkey: signer.hotkey, envelope: assemble(body, signature), signed, signature });
    }
  }
  return sealed;
}

/** Shape: work over all items → items per second of CPU time, so that neighbours on the machine count less. */
function rate<T>(items: readonly T[], work: (item: T) => void): number {
  const from = process.cpuUsage();
  for (const item of items) work(item);
  const { user, system } = process.cpuUsage(from);
  return (items.length * 1_000_000) / (user + system);
}

/** Shape: what the gate must say → judged per second, signatures on this very thread. Another verdict is a broken benchmark. */
function gateRate(verify: Sr25519Check, sealed: readonly Sealed[], membership: Membership, expected: string, prepare = false): number {
  const gate = createMessageGate({ network: NETWORK });
  const at = { membership, nowMs: NOW_MS, block: 1 };
  const judge = (envelope: Uint8Array): string => {
    const examined = gate.examine('announce', envelope, at);
    if (examined.action !== 'accept') return examined.reason;
    const genuine = examined.value.checks.every(({ message, signature, publicKey }) => verify(message, signature, publicKey));
    const verdict = genuine ? gate.settle(examined.value, at) : examined;
    return verdict.action === 'accept' ? 'accept' : verdict.reason;
  };
  if (prepare) for (const { envelope } of sealed) judge(envelope);
  return rate(sealed, ({ envelope }) => {
    const said = judge(envelope);
    if (said !== expected) throw new Error(`the gate said ${said} instead of ${expected}`);
  });
}

interface PoolRun {
  readonly perSecond: number;
  /** Microseconds of the main loop per message. */
  readonly mainUs: number;
  /** Longest time that the main loop did not turn. */
  readonly lagMs: number;
}

/** Everything at once, as a flood comes: as many under way as gossip lets, signatures on threads. `what`: all of the ladder, or its signatures alone. */
async function poolRun(
  sealed: readonly Sealed[],
  membership: Membership,
  threads: number,
  what: 'ladder' | 'signatures',
): Promise<PoolRun> {
  const pool = createVerifyPool({ clock: createSystemClock(), logger: SILENT }, { threads });
  const gate = createMessageGate({ network: NETWORK });
  const moment = () => ({ membership, nowMs: NOW_MS, block: 1 });
  const judge = createJudging({ gate, verifier: pool, moment, log: SILENT });
  try {
    // A node knows the keys of its subnet after a round; so do these threads.
    const ofEachKey = sealed.filter((_, n) => n % MESSAGES_PER_HOTKEY === 0);
    for (let round = 0; round < threads * 4; round += 1) await Promise.all(ofEachKey.map((one) => pool.verify([checkOf(one)])));
    const delay = monitorEventLoopDelay({ resolution: 1 });
    delay.enable();
    const busyBefore = performance.eventLoopUtilization();
    const startMs = performance.now();
    let next = 0;
    const lane = async () => {
      for (let item = sealed[next++]; item !== undefined; item = sealed[next++]) {
        if (what === 'signatures') {
          if (!(await pool.verify([checkOf(item)]))) throw new Error('a good signature was refused');
          continue;
        }
        const verdict = await judge('announce', item.envelope);
        if (verdict.action !== 'accept') throw new Error(`the gate said ${verdict.reason}`);
      }
    };
    await Promise.all(Array.from({ length: MESSAGES_AT_ONCE_MAX }, lane));
    const elapsedMs = performance.now() - startMs;
    const { active } = performance.eventLoopUtilization(busyBefore);
    delay.disable();
    return { perSecond: (sealed.length * 1_000) / elapsedMs, mainUs: (active * 1_000) / sealed.length, lagMs: delay.max / 1e6 };
  } finally {
    await pool.close();
  }
}

function checkOf({ signed, signature, hotkey }: Sealed): SignatureCheck {
  return { scheme: 'sr25519', publicKey: publicKeyOf(hotkey), message: signed, signature };
}

export const gate: Benchmark = {
  name: 'gate',
  what: 'gossip messages judged per second of one core',
  async run({ quick, note }) {
    await waitReady();
    const sealed = await sealAll(quick ? 8 : HOTKEYS);
    const hotkeys = new Set(sealed.map(({ hotkey }) => hotkey));
    const members = { registered: hotkeys, permitted: new Set<Hotkey>() };
    const strangers = { registered: new Set<Hotkey>(), permitted: new Set<Hotkey>() };
    const malformed = sealed.map((one) => ({ ...one, envelope: one.envelope.subarray(0, one.envelope.length - 1) }));
    const verify = createSr25519Check();
    const keys = new Map([...hotkeys].map((hotkey) => [hotkey, publicKeyOf(hotkey)]));
    note(`${sealed.length} envelopes of ${sealed[0]?.envelope.length} bytes from ${hotkeys.size} hotkeys`);

    const runs = {
      raw: [] as number[],
      robust: [] as number[],
      accept: [] as number[],
      malformed: [] as number[],
      duplicate: [] as number[],
      unregistered: [] as number[],
    };
    // One after the other in each run, so that a slow moment of the machine meets all of them.
    for (let run = 0; run < (quick ? 2 : 7); run += 1) {
      runs.raw.push(
        rate(sealed, ({ signed, signature, hotkey }) => {
          if (!verifyFast(keys.get(hotkey)!, signed, signature)) throw new Error('a good signature was refused');
        }),
      );
      runs.robust.push(
        rate(sealed, ({ signed, signature, hotkey }) => {
          if (!sr25519Verify(signature, signed, keys.get(hotkey)!)) throw new Error('a good signature was refused');
        }),
      );
      runs.accept.push(gateRate(verify, sealed, members, 'accept'));
      runs.malformed.push(gateRate(verify, malformed, members, 'message.malformed'));
      runs.duplicate.push(gateRate(verify, sealed, members, 'message.duplicate', true));
      runs.unregistered.push(gateRate(verify, sealed, strangers, 'message.unregistered'));
    }
    const pooled: Record<1 | 2, PoolRun[]> = { 1: [], 2: [] };
    const alone: Record<1 | 2, PoolRun[]> = { 1: [], 2: [] };
    for (let run = 0; run < (quick ? 2 : 7); run += 1)
      for (const threads of [1, 2] as const) {
        alone[threads].push(await poolRun(sealed, members, threads, 'signatures'));
        pooled[threads].push(await poolRun(sealed, members, threads, 'ladder'));
      }
    const peer = { name: 'signatures alone, the faster library /s', value: median(runs.raw) };
    const row = (measure: string, values: readonly number[], limit: string) =>
      rowBeside({ measure, value: median(values), unit: 'messages/s', limit }, peer);
    return [
      rowBeside(
        { measure: 'one signature checked', value: 1e6 / median(runs.raw), unit: 'µs', limit: 'sr25519 in WebAssembly (schnorrkel-wasm)' },
        { name: 'the same by wasm-crypto, µs', value: 1e6 / median(runs.robust) },
      ),
      row('accepted, full ladder', runs.accept, 'one sr25519 verification in WebAssembly per message'),
      row('rejected: malformed', runs.malformed, 'decoding; no signature is looked at'),
      row('ignored: duplicate', runs.duplicate, 'decoding and one SHA-256'),
      row('ignored: unregistered', runs.unregistered, 'decoding, one SHA-256, address of the hotkey'),
      ...([1, 2] as const).flatMap((threads) => {
        const figure = (of: (one: PoolRun) => number) => median(pooled[threads].map(of));
        const limit = { name: 'signatures alone, same threads /s', value: median(alone[threads].map((one) => one.perSecond)) };
        const words = `sr25519 on ${threads === 1 ? 'one thread' : 'two threads, which the main loop shares two cores with'}`;
        return [
          rowBeside(
            {
              measure: `accepted, ${threads} thread${threads === 1 ? '' : 's'}`,
              value: figure((one) => one.perSecond),
              unit: 'messages/s',
              limit: words,
            },
            limit,
          ),
          {
            measure: `main loop per message, ${threads} threads`,
            value: figure((one) => one.mainUs),
            unit: 'µs',
            limit: 'decoding, two SHA-256, packing',
          },
          {
            measure: `worst lag of the main loop, ${threads} threads`,
            value: figure((one) => one.lagMs),
            unit: 'ms',
            limit: 'slices of a loop that never waits for a signature',
          },
        ];
      }),
    ];
  },
};
