import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { homedir, tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect } from 'chai';
import { parseKeyFile } from '../../../../chain/wallet/key-file.js';
import { createVerify } from '../../../../chain/wallet/keys.js';
import { passwordFromVariable, passwordVariables } from '../../../../chain/wallet/password-variable.js';
import { openColdkey, openHotkey, type Password } from '../../../../chain/wallet/wallet.js';
import { isFailure } from '../../../../protocol/failure.js';
import { Secret } from '../../../../protocol/secret.js';

/** Files of independent tools; each says which. */
function vectors<T>(name: string): T {
  // Safety: our own file; a test that finds another shape fails.
  return JSON.parse(readFileSync(new URL(`../../../vectors/wallet/${name}`, import.meta.url), 'utf8')) as T;
}

const { files } = vectors<{
  files: { source: string; scheme: string; password: string; file: string; hotkey: string }[];
}>('encrypted.json');

describe('an encrypted key file', function () {
  this.timeout(180_000);
  const walletPath = mkdtempSync(join(tmpdir(), 'voxd-wallet-'));
  after(() => rmSync(walletPath, { recursive: true, force: true }));

  function put(bytes: Uint8Array, where = 'hotkeys/h'): void {
    mkdirSync(join(walletPath, 'w', 'hotkeys'), { recursive: true });
    writeFileSync(join(walletPath, 'w', where), bytes, { mode: 0o600 });
  }
  const open = (password: Password) => openHotkey({ walletPath, wallet: 'w', hotkey: 'h' }, password);
  const codeOf = (work: Promise<unknown>) =>
    work.then(
      () => 'opened',
      (error: unknown) => (isFailure(error) ? error.code : String(error)),
    );

  for (const { source, scheme, password, file, hotkey } of files) {
    it(`opens with its password: ${source}`, async () => {
      put(Buffer.from(file, 'hex'));
      const asked: string[] = [];
      const signer = await open(async (locked) => {
        asked.push(`${locked.scheme} ${locked.path}`);
        return new Secret(password);
      });
      expect(signer.hotkey).to.equal(hotkey);
      expect(asked).to.deep.equal([`${scheme} ${join(walletPath, 'w', 'hotkeys', 'h')}`]);
    });
  }

  for (const scheme of ['nacl', 'ansible', 'fernet']) {
    it(`stays closed to another password: ${scheme}`, async () => {
      put(Buffer.from(files.find((each) => each.scheme === scheme)!.file, 'hex'));
      expect(await codeOf(open(new Secret('correct horse battery.')))).to.equal('wallet.bad_password');
    });
  }

  it('is called closed when it is damaged, before any slow work', async () => {
    for (const text of [
      '$NACL',
      '$NACLshort',
      '$ANSIBLE_VAULT;1.1;AES256\nzz',
      '$ANSIBLE_VAULT;9\n00',
      '$ANSIBLE_VAULT;1.1;AES256\n',
      'gAAAAA',
      'gAAAAABh',
    ]) {
      put(Buffer.from(text));
      expect(await codeOf(open(new Secret('x'))), text).to.equal('wallet.bad_password');
    }
    const vault = Buffer.from(files.find(({ scheme }) => scheme === 'ansible')!.file, 'hex');
    const password = new Secret(files.find(({ scheme }) => scheme === 'ansible')!.password);
    for (const at of [40, 200, vault.length - 4]) {
      const bent = Buffer.from(vault);
      bent[at] = bent[at] === 0x33 ? 0x34 : 0x33;
      put(bent);
      expect(await codeOf(open(password)), `byte ${at}`).to.equal('wallet.bad_password');
    }
  });

  it('asks for a password, and only when there is something to open', async () => {
    put(Buffer.from(files[0]!.file, 'hex'));
    expect(await codeOf(open(null))).to.equal('wallet.encrypted');
    expect(await codeOf(open(async () => null))).to.equal('wallet.encrypted');
    put(Buffer.from('{"secretSeed":"0xe5be9a5092b81bca64be81d212e7f2f9eba183bb7a90954f7b76361f6edb5c0a"}'));
    const opened = open(() => {
      throw new Error('asked for nothing');
    });
    expect(await codeOf(opened)).to.equal('opened');
  });

  it('may be a coldkey', async () => {
    const { file, password, hotkey } = files.find(({ scheme }) => scheme === 'ansible')!;
    put(Buffer.from(file, 'hex'), 'coldkey');
    expect((await openColdkey({ walletPath, wallet: 'w' }, new Secret(password))).hotkey).to.equal(hotkey);
  });
});

describe('a password in the environment', () => {
  const { variables } = vectors<{ variables: { path: string; variable: string; value?: string; password?: string }[] }>(
    'password-variables.json',
  );

  it('has the name and the form that the original tools give it', () => {
    for (const { path, variable, value, password } of variables) {
      expect(passwordVariables(path)).to.deep.equal([variable]);
      if (value !== undefined) expect(passwordFromVariable(variable, value)?.reveal()).to.equal(password);
    }
  });

  it('may be named after the path as people write it', () => {
    expect(passwordVariables(join(homedir(), 'x.y', 'coldkey'))).to.include('BT_PW_~_X_Y_COLDKEY');
  });

  it('is nothing when it is no such text, and is not shown', () => {
    for (const text of ['', 'not base64!', '////']) expect(passwordFromVariable('BT_PW_X', text)).to.equal(null);
    const { variable, value } = variables[0]!;
    expect(`${passwordFromVariable(variable, value!)}`).to.equal('[secret]');
  });
});

describe('a key file that the original tools wrote', () => {
  const plain = vectors<{
    files: { made_from: string; text: string; hotkey: string; secret: boolean }[];
    ed25519: string;
    signatures: { message: string; signature: string; wrapped: boolean }[];
    signer: string;
  }>('plain.json');
  before(createVerify);

  for (const { made_from, text, hotkey, secret } of plain.files) {
    it(`is read: ${made_from}`, () => {
      const parsed = parseKeyFile('k', text);
      expect(parsed.ok && parsed.value.address).to.equal(hotkey);
      expect(parsed.ok && parsed.value.pair !== null).to.equal(secret);
    });
  }

  it('is refused when it is of another kind of key', () => {
    const parsed = parseKeyFile('k', plain.ed25519);
    expect(parsed.ok ? '' : parsed.error.message).to.include('ed25519');
  });

  it('signs as the original tools verify, and verifies what they signed', async () => {
    const verify = await createVerify();
    for (const { message, signature, wrapped } of plain.signatures) {
      const bytes = Buffer.from(wrapped ? `<Bytes>${message}</Bytes>` : message);
      // Safety: an address of the vectors.
      expect(verify(bytes, Buffer.from(signature, 'hex'), plain.signer as never)).to.equal(true);
    }
  });
});
