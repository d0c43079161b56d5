/** What can go wrong with the database (`store.*`) and with the process and its machine (`node.*`). */
import { defineFailures, EXIT } from '../protocol/failure.js';

export const nodeFailure = defineFailures({
  'store.unreachable': {
    disposition: 'retry',
    message: 'The database at {where} does not answer: {reason}',
    hint: 'See that the server runs and DATABASE_URL is right; without DATABASE_URL the node starts its own.',
    exit: EXIT.unavailable,
  },
  'store.access_denied': {
    disposition: 'fatal',
    message: 'The database at {where} refused us: {reason}',
    hint: 'Check user, password and database name in DATABASE_URL; the user needs CREATE on the database.',
    exit: EXIT.noPermission,
  },
  'store.server_too_old': {
    disposition: 'fatal',
    message: 'The database server is PostgreSQL {found}; {required} or newer is needed',
    hint: 'Upgrade the server, or unset DATABASE_URL to use the embedded one.',
    exit: EXIT.config,
  },
  'store.schema_newer': {
    disposition: 'fatal',
    message: 'The database has schema {found}, this program knows {supported}',
    hint: 'A newer voxd wrote this database: run that version again, or restore a backup made before it.',
    exit: EXIT.config,
  },
  'store.schema_changed': {
    disposition: 'fatal',
    message: 'Migration {name} is not the one this database was made with',
    hint: 'Install voxd unmodified; an applied migration is never edited, a correction is a new file.',
    exit: EXIT.config,
  },
  'store.migration_failed': {
    disposition: 'fatal',
    message: 'Migration {name} failed: {reason}',
    hint: 'Nothing of it was applied. Read the reason, put it right and start again.',
    exit: EXIT.config,
  },
  'store.full': {
    disposition: 'retry',
    message: 'No space left at {where}',
    hint: 'Free disk space there, or lower the model cache budget; the node goes on by itself then.',
    exit: EXIT.unavailable,
  },
  'store.read_only': {
    disposition: 'fatal',
    message: '{where} cannot be written: it is read-only',
    hint: 'Remount it writable, or point --data-dir (or DATABASE_URL) somewhere else.',
    exit: EXIT.cantCreate,
  },
  'store.too_slow': {
    disposition: 'retry',
    message: 'The database did not finish in time: {reason}',
    hint: 'Look at the load and the disk of the database machine.',
    exit: EXIT.unavailable,
  },
  'store.query_failed': {
    disposition: 'fatal',
    message: 'The database refused a statement ({sqlState}): {reason}',
    hint: 'This is a defect of voxd or a changed database: report it with this line.',
    exit: EXIT.internal,
  },
  'store.row_refused': {
    disposition: 'fatal',
    message: 'The database refused a row by {constraint}: {reason}',
    hint: 'This is a defect of voxd: report it with this line.',
    exit: EXIT.internal,
  },
  'store.row_moved': {
    disposition: 'retry',
    message: 'Submission {id} is {found} by now, not {expected}: another process has moved it on',
    hint: 'Nothing to do: whoever moved it goes on with it. Run one daemon per hotkey.',
  },
  'store.row_damaged': {
    disposition: 'fatal',
    message: 'A row of {table} does not read back: {reason}',
    hint: 'Restore the last backup, or give the node a new data directory: it begins anew and loses its standings.',
    exit: EXIT.internal,
  },
  'store.block_older': {
    disposition: 'skip',
    message: 'Block {given} is older than block {stored}, which is stored already',
    hint: 'Nothing to do: the newer state stands.',
  },
  'store.other_subnet': {
    disposition: 'fatal',
    message: 'This database belongs to subnet {storedNetuid} of chain {storedGenesis}, not to {netuid} of {genesis}',
    hint: 'Use another --data-dir or DATABASE_URL for another subnet or chain.',
    exit: EXIT.config,
  },
  'store.no_server': {
    disposition: 'fatal',
    message: 'There is no PostgreSQL for {platform} here',
    hint: 'Install with optional dependencies, or install PostgreSQL 14 or newer, or set DATABASE_URL=postgres://user:password@host/database.',
    exit: EXIT.config,
  },
  'store.server_version': {
    disposition: 'fatal',
    message: 'The data in {directory} was written by PostgreSQL {found}; the server here is {bundled}',
    hint: 'Install PostgreSQL {found} (it is looked for in /usr/lib/postgresql/{found}/bin), or move the directory away to begin anew.',
    exit: EXIT.config,
  },
  'store.server_failed': {
    disposition: 'fatal',
    message: 'The embedded PostgreSQL did not {step}: {reason}',
    hint: 'Its last words are above. Set DATABASE_URL to use a server of your own.',
    exit: EXIT.unavailable,
  },
  'store.model_too_large': {
    disposition: 'skip',
    message: 'A model of {sizeBytes} bytes does not fit the cache of {budgetBytes} bytes',
    hint: 'Raise the model cache budget.',
  },
  'store.cache_busy': {
    disposition: 'retry',
    message: 'The model cache is full of models in use: {usedBytes} of {budgetBytes} bytes',
    hint: 'Raise the model cache budget or lower the number of models scored at once.',
  },
  'node.already_running': {
    disposition: 'fatal',
    message: 'Another voxd works on this database (hotkey {hotkey}, process {pid} on {host})',
    hint: 'Stop that one first; a second daemon would set the same weights twice.',
    exit: EXIT.unavailable,
  },
  'node.claim_lost': {
    disposition: 'fatal',
    message: 'The lock on the database was lost and another voxd has it now (process {pid} on {host})',
    hint: 'Run one daemon per database.',
    exit: EXIT.unavailable,
  },
  'node.port_taken': {
    disposition: 'fatal',
    message: 'Port {port} on {host} is taken by another program',
    hint: 'Choose another with {flag}, or stop the other program.',
    exit: EXIT.unavailable,
  },
  'node.port_denied': {
    disposition: 'fatal',
    message: 'Port {port} on {host} may not be opened: {reason}',
    hint: 'Choose a port above 1023 and an address of this machine with {flag}.',
    exit: EXIT.noPermission,
  },
  'node.data_dir_locked': {
    disposition: 'fatal',
    message: 'The data directory {dataDir} is in use by process {pid}',
    hint: 'Stop process {pid}, or give this node its own with --data-dir.',
    exit: EXIT.unavailable,
  },
  'node.data_dir_unwritable': {
    disposition: 'fatal',
    message: 'The data directory {dataDir} cannot be written: {reason}',
    hint: 'Make it writable for this user, or choose another with --data-dir.',
    exit: EXIT.cantCreate,
  },
  'node.data_dir_exposed': {
    disposition: 'fatal',
    message: 'The data directory {dataDir} belongs to user {owner}, not to us',
    hint: 'Run voxd as that user, or choose another with --data-dir.',
    exit: EXIT.noPermission,
  },
  'node.no_provider': {
    disposition: 'retry',
    message: 'No connected peer can give us model {model} of {hotkey}',
    hint: 'The node asks again by itself. The miner must be reachable at its axon: see `voxd registry` and its p2p.announceIp.',
  },
  'node.model_gone': {
    disposition: 'retry',
    message: 'Model {model} of {hotkey} left the cache before it was scored',
    hint: 'It is fetched again. Raise cache.bytesMax if this happens often.',
  },
  'node.stop_hanging': {
    disposition: 'fatal',
    message: 'These parts did not stop in time: {services}',
    hint: 'The process ends anyway; nothing acknowledged is lost.',
  },
});
