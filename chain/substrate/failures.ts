import { defineFailures, EXIT } from '../../protocol/failure.js';

export const chainFailure = defineFailures({
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
  },
  'chain.bad_answer': {
    disposition: 'retry',
    message: '{endpoint} answered {method} with something unexpected: {reason}.',
    hint: 'Try another endpoint; report it if it persists.',
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
    message: '{method} was not included before block {lastBlock}, and can no longer be.',
    hint: 'Send it again.',
  },
  'chain.outcome_unknown': {
    disposition: 'retry',
    message: 'No final word on {method} ({extrinsicHash}): blocks up to {lastBlock} could not all be read.',
    hint: 'Look at the chain before sending it again.',
  },
  'chain.refused': {
    disposition: 'skip',
    message: 'The chain refused {method}: {error}. {documentation}',
    hint: 'See the name of the error in the pallet.',
  },
  'chain.rate_limited': {
    disposition: 'retry',
    message: 'The chain refused {method}: too soon after the last one ({error}).',
    hint: 'Wait {blocksToWait} blocks.',
  },
});
