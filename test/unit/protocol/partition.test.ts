/** A network that falls in two and becomes one again: what the dialler owes to those who were cut off. */
import { expect } from 'chai';
import { createDialer, type Dialer, MEMBERS_WANTED } from '../../../protocol/libp2p/dialer.js';
import {
  createLostPeers,
  LOST_DIALS_AT_ONCE_MAX,
  LOST_GROUP_MS,
  LOST_KEPT_MAX,
  LOST_LASTED_MS_MIN,
  LOST_MEMBERS_MAX,
  LOST_WAIT_MS_MAX,
} from '../../../protocol/lost-peers.js';
import type { Hotkey } from '../../../protocol/names.js';
import type { Logger } from '../../../protocol/ports.js';
import { aHotkey } from '../../support/keys.js';
import { createSteppedClock } from '../../support/manual-clock.js';

const SILENT: Logger = { debug() {}, info() {}, warn() {}, error() {} };
const [alice, bob, carol] = [aHotkey(1), aHotkey(2), aHotkey(3)];

describe('lost peers', () => {
  const lose = (hotkeys: readonly Hotkey[], atMs = LOST_LASTED_MS_MIN) => {
    const lost = createLostPeers();
    for (const hotkey of hotkeys) lost.found(hotkey, 0);
    for (const hotkey of hotkeys) lost.parted(hotkey, atMs);
    return lost;
  };

  it('are those whose connection lasted and broke; a goodbye is none', () => {
    const lost = lose([alice]);
    expect(lost.has(alice)).to.equal(true);
    lost.forget(alice);
    expect(lost.has(alice)).to.equal(false);
    expect(lose([alice], LOST_LASTED_MS_MIN - 1).has(alice), 'who only came by').to.equal(false);
    lost.found(bob, 0);
    lost.forget(bob);
    lost.parted(bob, LOST_LASTED_MS_MIN);
    expect(lost.has(bob), 'the connection closes after the goodbye').to.equal(false);
  });

  it('come back as the group that was lost at about the same time', () => {
    const lost = lose([alice, bob]);
    lost.found(carol, 0);
    lost.parted(carol, LOST_LASTED_MS_MIN + LOST_GROUP_MS + 1);
    expect(lost.found(alice, 900_000)).to.deep.equal([bob]);
    expect(lost.has(alice)).to.equal(false);
    expect(lost.found(alice, 900_001), 'it is no longer lost').to.deep.equal([]);
    expect(lost.found(carol, 900_002)).to.deep.equal([]);
  });

  it('are bounded: the oldest is forgotten', () => {
    const hotkeys = Array.from({ length: LOST_KEPT_MAX + 1 }, (_, index) => aHotkey(index));
    const lost = lose(hotkeys);
    expect(hotkeys.filter((hotkey) => lost.has(hotkey))).to.deep.equal(hotkeys.slice(1));
  });
});

describe('the dialler and those who were lost', () => {
  const FAIL = () => Promise.reject(new Error('unreachable'));

  function rig(lostCount: number, options: { readonly members?: number; readonly dial?: () => Promise<void> } = {}) {
    const clock = createSteppedClock(0);
    const hotkeys = Array.from({ length: lostCount }, (_, index) => aHotkey(index));
    const connected = new Set<Hotkey>();
    const dialled: { readonly address: string; readonly atMs: number }[] = [];
    const dialer = createDialer(
      {
        clock,
        logger: SILENT,
        dial: (address) => {
          dialled.push({ address, atMs: clock.nowMs() });
          return (options.dial ?? FAIL)();
        },
        candidates: () => hotkeys.map((hotkey) => ({ hotkey, addresses: [`at ${hotkey}`] })),
        isConnected: (hotkey) => connected.has(hotkey),
        memberCount: () => options.members ?? MEMBERS_WANTED,
        outboundCount: () => MEMBERS_WANTED,
        standingOf: () => ({ permitted: false, stakeRao: 0n }),
        random: () => 0.5,
      },
      { ownHotkey: aHotkey(999), maxConnections: 96 },
    );
    const stop = new AbortController();
    return {
      dialer,
      clock,
      dialled,
      hotkeys,
      connected,
      async begin() {
        for (const hotkey of hotkeys) dialer.found(hotkey);
        await clock.advance(LOST_LASTED_MS_MIN);
        for (const hotkey of hotkeys) dialer.parted(hotkey);
        void dialer.run(stop.signal);
      },
      end: () => stop.abort(),
    };
  }

  it('seeks them though enough others are connected, each at least once a minute, and no more than its share at once', async () => {
    const hanging = rig(10, { dial: () => new Promise(() => {}) });
    await hanging.begin();
    await hanging.clock.advance(300_000);
    expect(hanging.dialled).to.have.length(LOST_DIALS_AT_ONCE_MAX);
    hanging.end();
    const { begin, clock, dialled, hotkeys, end } = rig(10);
    await begin();
    await clock.advance(1_800_000);
    const before = dialled.length;
    await clock.advance(10 * LOST_WAIT_MS_MAX);
    for (const hotkey of hotkeys)
      expect(dialled.slice(before).filter(({ address }) => address === `at ${hotkey}`).length, hotkey).to.be.within(8, 10);
    end();
  });

  it('dials the whole group as soon as one of it is back', async () => {
    const { dialer, begin, clock, dialled, hotkeys, connected, end } = rig(12);
    await begin();
    await clock.advance(1_200_000);
    const [back, ...others] = hotkeys as [Hotkey, ...Hotkey[]];
    const before = dialled.length;
    connected.add(back);
    dialer.found(back);
    await clock.advance(12_000);
    expect(new Set(dialled.slice(before).map(({ address }) => address))).to.deep.equal(new Set(others.map((hotkey) => `at ${hotkey}`)));
    end();
  });

  it('seeks nobody who said goodbye or was sent away, and nobody while twice as many as wanted are connected', async () => {
    const left = rig(3);
    for (const hotkey of left.hotkeys) left.dialer.found(hotkey);
    await left.clock.advance(LOST_LASTED_MS_MIN);
    for (const hotkey of left.hotkeys) {
      left.dialer.rest(hotkey, 60_000);
      left.dialer.parted(hotkey);
    }
    void left.dialer.run(new AbortController().signal);
    await left.clock.advance(600_000);
    expect(left.dialled).to.deep.equal([]);
    const full = rig(3, { members: LOST_MEMBERS_MAX });
    await full.begin();
    await full.clock.advance(600_000);
    expect(full.dialled).to.deep.equal([]);
  });
});

