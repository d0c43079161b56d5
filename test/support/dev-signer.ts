import {
  cryptoWaitReady,
  keyExtractSuri,
  keyFromPath,
  mnemonicToMiniSecret,
  sr25519PairFromSeed,
  sr25519Sign,
} from '@polkadot/util-crypto';
import { hotkeyFromPublicKey } from '../../protocol/names.js';
import type { Signer } from '../../protocol/ports.js';

/** The public phrase from which every Substrate development chain derives //Alice and the others. Worthless anywhere else. */
const DEVELOPMENT_PHRASE = 'bottom drive obey lake curtain smoke basket hold race lonely fit walk';

/** Shape: a development path such as `//Alice` → a signer. For tests only. */
export async function devSigner(uri: string): Promise<Signer> {
  await cryptoWaitReady();
  const { path } = keyExtractSuri(`${DEVELOPMENT_PHRASE}${uri}`);
  const pair = keyFromPath(sr25519PairFromSeed(mnemonicToMiniSecret(DEVELOPMENT_PHRASE)), path, 'sr25519');
  return {
    hotkey: hotkeyFromPublicKey(pair.publicKey),
    sign: (message) => Promise.resolve(sr25519Sign(message, pair)),
  };
}
