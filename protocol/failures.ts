/** Everything the network part can refuse. `message.*` are also the reasons of verdicts about gossip. */
import { defineFailures, EXIT, type FailureSpec } from './failure.js';

const message = {
  'message.too_large': spec('skip', 'the message has more bytes than its kind allows', 'its sender runs a broken or hostile program'),
  'message.malformed': spec(
    'skip',
    'the message is not in the one form its bytes may have',
    'its forwarder runs a broken or hostile program',
  ),
  'message.wrong_version': spec('skip', 'the message is of an unknown version', 'update voxd if most peers send it'),
  'message.unknown_kind': spec('skip', 'the message is of an unknown kind', 'update voxd if most peers send it'),
  'message.wrong_topic': spec('skip', 'the message belongs to another topic', 'its forwarder runs a broken or hostile program'),
  'message.wrong_network': spec('skip', 'the message belongs to another chain or subnet', 'its forwarder runs a broken or hostile program'),
  'message.lifetime_too_long': spec(
    'skip',
    'the message claims to live longer than its kind allows',
    'its sender must set a nearer expiry',
  ),
  'message.from_future': spec('skip', 'the message was issued later than our clock says it is', 'check the clocks of both machines (NTP)'),
  'message.expired': spec('skip', 'the message has expired', 'nothing to do; the sender publishes again'),
  'message.duplicate': spec('skip', 'the message has been seen', 'nothing to do'),
  'message.old_sequence': spec('skip', 'a newer message of this hotkey and kind has been seen', 'nothing to do'),
  'message.equivocation': spec(
    'skip',
    'the hotkey signed two messages with one sequence number',
    'two nodes share this hotkey, or it cheats',
  ),
  'message.frozen': spec(
    'skip',
    'the hotkey said two things under one sequence number not long ago',
    'it is heard again after some blocks; voxd equivocations shows the proof',
  ),
  'message.no_registry': spec(
    'skip',
    'the registry has not been read yet, so nobody can be judged',
    'nothing to do; it is read at the start',
  ),
  'message.not_judged': spec('skip', 'the message could not be judged for reasons of our own', 'see the log; it is no fault of its sender'),
  'message.unregistered': spec(
    'skip',
    'the hotkey is not registered in this subnet',
    'register it, or wait until the registration is final',
  ),
  'message.no_permit': spec('skip', 'only a validator with permit may publish this kind', 'stake more, or wait for the next epoch'),
  'message.rate_limited': spec('skip', 'the hotkey publishes more often than its kind allows', 'publish less often'),
  'message.bad_signature': spec(
    'skip',
    'the signature is not of the hotkey the message names',
    'its forwarder runs a broken or hostile program',
  ),
  'message.bad_payload': spec(
    'skip',
    'the content of the message breaks a rule of its kind',
    'its sender runs a broken or hostile program',
  ),
} as const;

