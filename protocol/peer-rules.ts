/** Whom this node does not speak with, and whom it always does: peers, hotkeys and ranges of addresses. */
import { BlockList, isIP, isIPv4 } from 'node:net';
import { type Hotkey, parseHotkey } from './names.js';
import { type PeerId, parsePeerId } from './peer-id.js';
import { err, ok, type Result } from './result.js';

/** Rules in force at once. A node that bans more than that has other troubles; the newest of its own give way to an operator's. */
export const PEER_RULES_MAX = 4_096;
export const RULE_REASON_LENGTH_MAX = 200;

export type PeerSubject =
  | { readonly type: 'peer'; readonly value: PeerId }
  | { readonly type: 'hotkey'; readonly value: Hotkey }
  /** CIDR, such as 203.0.113.0/24; one address is /32 or /128. */
  | { readonly type: 'range'; readonly value: string };

export interface PeerRule {
  readonly subject: PeerSubject;
  /** Where both apply, allow wins: it names an exception. */
  readonly rule: 'deny' | 'allow';
  /** Null: until it is taken back. */
  readonly untilMs: number | null;
  readonly reason: string;
  readonly madeBy: 'operator' | 'node';
  readonly madeAtMs: number;
}

/** What is known of a peer at the moment of the question; before the handshake that is its address. */
export interface PeerFacts {
  readonly ip?: string | null;
  readonly peerId?: string | null;
  readonly hotkey?: Hotkey | null;
}

export interface PeerRules {
  replace(rules: readonly PeerRule[]): void;
  /** The rule that decides; null: none applies. */
  judge(facts: PeerFacts, nowMs: number): PeerRule | null;
}

/** Shape: peer id, hotkey, address or CIDR → subject in its one form. Errors: what the text is not. */
export function parseSubject(text: string): Result<PeerSubject, string> {
  if (/[./:]/.test(text)) return parseRange(text);
  const peer = parsePeerId(text);
  if (peer.ok) return ok({ type: 'peer', value: peer.value });
  const hotkey = parseHotkey(text);
  return hotkey.ok
    ? ok({ type: 'hotkey', value: hotkey.value })
    : err('neither a peer id nor a hotkey nor an address or range of addresses');
}

export function sameSubject(a: PeerSubject, b: PeerSubject): boolean {
  return a.type === b.type && a.value === b.value;
}

export function createPeerRules(): PeerRules {
  let named = new Map<string, PeerRule>();
  let ranges: readonly { readonly rule: PeerRule; readonly list: BlockList }[] = [];
  return {
    replace(rules) {
      named = new Map(rules.filter(({ subject }) => subject.type !== 'range').map((rule) => [rule.subject.value, rule]));
      ranges = rules.filter(({ subject }) => subject.type === 'range').map((rule) => ({ rule, list: listOf(rule.subject.value) }));
    },
    judge({ ip, peerId, hotkey }, nowMs) {
      const byName = [peerId, hotkey].flatMap((name) => (name == null ? [] : (named.get(name) ?? [])));
      const byRange = ip == null || isIP(ip) === 0 ? [] : ranges.filter(({ list }) => list.check(ip, familyOf(ip))).map(({ rule }) => rule);
      const inForce = [...byName, ...byRange].filter(({ untilMs }) => untilMs === null || untilMs > nowMs);
      return inForce.find(({ rule }) => rule === 'allow') ?? inForce[0] ?? null;
    },
  };
}

function parseRange(text: string): Result<PeerSubject, string> {
  const [ip = '', bitsText, more] = text.split('/');
  const most = isIPv4(ip) ? 32 : 128;
  const bits = bitsText === undefined ? most : /^\d{1,3}$/.test(bitsText) ? Number(bitsText) : Number.NaN;
  if (isIP(ip) === 0 || more !== undefined || !(bits >= 0 && bits <= most)) return err('not an address or a range such as 203.0.113.0/24');
  return ok({ type: 'range', value: `${ip.toLowerCase()}/${bits}` });
}

function listOf(cidr: string): BlockList {
  const [ip = '', bits = '32'] = cidr.split('/');
  const list = new BlockList();
  list.addSubnet(ip, Number(bits), familyOf(ip));
  return list;
}

function familyOf(ip: string): 'ipv4' | 'ipv6' {
  return isIPv4(ip) ? 'ipv4' : 'ipv6';
}
