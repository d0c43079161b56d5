import { defineFailures, EXIT } from '../protocol/failure.js';

/** What is wrong with a wallet on disk. */
export const walletFailure = defineFailures({
  'wallet.not_found': {
    disposition: 'fatal',
    message: 'There is no key file {path}.',
    hint: '{found} Name another with --wallet-path, --wallet and --hotkey, or make one: `voxd wallet new` or `btcli wallet create`.',
    exit: EXIT.config,
  },
  'wallet.unreadable': {
    disposition: 'fatal',
    message: 'The key file {path} cannot be read: {reason}.',
    hint: 'See that it belongs to the user that runs voxd: `ls -l {path}`.',
    exit: EXIT.noPermission,
  },
  'wallet.open_to_others': {
    disposition: 'fatal',
    message: 'The key file {path} can be read by others (mode {mode}).',
    hint: 'Close it: `chmod 600 {path}`. If others use this machine, count the key as known to them.',
    exit: EXIT.noPermission,
  },
  'wallet.encrypted': {
    disposition: 'fatal',
    message: 'The key file {path} is encrypted ({scheme}).',
    hint: 'Give its password: in the file that VOXD_WALLET__PASSWORD_FILE names (a hotkey), in the BT_PW_… variable of the original tools, or at the prompt on a terminal. See docs/wallets.md.',
    exit: EXIT.config,
  },
  'wallet.bad_password': {
    disposition: 'fatal',
    message: 'The password does not open {path}.',
    hint: 'Give the password that the key file was made with. If it is right, the file is damaged: restore it from a backup.',
    exit: EXIT.noPermission,
  },
  'wallet.bad_password_variable': {
    disposition: 'fatal',
    message: 'The variable {variable} does not hold a password in the form of the original tools.',
    hint: 'Make it anew with btcli or the wallet library, or unset it and use the prompt or a password file.',
    exit: EXIT.config,
  },
  'wallet.bad_password_file': {
    disposition: 'fatal',
    message: 'The password file {path} cannot be used: {reason}.',
    hint: 'One line of text, readable by you alone: `chmod 600 {path}`.',
    exit: EXIT.noPermission,
  },
  'wallet.malformed': {
    disposition: 'fatal',
    message: 'The key file {path} is no usable key: {reason}.',
    hint: 'Restore it from a backup, or from its words: `btcli wallet regen-hotkey`.',
    exit: EXIT.config,
  },
  'wallet.no_secret': {
    disposition: 'fatal',
    message: 'The key file {path} holds the public key only; nothing can be signed with it.',
    hint: 'Copy the hotkey file itself here (hotkeys/<name>, without "pub.txt"), with mode 600.',
    exit: EXIT.config,
  },
  'wallet.exists': {
    disposition: 'fatal',
    message: 'There is a key at {path} already; it is never overwritten.',
    hint: 'Choose another --wallet or --hotkey name, or move the old file away yourself.',
    exit: EXIT.cantCreate,
  },
  'wallet.cannot_write': {
    disposition: 'fatal',
    message: 'The wallet cannot be written to {path}: {reason}.',
    hint: 'Name a writable folder with --wallet-path.',
    exit: EXIT.cantCreate,
  },
  'wallet.bad_name': {
    disposition: 'fatal',
    message: '"{name}" is no name of a wallet or hotkey.',
    hint: 'Use letters, digits, ".", "_" and "-"; the first is a letter or digit.',
    exit: EXIT.usage,
  },
  'wallet.bad_words': {
    disposition: 'fatal',
    message: 'These are no recovery words: {reason}.',
    hint: 'Give the 12 to 24 English words in their order, separated by spaces.',
    exit: EXIT.usage,
  },
  'wallet.bad_signature': {
    disposition: 'fatal',
    message: '{address} did not sign this text.',
    hint: 'Compare text, signature and address with what the signer gave: one changed character or space is enough.',
  },
  'wallet.bad_uri': {
    disposition: 'fatal',
    message: 'The key text cannot be read: {reason}.',
    hint: 'A development key looks like //Alice or //Alice//hot.',
    exit: EXIT.usage,
  },
});
