import { defineFailures, EXIT } from '../../protocol/failure.js';

export const cliFailure = defineFailures({
  'cli.folder_not_empty': {
    disposition: 'fatal',
    message: 'The folder {folder} is not empty',
    hint: 'Give a new folder with --out.',
    exit: EXIT.cantCreate,
  },
  'cli.bad_list': {
    disposition: 'fatal',
    message: '{flag} takes whole numbers separated by commas, not "{given}"',
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
  'cli.no_endpoint': {
    disposition: 'fatal',
    message: 'No chain endpoint is configured',
    hint: 'Give --chain ws://HOST:PORT, or --preset finney, or set chain.endpoints in voxd.yml.',
    exit: EXIT.config,
  },
  'cli.no_netuid': {
    disposition: 'fatal',
    message: 'No subnet is configured',
    hint: 'Give --netuid N, or set chain.netuid in voxd.yml.',
    exit: EXIT.config,
  },
  'cli.nothing_recorded': {
    disposition: 'fatal',
    message: 'There is nothing recorded about {what} in {where}',
    hint: '`voxd status` shows what this node knows; --data-dir names another node.',
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
  'cli.not_running': {
    disposition: 'fatal',
    message: 'No node answers at {url}',
    hint: 'Start it with `voxd start`, or name its port with --http-port.',
    exit: EXIT.unavailable,
  },
});
