import { defineFailures, EXIT } from '../../protocol/failure.js';

export const devchainFailure = defineFailures({
  'devchain.genesis_differs': {
    disposition: 'fatal',
    message: 'The chain in {folder} began differently: its genesis is {found}, the one asked for is {wanted}.',
    hint: 'Give the new chain another folder, or delete this one.',
    exit: EXIT.config,
  },
  'devchain.journal_damaged': {
    disposition: 'fatal',
    message: 'The journal {file} is damaged at byte {at}: {reason}.',
    hint: 'A development chain holds nothing of value: delete its folder and start again.',
    exit: EXIT.failure,
  },
  'devchain.folder_in_use': {
    disposition: 'fatal',
    message: 'The chain in {folder} is already open in process {pid}.',
    hint: 'Stop that process, or use another folder; if it is no development chain, delete {file}.',
    exit: EXIT.unavailable,
  },
  'devchain.port_taken': {
    disposition: 'fatal',
    message: 'The development chain cannot listen on {host}:{port}: {reason}.',
    hint: 'Choose another port, or stop what listens there.',
    exit: EXIT.unavailable,
  },
  'devchain.fault_refused': {
    disposition: 'fatal',
    message: 'The development chain cannot do {fault}: {reason}.',
    hint: 'Ask for what is possible in its present state.',
    exit: EXIT.failure,
  },
  'devchain.bad_genesis': {
    disposition: 'fatal',
    message: 'The genesis names {value}, which is no SS58 address.',
    hint: 'Use addresses that begin with 5.',
    exit: EXIT.config,
  },
});