describe('a partition', function () {
  this.timeout(20_000);
  /** In each half, more than anybody wants to be connected with. */
  const HALF = MEMBERS_WANTED + 4;

  /** Nodes with a dialler each, and lines between them that reach everybody or only the own half. */
  function world() {
    const clock = createSteppedClock(0);
    const lines: Map<number, 'out' | 'in'>[] = Array.from({ length: 2 * HALF }, () => new Map());
    const state = { cut: false };
    const hotkeys = lines.map((_, node) => aHotkey(node));
    const everybody = hotkeys.map((hotkey, node) => ({ hotkey, addresses: [`${node}`] }));
    const halfOf = (node: number) => Math.floor(node / HALF);
    const numberOf = new Map(hotkeys.map((hotkey, node) => [hotkey, node]));
    let chance = 1;
    const random = () => {
      chance = (chance * 48_271) % 2_147_483_647;
      return chance / 2_147_483_647;
    };
    async function dial(from: number, to: number): Promise<void> {
      await clock.sleep(state.cut && halfOf(from) !== halfOf(to) ? 5_000 : 50);
      if (state.cut && halfOf(from) !== halfOf(to)) throw new Error('unreachable');
      if (lines[from]!.has(to)) return;
      lines[from]!.set(to, 'out');
      lines[to]!.set(from, 'in');
      dialers[from]!.found(hotkeys[to]!);
      dialers[to]!.found(hotkeys[from]!);
    }
    const dialers: readonly Dialer[] = lines.map((own, node) =>
      createDialer(
        {
          clock,
          logger: SILENT,
          dial: (address) => dial(node, Number(address)),
          candidates: () => everybody,
          isConnected: (hotkey) => own.has(numberOf.get(hotkey)!),
          memberCount: () => own.size,
          outboundCount: () => [...own.values()].filter((way) => way === 'out').length,
          standingOf: () => ({ permitted: false, stakeRao: 0n }),
          random,
        },
        { ownHotkey: hotkeys[node]!, maxConnections: 96 },
      ),
    );
    return {
      clock,
      dialers,
      /** Of each node, how many of the other half it is connected with. */
      across: () => lines.map((own, node) => [...own.keys()].filter((other) => halfOf(other) !== halfOf(node)).length),
      cut() {
        state.cut = true;
        for (const [node, own] of lines.entries())
          for (const other of [...own.keys()])
            if (halfOf(other) !== halfOf(node)) {
              own.delete(other);
              dialers[node]!.parted(hotkeys[other]!);
            }
      },
      heal() {
        state.cut = false;
      },
    };
  }

  it('heals within two minutes, though each half has found enough of its own', async () => {
    const { clock, dialers, across, cut, heal } = world();
    const stop = new AbortController();
    for (const dialer of dialers) void dialer.run(stop.signal);
    await clock.advance(62_000);
    expect(Math.min(...across())).to.be.greaterThan(0);
    cut();
    await clock.advance(100_000);
    expect(Math.max(...across())).to.equal(0);
    heal();
    await clock.advance(2 * LOST_WAIT_MS_MAX);
    expect(Math.min(...across())).to.be.greaterThan(0);
    stop.abort();
  });
});
