import { chmod, mkdir, mkdtemp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect } from 'chai';
import { createWallet } from '../../../../chain/wallet/create.js';
import { createVerify, signerFromUri } from '../../../../chain/wallet/keys.js';
import { listWallets, showWallet } from '../../../../chain/wallet/views.js';
import { openHotkey } from '../../../../chain/wallet/wallet.js';
import { isFailure } from '../../../../protocol/failure.js';
import type { Signer } from '../../../../protocol/ports.js';

const ALICE = '5GrwvaEF5zXb26Fz9rcQpDWS57CtERHpNehXCPcNoHGKutQY';
const ALICE_PUBLIC = '0xd43593c715fdd31c61141abd04a99fd6822c8558854ccde39a5684e7a56da27d';
const BOB = '5FHneW46xGXgs5mUiveU4sbTyGBzmstUspZC92UhjJM694ty';
/** The mini secret of //Alice, as every development tool prints it. */
const ALICE_SEED = '0xe5be9a5092b81bca64be81d212e7f2f9eba183bb7a90954f7b76361f6edb5c0a';
/** As the original tools write it: canonical scalar, then nonce. */
const ALICE_CANONICAL =
  '0x33a6f3093f158a7109f679410bef1a0c54168145e0cecb4df006c1c2fffb1f09925a225d97aa00682d6a59b95b18780c10d7032336e88f3442b42361f4a66011';
const DEV_WORDS = 'bottom drive obey lake curtain smoke basket hold race lonely fit walk';
const DEV = '5DfhGyQdFobKM8NsWvEeAKk5EQQgYe9AydgJ7rMB6E1EqRzV';

