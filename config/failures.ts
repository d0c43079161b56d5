/** What can be wrong with what the node was told. */
import { defineFailures, EXIT } from '../protocol/failure.js';

export const configFailure = defineFailures({
  'config.unknown_key': {
    disposition: 'fatal',
    message: '{origin}: there is no setting "{key}"',
    hint: '{advice} docs/config.md lists all settings.',
    exit: EXIT.config,
  },
  'config.bad_value': {
    disposition: 'fatal',
    message: '{origin}: {key} is {value}, but {reason}',
    hint: '{key}: {description}',
    exit: EXIT.config,
  },
  'config.missing': {
    disposition: 'fatal',
    message: '{key} is not set',
    hint: 'Set it with {flag}, {variable} or in the configuration file. {description}',
    exit: EXIT.config,
  },
  'config.no_endpoint': {
    disposition: 'fatal',
    message: 'No chain is named',
    hint: 'Set --chain to {networks} or to the ws:// or wss:// address of a node.',
    exit: EXIT.config,
  },
  'config.unknown_network': {
    disposition: 'fatal',
    message: '{origin}: there is no network "{network}"',
    hint: 'Known are {networks}; for any other chain set chain.endpoints to its ws:// or wss:// addresses.',
    exit: EXIT.config,
  },
  'config.conflict': {
    disposition: 'fatal',
    message: '{origin}: {reason}',
    hint: '{fix}',
    exit: EXIT.config,
  },
  'config.bad_file': {
    disposition: 'fatal',
    message: '{origin}: {reason}',
    hint: 'The configuration file is YAML: groups of "key: value". docs/config.md has an example.',
    exit: EXIT.config,
  },
  'config.unreadable': {
    disposition: 'fatal',
    message: '{origin}: {path} cannot be read: {reason}',
    hint: 'Check the path and its permissions.',
    exit: EXIT.config,
  },
  'config.invalid': {
    disposition: 'fatal',
    message: 'The configuration has {count} problems',
    hint: 'Put them right and start again; `voxd config show --origin` tells where each value comes from.',
    exit: EXIT.config,
  },
});

export type ConfigCode = keyof typeof configFailure.table;
