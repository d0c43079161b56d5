/** Plausible rows for the store contracts. */

import type { Neuron, SubnetSnapshot } from '../../chain/snapshot.js';
import type { AuditRow } from '../../node/audit/ports.js';
import type { StoredEquivocation } from '../../node/network/ports.js';
import type { NewSubmission, RoundRow, StandingRow, StoredAnnouncement } from '../../node/ports.js';
import { sha256, sha256Hex } from '../../protocol/digest.js';
import { type Hash, type Hotkey, hotkeyFromPublicKey, type ModelDigest } from '../../protocol/names.js';
import { Secret } from '../../protocol/secret.js';
import type { ScoreRecord } from '../../scoring/record.js';

export function hotkeyNamed(name: string): Hotkey {
  return hotkeyFromPublicKey(sha256('hotkey', name));
}

export function hashNamed(name: string): Hash {
  // Safety: 0x and 64 hex digits.
  return `0x${sha256Hex('hash', name)}` as Hash;
}

export function modelNamed(name: string): ModelDigest {
  // Safety: 64 hex digits.
  return sha256Hex('model', name) as ModelDigest;
}

export const GENESIS = hashNamed('genesis');

export function aNeuron(over: Partial<Neuron> = {}): Neuron {
  const uid = over.uid ?? 0;
  return {
    uid,
    hotkey: hotkeyNamed(`neuron ${uid}`),
    coldkey: hotkeyNamed('owner'),
    stakeRao: 18_446_744_073_709_551_615n,
    validatorPermit: false,
    active: true,
    lastUpdate: 90,
    registeredAt: 7,
    axon: null,
    commitment: null,
    incentive: 65_535,
    dividends: 0,
    emissionRao: 9_007_199_254_740_993n,
    ...over,
  };
}

export function aSnapshot(number: number, neurons: readonly Neuron[]): SubnetSnapshot {
  return {
    genesis: GENESIS,
    netuid: 58,
    block: { number, hash: hashNamed(`block ${number}`) },
    specVersion: 423,
    hyperparameters: {
      tempo: 360,
      minAllowedWeights: 1,
      weightsVersionKey: 18_446_744_073_709_551_615n,
      weightsRateLimitBlocks: 100,
      activityCutoffBlocks: 5_000,
      immunityPeriodBlocks: 4_096,
      maxValidators: 64,
      maxUids: 256,
      commitRevealEnabled: true,
      revealPeriodEpochs: 1,
      servingRateLimitBlocks: 50,
      burnRao: 9_007_199_254_740_993n,
      registrationAllowed: true,
    },
    neurons,
  };
}

export function anAnnouncement(over: Partial<StoredAnnouncement> = {}): StoredAnnouncement {
  return {
    hotkey: hotkeyNamed('miner'),
    model: modelNamed('voice'),
    manifestSizeBytes: 1_234,
    sizeBytes: 5_000_000_000,
    commitmentBlock: 44,
    providers: ['/ip4/127.0.0.1/tcp/4001/p2p/12D3KooW'],
    sequence: 1n,
    issuedAtMs: 1_700_000_000_000,
    expiresAtMs: 1_700_000_600_000,
    envelope: Uint8Array.of(0, 255, 1),
    ...over,
  };
}

export function aRecord(over: Partial<ScoreRecord> = {}): ScoreRecord {
  return {
    version: 1,
    netuid: 58,
    round: 12,
    hotkey: hotkeyNamed('miner'),
    model: modelNamed('voice'),
    scorer: sha256Hex('scorer'),
    promptSet: sha256Hex('prompts'),
    seed: sha256Hex('seed'),
    engine: 'native',
    prompts: [{ scorePpm: 700_000, parts: { content: 900_000 }, audioDigest: sha256Hex('audio'), fault: null }],
    scorePpm: 700_000,
    fingerprint: 'abcd',
    ...over,
  };
}

export function anEquivocation(change: Partial<StoredEquivocation> = {}): StoredEquivocation {
  return {
    hotkey: hotkeyNamed('two-faced'),
    kind: 'announce',
    sequence: 7n,
    firstDigest: 'aa'.repeat(32),
    first: Uint8Array.of(1, 2),
    secondDigest: 'bb'.repeat(32),
    second: Uint8Array.of(3),
    block: 100,
    noticedAtMs: 1_700_000_000_000,
    ...change,
  };
}

export function anAudit(over: Partial<AuditRow> = {}): AuditRow {
  return {
    round: 12,
    validator: hotkeyNamed('v'),
    hotkey: hotkeyNamed('miner'),
    model: modelNamed('voice'),
    recordDigest: sha256Hex('record'),
    cause: 'lot',
    verdict: 'reproduced',
    reason: '8 prompts heard again',
    prompts: [{ at: 0, private: false, theirsPpm: 700_000, oursPpm: 700_000, wasmPpm: null }],
    oursWrong: false,
    auditedAtMs: 1_700_000_000_000,
    ...over,
  };
}

export function aRound(round: number, over: Partial<RoundRow> = {}): RoundRow {
  return {
    round,
    openedAt: { number: round * 360, hash: hashNamed(`round ${round}`) },
    opening: {
      listeners: [{ hotkey: hotkeyNamed('validator'), stakeRao: 18_446_744_073_709_551_615n }],
      claims: [{ hotkey: hotkeyNamed('miner'), registeredAt: 7, commitment: 'voxd:1:0', block: 44 }],
    },
    seed: sha256Hex('seed', String(round)),
    entries: [{ hotkey: hotkeyNamed('miner'), registeredAt: 7, model: modelNamed('voice'), commitmentBlock: 44 }],
    state: 'open',
    note: null,
    weighing: null,
    ...over,
  };
}

export function aStanding(round: number, over: Partial<StandingRow> = {}): StandingRow {
  return {
    round,
    hotkey: hotkeyNamed('miner'),
    registeredAt: 7,
    model: modelNamed('voice'),
    scorePpm: 700_000,
    standingPpm: 650_000,
    commitmentBlock: 44,
    unheardRounds: 0,
    ancestors: [],
    kinship: null,
    copyOf: null,
    copyEvidence: null,
    rank: 1,
    behind: null,
    sharePpm: 1_000_000,
    ...over,
  };
}

export function aSubmission(over: Partial<NewSubmission> = {}): NewSubmission {
  return {
    genesis: GENESIS,
    netuid: 58,
    mechanism: 0,
    hotkey: hotkeyNamed('validator'),
    epochStart: 3_600,
    round: 12,
    way: 'open',
    method: 'set_weights',
    uids: [3, 65_535],
    hotkeys: [hotkeyNamed('miner'), hotkeyNamed('other')],
    values: [65_535, 1],
    versionKey: 18_446_744_073_709_551_615n,
    plannedAt: { number: 3_700, hash: hashNamed('planned') },
    burn: null,
    digest: null,
    salt: null,
    revealRound: null,
    ...over,
  };
}

/** A submission by hash, as it is planned. */
export function aHashCommit(over: Partial<NewSubmission> = {}): NewSubmission {
  return aSubmission({ way: 'hash', method: 'commit_weights', digest: hashNamed('commit'), salt: new Secret([0, 65_535, 7]), ...over });
}

export function aTimelockedCommit(over: Partial<NewSubmission> = {}): NewSubmission {
  const way = {
    way: 'timelocked',
    method: 'commit_timelocked_weights',
    digest: hashNamed('ciphertext'),
    revealRound: 4_000_000_000,
  } as const;
  return aSubmission({ ...way, ...over });
}
