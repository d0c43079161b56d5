import { expect } from 'chai';
import { QUICKNET, roundAt } from '../../../chain/beacon.js';
import { chainFailure } from '../../../chain/failures.js';
import type { RuntimeDescription } from '../../../chain/ports.js';
import { KINDS_OF_A_NODE } from '../../../chain/wallet/remote/policy.js';
import { type EndpointFacts, examineEndpoints } from '../../../node/doctor/chain.js';
import { type Finding, ok, skip, warn, worst } from '../../../node/doctor/finding.js';
import { examineHotkey } from '../../../node/doctor/hotkey.js';
import { examineMachine, type MachineFacts } from '../../../node/doctor/machine.js';
import { examineSigner, type SignerFacts } from '../../../node/doctor/signer.js';
import { createFakeChain } from '../../support/fake-chain.js';
import { aHash, aHotkey } from '../../support/keys.js';

const NOW_SECONDS = 1_800_000_000;
const GIB = 1024 ** 3;
const ALL_HELD = {
  limits: 'prlimit' as const,
  yields: true,
  controlGroup: true,
  controlGroupProblem: null,
  memoryBounded: true,
  networkRemoved: true,
  unprivilegedUser: true,
  noNewPrivileges: true,
  capabilitiesDropped: true,
  diesWithParent: true,
};
const GOOD: MachineFacts = {
  node: 'v20.19.0',
  cores: 2,
  memoryBytes: 8 * GIB,
  diskFreeBytes: 100 * GIB,
  dataDir: '/data',
  sandbox: ALL_HELD,
};
const verdicts = (findings: readonly Finding[]) => Object.fromEntries(findings.map(({ name, verdict }) => [name, verdict]));

