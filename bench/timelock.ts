/** What it takes to lock a weight vector to a round of the beacon. */
import { randomBytes } from 'node:crypto';
import { performance } from 'node:perf_hooks';
import { QUICKNET } from '../chain/beacon.js';
import { encryptTimelocked } from '../chain/timelock.js';
import { encodeWeightPayload } from '../chain/weight-payload.js';
import { sha256 } from '../protocol/digest.js';
import { hotkeyFromPublicKey } from '../protocol/names.js';
import { type Benchmark, median } from './benchmark.js';

export const timelock: Benchmark = {
  name: 'timelock',
  what: 'a vector of 256 weights locked to a round of drand quicknet',
  run({ quick }) {
    const uids = Array.from({ length: 256 }, (_, uid) => uid);
    const hotkey = hotkeyFromPublicKey(sha256(Uint8Array.of(1)));
    const payload = encodeWeightPayload({ hotkey, uids, values: uids.map((uid) => uid * 257), versionKey: 0n });
    const once = (round: number) => {
      const randomness = { sigma: randomBytes(32), secretKey: randomBytes(32), nonce: randomBytes(12) };
      const fromMs = performance.now();
      const { length } = encryptTimelocked(payload, round, QUICKNET.publicKey, randomness);
      return { ms: performance.now() - fromMs, length };
    };
    const first = once(1_000);
    const runs = Array.from({ length: quick ? 3 : 30 }, (_, run) => once(2_000 + run));
    return Promise.resolve([
      { measure: 'encryption, first in a process', value: first.ms, unit: 'ms', limit: 'tables of the curve, made once' },
      { measure: 'encryption', value: median(runs.map(({ ms }) => ms)), unit: 'ms', limit: 'one pairing in plain JavaScript' },
      { measure: 'ciphertext', value: first.length, unit: 'B', limit: '244 bytes over the payload' },
    ]);
  },
};
