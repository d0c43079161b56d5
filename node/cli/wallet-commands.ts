import type { Command } from 'commander';
import { createWallet, planWallet } from '../../chain/wallet/create.js';
import { SCHEMES } from '../../chain/wallet/encrypted.js';
import { createVerify } from '../../chain/wallet/keys.js';
import { DEFAULT_WALLET_PATH, type WalletName } from '../../chain/wallet/paths.js';
import { type KeyView, listWallets, showWallet, type WalletListing } from '../../chain/wallet/views.js';
import { walletFailure } from '../../chain/wallet-failures.js';
import type { Config } from '../../config/schema.js';
import { EXIT, type Failure } from '../../protocol/failure.js';
import { parseHotkey } from '../../protocol/names.js';
import type { Signer } from '../../protocol/ports.js';
import type { Secret } from '../../protocol/secret.js';
import { addConfigOptions, addWalletOptions, type Flags, loadSettings } from './context.js';
import { isDryRun, sayDryRun } from './dry-run.js';
import type { Environment } from './environment.js';
import { cliFailure } from './failures.js';
import { createOutput, table } from './output.js';
import { openColdkeySigner, openSigner, passwordSource } from './signers.js';

export function addWalletCommands(program: Command, env: Environment): void {
  const wallet = program.command('wallet').description('bittensor key files, read and written as they are');
  addList(wallet, env);
  addShow(wallet, env);
  addCheck(wallet, env);
  addNew(wallet, env);
  addSign(wallet, env);
  addVerify(wallet);
}

const settingsOf = (flags: Flags, env: Environment) => loadSettings(flags, env, 'no chain');
const nameOf = ({ wallet }: Config): WalletName => ({ walletPath: wallet.path, wallet: wallet.name, hotkey: wallet.hotkey });
const outputOf = (flags: Flags) => createOutput({ json: flags['json'] === true });

function addList(wallet: Command, env: Environment): void {
  const command = wallet
    .command('list')
    .description('Every wallet and hotkey here: addresses, how each is kept, and what is wrong with it');
  addConfigOptions(command)
    .option('--wallet-path <dir>', 'folder of the wallets')
    .action(async (flags: Flags) => {
      const config = await settingsOf(flags, env);
      const listing = await listWallets(config.wallet.path);
      outputOf(flags).result(listingJson(listing, env, config.wallet.password), () => listingText(listing, env, config.wallet.password));
    });
}

function listingJson({ root, wallets, leftOut }: WalletListing, env: Environment, password: Secret | null): object {
  return {
    ok: true,
    folder: root,
    left_out: leftOut,
    wallets: wallets.map(({ name, coldkey, coldkeyFile, hotkeys }) => ({
      name,
      coldkey,
      coldkey_file: coldkeyFile === null ? null : keyJson(coldkeyFile, env, null),
      hotkeys: hotkeys.map((hotkey) => ({ name: hotkey.name, ...keyJson(hotkey, env, password) })),
    })),
  };
}

function keyJson(view: KeyView, env: Environment, password: Secret | null): object {
  return {
    path: view.path,
    address: view.address,
    form: view.form,
    password: isLocked(view) ? passwordSource(view.path, env, password) : null,
    trouble: view.trouble,
  };
}

function listingText({ root, wallets, leftOut }: WalletListing, env: Environment, password: Secret | null): string {
  if (wallets.length === 0) return `${root} has no wallets. Make one: voxd wallet new --wallet W --hotkey H`;
  const rows = wallets.flatMap(({ name, coldkey, coldkeyFile, hotkeys }) => [
    [name, '(coldkey)', coldkey, coldkeyFile === null ? 'public' : stateOf(coldkeyFile, env, null)],
    ...hotkeys.map((hotkey) => [name, hotkey.name, hotkey.address, stateOf(hotkey, env, password)]),
  ]);
  const troubles = wallets
    .flatMap(({ coldkeyFile, hotkeys }) => [...(coldkeyFile === null ? [] : [coldkeyFile]), ...hotkeys])
    .flatMap(({ trouble }) => (trouble === null ? [] : [`- ${trouble.message} ${trouble.hint}`]));
  return [
    table(['wallet', 'key', 'address', 'kept'], rows),
    ...(leftOut > 0 ? [`and ${leftOut} more hotkeys, not looked into`] : []),
    ...(troubles.length > 0 ? ['', ...troubles] : []),
  ].join('\n');
}

