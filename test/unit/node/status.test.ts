import { expect } from 'chai';
import type { EndpointHealth } from '../../../chain/endpoint-health.js';
import { chainFailure } from '../../../chain/failures.js';
import { signerFailure } from '../../../chain/signer-failures.js';
import type { SubnetSnapshot } from '../../../chain/snapshot.js';
import type { AgreementReport } from '../../../node/audit/agreement.js';
import { healthReport, type StatusFacts } from '../../../node/status.js';
import { submissionFailure } from '../../../node/weights/failures.js';
import type { PeerId } from '../../../protocol/peer-id.js';
import type { Peer } from '../../../protocol/ports.js';
import { createFakeChain } from '../../support/fake-chain.js';
import { aHotkey } from '../../support/keys.js';

const SELF = aHotkey('self');
const BLOCK_TIME_MS = 12_000;
const STALE_MS = 8 * BLOCK_TIME_MS + 5_000;
// Safety: a name stands in for a peer id.
const PEER: Peer = { peerId: 'p' as PeerId, hotkey: SELF, address: '', direction: 'inbound', connectedAtMs: 0, score: 0 };
const QUIET = { lastRound: null, lastBlock: null, waiting: null, reveal: null };
const QUEUE = { waiting: 2, running: 1, dead: 0 };

const READY: EndpointHealth = {
  endpoint: 'wss://one',
  state: 'in use',
  latencyMs: 40,
  finalized: 100,
  behindBlocks: 0,
  failures: 0,
  failuresInARow: 0,
  costMs: 40,
  lastFailure: null,
};

