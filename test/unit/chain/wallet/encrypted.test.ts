import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect } from 'chai';
import { openHotkey } from '../../../../chain/wallet/wallet.js';
import { isFailure } from '../../../../protocol/failure.js';
import { Secret } from '../../../../protocol/secret.js';

const vector = JSON.parse(readFileSync(new URL('../../../vectors/encrypted-hotkey.json', import.meta.url), 'utf8')) as {
  readonly password: string;
  readonly file: string;
  readonly hotkey: string;
};

describe('an encrypted hotkey', function () {
  this.timeout(180_000);
  const walletPath = mkdtempSync(join(tmpdir(), 'voxd-wallet-'));
  const name = { walletPath, wallet: 'w', hotkey: 'h' };
  before(() => {
    mkdirSync(join(walletPath, 'w', 'hotkeys'), { recursive: true });
    writeFileSync(join(walletPath, 'w', 'hotkeys', 'h'), Buffer.from(vector.file, 'hex'), { mode: 0o600 });
  });
  after(() => rmSync(walletPath, { recursive: true, force: true }));
  const codeOf = async (password: Secret | null) => {
    const failure: unknown = await openHotkey(name, password).catch((error: unknown) => error);
    return isFailure(failure) ? failure.code : 'opened';
  };

  it('opens with the password of the tool that made it', async () => {
    expect((await openHotkey(name, new Secret(vector.password))).hotkey).to.equal(vector.hotkey);
  });

  it('stays closed to another password', async () => {
    expect(await codeOf(new Secret('correct horse battery.'))).to.equal('wallet.bad_password');
  });

  it('asks for one', async () => {
    expect(await codeOf(null)).to.equal('wallet.encrypted');
  });
});