function isLocked({ form }: KeyView): boolean {
  return form !== null && form !== 'plain' && form !== 'public';
}

/** Encrypted, and nothing here would open it. */
function lockedFor({ form, path }: KeyView, env: Environment, password: Secret | null): Failure | null {
  if (form === null || form === 'plain' || form === 'public' || passwordSource(path, env, password) !== null) return null;
  return walletFailure('wallet.encrypted', { path, scheme: SCHEMES[form].title });
}

/** In a word or two how a key is kept. */
function stateOf(view: KeyView, env: Environment, password: Secret | null): string {
  if (view.form === null) return view.trouble?.code ?? 'unknown';
  if (view.form === 'plain') return 'plain';
  if (view.form === 'public') return 'public only';
  const source = passwordSource(view.path, env, password);
  const known = source === null ? 'no password here' : source === 'terminal' ? 'asks for its password' : `password: ${source}`;
  return `encrypted (${SCHEMES[view.form].title}); ${known}`;
}

function addShow(wallet: Command, env: Environment): void {
  const command = wallet.command('show').description('The addresses of a wallet, and whether a node could use its hotkey');
  addWalletOptions(addConfigOptions(command)).action(async (flags: Flags) => {
    const out = outputOf(flags);
    const config = await settingsOf(flags, env);
    const { uri, signer, password } = config.wallet;
    if (uri !== null || signer !== null) {
      const { hotkey } = await openSigner(config, env);
      const held = uri === null ? `held by the signer at ${signer}` : `${uri.reveal()} (development key: everybody has it)`;
      return out.result({ ok: true, hotkey, uri: uri === null ? null : uri.reveal(), signer }, () => `${hotkey}  ${held}`);
    }
    const { folder, hotkey, coldkey, coldkeyFile } = await showWallet(nameOf(config));
    const trouble = hotkey.trouble ?? lockedFor(hotkey, env, password);
    if (trouble !== null && hotkey.address === null && hotkey.form === null) throw trouble;
    if (trouble !== null) process.exitCode = EXIT.failure;
    out.result(
      {
        ok: trouble === null,
        folder,
        hotkey_path: hotkey.path,
        hotkey: hotkey.address,
        form: hotkey.form,
        coldkey,
        coldkey_here: coldkeyFile !== null,
        trouble,
      },
      () =>
        [
          `wallet   ${folder}`,
          `hotkey   ${hotkey.address ?? '–'}  ${hotkey.path}  ${stateOf(hotkey, env, password)}`,
          `coldkey  ${coldkey ?? '–'}${coldkeyFile === null ? '' : `  (its secret is on this machine, ${stateOf(coldkeyFile, env, null)}; a node has no use for it)`}`,
          trouble === null ? 'a node can use this hotkey' : `a node cannot use this hotkey: ${trouble.message}\n  next: ${trouble.hint}`,
        ].join('\n'),
    );
  });
}

function addCheck(wallet: Command, env: Environment): void {
  const command = wallet.command('check').description('Open a key as a node would, password and all, and try a signature');
  addKeyChoice(addWalletOptions(addConfigOptions(command))).action(async (flags: Flags) => {
    const signer = await chosenKey(flags, env);
    const { address, signature, text } = await signText(signer, 'voxd wallet check');
    if (!(await isSigned(text, signature, address))) throw walletFailure('wallet.bad_signature', { address });
    outputOf(flags).result({ ok: true, address }, () => `${address} signs, and its signature is good`);
  });
}

