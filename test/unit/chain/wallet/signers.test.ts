import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createWallet } from '../../../../chain/wallet/create.js';
import { signerFromUri } from '../../../../chain/wallet/keys.js';
import { openHotkey } from '../../../../chain/wallet/wallet.js';
import { ALICE, signerContract } from '../../../contracts/signer.js';
import { devSigner } from '../../../support/dev-signer.js';

signerContract('of these tests', () => devSigner('//Alice'), ALICE);
signerContract('from a development path', () => signerFromUri('//Alice'), ALICE);

describe('a wallet on disk', () => {
  let root = '';
  before(async () => {
    root = await mkdtemp(join(tmpdir(), 'voxd-wallet-'));
    await createWallet({ path: root, wallet: 'w', hotkey: 'h' });
  });
  after(() => rm(root, { recursive: true, force: true }));
  signerContract('from a wallet on disk', () => openHotkey({ walletPath: root, wallet: 'w', hotkey: 'h' }));
});
