import { expect } from 'chai';
import { commitmentBytes, commitmentOf } from '../../../chain/commitment.js';
import { NO_METRICS } from '../../../node/metrics.js';
import type { ModelCache } from '../../../node/model-cache.js';
import { createBringer } from '../../../node/network/bringer.js';
import { createFetcher } from '../../../node/network/fetcher.js';
import { createProviderFinder } from '../../../node/network/provider-finder.js';
import type { Failure } from '../../../protocol/failure.js';
import { protocolFailures } from '../../../protocol/failures.js';
import { createHolders } from '../../../protocol/holders.js';
import type { Hotkey, ModelDigest } from '../../../protocol/names.js';
import type { PeerId } from '../../../protocol/peer-id.js';
import type { ArtifactTransfer, Holding, Peer, Peers } from '../../../protocol/ports.js';
import { modelFailure } from '../../../scoring/failures.js';
import type { Manifest } from '../../../scoring/manifest.js';
import { createFakeChain } from '../../support/fake-chain.js';
import { aHotkey, aModel } from '../../support/keys.js';
import { createManualClock } from '../../support/manual-clock.js';
import { createMemoryModelCache } from '../../support/memory-model-cache.js';
import { createMemoryStores } from '../../support/memory-stores.js';
import { createRecordingLog } from '../../support/recording-log.js';

const MINER = aHotkey('miner');
const MODEL = aModel(1);
const NO_SIGNAL = new AbortController().signal;
// Safety: the fetcher hands the manifest through.
const MANIFEST = { name: 'made up' } as unknown as Manifest;
// Safety: names stand in for peer ids.
const peerId = (name: string) => name as PeerId;
const peer = (name: string, hotkey: Hotkey | null = aHotkey(name)): Peer => ({
  peerId: peerId(name),
  hotkey,
  address: '',
  direction: 'outbound',
  connectedAtMs: 0,
  score: 0,
});

type Answer = Failure | 'gives';

interface Setup {
  readonly peers?: readonly Peer[];
  readonly answer?: (peer: string, model: ModelDigest) => Answer | Promise<Answer>;
  readonly holding?: (peer: string, model: ModelDigest) => Holding;
  /** Who can be connected to, by hotkey. */
  readonly reachable?: readonly Peer[];
  readonly precheck?: () => Promise<{ readonly manifest: Manifest; readonly tensorDigests: readonly string[] }>;
}

