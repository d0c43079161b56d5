import type { Command } from 'commander';
import { signerFromUri } from '../../chain/wallet/keys.js';
import { createWallet, DEFAULT_WALLET_PATH, showWallet } from '../../chain/wallet/wallet.js';
import { EXIT } from '../../protocol/failure.js';
import { createOutput } from './output.js';
import type { Environment } from './program.js';

interface WalletFlags {
  readonly walletPath?: string;
  readonly wallet: string;
  readonly hotkey: string;
  readonly uri?: string;
  readonly json?: boolean;
}

export function addWalletCommands(program: Command, env: Environment): void {
  const wallet = program.command('wallet').description('bittensor key files, read and written as they are');
  const named = (command: Command) =>
    command
      .option('--wallet-path <dir>', `folder of the wallets (default ${DEFAULT_WALLET_PATH}, or BT_WALLET_PATH)`)
      .option('--wallet <name>', 'name of the wallet', env['BT_WALLET_NAME'] ?? 'default')
      .option('--hotkey <name>', 'name of the hotkey', env['BT_WALLET_HOTKEY'] ?? 'default')
      .option('--json', 'print JSON');
  const folder = (flags: WalletFlags) => flags.walletPath ?? env['BT_WALLET_PATH'] ?? DEFAULT_WALLET_PATH;

  named(wallet.command('show').description('The addresses of a wallet, and whether a node could use its hotkey'))
    .option('--uri <uri>', 'development key instead of a wallet')
    .action(async (flags: WalletFlags) => {
      const out = createOutput({ json: flags.json === true });
      if (flags.uri !== undefined) {
        const { hotkey } = await signerFromUri(flags.uri);
        return out.result({ ok: true, uri: flags.uri, hotkey }, () => `${flags.uri}  ${hotkey}  (development key: everybody has it)`);
      }
      const view = await showWallet({ walletPath: folder(flags), wallet: flags.wallet, hotkey: flags.hotkey });
      if (view.trouble !== null && view.hotkey === null) throw view.trouble;
      if (view.trouble !== null) process.exitCode = EXIT.failure;
      out.result(
        {
          ok: view.trouble === null,
          folder: view.folder,
          hotkey_path: view.hotkeyPath,
          hotkey: view.hotkey,
          coldkey: view.coldkey,
          coldkey_here: view.coldkeyHere,
          trouble: view.trouble,
        },
        () =>
          [
            `wallet   ${view.folder}`,
            `hotkey   ${view.hotkey ?? '–'}  ${view.hotkeyPath}`,
            `coldkey  ${view.coldkey ?? '–'}${view.coldkeyHere ? '  (its secret is on this machine; a node has no use for it)' : ''}`,
            view.trouble === null
              ? 'a node can use this hotkey'
              : `a node cannot use this hotkey: ${view.trouble.message}\n  next: ${view.trouble.hint}`,
          ].join('\n'),
      );
    });

  named(wallet.command('new').description('Make a hotkey (and a coldkey, when the wallet has none); never overwrites')).action(
    async (flags: WalletFlags) => {
      const out = createOutput({ json: flags.json === true });
      const made = await createWallet({ path: folder(flags), wallet: flags.wallet, hotkey: flags.hotkey });
      out.result(
        {
          ok: true,
          folder: made.folder,
          hotkey_path: made.hotkeyPath,
          hotkey: made.hotkey,
          coldkey: made.coldkey,
          hotkey_words: made.hotkeyWords,
          coldkey_words: made.coldkeyWords,
        },
        () =>
          [
            `hotkey   ${made.hotkey}  ${made.hotkeyPath}`,
            `coldkey  ${made.coldkey}`,
            ...(made.hotkeyWords === null ? [] : ['', 'Words of the hotkey (write them down):', `  ${made.hotkeyWords}`]),
            ...(made.coldkeyWords === null
              ? []
              : [
                  '',
                  'Words of the coldkey. They are shown this once and kept nowhere; without them its funds are lost:',
                  `  ${made.coldkeyWords}`,
                ]),
          ].join('\n'),
      );
    },
  );
}
