/** How this node stands among its peers: what it opens, who reaches it, whom it hears. Pure: the facts are gathered by the command. */
import type { MessageKind } from '../../protocol/kinds.js';
import type { Peer, Reached } from '../../protocol/ports.js';
import { inWords, isReachable, isUnreachable } from '../network/reachability.js';
import { type Finding, fail, ok, skip, warn } from './finding.js';

/** What came of trying the port that peers are to connect to. */
export type PortState = 'free' | 'taken' | 'accepts' | 'closed' | 'not_allowed' | 'no_such_address';

/** What the running node says of itself. */
export interface RunningNode {
  readonly peerId: string;
  readonly peers: readonly Peer[];
  readonly topics: readonly { readonly kind: MessageKind; readonly neighbours: number }[];
  /** What peers said who were to dial its addresses; null: not asked. */
  readonly answers: readonly Reached[] | null;
}

export interface NetworkFacts {
  readonly httpUrl: string;
  /** Null: none answers there. */
  readonly running: RunningNode | null;
  /** By the key in the data directory; null: none has been made. */
  readonly ownPeerId: string | null;
  /** Null: no port is opened. */
  readonly listen: { readonly ip: string; readonly port: number; readonly state: PortState } | null;
  /** Null: others are told of no address. */
  readonly announced: { readonly ip: string; readonly isPrivate: boolean } | null;
  /** Private addresses are dialled too: a development network. */
  readonly privateNetwork: boolean;
  /** Addresses on chain that were tried from here, and how many took the connection. */
  readonly dialled: { readonly tried: number; readonly accepting: number } | null;
  readonly connectionsMax: number;
  /** Files and sockets that the node may open; null: not known. */
  readonly openFilesMax: number | null;
}

/** With fewer the node dials bootstrap addresses and peers of earlier runs as well. */
const PEERS_FEW = 4;
/** Sockets and files beside the peers: HTTP, database, chain, models being read and written, and those of the Node runtime. */
const FILES_BESIDE_PEERS = 512;
const RANGES_TEXT = 'loopback and private ranges';

export function examineNetwork(facts: NetworkFacts): readonly Finding[] {
  const { running, ownPeerId, httpUrl } = facts;
  const isOther = running !== null && ownPeerId !== null && running.peerId !== ownPeerId;
  const own = isOther ? null : running;
  return [
    isOther
      ? fail(
          'node',
          `another node answers at ${httpUrl}: it is ${running.peerId}, the key in the data directory is that of ${ownPeerId}`,
          'Look at --data-dir and --http-port: they belong to two nodes.',
        )
      : own === null
        ? skip('node', `none answers at ${httpUrl}: what only a running one knows is left out`)
        : ok('node', `runs as ${own.peerId}`),
    port(facts),
    ...announced(facts),
    openFiles(facts),
    ...outward(facts),
    ...(own === null ? [] : [...reachable(facts, own), peers(own), mesh(own)]),
  ];
}

function port({ listen, running }: NetworkFacts): Finding {
  if (listen === null) return ok('port', 'none is opened (p2p.dialOnly): this node dials out, and takes part in everything');
  const at = `${listen.ip}, TCP ${listen.port}`;
  if (listen.state === 'accepts') return ok('port', `${at} takes connections`);
  if (listen.state === 'free' && running === null) return ok('port', `${at} is free`);
  if (listen.state === 'taken')
    return fail('port', `${at} is taken by another program`, 'Stop that one, or choose another with --p2p-port.');
  if (listen.state === 'not_allowed')
    return fail('port', `${at} may not be opened by this user`, 'Choose one from 1024 up with --p2p-port.');
  if (listen.state === 'no_such_address')
    return fail('port', `${listen.ip} is no address of this machine`, 'Set p2p.listenIp to one that is, or to 0.0.0.0.');
  return fail('port', `${at}: the node runs, but nothing takes connections there`, 'Are these its settings? Restart it, and read its log.');
}

function announced({ announced: told, listen, privateNetwork }: NetworkFacts): readonly Finding[] {
  // The settings do not allow an address without a port.
  if (told === null || listen === null) return [];
  if (told.isPrivate && !privateNetwork)
    return [
      fail(
        'announced',
        `${told.ip} leads nowhere on a public network: peers do not dial ${RANGES_TEXT}`,
        'Set p2p.announceIp to the public address of this machine.',
      ),
    ];
  return [ok('announced', `${told.ip}, TCP ${listen.port}`)];
}