function setUp({ peers = [peer('owner', MINER)], answer = () => 'gives', holding = () => 'whole', reachable = [], precheck }: Setup = {}) {
  const chain = createFakeChain({ netuid: 7 });
  chain.register(MINER);
  const stores = createMemoryStores();
  const clock = createManualClock();
  const { log, warnings } = createRecordingLog();
  const asked: string[] = [];
  const rooms = { begun: 0, committed: 0, discarded: 0, suspended: 0 };
  const inner = createMemoryModelCache(new Map());
  const cache: ModelCache = {
    ...inner,
    async begin(model, sizeBytes) {
      rooms.begun++;
      const pending = await inner.begin(model, sizeBytes);
      return {
        ...pending,
        async commit() {
          rooms.committed++;
          return pending.commit();
        },
        async discard() {
          rooms.discarded++;
          await pending.discard();
        },
        async suspend() {
          rooms.suspended++;
          await pending.suspend();
        },
      };
    },
  };
  /** As the real one: providers in their order, until one gives everything or it is the fault of the package. */
  const transfer: Pick<ArtifactTransfer, 'fetchModel' | 'askHoldings'> = {
    askHoldings: async (from, models) => models.map((model) => holding(from, model)),
    async fetchModel(request) {
      await request.looking;
      const layout = { chunkSizeBytes: 1, files: [] };
      const tried: Failure[] = [];
      for (const from of request.providers()) {
        asked.push(from);
        const said = await answer(from, request.model);
        if (said === 'gives') {
          // Safety: nobody looks at the layout of a package without files.
          await request.sink.begin(new Uint8Array(10), layout as never);
          return { manifest: new Uint8Array(), layout: layout as never, receivedBytes: 10, elapsedMs: 1, from: [], dropped: [] };
        }
        if (said.disposition === 'fatal' || !said.code.startsWith('p2p.')) throw said;
        tried.push(said);
      }
      const [only] = tried;
      if (only !== undefined && tried.length === 1) throw only;
      const codes = tried.map(({ code }) => code);
      throw protocolFailures('p2p.no_source_left', { model: request.model, asked: tried.length, codes, resting: 0 });
    },
  };
  const present = [...peers];
  const network: Peers = {
    peers: () => present,
    peerOf: (hotkey) => present.find((each) => each.hotkey === hotkey) ?? null,
    setDirectory() {},
    setMembers() {},
    setRules() {},
    onPeer: () => () => {},
    async reach(hotkey) {
      const found = reachable.find((each) => each.hotkey === hotkey) ?? null;
      if (found !== null) present.push(found);
      return found;
    },
  };
  const holders = createHolders();
  const finder = createProviderFinder({ peers: network, transfer, holders, clock, log });
  const openPart = async () => ({
    layout: { chunkSizeBytes: 1, files: [] },
    has: () => false,
    write: async () => {},
    read: async () => null,
    close: async () => {},
  });
  const fetcher = createFetcher({
    stores,
    cache,
    finder,
    bringer: createBringer({ cache, openPart, arriving: new Map(), finder, transfer, log, metrics: NO_METRICS }),
    clock,
    log,
    metrics: NO_METRICS,
    precheck: precheck ?? (async () => ({ manifest: MANIFEST, tensorDigests: ['float32:1 x'] })),
  });
  return {
    chain,
    stores,
    clock,
    holders,
    asked,
    rooms,
    warnings,
    present,
    commit: (model: ModelDigest, hotkey = MINER) => chain.commit(hotkey, commitmentBytes(commitmentOf(hotkey, model))),
    announce: (model: ModelDigest, providers: readonly string[] = [], hotkey = MINER) =>
      stores.announcements.put({
        hotkey,
        model,
        manifestSizeBytes: 100,
        sizeBytes: 1_000,
        commitmentBlock: 1,
        providers,
        sequence: BigInt(clock.nowMs()),
        issuedAtMs: clock.nowMs(),
        expiresAtMs: clock.nowMs() + 86_400_000,
        envelope: new Uint8Array(),
      }),
    turn: async (signal = NO_SIGNAL) => fetcher.turn(await chain.reader.snapshot(7), signal),
    row: (model = MODEL) => stores.models.get(MINER, model),
  };
}

/** A miner whose model is committed and announced. */
async function claimed(setup: Setup = {}, providers: readonly string[] = []) {
  const made = setUp(setup);
  made.commit(MODEL);
  await made.announce(MODEL, providers);
  return made;
}

const NOT_FOUND = protocolFailures('p2p.model_not_found', { peer: 'x', model: MODEL });

