/** Network hosts on loopback for tests. */
import { randomBytes } from 'node:crypto';
import { setTimeout as delay } from 'node:timers/promises';
import { assemble, bytesToSign, encodeBody } from '../../protocol/envelope.js';
import { KINDS, type MessageKind } from '../../protocol/kinds.js';
import { createHost } from '../../protocol/libp2p/host.js';
import type { HostDeps, HostOptions, P2pHost } from '../../protocol/libp2p/host-shape.js';
import type { Hash, Hotkey } from '../../protocol/names.js';
import type { Clock, Member, Signer } from '../../protocol/ports.js';
import { type NetworkId, topicOf } from '../../protocol/topics.js';
import { devPerson } from './people.js';
import { until } from './until.js';
import { localVerifier } from './verifier.js';

export { until } from './until.js';

export const TEST_NETWORK = { genesis: `0x${'ab'.repeat(32)}` as Hash, netuid: 7 } as const;

export const systemClock: Clock = {
  nowMs: () => Date.now(),
  sleep: async (ms, signal) => {
    await delay(ms, undefined, signal === undefined ? {} : { signal });
  },
};

export interface TestHost {
  readonly host: P2pHost;
  readonly signer: Signer;
  readonly hotkey: Hotkey;
  readonly seed: Uint8Array;
  /** First own multiaddr. */
  readonly address: string;
  /** As the chain would list it. */
  readonly ip: string;
  readonly port: number;
}

export interface Village {
  host(
    name: string,
    overrides?: Partial<HostOptions> & Pick<HostDeps, 'peerStore' | 'localSearch' | 'metrics'> & { readonly seed?: Uint8Array },
  ): Promise<TestHost>;
  stop(): Promise<void>;
}

export function createVillage(): Village {
  const hosts: P2pHost[] = [];
  return {
    async host(name, overrides = {}) {
      const signer = await devPerson(name);
      const { seed: given, peerStore, localSearch, metrics, ...rest } = overrides;
      const seed = given ?? new Uint8Array(randomBytes(32));
      const host = createHost(
        {
          signer,
          verifier: localVerifier,
          peerKey: seed,
          clock: systemClock,
          ...(peerStore && { peerStore }),
          ...(localSearch && { localSearch }),
          ...(metrics && { metrics }),
        },
        {
          ...TEST_NETWORK,
          listen: ['/ip4/127.0.0.1/tcp/0'],
          announce: [],
          bootstrap: [],
          maxConnections: 32,
          privateNetwork: true,
          ...rest,
        },
      );
      hosts.push(host);
      await host.start();
      const address = host.addresses()[0] ?? '';
      const [, , ip = '', , port = '0'] = address.split('/');
      return { host, signer, hotkey: signer.hotkey, seed, address, ip, port: Number(port) };
    },
    async stop() {
      await Promise.all(hosts.splice(0).map((host) => host.stop()));
    },
  };
}

/** Both know each other's hotkey. */
export async function connect(a: TestHost, b: TestHost): Promise<void> {
  await a.host.dial(b.address);
  await until('both sides to be bound', () => a.host.peerOf(b.hotkey) !== null && b.host.peerOf(a.hotkey) !== null);
}

/** They never connect, though they would find each other. */
export function keepApart(a: TestHost, b: TestHost): void {
  for (const [one, other] of [
    [a, b],
    [b, a],
  ] as const)
    one.host.setRules([
      { subject: { type: 'peer', value: other.host.peerId }, rule: 'deny', untilMs: null, reason: 'test', madeBy: 'operator', madeAtMs: 0 },
    ]);
}

/** Registered miners of a coldkey each. */
export function membersOf(...hotkeys: readonly Hotkey[]): ReadonlyMap<Hotkey, Member> {
  return new Map(hotkeys.map((hotkey) => [hotkey, { permitted: false, coldkey: hotkey, stakeRao: 0n }]));
}

export interface SealOptions {
  readonly sequence?: bigint;
  readonly issuedAtMs?: number;
  readonly lifetimeMs?: number;
  readonly signedBy?: Signer;
  /** Of another chain. */
  readonly genesis?: Hash;
  /** Default: the test network. */
  readonly network?: NetworkId;
}

let lastSequence = 0n;

/** A signed envelope. */
export async function seal(signer: Signer, kind: MessageKind, payload: Uint8Array, options: SealOptions = {}): Promise<Uint8Array> {
  const issuedAtMs = options.issuedAtMs ?? Date.now();
  lastSequence += 1n;
  const network = options.network ?? TEST_NETWORK;
  const body = encodeBody({
    netuid: network.netuid,
    genesis: options.genesis ?? network.genesis,
    kind,
    hotkey: signer.hotkey,
    sequence: options.sequence ?? BigInt(Date.now()) * 1_000n + lastSequence,
    issuedAtMs,
    expiresAtMs: issuedAtMs + (options.lifetimeMs ?? KINDS[kind].lifetimeMsMax),
    referenceBlock: 1,
    payload,
  });
  return assemble(body, await (options.signedBy ?? signer).sign(bytesToSign(body, topicOf(network, kind))));
}