describe('doctor', () => {
  it('lets the worst finding decide', () => {
    const of = (...findings: Finding[]) => worst([{ area: 'a', findings }]);
    expect(of()).to.equal('ok');
    expect(of(ok('a', ''), skip('b', ''))).to.equal('ok');
    expect(of(ok('a', ''), warn('b', '', ''))).to.equal('warn');
    expect(of(warn('a', '', ''), { ...ok('b', ''), verdict: 'fail' })).to.equal('fail');
  });

  describe('the machine', () => {
    it('has nothing to say about a good one', () => {
      expect(examineMachine(GOOD).every(({ verdict, next }) => verdict === 'ok' && next === null)).to.equal(true);
    });

    const bad: readonly (readonly [string, Partial<MachineFacts>, string, Finding['verdict']])[] = [
      ['an old Node', { node: 'v20.18.9' }, 'node', 'fail'],
      ['an older Node', { node: 'v18.20.0' }, 'node', 'fail'],
      ['one core', { cores: 1 }, 'cores', 'warn'],
      ['little memory', { memoryBytes: 2 * GIB }, 'memory', 'warn'],
      ['little disk', { diskFreeBytes: 5 * GIB }, 'disk', 'warn'],
      ['a full disk', { diskFreeBytes: GIB / 2 }, 'disk', 'fail'],
      ['a sandbox with network', { sandbox: { ...ALL_HELD, networkRemoved: false } }, 'sandbox, network', 'warn'],
      ['a sandbox as root', { sandbox: { ...ALL_HELD, unprivilegedUser: false } }, 'sandbox, user', 'warn'],
      ['a sandbox with capabilities', { sandbox: { ...ALL_HELD, capabilitiesDropped: false } }, 'sandbox, privileges', 'warn'],
      ['models that outlive the node', { sandbox: { ...ALL_HELD, diesWithParent: false } }, 'sandbox, end', 'warn'],
      ['unbounded memory', { sandbox: { ...ALL_HELD, memoryBounded: false } }, 'sandbox, limits', 'warn'],
      ['models that do not yield', { sandbox: { ...ALL_HELD, yields: false } }, 'sandbox, priority', 'warn'],
      [
        'no control group',
        { sandbox: { ...ALL_HELD, controlGroup: false, controlGroupProblem: 'none is delegated' } },
        'sandbox, control group',
        'warn',
      ],
    ];
    for (const [what, facts, name, verdict] of bad) {
      it(`says what to do about ${what}`, () => {
        const finding = examineMachine({ ...GOOD, ...facts }).find((each) => each.name === name);
        expect(finding?.verdict).to.equal(verdict);
        expect(finding?.next).to.match(/\w{3,}/);
      });
    }
  });

  describe('the endpoints', () => {
    const runtime: RuntimeDescription = {
      specVersion: 425,
      registry: 'selective_metagraph',
      epochClock: 'state',
      weightCalls: ['set_weights'],
      nodeCalls: [],
      errors: [],
    };
    const endpoint = (name: string, head = 100, more: Partial<EndpointFacts> = {}): EndpointFacts => ({
      endpoint: name,
      failure: null,
      identity: { endpoint: name, chain: 'c', genesis: aHash('g'), specName: 'node-subtensor', specVersion: 425, blockTimeMs: 12_000 },
      latencyMs: 20,
      head: { number: head, hash: aHash(`${head}`) },
      finalized: { number: head - 2, hash: aHash(`${head - 2}`) },
      runtime,
      crossCheck: null,
      driftMs: null,
      clockNote: null,
      ...more,
    });

    it('is content with two that agree', () => {
      expect(verdicts(examineEndpoints([endpoint('ws://a'), endpoint('ws://b')]))).to.deep.equal({
        'ws://a': 'ok',
        'ws://b': 'ok',
        registry: 'ok',
        'epoch clock': 'ok',
        weights: 'ok',
      });
    });

    it('names the one that fails, lags, is slow or serves another chain', () => {
      const failure = chainFailure('chain.unreachable', { endpoint: 'ws://b', reason: 'refused' });
      const found = (second: EndpointFacts) => verdicts(examineEndpoints([endpoint('ws://a'), second]));
      expect(found(endpoint('ws://b', 100, { failure, identity: null, runtime: null }))['ws://b']).to.equal('fail');
      expect(found(endpoint('ws://b', 90))['ws://b']).to.equal('warn');
      expect(found(endpoint('ws://b', 100, { latencyMs: 5_000 }))['ws://b']).to.equal('warn');
      expect(found(endpoint('ws://b', 100, { finalized: { number: 20, hash: aHash('20') } }))['ws://b']).to.equal('warn');
      const other = { ...endpoint('ws://b').identity!, genesis: aHash('other') };
      expect(found(endpoint('ws://b', 100, { identity: other }))['genesis']).to.equal('fail');
    });

    it('believes no reading that the runtime contradicts', () => {
      const check = (crossCheck: EndpointFacts['crossCheck']) =>
        verdicts(examineEndpoints([endpoint('ws://a', 100, { crossCheck }), endpoint('ws://b')]))['cross-check'];
      expect(check(null)).to.equal(undefined);
      expect(check({ seats: null, differences: [] })).to.equal(undefined);
      expect(check({ seats: 3, differences: [] })).to.equal('ok');
      expect(check({ seats: 3, differences: ['uid 1: another hotkey'] })).to.equal('fail');
    });

    it('judges the clock by the chain', () => {
      const clock = (more: Partial<EndpointFacts>) =>
        verdicts(examineEndpoints([endpoint('ws://a', 100, more), endpoint('ws://b')]))['clock'];
      expect(clock({})).to.equal(undefined);
      expect(clock({ clockNote: 'no blocks' })).to.equal('skip');
      expect(clock({ driftMs: 0 })).to.equal('ok');
      expect(clock({ driftMs: -9_000 })).to.equal('ok');
      expect(clock({ driftMs: 11_000 })).to.equal('fail');
      expect(clock({ driftMs: -11_000 })).to.equal('fail');
    });

    it('advises a second one, and knows a runtime that takes no weights', () => {
      expect(verdicts(examineEndpoints([endpoint('ws://a')]))['endpoints']).to.equal('warn');
      const mute = endpoint('ws://a', 100, { runtime: { ...runtime, weightCalls: [] } });
      expect(verdicts(examineEndpoints([mute, endpoint('ws://b')]))['weights']).to.equal('fail');
    });
  });

  describe('the signer', () => {
    const HELD = aHotkey('validator');
    const nodeCalls = createFakeChain().reader.runtime().nodeCalls;
    const numbers = nodeCalls.map(({ number }) => number);
    const genesis = aHash('g');
    const all: SignerFacts['policy'] = { kinds: KINDS_OF_A_NODE, calls: numbers, genesis };
    const base: SignerFacts = {
      socket: 'unix:/run/s',
      latencyMs: 1,
      hotkey: HELD,
      policy: all,
      neededKinds: KINDS_OF_A_NODE,
      expected: [{ by: 'the wallet a/b', hotkey: HELD }],
      genesis,
      nodeCalls,
      validates: true,
      mechanism: 0,
    };

    it('is content with one that signs what this node needs, and no more', () => {
      const found = verdicts(examineSigner(base));
      expect(found).to.deep.equal({ signer: 'ok', key: 'ok', purposes: 'ok', chain: 'ok', calls: 'ok' });
    });

    const bad: readonly (readonly [string, Partial<SignerFacts>, string, Finding['verdict'], RegExp])[] = [
      ['another key', { hotkey: aHotkey('other') }, 'key', 'warn', /the wallet a\/b has/],
      ['no extrinsics', { policy: { ...all, kinds: ['envelope', 'binding'] } }, 'purposes', 'fail', /does not sign extrinsic$/],
      ['any chain', { policy: { ...all, genesis: null } }, 'chain', 'warn', /any chain/],
      ['another chain', { policy: { ...all, genesis: aHash('h') } }, 'chain', 'fail', /and this chain is/],
      ['no weights', { policy: { ...all, calls: ['7.4', '18.0'] } }, 'calls', 'fail', /set_weights 7\.0, commit_weights 7\.96/],
      ['no commitment', { policy: { ...all, calls: numbers.filter((call) => call !== '18.0') } }, 'calls', 'warn', /set_commitment 18\.0$/],
    ];
    for (const [what, change, name, verdict, words] of bad) {
      it(`says what to do about one with ${what}`, () => {
        const finding = examineSigner({ ...base, ...change }).find((each) => each.name === name);
        expect(finding?.verdict).to.equal(verdict);
        expect(finding?.detail).to.match(words);
        expect(finding?.next).to.match(/--\w{3,}/);
      });
    }

    it('asks no weights of the signer of a miner', () => {
      const calls = ['7.4', '18.0'];
      expect(verdicts(examineSigner({ ...base, validates: false, policy: { ...all, calls } }))['calls']).to.equal('ok');
    });
  });

  describe('the hotkey', () => {
    const HOTKEY = aHotkey('validator');
    const OWN_PORT = { port: 1, peerKey: null };
    const examined = async (chain: ReturnType<typeof createFakeChain>, announceIp: string | null = '203.0.113.7') =>
      verdicts(
        examineHotkey({
          hotkey: HOTKEY,
          snapshot: await chain.reader.snapshot(1),
          weights: await chain.reader.weightFacts(1, 0, HOTKEY),
          validates: true,
          versionKey: 1_000n,
          announceIp,
          ...OWN_PORT,
          nowSeconds: NOW_SECONDS,
        }),
      );
    const examine = async (set: (chain: ReturnType<typeof createFakeChain>) => void, announceIp?: string | null) => {
      const chain = createFakeChain({ hyperparameters: { activityCutoffBlocks: 50 } });
      set(chain);
      return examined(chain, announceIp);
    };

    it('has no seat: nothing else matters', async () => {
      expect(await examine(() => undefined)).to.deep.equal({ seat: 'fail' });
    });

    it('has an address on chain that this node is not told of: both are named', async () => {
      const chain = createFakeChain();
      chain.register(HOTKEY, { stakeRao: 1n, permit: true });
      chain.patch(HOTKEY, { axon: { ip: '203.0.113.9', port: 1, protocol: 4, version: 1, block: 100, peerKey: null } });
      const facts = { snapshot: await chain.reader.snapshot(1), weights: await chain.reader.weightFacts(1, 0, HOTKEY) };
      const own = { hotkey: HOTKEY, validates: true, versionKey: 1_000n, announceIp: null, ...OWN_PORT, nowSeconds: NOW_SECONDS };
      const address = examineHotkey({ ...facts, ...own }).find(({ name }) => name === 'address');
      expect(address?.verdict).to.equal('warn');
      expect(address?.next).to.include('p2p.announceIp to 203.0.113.9');
    });

    it('has another port on chain, or the key of another node', async () => {
      const found = async (port: number, onChain: string | null) => {
        const chain = createFakeChain();
        chain.register(HOTKEY);
        chain.patch(HOTKEY, { axon: { ip: '203.0.113.7', port: 4010, protocol: 4, version: 1, block: 100, peerKey: onChain } });
        const facts = { snapshot: await chain.reader.snapshot(1), weights: await chain.reader.weightFacts(1, 0, HOTKEY) };
        const own = { hotkey: HOTKEY, validates: false, versionKey: 1n, announceIp: '203.0.113.7', port, peerKey: 'ab', nowSeconds: 0 };
        return examineHotkey({ ...facts, ...own }).find(({ name }) => name === 'address');
      };
      expect((await found(4010, 'ab'))?.verdict).to.equal('ok');
      expect((await found(4010, null))?.verdict).to.equal('ok');
      expect((await found(4011, 'ab'))?.detail).to.equal('the chain says 203.0.113.7, TCP 4010, this node 203.0.113.7, TCP 4011');
      expect((await found(4010, 'cd'))?.detail).to.include('key of another node');
    });

    it('is told about a missing permit, a newer version and weights that were never set', async () => {
      const found = await examine((chain) => {
        chain.register(HOTKEY, { stakeRao: 1n });
        chain.setHyperparameters({ weightsVersionKey: 2_000n });
      });
      expect(found).to.deep.equal({ seat: 'ok', address: 'warn', permit: 'warn', version: 'fail', weights: 'warn' });
    });

    it('is told until when the chain is in safe mode', async () => {
      const examined = async (until: number | null) =>
        examine((chain) => {
          chain.register(HOTKEY, { stakeRao: 1n, permit: true });
          chain.setSafeMode(until);
        });
      expect(await examined(900)).to.deep.include({ 'safe mode': 'warn', seat: 'ok' });
      expect(await examined(null)).not.to.have.property('safe mode');
    });

    it('is told when the beacon stands still, where weights are timelocked', async () => {
      const chain = createFakeChain();
      chain.register(HOTKEY, { stakeRao: 1n, permit: true });
      const snapshot = await chain.reader.snapshot(1);
      const open = await chain.reader.weightFacts(1, 0, HOTKEY);
      const found = (lastStoredRound: number, beacon = true) => {
        const followed = { ...QUICKNET, lastStoredRound };
        const commitReveal = {
          byHash: true,
          timelockVersion: 4,
          revealPeriodEpochs: 1,
          hashCommits: [],
          timelockedCommits: [],
          beacon: beacon ? followed : null,
        };
        const weights = { ...open, commitRevealEnabled: true, commitReveal };
        const facts = {
          hotkey: HOTKEY,
          snapshot,
          weights,
          validates: true,
          versionKey: 1_000n,
          announceIp: null,
          ...OWN_PORT,
          nowSeconds: NOW_SECONDS,
        };
        return verdicts(examineHotkey(facts))['beacon'];
      };
      const newest = roundAt(QUICKNET, NOW_SECONDS);
      expect(found(newest)).to.equal('ok');
      expect(found(newest - 100)).to.equal('warn');
      expect(found(0)).to.equal('warn');
      expect(found(newest, false)).to.equal('warn');
      expect(
        verdicts(
          examineHotkey({
            hotkey: HOTKEY,
            snapshot,
            weights: open,
            validates: true,
            versionKey: 1_000n,
            announceIp: null,
            ...OWN_PORT,
            nowSeconds: 0,
          }),
        ),
      ).not.to.have.property('beacon');
    });

    it('is well when all is in place, and warned in time before it counts as inactive', async () => {
      const found = async (blocks: number) => {
        const chain = createFakeChain({ hyperparameters: { activityCutoffBlocks: 50, weightsRateLimitBlocks: 0 } });
        chain.register(HOTKEY, { stakeRao: 1n, permit: true });
        chain.patch(HOTKEY, { axon: { ip: '203.0.113.7', port: 1, protocol: 4, version: 1, block: 100, peerKey: null } });
        const vector = { netuid: 1, mechanism: 0, uids: [0], values: [1], versionKey: 1_000n };
        await chain.writer.setWeights({ hotkey: HOTKEY, sign: async () => new Uint8Array(64) }, vector);
        chain.advance(blocks);
        return examined(chain);
      };
      expect(await found(3)).to.deep.equal({ seat: 'ok', address: 'ok', permit: 'ok', version: 'ok', weights: 'ok' });
      expect((await found(30))['weights']).to.equal('warn');
      expect((await found(60))['weights']).to.equal('fail');
    });
  });
});
