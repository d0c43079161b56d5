import { defineFailures, EXIT } from '../protocol/failure.js';

/** Trouble with a signer in a process of its own. */
export const signerFailure = defineFailures({
  'signer.unreachable': {
    disposition: 'retry',
    message: 'No signer answers at {socket}: {reason}.',
    hint: 'Start it: `voxd signer --wallet W --hotkey H --socket {socket}`. Nothing is signed until it is back; voxd asks again by itself.',
    exit: EXIT.unavailable,
  },
  'signer.timeout': {
    disposition: 'retry',
    message: 'The signer at {socket} did not answer within {timeoutMs} ms.',
    hint: 'Is its process stopped or its machine overloaded? Its log says what it signed last; restart it if it hangs.',
    exit: EXIT.unavailable,
  },
  'signer.refused': {
    disposition: 'fatal',
    message: 'The signer does not sign this {kind}: {reason}.',
    hint: 'If it should, start the signer with another --allow, --calls or --chain (docs/wallets.md). If nobody changed it, ask who wanted this signature.',
    exit: EXIT.noPermission,
  },
  'signer.too_fast': {
    disposition: 'retry',
    message: 'The signer has signed too often; the next signature is possible in {waitMs} ms.',
    hint: 'Wait {waitMs} ms. If this goes on, look in the log of the signer at who asks.',
    exit: EXIT.unavailable,
  },
  'signer.expired': {
    disposition: 'retry',
    message: 'The request for a signature came {lateMs} ms after its time, so it was not signed.',
    hint: 'Nothing; it is asked for anew. If this goes on, the signer process does not get enough processor time.',
    exit: EXIT.unavailable,
  },
  'signer.busy': {
    disposition: 'retry',
    message: 'The signer has too many {what} (at most {most}).',
    hint: 'Close other clients of this socket; one signer serves one node and a few commands.',
    exit: EXIT.unavailable,
  },
  'signer.wrong_version': {
    disposition: 'fatal',
    message: 'The signer speaks version {signer} of its protocol, the caller version {caller}.',
    hint: 'Run the signer and the node from the same release.',
    exit: EXIT.config,
  },
  'signer.bad_request': {
    disposition: 'fatal',
    message: 'The signer cannot read the request: {reason}.',
    hint: 'Run the signer and the node from the same release. If they are, something else writes to the socket.',
    exit: EXIT.internal,
  },
  'signer.bad_answer': {
    disposition: 'retry',
    message: 'What answers at {socket} is no signer of voxd: {reason}.',
    hint: 'See which process holds the socket: `ss -xlp | grep {socket}`.',
    exit: EXIT.unavailable,
  },
  'signer.other_key': {
    disposition: 'fatal',
    message: 'The signer at {socket} now holds {now}, not {before}.',
    hint: 'Start the signer with the wallet it had, or restart the node to run as the other hotkey.',
    exit: EXIT.config,
  },
  'signer.failed': {
    disposition: 'retry',
    message: 'The signer could not sign: {reason}.',
    hint: 'Its own log says more.',
    exit: EXIT.unavailable,
  },
  'signer.bad_path': {
    disposition: 'fatal',
    message: '{socket} cannot be the socket of a signer: {reason}.',
    hint: 'Name a short absolute path in a folder of your own, such as /run/user/1000/voxd/signer.sock.',
    exit: EXIT.usage,
  },
  'signer.open_to_others': {
    disposition: 'fatal',
    message: '{path} is open to other users (mode {mode}, owner {owner}); who can reach the socket can have anything signed.',
    hint: 'Use a folder that is yours alone: `install -d -m 0700 FOLDER`.',
    exit: EXIT.noPermission,
  },
  'signer.socket_taken': {
    disposition: 'fatal',
    message: 'Another signer answers at {socket} already.',
    hint: 'Stop it first, or give this one another --socket.',
    exit: EXIT.unavailable,
  },
});
