/** What every signer promises: it signs as its hotkey, in the chain's own way. */
import { expect } from 'chai';
import fc from 'fast-check';
import { createVerify } from '../../chain/wallet/keys.js';
import { parseHotkey } from '../../protocol/names.js';
import type { Signer, Verify } from '../../protocol/ports.js';
import { aHotkey } from '../support/keys.js';

export const ALICE = '5GrwvaEF5zXb26Fz9rcQpDWS57CtERHpNehXCPcNoHGKutQY';

/** `open` gives the same person each time. */
export function signerContract(name: string, open: () => Promise<Signer>, hotkey?: string): void {
  describe(`signer contract: ${name}`, () => {
    let signer: Signer;
    let verify: Verify;
    before(async () => {
      signer = await open();
      verify = await createVerify();
    });

    it('is the same person each time, with a well-formed hotkey', async () => {
      expect(parseHotkey(signer.hotkey)).to.deep.equal({ ok: true, value: signer.hotkey });
      expect((await open()).hotkey).to.equal(signer.hotkey);
      if (hotkey !== undefined) expect(signer.hotkey).to.equal(hotkey);
    });

    it('signs any bytes, as its hotkey and nobody else', async () => {
      await fc.assert(
        fc.asyncProperty(fc.uint8Array({ maxLength: 600 }), async (message) => {
          const before = message.slice();
          const signature = await signer.sign(message);
          expect(signature).to.be.instanceOf(Uint8Array).with.length(64);
          expect(message).to.deep.equal(before);
          expect(verify(message, signature, signer.hotkey)).to.equal(true);
          expect(verify(Uint8Array.of(...message, 0), signature, signer.hotkey)).to.equal(false);
          expect(verify(message, signature, aHotkey('somebody else'))).to.equal(false);
          const bent = signature.slice();
          bent[0] = (bent[0] ?? 0) ^ 1;
          expect(verify(message, bent, signer.hotkey)).to.equal(false);
        }),
        { numRuns: 12 },
      );
    });

    it('signs several at once', async () => {
      const messages = [1, 2, 3, 4].map((n) => Uint8Array.of(n));
      const signatures = await Promise.all(messages.map((message) => signer.sign(message)));
      expect(signatures.map((signature, at) => verify(messages[at]!, signature, signer.hotkey))).to.deep.equal([true, true, true, true]);
    });

    it('shows no secret', () => {
      const shown = `${JSON.stringify(signer)} ${Object.values(signer).map(String).join(' ')}`;
      expect(shown).to.not.match(/[0-9a-f]{64}/i);
    });
  });
}
