/** The threads that check signatures. Needs the compiled worker. */
import { expect } from 'chai';
import { publicKeyOf } from '../../protocol/names.js';
import type { Logger } from '../../protocol/ports.js';
import type { SignatureCheck } from '../../protocol/signatures.js';
import { packChecks, unpackChecks } from '../../protocol/threads/packing.js';
import { createVerifyPool, VERIFY_QUEUE_MAX, type VerifyPool } from '../../protocol/threads/verify-pool.js';
import { devPerson } from '../support/people.js';

const SILENT: Logger = { debug() {}, info() {}, warn() {}, error() {} };

describe('signatures on other threads', function () {
  this.timeout(30_000);
  const pools: VerifyPool[] = [];
  let nowMs = 0;
  let good: SignatureCheck;

  before(async () => {
    const alice = await devPerson('Alice');
    const message = new TextEncoder().encode('voxd/test\0 text');
    good = { scheme: 'sr25519', publicKey: publicKeyOf(alice.hotkey), message, signature: await alice.sign(message) };
  });
  afterEach(async () => {
    await Promise.all(pools.splice(0).map((pool) => pool.close()));
  });

  function open(options: { threads?: number; timeoutMs?: number; entry?: string } = {}): VerifyPool {
    const pool = createVerifyPool({ clock: { nowMs: () => nowMs }, logger: SILENT }, { threads: 1, ...options });
    pools.push(pool);
    return pool;
  }
  const codeOf = (work: Promise<unknown>) =>
    work.then(
      (value) => String(value),
      (error: { code?: string }) => error.code ?? String(error),
    );

  it('tells good from bad, of both schemes, each call for itself', async () => {
    const pool = open({ threads: 2 });
    const forged = { ...good, message: Uint8Array.of(1) };
    const noPoint = { ...good, publicKey: new Uint8Array(32).fill(0xff) };
    const answers = await Promise.all([
      pool.verify([good]),
      pool.verify([forged]),
      pool.verify([good, good, forged]),
      pool.verify([noPoint]),
      pool.verify([{ ...good, scheme: 'ed25519' }]),
      pool.verify([{ ...good, signature: new Uint8Array(63) }]),
      pool.verify([]),
      ...Array.from({ length: 40 }, () => pool.verify([good])),
    ]);
    expect(answers.slice(0, 7)).to.deep.equal([true, false, false, false, false, false, true]);
    expect(answers.slice(7).every(Boolean)).to.equal(true);
  });

  it('packs and unpacks any batch', () => {
    const batch = [
      good,
      { ...good, scheme: 'ed25519' as const, message: new Uint8Array(1024).fill(7) },
      { ...good, message: new Uint8Array() },
    ];
    expect(unpackChecks(packChecks(batch))).to.deep.equal(batch);
  });

  it('refuses what is more than may wait, and everything once it is closed', async () => {
    const pool = open();
    const waiting = Array.from({ length: VERIFY_QUEUE_MAX }, () => codeOf(pool.verify([good])));
    expect(await codeOf(pool.verify([good]))).to.equal('p2p.verifier_overloaded');
    await pool.close();
    expect(new Set(await Promise.all(waiting))).to.deep.equal(new Set(['p2p.verifier_closed']));
    expect(await codeOf(pool.verify([good]))).to.equal('p2p.verifier_closed');
  });

  it('loses what a dead thread had in hand, says so, and goes on with a new one after a rest', async () => {
    nowMs = 10_000;
    // This entry is no worker: the thread ends at once, as one does that runs out of memory.
    const pool = open({ entry: 'protocol/result' });
    expect(await codeOf(pool.verify([good]))).to.equal('p2p.verifier_failed');
    expect(await codeOf(pool.verify([good])), 'no thread runs while it rests').to.equal('p2p.verifier_failed');
    const silent = open({ timeoutMs: 1 });
    expect(await codeOf(silent.verify([good])), 'a thread that is silent').to.equal('p2p.verifier_failed');
    nowMs += 1_000;
    const patient = open();
    expect(await codeOf(patient.verify([good]))).to.equal('true');
  });
});