describe('fetcher', () => {
  it('brings what is claimed and announced, once, and has it looked at', async () => {
    const { turn, row, asked, rooms, chain } = await claimed();
    await turn();
    const [seat] = (await chain.reader.snapshot(7)).neurons;
    expect(await row()).to.deep.equal({
      hotkey: MINER,
      registeredAt: seat?.registeredAt,
      model: MODEL,
      commitmentBlock: seat?.commitment?.block,
      state: 'prechecked',
      reason: null,
      attempts: 0,
      manifest: MANIFEST,
      tensorDigests: ['float32:1 x'],
    });
    await turn();
    expect(asked).to.deep.equal(['owner']);
    expect(rooms).to.deep.equal({ begun: 1, committed: 1, discarded: 0, suspended: 0 });
  });

  it('does nothing about a claim without announcement, an announcement without claim, and one of another model', async () => {
    const { turn, stores, commit, announce, asked } = setUp();
    await announce(MODEL);
    await turn();
    commit(aModel(2));
    await turn();
    expect(await stores.models.list()).to.deep.equal([]);
    expect(asked).to.deep.equal([]);
  });

  it('asks the owner first, then who has it, then peers the announcement names, and nobody without proof or without the model', async () => {
    const peers = [peer('b'), peer('nobody', null), peer('named'), peer('c'), peer('silent'), peer('owner', MINER)];
    const holding = (from: string): Holding => {
      if (from === 'b') return 'none';
      if (from === 'c') return 'whole';
      throw NOT_FOUND;
    };
    const { turn, asked } = await claimed({ peers, holding, answer: () => NOT_FOUND }, ['/ip4/127.0.0.1/tcp/1/p2p/named']);
    await turn();
    expect(asked).to.deep.equal(['owner', 'c', 'named']);
  });

  it('connects to the owner, to those who say they hold it, and to validators when nobody else has it', async () => {
    const [said, validator] = [aHotkey('said'), aHotkey('validator')];
    const reachable = [peer('holder', said), peer('committee', validator)];
    const made = await claimed({ peers: [], reachable, holding: (from) => (from === 'committee' ? 'whole' : 'none') });
    const { turn, asked, row, chain, holders, clock } = made;
    chain.register(validator);
    chain.patch(validator, { validatorPermit: true });
    holders.put(said, [MODEL], clock.nowMs() + 60_000);
    await turn();
    expect(asked).to.deep.equal(['committee']);
    expect((await row())?.state).to.equal('prechecked');
  });

  it('takes the model from the next when one gives wrong bytes', async () => {
    const answer = (from: string): Answer =>
      from === 'owner' ? protocolFailures('p2p.wrong_bytes', { peer: from, file: 0, chunk: 0 }) : 'gives';
    const { turn, asked, row, rooms } = await claimed({ peers: [peer('b'), peer('owner', MINER)], answer });
    await turn();
    expect(asked).to.deep.equal(['owner', 'b']);
    expect((await row())?.state).to.equal('prechecked');
    expect(rooms).to.deep.equal({ begun: 1, committed: 1, discarded: 0, suspended: 0 });
  });

  it('tries again with growing rests when nobody helps', async () => {
    const { turn, asked, row, clock, warnings, present } = await claimed({ answer: (from) => (from === 'late' ? 'gives' : NOT_FOUND) });
    const rests = [4_000, 8_000];
    for (const [at, rest] of rests.entries()) {
      await turn();
      expect(await row()).to.deep.include({
        state: 'retry',
        attempts: at + 1,
        reason: { code: 'p2p.model_not_found', facts: NOT_FOUND.facts },
      });
      expect(asked.splice(0)).to.deep.equal(['owner']);
      clock.pass(rest - 1);
      await turn();
      expect(asked).to.deep.equal([]);
      clock.pass(1);
    }
    expect(warnings).to.deep.equal(Array(2).fill('model not here yet (p2p.model_not_found)'));
    present.push(peer('late'));
    await turn();
    expect(asked.at(-1)).to.equal('late');
    expect(await row()).to.deep.include({ state: 'prechecked', reason: null });
  });

  it('brings a model that two hotkeys claim once', async () => {
    const { turn, chain, commit, announce, asked, stores } = await claimed();
    const other = aHotkey('copier');
    chain.register(other);
    commit(MODEL, other);
    await announce(MODEL, [], other);
    await turn();
    expect(asked).to.deep.equal(['owner']);
    expect((await stores.models.list()).map(({ state }) => state)).to.deep.equal(['prechecked', 'prechecked']);
  });

  it('never rests longer than a minute', async () => {
    const { turn, asked, clock, row } = await claimed({ answer: () => NOT_FOUND });
    for (let n = 1; n <= 12; n++) {
      await turn();
      expect((await row())?.attempts).to.equal(n);
      clock.pass(60_000);
    }
    expect(asked).to.have.length(12);
  });

  it('says that nobody is there', async () => {
    const { turn, row, present } = await claimed({ peers: [] });
    await turn();
    expect((await row())?.reason?.code).to.equal('node.no_provider');
    present.push(peer('late'));
    await turn();
    expect((await row())?.state).to.equal('retry');
  });

  const faults: readonly [string, Setup][] = [
    ['p2p.bad_manifest', { answer: () => protocolFailures('p2p.bad_manifest', { model: MODEL, problem: 'test' }) }],
    ['p2p.model_too_large', { answer: () => protocolFailures('p2p.model_too_large', { model: MODEL, sizeBytes: 2, maxBytes: 1 }) }],
    ['model.manifest_malformed', { answer: () => modelFailure('model.manifest_malformed', { problem: 'test' }) }],
    ['model.operator_refused', { precheck: () => Promise.reject(modelFailure('model.operator_refused', { operator: 'Loop' })) }],
  ];
  for (const [code, setup] of faults) {
    it(`rejects a model for good by ${code}, without asking others`, async () => {
      const { turn, row, asked, clock, warnings } = await claimed({ peers: [peer('owner', MINER), peer('b')], ...setup });
      await turn();
      expect(await row()).to.deep.include({ state: 'rejected', attempts: 1 });
      expect((await row())?.reason?.code).to.equal(code);
      expect(warnings).to.deep.equal([`model rejected (${code})`]);
      clock.pass(3_600_000);
      await turn();
      expect(asked).to.deep.equal(['owner']);
    });
  }

  it('does not blame the model for a copy that is damaged here', async () => {
    const precheck = () => Promise.reject(modelFailure('model.digest_mismatch', { file: 'voice.onnx', offset: 0 }));
    const { turn, row } = await claimed({ precheck });
    await turn();
    expect(await row()).to.deep.include({ state: 'retry', attempts: 1 });
  });

  it('marks what a newer claim replaced, and takes it up again when the miner goes back', async () => {
    const { turn, row, commit, announce, asked, clock } = await claimed();
    await turn();
    commit(aModel(2));
    await turn();
    expect((await row())?.state, 'until the new one is announced').to.equal('prechecked');
    clock.pass(1_000);
    await announce(aModel(2));
    await turn();
    expect((await row())?.state).to.equal('superseded');
    expect((await row(aModel(2)))?.state).to.equal('prechecked');
    commit(MODEL);
    await turn();
    expect((await row())?.state).to.equal('prechecked');
    expect((await row(aModel(2)))?.state).to.equal('superseded');
    expect(asked).to.have.length(2);
  });

  it('knows a hotkey that registered anew, and its older commitment counts no more', async () => {
    const { turn, row, chain, commit, asked } = await claimed();
    await turn();
    const before = await row();
    const { commitment } = (await chain.reader.snapshot(7)).neurons[0]!;
    chain.deregister(MINER);
    chain.register(MINER);
    chain.patch(MINER, { commitment });
    await turn();
    expect(await row()).to.deep.equal(before);
    commit(MODEL);
    await turn();
    const after = await row();
    expect(after).to.deep.include({ state: 'prechecked', model: MODEL });
    expect(after!.registeredAt).to.be.greaterThan(before!.registeredAt);
    expect(after!.commitmentBlock).to.be.greaterThan(before!.commitmentBlock);
    expect(asked).to.have.length(1);
  });

  it('is not held up by one slow provider', async () => {
    let release = (_: Answer) => {};
    const slow = new Promise<Answer>((resolve) => {
      release = resolve;
    });
    const { turn, chain, commit, announce, stores } = await claimed({ answer: (_, model) => (model === MODEL ? slow : 'gives') });
    const others = [2, 3, 4].map((n) => ({ hotkey: aHotkey(`miner ${n}`), model: aModel(n) }));
    for (const { hotkey, model } of others) {
      chain.register(hotkey);
      commit(model, hotkey);
      await announce(model, [], hotkey);
    }
    const turning = turn();
    while ((await stores.models.list()).filter(({ state }) => state === 'prechecked').length < others.length) {
      await new Promise((resolve) => setImmediate(resolve));
    }
    release('gives');
    await turning;
    expect((await stores.models.list()).every(({ state }) => state === 'prechecked')).to.equal(true);
  });

  it('leaves a model as it was when the node stops meanwhile', async () => {
    const stop = new AbortController();
    const answer = (): Answer => {
      stop.abort(new Error('the node stops'));
      return protocolFailures('p2p.cancelled', { peer: 'owner' });
    };
    const { turn, row, rooms } = await claimed({ answer });
    await turn(stop.signal).catch(() => {});
    expect(await row()).to.deep.include({ state: 'announced', attempts: 0 });
    expect(rooms).to.deep.equal({ begun: 0, committed: 0, discarded: 0, suspended: 0 });
  });
});