function openFiles({ openFilesMax, connectionsMax }: NetworkFacts): Finding {
  if (openFilesMax === null) return skip('open files', 'the limit is not known on this system');
  const wanted = connectionsMax + FILES_BESIDE_PEERS;
  if (openFilesMax >= wanted) return ok('open files', `${openFilesMax} at most, ${wanted} are enough`);
  return warn(
    'open files',
    `${openFilesMax} at most: with ${connectionsMax} peers it may need ${wanted}`,
    `Raise the limit (LimitNOFILE=${wanted} in the systemd unit, \`ulimit -n ${wanted}\`), or lower p2p.maxConnections.`,
  );
}

function outward({ dialled }: NetworkFacts): readonly Finding[] {
  if (dialled === null || dialled.tried === 0) return [];
  const said = `${dialled.accepting} of ${dialled.tried} addresses on chain take connections from here`;
  if (dialled.accepting > 0) return [ok('outward', said)];
  return [warn('outward', said, 'Does a firewall keep this machine from opening TCP connections? `voxd probe ADDRESS` tries one by hand.')];
}

function reachable({ announced: told, listen }: NetworkFacts, { answers }: RunningNode): readonly Finding[] {
  if (told === null || listen === null) return [];
  if (answers === null || answers.length === 0)
    return [skip('reachable', 'nobody could be asked to dial back: no registered peer is connected')];
  const found = { atMs: 0, answers };
  const reached = answers.filter(({ outcome }) => outcome === 'reached').length;
  const words = [...new Set(answers.filter(({ outcome }) => outcome !== 'reached').map(inWords))].join('; ');
  const said = `${reached} of ${answers.length} dials of peers came through${words === '' ? '' : `; the others: ${words}`}`;
  if (isReachable(found)) return [ok('reachable', said), ...seenAt(told.ip, answers)];
  if (isUnreachable(found))
    return [
      fail(
        'reachable',
        `no peer reached ${told.ip}: ${words}`,
        `Open TCP ${listen.port} in the firewall or forward it, or set p2p.dialOnly.`,
      ),
    ];
  return [skip('reachable', said)];
}

/** Behind a translator the address that others see is the one to announce. */
function seenAt(told: string, answers: readonly Reached[]): readonly Finding[] {
  const seen = [...new Set(answers.map(({ observed }) => observed.split('/')[2] ?? '').filter((ip) => ip !== ''))];
  if (seen.length === 0 || seen.includes(told)) return [];
  return [ok('seen at', `${seen.join(', ')}, announced is ${told}: both lead here`)];
}

function peers({ peers: all }: RunningNode): Finding {
  const proved = all.filter(({ hotkey }) => hotkey !== null).length;
  const inbound = all.filter(({ direction }) => direction === 'inbound').length;
  const said = `${all.length} connected, ${proved} with a proved hotkey; ${inbound} dialled us, ${all.length - inbound} we dialled`;
  if (proved === 0)
    return fail('peers', said, 'Is the network up? Dial one by hand with `voxd probe ADDRESS`, and name a peer in p2p.bootstrap.');
  if (proved < PEERS_FEW) return warn('peers', said, 'A small subnet has no more; on a large one name peers in p2p.bootstrap.');
  return ok('peers', said);
}

function mesh({ topics, peers: all }: RunningNode): Finding {
  const said = topics.map(({ kind, neighbours }) => `${kind} ${neighbours}`).join(', ');
  const alone = topics.filter(({ neighbours }) => neighbours === 0).map(({ kind }) => kind);
  if (alone.length === 0) return ok('neighbours', `by kind of message: ${said}`);
  if (!all.some(({ hotkey }) => hotkey !== null)) return skip('neighbours', 'nobody is connected to have any');
  return warn(
    'neighbours',
    `none for ${alone.join(', ')} (${said}): what is said there goes nowhere`,
    'In the first seconds that is so; later look at the scores in `voxd peers`: below 0 a peer is in no mesh.',
  );
}
