import { defineFailures, EXIT, type Failure } from '../../protocol/failure.js';

export const cliFailure = defineFailures({
  'cli.folder_not_empty': {
    disposition: 'fatal',
    message: 'The folder {folder} is not empty',
    hint: 'Give a new folder with --out.',
    exit: EXIT.cantCreate,
  },
  'cli.folder_unwritable': {
    disposition: 'fatal',
    message: 'The folder {folder} cannot be written: {reason}',
    hint: 'Name a folder that this user may write to.',
    exit: EXIT.cantCreate,
  },
  'cli.node_runs': {
    disposition: 'fatal',
    message: 'the node of {dataDir} runs as process {pid}, and other nodes know its hotkey as one peer',
    hint: 'Leave out --peer and --alone: then the running node brings the model.',
    exit: EXIT.unavailable,
  },
  'cli.unknown_command': {
    disposition: 'fatal',
    message: '{command} has no command "{given}"',
    hint: '{advice}`{command} --help` lists them.',
    exit: EXIT.usage,
  },
  'cli.command_missing': {
    disposition: 'fatal',
    message: '{command} needs to know what to do',
    hint: '`{command} --help` lists its commands.',
    exit: EXIT.usage,
  },
  'cli.unknown_option': {
    disposition: 'fatal',
    message: '{command} has no option {given}',
    hint: '{advice}`{command} --help` lists them.',
    exit: EXIT.usage,
  },
  'cli.value_missing': {
    disposition: 'fatal',
    message: '{command}: {what} is missing',
    hint: '`{command} --help` shows what it takes.',
    exit: EXIT.usage,
  },
  'cli.bad_value': {
    disposition: 'fatal',
    message: '{command}: {problem}',
    hint: '`{command} --help` shows what it takes.',
    exit: EXIT.usage,
  },
  'cli.too_many_words': {
    disposition: 'fatal',
    message: '{command}: {problem}',
    hint: 'Put a value with spaces in quotes; `{command} --help` shows what it takes.',
    exit: EXIT.usage,
  },
  'cli.bad_list': {
    disposition: 'fatal',
    message: '{flag} takes numbers separated by commas, not "{given}"',
    hint: 'For example: --uids 1,2 --values 3,1',
    exit: EXIT.usage,
  },
  'cli.bad_setting': {
    disposition: 'fatal',
    message: '--set takes KEY=VALUE, not "{given}"',
    hint: 'For example: --set scoring.prompts=16; docs/config.md lists the keys.',
    exit: EXIT.usage,
  },
  'cli.bad_hotkey': {
    disposition: 'fatal',
    message: '"{given}" is not a hotkey: {problem}',
    hint: 'Give the SS58 address of a hotkey (`voxd registry` lists them).',
    exit: EXIT.usage,
  },
  'cli.no_such_error': {
    disposition: 'fatal',
    message: 'Runtime {specVersion} has no error "{given}"',
    hint: '`voxd chain errors` lists them all.',
    exit: EXIT.usage,
  },
  'cli.not_confirmed': {
    disposition: 'fatal',
    message: '{what} was not confirmed: {why}',
    hint: 'Nothing was sent. --yes goes ahead without a question.',
  },
  'cli.development_key': {
    disposition: 'fatal',
    message: 'A development key is known to everybody and has no place on {network}',
    hint: 'Leave --coldkey-uri out and name a wallet with --wallet.',
    exit: EXIT.config,
  },
  'cli.nothing_recorded': {
    disposition: 'fatal',
    message: 'There is nothing recorded about {what} in {where}',
    hint: '{known}--data-dir names the folder of another node.',
  },
  'cli.salt_unkept': {
    disposition: 'fatal',
    message: 'A commit by hash needs its salt for the reveal, and there is nowhere to keep it',
    hint: 'Give --salt-file FILE, or the --data-dir of a node.',
    exit: EXIT.usage,
  },
  'cli.not_settled': {
    disposition: 'retry',
    message: 'The chain has not spoken yet: the submission is {state}',
    hint: '{next}',
    exit: EXIT.unavailable,
  },
  'cli.devnet_failed': {
    disposition: 'fatal',
    message: 'The development network did not get through: {reason}',
    hint: 'Its logs are in {logs}.',
  },
  'cli.devnet_folder': {
    disposition: 'fatal',
    message: 'The folder {folder} holds something that is not a development network',
    hint: 'Give an empty or new folder with --data-dir; this command deletes what an earlier run left there.',
    exit: EXIT.cantCreate,
  },
  'cli.bad_subject': {
    disposition: 'fatal',
    message: '"{given}" names no peer: {problem}',
    hint: 'Give a peer id (12D3Koo…), a hotkey (5…), an address (192.0.2.7) or a range (192.0.2.0/24, 2001:db8::/64).',
    exit: EXIT.usage,
  },
  'cli.no_such_rule': {
    disposition: 'fatal',
    message: 'There is no rule about {who}',
    hint: '`voxd peers rules` lists those in force.',
    exit: EXIT.failure,
  },
  'cli.node_refused': {
    disposition: 'fatal',
    message: 'The node at {url} refused: {detail}',
    hint: 'It says {code}; docs/failures.md has what to do.',
    exit: EXIT.failure,
  },
  'cli.not_running': {
    disposition: 'fatal',
    message: 'No node answers at {url}',
    hint: 'Start it with `voxd start`, or name its port with --http-port.',
    exit: EXIT.unavailable,
  },
});

export function folderUnwritable(folder: string, error: unknown): Failure {
  return cliFailure('cli.folder_unwritable', { folder, reason: error instanceof Error ? error.message : String(error) }, error);
}