describe('bittensor wallets', () => {
  let root = '';
  beforeEach(async () => {
    root = await mkdtemp(join(tmpdir(), 'voxd-wallet-'));
  });
  afterEach(async () => {
    await rm(root, { recursive: true, force: true });
  });

  const name = (hotkey = 'h') => ({ walletPath: root, wallet: 'w', hotkey });

  async function put(content: object | string, hotkey = 'h', mode = 0o600): Promise<string> {
    const folder = join(root, 'w', 'hotkeys');
    await mkdir(folder, { recursive: true });
    const path = join(folder, hotkey);
    await writeFile(path, typeof content === 'string' ? content : JSON.stringify(content));
    await chmod(path, mode);
    return path;
  }

  async function refusal(work: Promise<unknown>): Promise<{ code: string; message: string; hint: string }> {
    const outcome = await work.catch((error: unknown) => error);
    if (!isFailure(outcome)) throw new Error(`no failure but ${String(outcome)}`);
    return outcome;
  }

  async function signsAs(signer: Signer, address: string): Promise<void> {
    const verify = await createVerify();
    const message = new TextEncoder().encode('hello');
    const signature = await signer.sign(message);
    expect(signer.hotkey).to.equal(address);
    expect(signature.length).to.equal(64);
    expect(verify(message, signature, signer.hotkey)).to.equal(true);
    expect(verify(new TextEncoder().encode('other'), signature, signer.hotkey)).to.equal(false);
  }

  it('open with any of the secrets, and with null values for the rest', async () => {
    const stated = { accountId: ALICE_PUBLIC, publicKey: ALICE_PUBLIC, ss58Address: ALICE };
    for (const content of [
      { ...stated, privateKey: ALICE_CANONICAL, secretPhrase: null, secretSeed: null },
      { privateKey: ALICE_CANONICAL, ss58Address: ALICE },
      { privateKey: ALICE_CANONICAL.slice(2), publicKey: ALICE_PUBLIC },
      { ...stated, secretSeed: ALICE_SEED },
      { secretSeed: ALICE_SEED, secretPhrase: null, privateKey: null, ss58Address: null },
    ]) {
      await put(content);
      await signsAs(await openHotkey(name()), ALICE);
    }
    await put({ secretPhrase: DEV_WORDS });
    await signsAs(await openHotkey(name()), DEV);
    await put({ secretPhrase: DEV_WORDS, secretSeed: 'not looked at', ss58Address: DEV });
    await signsAs(await openHotkey(name()), DEV);
  });

  it('refuse a file whose parts do not belong together', async () => {
    for (const content of [
      { privateKey: ALICE_CANONICAL, ss58Address: BOB },
      { secretSeed: ALICE_SEED, ss58Address: BOB },
      { secretSeed: ALICE_SEED, publicKey: ALICE_PUBLIC, ss58Address: BOB },
      { privateKey: `0x98319d4f${ALICE_CANONICAL.slice(10)}`, ss58Address: ALICE },
      { privateKey: ALICE_CANONICAL },
      { privateKey: '0x1234', ss58Address: ALICE },
      { secretSeed: '0xzz', ss58Address: ALICE },
      { secretPhrase: 'bottom drive obey', ss58Address: ALICE },
      { ss58Address: `${ALICE.slice(0, -1)}X` },
      {},
      [],
      '',
      '{',
      'null',
    ]) {
      await put(content);
      const { code, message, hint } = await refusal(openHotkey(name()));
      expect(code, JSON.stringify(content)).to.equal('wallet.malformed');
      expect(message + hint)
        .not.to.contain(ALICE_CANONICAL.slice(2, 20))
        .and.not.to.contain(ALICE_SEED.slice(2, 20));
    }
  });

  it('refuse a public file, an encrypted one, and one that others can read', async () => {
    const path = await put({ accountId: ALICE_PUBLIC, publicKey: ALICE_PUBLIC, ss58Address: ALICE });
    expect((await refusal(openHotkey(name()))).code).to.equal('wallet.no_secret');
    for (const text of ['$NACLabc', '$ANSIBLE_VAULT;1.1;AES256', 'gAAAAABh']) {
      await put(text);
      expect((await refusal(openHotkey(name()))).code).to.equal('wallet.encrypted');
    }
    for (const mode of [0o640, 0o604, 0o660, 0o644]) {
      await put({ secretSeed: ALICE_SEED }, 'h', mode);
      const { code, hint, message } = await refusal(openHotkey(name()));
      expect(code).to.equal('wallet.open_to_others');
      expect(hint).to.contain(`chmod 600 ${path}`);
      expect(message).to.contain(mode.toString(8));
    }
    await put({ secretSeed: ALICE_SEED }, 'h', 0o400);
    await signsAs(await openHotkey(name()), ALICE);
  });

  it('tell what is there when the file asked for is not', async () => {
    expect((await refusal(openHotkey(name()))).hint).to.contain('has no wallets');
    await put({ secretSeed: ALICE_SEED }, 'miner');
    const missing = await refusal(openHotkey(name('mner')));
    expect(missing.code).to.equal('wallet.not_found');
    expect(missing.hint).to.contain('has the hotkeys miner.');
    expect((await refusal(openHotkey({ ...name(), wallet: 'x' }))).hint).to.contain('has the wallets w.');
    for (const odd of ['../w', '', 'a/b', '.hidden']) expect((await refusal(openHotkey(name(odd)))).code).to.equal('wallet.bad_name');
  });

  it('are made whole, private, and never over another', async () => {
    const made = await createWallet({ path: root, wallet: 'w', hotkey: 'h' });
    await signsAs(await openHotkey(name()), made.hotkey);
    expect(made.hotkeyWords?.split(' ')).to.have.length(12);
    for (const file of [made.hotkeyPath, join(root, 'w', 'coldkeypub.txt')]) expect((await stat(file)).mode & 0o777).to.equal(0o600);
    expect((await readdir(join(root, 'w'))).sort()).to.deep.equal(['coldkeypub.txt', 'hotkeys']);
    expect((await readdir(join(root, 'w', 'hotkeys'))).sort()).to.deep.equal(['h', 'hpub.txt']);
    expect(JSON.parse(await readFile(made.hotkeyPath, 'utf8'))).to.have.keys([
      'accountId',
      'publicKey',
      'privateKey',
      'secretPhrase',
      'secretSeed',
      'ss58Address',
    ]);

    const before = await readFile(made.hotkeyPath, 'utf8');
    expect((await refusal(createWallet({ path: root, wallet: 'w', hotkey: 'h' }))).code).to.equal('wallet.exists');
    expect(await readFile(made.hotkeyPath, 'utf8')).to.equal(before);

    const second = await createWallet({ path: root, wallet: 'w', hotkey: 'h2', words: `  ${DEV_WORDS.replace(' ', '\n')} ` });
    expect(second.hotkey).to.equal(DEV);
    expect(second.coldkey).to.equal(made.coldkey);
    expect(second).to.deep.include({ hotkeyWords: null, coldkeyWords: null });
    expect((await refusal(createWallet({ path: root, wallet: 'w', hotkey: 'h3', words: 'one two three' }))).code).to.equal(
      'wallet.bad_words',
    );
  });

  it('write the private key as the original tools do', async () => {
    const { hotkeyPath } = await createWallet({ path: root, wallet: 'w', hotkey: 'h', words: DEV_WORDS });
    const fields = JSON.parse(await readFile(hotkeyPath, 'utf8'));
    await put({ privateKey: fields.privateKey, ss58Address: DEV }, 'again');
    await signsAs(await openHotkey(name('again')), DEV);
  });

  it('are listed with what is wrong with each', async () => {
    expect((await listWallets(join(root, 'none'))).wallets).to.deep.equal([]);
    const made = await createWallet({ path: root, wallet: 'w', hotkey: 'good' });
    await put('$NACLabc', 'locked');
    await put({ secretSeed: ALICE_SEED }, 'open', 0o644);
    await put('{', 'torn');
    await put({ ss58Address: BOB }, 'public');
    await writeFile(join(root, 'a file'), '');
    await writeFile(join(root, 'w', 'coldkey'), '$NACLabc', { mode: 0o600 });
    const { wallets } = await listWallets(root);
    expect(wallets.map(({ name: each, coldkey, coldkeyFile }) => [each, coldkey, coldkeyFile?.form])).to.deep.equal([
      ['w', made.coldkey, 'nacl'],
    ]);
    expect(wallets[0]?.hotkeys.map(({ name: each, form, address, trouble }) => [each, form, address, trouble?.code])).to.deep.equal([
      ['good', 'plain', made.hotkey, undefined],
      ['locked', 'nacl', null, undefined],
      ['open', null, ALICE, 'wallet.open_to_others'],
      ['public', 'public', BOB, 'wallet.no_secret'],
      ['torn', null, null, 'wallet.malformed'],
    ]);
  });

  it('are shown without a secret', async () => {
    const made = await createWallet({ path: root, wallet: 'w', hotkey: 'h' });
    const view = await showWallet(name());
    expect(view).to.deep.include({ coldkey: made.coldkey, coldkeyFile: null });
    expect(view.hotkey).to.deep.equal({ path: made.hotkeyPath, address: made.hotkey, form: 'plain', trouble: null });
    await chmod(made.hotkeyPath, 0o644);
    const open = await showWallet(name());
    expect(open.hotkey.trouble?.code).to.equal('wallet.open_to_others');
    expect(open.hotkey.address).to.equal(made.hotkey);
    const words = made.hotkeyWords ?? '';
    expect(JSON.stringify([view, open])).not.to.contain(words);
  });
});

describe('development keys', () => {
  it('are those that everybody knows', async () => {
    expect((await signerFromUri('//Alice')).hotkey).to.equal(ALICE);
    expect((await signerFromUri('//Bob')).hotkey).to.equal(BOB);
    expect((await signerFromUri('//Alice//hot')).hotkey).not.to.equal(ALICE);
    expect((await signerFromUri(DEV_WORDS)).hotkey).to.equal(DEV);
    expect((await signerFromUri(ALICE_SEED)).hotkey).to.equal(ALICE);
    for (const text of ['not a key at all', '', 'Alice', '0x12//Alice']) {
      const outcome = await signerFromUri(text).catch((error: unknown) => error);
      expect(isFailure(outcome) && outcome.code, text).to.equal('wallet.bad_uri');
      if (text !== '') expect(String(outcome)).not.to.contain(text);
    }
  });

  it('verify never throws', async () => {
    const verify = await createVerify();
    const { hotkey } = await signerFromUri('//Alice');
    for (const size of [0, 1, 63, 64, 65, 1_000]) expect(verify(new Uint8Array(3), new Uint8Array(size), hotkey)).to.equal(false);
    expect(verify(new Uint8Array(), new Uint8Array(64).fill(255), hotkey)).to.equal(false);
  });
});