describe('status', () => {
  const chain = createFakeChain({ netuid: 7, blockTimeMs: BLOCK_TIME_MS });
  let snapshot: SubnetSnapshot;
  before(async () => {
    chain.register(SELF, { stakeRao: 1n, permit: true });
    snapshot = await chain.reader.snapshot(7);
  });

  const facts = (change: Partial<StatusFacts> = {}): StatusFacts => ({
    startedAtMs: 1_000,
    nowMs: 62_500,
    started: true,
    hotkey: SELF,
    identity: chain.reader.identity(),
    head: chain.head(),
    headAgeMs: 4_000,
    endpoints: [READY],
    clock: null,
    snapshot,
    peers: [PEER, { ...PEER, hotkey: null }],
    round: { round: 3, phase: 'scoring', entered: 5, heard: 2, assigned: 4 },
    queue: QUEUE,
    weights: { lastRound: 2, lastBlock: 90, waiting: null, reveal: null },
    agreement: null,
    databaseOk: true,
    signer: null,
    ...change,
  });
  const component = (change: Partial<StatusFacts>, name: string) => {
    const report = healthReport(facts(change));
    return { report, part: report.components.find((each) => each.name === name) };
  };

  it('is well, with the facts of each part and not a word too many', () => {
    const report = healthReport(facts());
    expect(report).to.deep.include({ status: 'ok', live: true, ready: true, uptimeSeconds: 61 });
    expect(report.components.map(({ name, status, detail }) => [name, status, detail])).to.deep.equal(
      ['chain', 'registry', 'p2p', 'database', 'scoring', 'weights'].map((name) => [name, 'ok', undefined]),
    );
    const of = Object.fromEntries(report.components.map(({ name, facts: told }) => [name, told]));
    expect(of['chain']).to.deep.include({ block: chain.head().number, headAgeMs: 4_000, endpoint: 'fake://chain' });
    expect(of['registry']).to.deep.include({ netuid: 7, neurons: 1, hotkey: SELF, registered: true });
    expect(of['p2p']).to.deep.equal({ peers: 2, bound: 1 });
    expect(of['scoring']).to.deep.equal({ ...QUEUE, round: 3, phase: 'scoring', entered: 5, heard: 2 });
    expect(of['weights']).to.deep.equal({ lastRound: 2, lastBlock: 90 });
  });

  it('shows each endpoint where there are several, and what is wrong with one', () => {
    const lastFailure = { code: 'chain.wrong_genesis', message: 'wss://two serves another chain.', atMs: 60_000 };
    const other: EndpointHealth = { ...READY, endpoint: 'wss://two', state: 'excluded', latencyMs: null, failures: 1, lastFailure };
    const { components, status } = healthReport(facts({ endpoints: [READY, other] }));
    const shown = components.filter(({ name }) => name.startsWith('endpoint'));
    expect(status).to.equal('degraded');
    expect(shown.map((part) => part.detail)).to.deep.equal([undefined, 'excluded: wss://two serves another chain.']);
    expect(shown[1]?.facts).to.include({ endpoint: 'wss://two', failures: 1, lastFailure: 'chain.wrong_genesis', lastFailureAgeMs: 2_500 });
  });

  it('warns of a clock that is off', () => {
    const failure = chainFailure('chain.clock_drift', { driftMs: 31_000, side: 'behind', block: 9, maxMs: 10_000 });
    const part = component({ clock: { driftMs: -31_000, failure } }, 'clock').part;
    expect(part?.status).to.equal('degraded');
    expect(part?.detail).to.contain('31000 ms behind the chain').and.to.contain('NTP');
    expect(component({ clock: { driftMs: 0, failure: null } }, 'clock').part?.status).to.equal('ok');
  });

  it('is not ready before it has started', () => {
    expect(healthReport(facts({ started: false }))).to.deep.include({ ready: false, live: true, status: 'ok' });
  });

  it('says of a commit when its weights are expected', () => {
    const reveal = { round: 3, way: 'hash', from: 400, until: 459 };
    const { components } = healthReport(facts({ weights: { ...QUIET, reveal } }));
    expect(components.find(({ name }) => name === 'weights')?.facts).to.deep.include({
      revealOfRound: 3,
      revealFrom: 400,
      revealUntil: 459,
    });
  });

  it('has no scoring and no weights where it does not validate', () => {
    const names = healthReport(facts({ queue: null, weights: null })).components.map(({ name }) => name);
    expect(names).to.deep.equal(['chain', 'registry', 'p2p', 'database']);
  });

  const cases: readonly [string, string, Partial<StatusFacts>, 'ok' | 'degraded' | 'failing', string | undefined][] = [
    ['chain', 'there is none yet', { identity: null }, 'failing', 'No chain yet: is the endpoint up?'],
    ['chain', 'there is no block yet', { head: null }, 'failing', 'No chain yet: is the endpoint up?'],
    ['chain', 'the head is as old as it may be', { headAgeMs: STALE_MS }, 'ok', undefined],
    [
      'chain',
      'the head stands still',
      { headAgeMs: STALE_MS + 1 },
      'failing',
      'No finalized block for 101 s: add a second endpoint to chain.endpoints.',
    ],
    ['registry', 'nothing was read yet', { snapshot: null }, 'failing', 'The subnet has not been read yet.'],
    [
      'registry',
      'we are not in it',
      { hotkey: aHotkey('other') },
      'degraded',
      `Hotkey ${aHotkey('other')} is not registered on netuid 7: register it.`,
    ],
    ['p2p', 'nobody is there', { peers: [] }, 'degraded', 'No peer is connected: is p2p.announceIp reachable, and is anybody registered?'],
    ['database', 'it is away', { databaseOk: false }, 'failing', 'The database does not answer.'],
    ['signer', 'it answers', { signer: { failure: null } }, 'ok', undefined],
    [
      'signer',
      'it is away',
      { signer: { failure: signerFailure('signer.unreachable', { socket: '/run/s', reason: 'nobody listens on it' }) } },
      'failing',
      'No signer answers at /run/s: nobody listens on it. Start it: `voxd signer --wallet W --hotkey H --socket /run/s`. Nothing is signed until it is back; voxd asks again by itself.',
    ],
    [
      'scoring',
      'jobs gave up',
      { queue: { ...QUEUE, dead: 3 } },
      'degraded',
      '3 scoring jobs gave up after all retries; their models keep their last standing.',
    ],
    [
      'weights',
      'the chain makes us wait',
      { weights: { ...QUIET, waiting: chainFailure('chain.rate_limited', { method: 'set_weights', wait: '7 blocks' }) } },
      'ok',
      'set_weights comes too soon after the last one. Wait 7 blocks.',
    ],
    [
      'weights',
      'somebody else signs with our hotkey',
      { weights: { ...QUIET, waiting: submissionFailure('weights.foreign_submission', { what: 'a commit', block: 90 }) } },
      'degraded',
      'Somebody else sets weights with this hotkey: a commit of block 90 is not in the journal of this node. Run one daemon per hotkey, and commands with the --data-dir of the node. Nothing is sent in this epoch; the next is tried.',
    ],
  ];
  for (const [name, when, change, status, detail] of cases) {
    it(`says of ${name} when ${when}: ${status}`, () => {
      const { report, part } = component(change, name);
      expect([part?.status, part?.detail]).to.deep.equal([status, detail]);
      expect(report.status).to.equal(status);
      expect(report.ready).to.equal(status !== 'failing');
      expect(report.live).to.equal(true);
    });
  }

  it('feels as bad as its worst part', () => {
    expect(healthReport(facts({ peers: [], databaseOk: false })).status).to.equal('failing');
    expect(healthReport(facts({ peers: [], queue: { ...QUEUE, dead: 1 } })).status).to.equal('degraded');
  });

  it('knows no round outside of one', () => {
    expect(component({ round: null }, 'scoring').part?.facts).to.deep.equal({ ...QUEUE, round: null, phase: null, entered: 0, heard: 0 });
  });

  it('says when validators do not agree, and whose fault it is', () => {
    const report = (change: Partial<AgreementReport>): AgreementReport => ({
      round: 3,
      self: SELF,
      validators: [],
      pairs: [],
      audits: [],
      flags: [],
      oursWrong: 0,
      alarm: false,
      ...change,
    });
    const told = (change: Partial<AgreementReport>) => {
      const { part } = component({ agreement: report(change) }, 'agreement');
      return `${part?.status}: ${part?.detail ?? ''}`;
    };
    const disbelieved = { validator: SELF, round: 3, reason: 'off', cleanRounds: 0 };
    const other = { hotkey: SELF, committed: true, records: 1, privateRecords: 1, disbelieved, leftOut: true };
    expect(told({})).to.equal('ok: ');
    expect(told({ alarm: true })).to.match(/^degraded: Validators differ .* `voxd agreement 3` shows it/);
    expect(told({ validators: [other] })).to.match(/^degraded: Not believed: 5/);
    expect(told({ oursWrong: 2, alarm: true })).to.match(/^degraded: Our own engine was wrong about 2 models/);
  });
});
