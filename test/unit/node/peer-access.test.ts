import { expect } from 'chai';
import { createLogger } from '../../../node/logger.js';
import { NO_METRICS } from '../../../node/metrics.js';
import { createPeerAccess, createPeerAccessKeeper } from '../../../node/network/peer-access.js';
import { peerIdFromKey } from '../../../protocol/peer-id.js';
import type { PeerRule } from '../../../protocol/peer-rules.js';
import type { PeerEvent } from '../../../protocol/ports.js';
import { aHotkey } from '../../support/keys.js';
import { createManualClock } from '../../support/manual-clock.js';
import { createMemoryStores } from '../../support/memory-stores.js';

describe('who may connect', () => {
  const peerId = peerIdFromKey(new Uint8Array(32).fill(1));

  async function open() {
    const clock = createManualClock();
    const store = createMemoryStores().peerRules;
    const listeners: ((event: PeerEvent) => void)[] = [];
    let told: readonly PeerRule[] = [];
    const peers = {
      setRules: (rules: readonly PeerRule[]) => {
        told = rules;
      },
      onPeer: (listener: (event: PeerEvent) => void) => {
        listeners.push(listener);
        return () => {};
      },
    };
    const keeper = createPeerAccessKeeper({ store, peers, clock, log: createLogger({ level: 'silent' }), metrics: NO_METRICS });
    await keeper.open();
    return {
      clock,
      keeper,
      command: createPeerAccess({ store, clock }),
      told: () => told,
      tell: (event: PeerEvent) => {
        for (const listener of listeners) listener(event);
      },
    };
  }

  it('is what a command beside the daemon said, from its next turn until the time is over', async () => {
    const { clock, keeper, command, told } = await open();
    await command.ban({ type: 'hotkey', value: aHotkey(1) }, 1_000, 'spams');
    expect(told()).to.deep.equal([]);
    await keeper.refresh();
    expect(told().map(({ subject, rule, reason, madeBy }) => ({ subject, rule, reason, madeBy }))).to.deep.equal([
      { subject: { type: 'hotkey', value: aHotkey(1) }, rule: 'deny', reason: 'spams', madeBy: 'operator' },
    ]);
    clock.pass(1_000);
    await keeper.refresh();
    expect(told()).to.deep.equal([]);
  });

  it('is remembered of a peer that was sent away: its hotkey, or itself and its address', async () => {
    const { keeper, clock, tell } = await open();
    const untilMs = clock.nowMs() + 60_000;
    tell({ type: 'exiled', peerId, hotkey: aHotkey(1), ip: null, score: -2600.4, untilMs });
    tell({ type: 'exiled', peerId, hotkey: null, ip: '2001:db8::1', score: -3000, untilMs });
    await Promise.resolve();
    const rules = await keeper.list();
    expect(rules.map(({ subject }) => subject.value)).to.have.members([aHotkey(1), peerId, '2001:db8::1/128']);
    expect(rules.every(({ madeBy, rule }) => madeBy === 'node' && rule === 'deny')).to.equal(true);
    await keeper.allow({ type: 'hotkey', value: aHotkey(1) }, null, 'a friend');
    expect((await keeper.list()).find(({ subject }) => subject.value === aHotkey(1))?.rule).to.equal('allow');
    expect(await keeper.forget({ type: 'hotkey', value: aHotkey(1) })).to.equal(true);
  });
});