function addNew(wallet: Command, env: Environment): void {
  const command = wallet.command('new').description('Make a hotkey (and a coldkey, when the wallet has none); never overwrites');
  addConfigOptions(command)
    .option('--wallet-path <dir>', `folder of the wallets (default ${DEFAULT_WALLET_PATH}, or BT_WALLET_PATH)`)
    .option('--wallet <name>', 'name of the wallet')
    .option('--hotkey <name>', 'name of the hotkey in the wallet')
    .option('--dry-run', 'say what would be done, do nothing')
    .action(async (flags: Flags) => {
      const config = await settingsOf(flags, env);
      const { wallet: name } = config;
      if (isDryRun(flags)) {
        const { files, coldkey } = await planWallet(nameOf(config));
        return sayDryRun(
          outputOf(flags),
          { folder: files.folder, hotkey_path: files.hotkey, coldkey, would_make_coldkey: coldkey === null },
          [
            `a hotkey would be written to ${files.hotkey}`,
            coldkey === null
              ? `a coldkey would be made; its public half goes to ${files.coldkeyPublic}`
              : `the wallet has a coldkey: ${coldkey}`,
          ],
        );
      }
      const made = await createWallet({ path: name.path, wallet: name.name, hotkey: name.hotkey });
      outputOf(flags).result(
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
    });
}

function addSign(wallet: Command, env: Environment): void {
  const command = wallet.command('sign').argument('<text>', 'text to sign').description('Sign a text, to prove whose an address is');
  addKeyChoice(addWalletOptions(addConfigOptions(command))).action(async (text: string, flags: Flags) => {
    const signed = await signText(await chosenKey(flags, env), text);
    outputOf(flags).result({ ok: true, ...signed }, () => `address    ${signed.address}\nsignature  ${signed.signature}`);
  });
}

function addVerify(wallet: Command): void {
  wallet
    .command('verify')
    .argument('<text>', 'text that was signed')
    .argument('<signature>', '64 bytes in hex')
    .argument('<address>', 'SS58 address of whoever signed')
    .description('Say whether an address signed a text (as voxd, btcli and polkadot wallets sign texts)')
    .option('--json', 'print JSON')
    .action(async (text: string, signature: string, given: string, flags: Flags) => {
      const parsed = parseHotkey(given);
      if (!parsed.ok) throw cliFailure('cli.bad_hotkey', { given, problem: parsed.error });
      const address = parsed.value;
      if (!(await isSigned(text, signature, address))) throw walletFailure('wallet.bad_signature', { address });
      outputOf(flags).result({ ok: true, address, text }, () => `${address} signed this text`);
    });
}

function addKeyChoice(command: Command): Command {
  return command
    .option('--coldkey', 'the coldkey instead of the hotkey')
    .option('--password-file <file>', 'password of an encrypted coldkey');
}

async function chosenKey(flags: Flags, env: Environment): Promise<Signer> {
  const config = await settingsOf(flags, env);
  if (flags['coldkey'] !== true) return openSigner(config, env);
  const { signer, passwordFile } = flags;
  return openColdkeySigner(config, env, {
    ...(typeof signer === 'string' ? { signer } : {}),
    ...(typeof passwordFile === 'string' ? { passwordFile } : {}),
  });
}

/** Wrapped as polkadot wallets do it, so that no text can be an extrinsic; btcli takes such signatures too. */
function wrapped(text: string): Uint8Array {
  return Buffer.from(`<Bytes>${text}</Bytes>`, 'utf8');
}

async function signText(signer: Signer, text: string): Promise<{ address: Signer['hotkey']; text: string; signature: string }> {
  const signature = await signer.sign(wrapped(text));
  return { address: signer.hotkey, text, signature: `0x${Buffer.from(signature).toString('hex')}` };
}

async function isSigned(text: string, signature: string, address: Signer['hotkey']): Promise<boolean> {
  const verify = await createVerify();
  const bytes = /^(0x)?[0-9a-f]{128}$/i.test(signature) ? Buffer.from(signature.replace(/^0x/, ''), 'hex') : Buffer.alloc(0);
  return [wrapped(text), Buffer.from(text, 'utf8')].some((message) => verify(message, bytes, address));
}