const p2p = {
  'p2p.not_started': spec('retry', 'the network host is not running', 'start the node first'),
  'p2p.listen_failed': {
    ...spec(
      'fatal',
      'cannot listen on {addresses}',
      'choose a free port with --p2p-port or another address with --listen-ip, or stop the other program',
    ),
    exit: EXIT.unavailable,
  },
  'p2p.bad_address': spec(
    'fatal',
    '{address} is not a multiaddr such as /ip4/0.0.0.0/tcp/4004',
    'correct the address in the configuration',
  ),
  'p2p.bad_peer_key': spec('fatal', 'the peer key file {path} does not hold a 32-byte seed', 'remove the file to have a new key made'),
  'p2p.peer_key_file': spec(
    'fatal',
    'cannot read or write the peer key file {path}',
    'check that its directory exists and belongs to the user',
  ),
  'p2p.peer_key_exposed': spec('fatal', 'others can read the peer key file {path}', 'chmod 600 {path}'),
  'p2p.verifier_failed': spec(
    'retry',
    'a signature could not be checked: {problem}',
    'the thread is started again; see the log if it goes on',
  ),
  'p2p.verifier_overloaded': spec('retry', '{waiting} signatures wait to be checked already', 'nothing to do; it is tried again'),
  'p2p.verifier_closed': spec('retry', 'signatures are not checked any more: the node stops', 'nothing to do'),
  'p2p.publish_failed': spec('retry', 'could not publish a message of kind {kind}', 'see the cause; it is tried again on schedule'),
  'p2p.dial_failed': spec('retry', 'could not connect to {address}', 'check that the address is reachable; it is tried again'),
  'p2p.hello_failed': spec('retry', 'peer {peer} did not complete the greeting', 'it may run another protocol version'),
  'p2p.binding_malformed': spec('skip', 'peer {peer} sent a malformed binding', 'it runs a broken or hostile program'),
  'p2p.binding_wrong_network': spec('skip', 'peer {peer} belongs to another chain or subnet', 'check --chain and --netuid on both sides'),
  'p2p.binding_expired': spec('skip', 'the binding of peer {peer} is not valid now', 'check the clocks of both machines (NTP)'),
  'p2p.binding_bad_signature': spec('skip', 'the binding of peer {peer} is not signed by both keys', 'it runs a broken or hostile program'),
  'p2p.binding_other_peer': spec('skip', 'peer {peer} showed the binding of another peer', 'it runs a broken or hostile program'),
  'p2p.binding_key_mismatch': spec(
    'skip',
    'peer {peer} claims a hotkey for which the chain lists another transport key',
    'its operator must serve the axon again with the present key',
  ),
  'p2p.binding_stale': spec(
    'skip',
    'the hotkey of peer {peer} is another peer by a newer record',
    'run one node per hotkey; a node that moved must have its clock right',
  ),
  'p2p.banned': spec('skip', 'a rule of this node keeps peer {peer} out', 'voxd peers rules shows it; voxd peers allow makes an exception'),
  'p2p.full': spec(
    'retry',
    'there is no place for peer {peer}',
    'raise p2p.maxConnections; validators and neurons at their address on chain have places of their own',
  ),
  'p2p.range_full': spec(
    'retry',
    'the range of addresses of peer {peer} has as many connections as it may',
    'serve an axon: an address on chain is not counted',
  ),
  'p2p.coldkey_full': spec(
    'retry',
    'the coldkey of peer {peer} has as many connections as it may',
    'serve an axon: an address on chain is not counted',
  ),
  'p2p.too_many_rules': spec('skip', 'there are {max} rules about peers already', 'take some back'),
  'p2p.bad_subject': spec(
    'fatal',
    '{text} names no peer: {problem}',
    'name a peer id, a hotkey, an address or a range such as 203.0.113.0/24',
  ),
  'p2p.binding_superseded': spec('skip', 'the hotkey of peer {peer} moved to another peer by a newer record', 'run one node per hotkey'),
  'p2p.refused_by_peer': spec('skip', 'peer {peer} refused our greeting', 'check registration, clock and the peer key on chain'),
  'p2p.not_connected': spec('retry', 'peer {peer} is not connected', 'it is dialled again by itself; try another provider'),
  'p2p.stream_failed': spec('retry', 'the stream to peer {peer} broke', 'try again, or another provider'),
  'p2p.timeout': spec('retry', 'peer {peer} sent nothing for {waitedMs} ms', 'try again, or another provider'),
  'p2p.too_slow': spec(
    'retry',
    'peer {peer} sent {bytesPerSecond} bytes per second, less than the least useful rate',
    'try another provider',
  ),
  'p2p.cancelled': spec('retry', 'the transfer from peer {peer} was cancelled', 'nothing to do'),
  'p2p.model_not_found': spec('retry', 'peer {peer} does not have model {model}', 'try another provider'),
  'p2p.peer_busy': spec('retry', 'peer {peer} serves as many transfers as it can', 'try again later, or another provider'),
  'p2p.not_served': spec('retry', 'peer {peer} does not serve us', 'our hotkey must be registered and the greeting complete'),
  'p2p.quota_used': spec('retry', 'peer {peer} has given us what it gives in a day', 'try another provider, or tomorrow'),
  'p2p.no_source_left': spec(
    'retry',
    'none of {asked} providers gives model {model} ({codes}); {resting} more are not asked for now',
    'it is tried again; somebody who has the model must be connected (`voxd status` shows the peers)',
  ),
  'p2p.peer_trouble': spec('retry', 'peer {peer} could not read the model', 'try another provider'),
  'p2p.wrong_manifest': spec(
    'skip',
    'peer {peer} sent a manifest that is not the one asked for',
    'try another provider; this one lies or has a broken disk',
  ),
  'p2p.bad_manifest': spec('fatal', 'the manifest of model {model} breaks a rule: {problem}', 'its miner must publish a correct package'),
  'p2p.model_too_large': spec(
    'fatal',
    'model {model} is larger than allowed: {sizeBytes} of {maxBytes} bytes',
    'its miner must publish a smaller package',
  ),
  'p2p.wrong_bytes': spec(
    'skip',
    'peer {peer} sent wrong bytes for file {file}, chunk {chunk}',
    'try another provider; this one lies or has a broken disk',
  ),
  'p2p.truncated': spec('retry', 'peer {peer} ended the transfer early at file {file}, chunk {chunk}', 'try again, or another provider'),
  'p2p.protocol_violation': spec('skip', 'peer {peer} broke the transfer protocol: {problem}', 'it runs a broken or hostile program'),
  'p2p.malformed_frame': spec('skip', 'peer {peer} sent a frame of protocol {protocol} that cannot be read', 'it may run another version'),
  'p2p.offers_failed': spec('retry', 'peer {peer} handed on no announcements', 'another peer is asked'),
  'p2p.exchange_failed': spec('retry', 'peer {peer} named no further peers', 'another peer is asked'),
  'p2p.sink_failed': spec('retry', 'the received bytes could not be stored', 'see the cause; check the free disk space'),
} as const;

export const protocolFailures = defineFailures({ ...message, ...p2p });

/** Why a gossip message was not accepted. */
export type MessageReason = keyof typeof message;
// Safety: the keys of the table are exactly MessageReason.
export const MESSAGE_REASONS = Object.keys(message) as readonly MessageReason[];
export type P2pCode = keyof typeof p2p;

function spec(disposition: FailureSpec['disposition'], text: string, hint: string): FailureSpec {
  return { disposition, message: text, hint };
}
