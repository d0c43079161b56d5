/** Endpoints: where a neuron says it can be reached. */
import { type PartsValue, parts } from '../../composite.js';
import { type CallContext, call, signedBy } from '../../pallet.js';
import { bytes, u8, u16, u32, u128 } from '../../scale.js';
import { type AccountId, MAX_CERTIFICATE_KEY_BYTES } from '../../shapes.js';
import type { StoreView } from '../../storage-item.js';
import { ensure } from './errors.js';
import { deposit } from './events.js';
import * as stored from './storage.js';

const axonParts = { netuid: u16, version: u32, ip: u128, port: u16, ip_type: u8, protocol: u8, placeholder1: u8, placeholder2: u8 };
const axonArgs = parts(axonParts);
const axonTlsArgs = parts({ ...axonParts, certificate: bytes });
type AxonArgs = PartsValue<typeof axonParts>;

const IPV4_LOOPBACK = 0x7f00_0001n;
const IPV4_MAX = 0xffff_ffffn;
const IPV6_LOOPBACK = 1n;
const IPV6_MAX = 2n ** 128n - 1n;

/** Zero, "none", is valid for an axon. */
function isValidAddress(ipType: number, ip: bigint): boolean {
  if (ipType === 4) return ip < IPV4_MAX && ip !== IPV4_LOOPBACK;
  return ip !== IPV6_LOOPBACK && ip !== IPV6_MAX;
}

function mayServe(store: StoreView, netuid: number, block: number, before: { readonly block: bigint } | null): boolean {
  const limit = stored.servingRateLimit.get(store, netuid);
  return limit === 0n || before === null || before.block === 0n || BigInt(block) - before.block >= limit;
}

function check({ store, block }: Pick<CallContext, 'store' | 'block'>, who: AccountId, args: AxonArgs): void {
  ensure(stored.uids.get(store, args.netuid, who) !== null, 'HotKeyNotRegisteredInNetwork');
  ensure(args.ip_type === 4 || args.ip_type === 6, 'InvalidIpType');
  ensure(isValidAddress(args.ip_type, args.ip), 'InvalidIpAddress');
  ensure(mayServe(store, args.netuid, block, stored.axons.get(store, args.netuid, who)), 'ServingRateLimitExceeded');
  ensure(args.port !== 0, 'InvalidPort');
}

function serve(context: CallContext, who: AccountId, args: AxonArgs): void {
  check(context, who, args);
  const { netuid, version, ip, port, ip_type, protocol, placeholder1, placeholder2 } = args;
  const axon = { block: BigInt(context.block), version, ip, port, ip_type, protocol, placeholder1, placeholder2 };
  stored.axons.put(context.store, netuid, who, axon);
  deposit(context, { type: 'AxonServed', value: [netuid, who] });
}

const serveAxon = call(4, 'serve_axon', axonArgs, {
  pays: false,
  guard: check,
  run: (context, origin, args) => serve(context, signedBy(origin), args),
});

const serveAxonTls = call(40, 'serve_axon_tls', axonTlsArgs, {
  pays: false,
  guard: (context, who, args) => check(context, who, args),
  run: (context, origin, args) => {
    const who = signedBy(origin);
    serve(context, who, args);
    const [algorithm, ...key] = args.certificate;
    // The runtime drops a certificate it cannot hold; serving succeeds without it.
    if (algorithm === undefined || key.length > MAX_CERTIFICATE_KEY_BYTES) return;
    stored.neuronCertificates.put(context.store, args.netuid, who, { public_key: key, algorithm });
  },
});

const prometheusParts = { netuid: u16, version: u32, ip: u128, port: u16, ip_type: u8 };
type PrometheusArgs = PartsValue<typeof prometheusParts>;

function checkPrometheus({ store, block }: Pick<CallContext, 'store' | 'block'>, who: AccountId, args: PrometheusArgs): void {
  ensure(args.ip_type === 4 || args.ip_type === 6, 'InvalidIpType');
  ensure(args.ip !== 0n && isValidAddress(args.ip_type, args.ip), 'InvalidIpAddress');
  ensure(stored.uids.get(store, args.netuid, who) !== null, 'HotKeyNotRegisteredInNetwork');
  ensure(mayServe(store, args.netuid, block, stored.prometheus.get(store, args.netuid, who)), 'ServingRateLimitExceeded');
  ensure(args.port !== 0, 'InvalidPort');
}

const servePrometheus = call(5, 'serve_prometheus', parts(prometheusParts), {
  pays: false,
  guard: checkPrometheus,
  run: (context, origin, args) => {
    const who = signedBy(origin);
    checkPrometheus(context, who, args);
    const { netuid, version, ip, port, ip_type } = args;
    stored.prometheus.put(context.store, netuid, who, { block: BigInt(context.block), version, ip, port, ip_type });
    deposit(context, { type: 'PrometheusServed', value: [netuid, who] });
  },
});

export const servingCalls = [serveAxon, servePrometheus, serveAxonTls] as const;
