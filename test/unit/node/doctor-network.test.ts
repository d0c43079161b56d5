import { expect } from 'chai';
import type { Finding } from '../../../node/doctor/finding.js';
import { examineNetwork, type NetworkFacts, type RunningNode } from '../../../node/doctor/network.js';
import { MESSAGE_KINDS } from '../../../protocol/kinds.js';
import type { PeerId } from '../../../protocol/peer-id.js';
import type { Peer, Reached } from '../../../protocol/ports.js';
import { aHotkey } from '../../support/keys.js';

const peer = (n: number, more: Partial<Peer> = {}): Peer => ({
  peerId: `peer ${n}` as PeerId,
  hotkey: aHotkey(`neuron ${n}`),
  address: `/ip4/203.0.113.${n}/tcp/4010`,
  direction: n % 2 === 0 ? 'inbound' : 'outbound',
  connectedAtMs: 0,
  score: 10,
  ...more,
});
const answer = (outcome: Reached['outcome'], reason: string | null = null, observed = '/ip4/203.0.113.7/tcp/50000'): Reached => ({
  ...{ peerId: 'peer 1' as PeerId, hotkey: aHotkey('neuron 1'), address: '/ip4/203.0.113.7/tcp/4010' },
  ...{ outcome, reason, observed },
});
const meshOf = (neighbours: number) => MESSAGE_KINDS.map((kind) => ({ kind, neighbours }));
const RUNNING: RunningNode = {
  peerId: 'us',
  peers: [1, 2, 3, 4, 5].map((n) => peer(n)),
  topics: meshOf(5),
  answers: [answer('reached'), answer('reached')],
};
const GOOD: NetworkFacts = {
  httpUrl: 'http://127.0.0.1:4011',
  running: RUNNING,
  ownPeerId: 'us',
  listen: { ip: '0.0.0.0', port: 4010, state: 'accepts' },
  announced: { ip: '203.0.113.7', isPrivate: false },
  privateNetwork: false,
  dialled: { tried: 8, accepting: 6 },
  connectionsMax: 96,
  openFilesMax: 1_048_576,
};
const STOPPED: NetworkFacts = { ...GOOD, running: null, listen: { ip: '0.0.0.0', port: 4010, state: 'free' } };
const find = (facts: NetworkFacts, name: string) => examineNetwork(facts).find((finding) => finding.name === name);
const running = (more: Partial<RunningNode>): NetworkFacts => ({ ...GOOD, running: { ...RUNNING, ...more } });
const listening = (state: NonNullable<NetworkFacts['listen']>['state'], of = STOPPED): NetworkFacts => ({
  ...of,
  listen: { ip: '0.0.0.0', port: 4010, state },
});

describe('doctor: the network', () => {
  it('has nothing to advise to a node that is well', () => {
    const findings = examineNetwork(GOOD);
    expect(findings.map(({ name }) => name)).to.deep.equal([
      ...['node', 'port', 'announced', 'open files', 'outward', 'reachable', 'peers', 'neighbours'],
    ]);
    expect(findings.every(({ verdict, next }) => verdict === 'ok' && next === null)).to.equal(true);
  });

  it('says of a stopped node what can be said: its port is free, and what only a running one knows is left out', () => {
    const findings = examineNetwork(STOPPED);
    expect(findings.map(({ name, verdict }) => `${name} ${verdict}`)).to.deep.equal([
      ...['node skip', 'port ok', 'announced ok', 'open files ok', 'outward ok'],
    ]);
  });

  const bad: readonly (readonly [string, NetworkFacts, string, Finding['verdict'], RegExp])[] = [
    ['another node at the HTTP port', { ...GOOD, ownPeerId: 'someone else' }, 'node', 'fail', /another node answers/],
    ['a port that another program has', listening('taken'), 'port', 'fail', /taken by another program/],
    ['a port that only root may open', listening('not_allowed'), 'port', 'fail', /may not be opened/],
    ['an address of another machine', listening('no_such_address'), 'port', 'fail', /no address of this machine/],
    ['a node that runs behind a closed port', listening('closed', GOOD), 'port', 'fail', /nothing takes connections/],
    ['a private address on a public network', { ...GOOD, announced: { ip: '10.0.0.1', isPrivate: true } }, 'announced', 'fail', /nowhere/],
    ['few files', { ...GOOD, openFilesMax: 512 }, 'open files', 'warn', /may need 608/],
    ['no way out', { ...GOOD, dialled: { tried: 8, accepting: 0 } }, 'outward', 'warn', /0 of 8/],
    ['an address that peers cannot reach', running({ answers: [answer('failed', 'tcp')] }), 'reachable', 'fail', /failed at tcp: the port/],
    ['nobody connected', running({ peers: [], topics: meshOf(0) }), 'peers', 'fail', /0 connected/],
    ['peers that have proved nothing', running({ peers: [peer(1, { hotkey: null })] }), 'peers', 'fail', /1 connected, 0 with a proved/],
    [
      'few peers',
      running({ peers: [peer(1), peer(2)] }),
      'peers',
      'warn',
      /2 connected, 2 with a proved hotkey; 1 dialled us, 1 we dialled/,
    ],
    [
      'a kind of message without neighbours',
      running({ topics: MESSAGE_KINDS.map((kind) => ({ kind, neighbours: kind === 'have' ? 0 : 5 })) }),
      ...(['neighbours', 'warn', /none for have/] as const),
    ],
  ];
  for (const [what, facts, name, verdict, detail] of bad) {
    it(`says what to do about ${what}`, () => {
      const finding = find(facts, name);
      expect(finding?.verdict).to.equal(verdict);
      expect(finding?.detail).to.match(detail);
      expect(finding?.next).to.match(/\w{3,}/);
    });
  }

  it('takes no other node for ours: of that one nothing is told', () => {
    const names = examineNetwork({ ...GOOD, ownPeerId: 'someone else' }).map(({ name }) => name);
    expect(names).not.to.include.members(['reachable', 'peers', 'neighbours']);
  });

  it('knows a node that only dials out: it announces nothing, opens nothing, and lacks nothing', () => {
    const dialOut: NetworkFacts = { ...GOOD, listen: null, announced: null, running: { ...RUNNING, answers: null } };
    expect(examineNetwork(dialOut).map(({ name, verdict }) => `${name} ${verdict}`)).to.deep.equal([
      ...['node ok', 'port ok', 'open files ok', 'outward ok', 'peers ok', 'neighbours ok'],
    ]);
  });

  it('judges reachability by those who tried, and names the address that others see', () => {
    expect(find(running({ answers: [answer('refused', 'busy'), answer('no_answer', 'x')] }), 'reachable')?.verdict).to.equal('skip');
    expect(find(running({ answers: [] }), 'reachable')?.verdict).to.equal('skip');
    const elsewhere = '/ip4/198.51.100.9/tcp/1';
    const mixed = running({ answers: [answer('reached', null, elsewhere), answer('failed', 'noise', elsewhere)] });
    expect(find(mixed, 'reachable')?.detail).to.match(/^1 of 2 dials .* failed at noise/);
    expect(find(mixed, 'seen at')?.detail).to.include('198.51.100.9');
  });

  it('lets a development network announce private addresses', () => {
    expect(find({ ...GOOD, privateNetwork: true, announced: { ip: '127.0.0.1', isPrivate: true } }, 'announced')?.verdict).to.equal('ok');
  });
});
