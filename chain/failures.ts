/** What the chain, and the way to it, can refuse (`chain.*`), and what is wrong with a wallet (`wallet.*`). chain/refusals.ts maps foreign names to these. */
import { defineFailures, EXIT } from '../protocol/failure.js';
import { commitFailures } from './commit-failures.js';

export const chainFailure = defineFailures({
  // The way to the chain
  'chain.unreachable': {
    disposition: 'retry',
    message: 'No connection to {endpoint}: {reason}.',
    hint: 'Check the address and that the node is up; add more endpoints so that another can take over.',
    exit: EXIT.unavailable,
  },
  'chain.wrong_genesis': {
    disposition: 'fatal',
    message: '{endpoint} serves another chain: its genesis is {actual}, not {expected}.',
    hint: 'Correct the endpoint, or the configured network.',
    exit: EXIT.config,
  },
  'chain.not_subtensor': {
    disposition: 'fatal',
    message: '{endpoint} runs {specName}, which has no SubtensorModule.',
    hint: 'Point the endpoint at a subtensor node.',
    exit: EXIT.config,
  },
  'chain.timeout': {
    disposition: 'retry',
    message: '{endpoint} did not answer {method} within {timeoutMs} ms.',
    hint: 'The node is overloaded or far away; try another endpoint.',
    exit: EXIT.unavailable,
  },
  'chain.disconnected': {
    disposition: 'retry',
    message: 'The connection to {endpoint} was lost.',
    hint: 'It is re-established by itself; nothing to do unless it keeps happening.',
    exit: EXIT.unavailable,
  },
  'chain.stalled': {
    disposition: 'retry',
    message: '{endpoint} has shown no new block for {silentMs} ms.',
    hint: 'The node is stuck or half-connected; the next endpoint is tried.',
    exit: EXIT.unavailable,
  },
  'chain.behind': {
    disposition: 'retry',
    message: 'The newest final block of {endpoint} is {finalized}: {blocks} blocks below {seen}, which was final already.',
    hint: 'Another endpoint is tried. The node behind this one is syncing or its chain was begun anew: wait, or remove the endpoint; after a reset of a development chain start voxd with a new data directory.',
    exit: EXIT.unavailable,
  },
  'chain.moved': {
    disposition: 'retry',
    message: 'The connection moves from {endpoint} to {to}, which has been the better one for a while.',
    hint: 'Nothing to do.',
  },
  'chain.clock_drift': {
    disposition: 'retry',
    message:
      'The clock of this machine is {driftMs} ms {side} the chain at block {block}; peers take no messages that are off by more than {maxMs} ms.',
    hint: 'Synchronise the clock of the machine (NTP: `timedatectl set-ntp true`).',
  },
  'chain.beacon_differs': {
    disposition: 'fatal',
    message:
      '{endpoint} says that the chain follows another randomness beacon than the one pinned: its {field} is {actual}, not {expected}.',
    hint: 'Weights locked to it could be opened early or never: do not trust this endpoint. If the network has really moved to another beacon, update voxd or unset chain.beacon.',
    exit: EXIT.config,
  },
  'chain.runtime_upgraded': {
    disposition: 'retry',
    message: 'The chain moved to runtime {specVersion}; the connection to {endpoint} is renewed.',
    hint: 'Nothing to do.',
  },
  'chain.stopped': { disposition: 'skip', message: 'The chain client is stopped.', hint: 'Start it first.' },
  'chain.request_refused': {
    disposition: 'retry',
    message: '{endpoint} refused {method}: {reason} (code {rpcCode}).',
    hint: 'The node may limit requests or lack this method; try another endpoint.',
    exit: EXIT.unavailable,
  },
  'chain.bad_answer': {
    disposition: 'retry',
    message: '{endpoint} answered {method} with something unexpected: {reason}.',
    hint: 'Try another endpoint; report it if it persists.',
    exit: EXIT.unavailable,
  },
  'chain.missing_item': {
    disposition: 'fatal',
    message: 'The runtime (spec {specVersion}) has no {item}.',
    hint: 'This operation needs another runtime version.',
  },
  'chain.block_not_found': {
    disposition: 'retry',
    message: 'Block {block} is not known to {endpoint}.',
    hint: 'It may be pruned: use an archive node for old blocks.',
  },
  'chain.block_not_finalized': {
    disposition: 'retry',
    message: 'Block {block} is not final; the newest final block is {finalized}.',
    hint: 'Wait for it.',
  },
  'chain.subnet_not_found': {
    disposition: 'fatal',
    message: 'There is no subnet {netuid} on this chain.',
    hint: 'Check the netuid and the network.',
    exit: EXIT.config,
  },

  // Transactions
  'chain.unknown_extension': {
    disposition: 'fatal',
    message: 'Runtime {specVersion} has transaction extensions that this version cannot sign for: {extensions}.',
    hint: 'Update voxd.',
  },
  'chain.queue_full': {
    disposition: 'retry',
    message: '{waiting} transactions of {hotkey} are waiting already.',
    hint: 'Wait for them to settle.',
  },
  'chain.expired': {
    disposition: 'retry',
    message: '{method} was not included and can no longer be: {reason}.',
    hint: 'Send it again. If another transaction of this key took its place, see that no other program signs with it.',
  },
  'chain.not_sent': {
    disposition: 'retry',
    message: '{method} was not sent: {reason}',
    hint: 'Nothing of it is on its way. It is tried again by itself; add endpoints if the connection keeps failing.',
    exit: EXIT.unavailable,
  },
  'chain.not_included': {
    disposition: 'retry',
    message: '{method} was not found in a block {blocks} blocks after it was planned.',
    hint: 'It is sent again in the next epoch; see that the endpoint takes transactions.',
  },
  'chain.outcome_unknown': {
    disposition: 'retry',
    message: 'No final word on {method} ({extrinsicHash}): blocks up to {lastBlock} could not all be read.',
    hint: 'Look at the chain before sending it again.',
  },
  'chain.bad_signature': {
    disposition: 'retry',
    message: 'The pool does not accept the signature of {method}: the runtime changed since it was signed, or the key is not what it says.',
    hint: 'It is signed anew with fresh metadata. If it persists, see that the wallet file holds the key of its address.',
  },
  'chain.outdated': {
    disposition: 'retry',
    message: '{method} is outdated: its nonce is used or its era is over.',
    hint: 'It is signed anew. If it persists, see that no other program signs with this key.',
  },
  'chain.not_yet_valid': {
    disposition: 'retry',
    message: '{method} has a nonce ahead of the account: an earlier transaction of this key has not arrived.',
    hint: 'It is signed anew; see that no other program signs with this key.',
  },
  'chain.priority_too_low': {
    disposition: 'retry',
    message: 'The pool holds another transaction of this key with the same nonce as {method}.',
    hint: 'A waiting transaction cannot be replaced here: wait until it is included or its era is over. See that no other program signs with this key.',
  },
  'chain.already_sent': {
    disposition: 'retry',
    message: 'The pool has {method} already.',
    hint: 'Wait until it is in a block.',
  },
  'chain.banned': {
    disposition: 'retry',
    message: 'The node will not take {method} again for a while.',
    hint: 'It was dropped as invalid not long ago: wait half an hour, or use another endpoint.',
  },
  'chain.pool_full': {
    disposition: 'retry',
    message: 'The transaction pool of the node has no room for {method}.',
    hint: 'Wait a block, or use another endpoint.',
    exit: EXIT.unavailable,
  },
  'chain.cannot_pay': {
    disposition: 'fatal',
    message: 'The account cannot pay the fee of {method}.',
    hint: 'Send some TAO to the account that signs (a few thousandths are enough).',
  },

  // Membership
  'chain.not_registered': {
    disposition: 'fatal',
    message: 'The hotkey is not registered on subnet {netuid}.',
    hint: 'Register it with the coldkey: `btcli subnet register --netuid {netuid}`. If it was registered, it has been replaced by another.',
  },
  'chain.already_registered': {
    disposition: 'skip',
    message: 'The hotkey is registered on subnet {netuid} already.',
    hint: 'Nothing to do.',
  },
  'chain.registration_closed': {
    disposition: 'retry',
    message: 'Subnet {netuid} takes no registrations now ({error}).',
    hint: 'The owner of the subnet opens and closes registration; try again later.',
  },
  'chain.no_seat': {
    disposition: 'retry',
    message: 'Subnet {netuid} has no seat that can be given away: all its neurons are immune.',
    hint: 'Register again when an immunity period has ended; wait {wait}.',
  },
  'chain.price_above_limit': {
    disposition: 'retry',
    message: 'A seat on subnet {netuid} costs {priceRao:tao} TAO now, more than the limit of {limitRao:tao} TAO.',
    hint: 'Raise --max-price, or wait: the price falls by half every few hundred blocks.',
  },
  'chain.insufficient_balance': {
    disposition: 'fatal',
    message: 'The coldkey has too little for {method} ({reason}).',
    hint: 'Look up the price (`btcli subnet list`) and the balance (`btcli wallet balance`), then send TAO to the coldkey.',
  },
  'chain.wrong_coldkey': {
    disposition: 'fatal',
    message: 'The hotkey belongs to another coldkey; {method} is refused.',
    hint: 'Sign with the coldkey that owns the hotkey, or use a new hotkey.',
  },
  'chain.hotkey_unknown': {
    disposition: 'fatal',
    message: 'The chain has never seen this hotkey; {method} is refused.',
    hint: 'Register the hotkey on a subnet first.',
  },
  'chain.coldkey_swap': {
    disposition: 'fatal',
    message: 'A swap of this coldkey is under way; {method} is refused ({error}).',
    hint: 'Wait until the swap is done, or dispute it if you did not ask for it.',
  },
  'chain.stake_refused': {
    disposition: 'fatal',
    message: 'The chain refused {method}: {error}.',
    hint: 'Change the amount (at least 0.002 TAO above the fee) or the price limit; on a new subnet wait until its token trades.',
  },

  // Weights
  'chain.no_permit': {
    disposition: 'retry',
    message: 'The hotkey holds no validator permit on subnet {netuid}.',
    hint: '{next}',
  },
  'chain.stake_too_low': {
    disposition: 'fatal',
    message: 'The hotkey has too little stake to set weights: {stakeRao} of {requiredRao} rao.',
    hint: 'Add stake to the hotkey with the coldkey: `btcli stake add`.',
  },
  'chain.rate_limited': {
    disposition: 'retry',
    message: '{method} comes too soon after the last one.',
    hint: 'Wait {wait}.',
  },
  'chain.version_key': {
    disposition: 'fatal',
    message: 'The subnet asks for weights of version {required} or newer; this program sends {given}.',
    hint: 'Update voxd: the owner of the subnet has made a newer version compulsory.',
  },
  'chain.too_few_weights': {
    disposition: 'retry',
    message: 'The subnet takes no vector of fewer than {required} weights; this one has {given}.',
    hint: 'Entries of value 0 count too: add uids with value 0 until there are enough. A running node fills its vector up by itself.',
  },
  'chain.bad_vector': {
    disposition: 'skip',
    message: 'The weight vector is not sent: {reason}.',
    hint: 'This is a defect of voxd: report it with this line. `voxd weights plan` shows the vector.',
    exit: EXIT.internal,
  },
  'chain.seat_gone': {
    disposition: 'retry',
    message: 'The weight vector names a seat that subnet {netuid} does not have ({error}).',
    hint: '`voxd registry` lists the uids there are. A running node makes its vector anew by itself.',
  },
  'chain.mechanism_missing': {
    disposition: 'fatal',
    message: 'Subnet {netuid} has no mechanism {mechanism}.',
    hint: 'Set chain.mechanism to 0, or to one that the subnet has.',
    exit: EXIT.config,
  },
  'chain.root_weights': {
    disposition: 'fatal',
    message: 'Subnet 0 is the root: it takes no weights.',
    hint: 'Set chain.netuid to the subnet you validate.',
    exit: EXIT.config,
  },

  ...commitFailures,

  // Serving and commitments
  'chain.bad_axon': {
    disposition: 'fatal',
    message: 'The chain does not take the address: {error}.',
    hint: 'Give an address that others can reach (no loopback) and a port of 1 to 65535: p2p.announceIp and p2p.port of a node, --ip and --port by hand.',
    exit: EXIT.config,
  },
  'chain.commitment_full': {
    disposition: 'retry',
    message: 'The hotkey has used up its commitment space of this epoch.',
    hint: 'Wait {wait}.',
  },
  'chain.commitment_refused': {
    disposition: 'fatal',
    message: 'The chain does not take the commitment: {error}.',
    hint: 'Report it with this line.',
  },

  // Everything else
  'chain.paused': {
    disposition: 'retry',
    message: 'The chain is in safe mode and does not take {method} now ({error}).',
    hint: 'Wait until safe mode is over; the operators of the chain end or prolong it. `set_weights`, `serve_axon` and commitments go on.',
  },
  'chain.call_disabled': {
    disposition: 'retry',
    message: 'The chain does not take {method} at present ({error}).',
    hint: 'If it stays so, the chain has retired this call: update voxd.',
  },
  'chain.not_allowed': {
    disposition: 'fatal',
    message: 'The account may not call {method} ({error}).',
    hint: 'This call belongs to the owner of the subnet or of the chain: sign with that key.',
    exit: EXIT.noPermission,
  },
  'chain.refused': {
    disposition: 'skip',
    message: 'The chain refused {method}: {pallet}.{error}. {documentation}',
    hint: 'See the name of the error in the pallet.',
  },
});

export type ChainCode = keyof typeof chainFailure.table;
