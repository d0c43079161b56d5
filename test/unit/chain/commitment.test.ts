import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { expect } from 'chai';
import fc from 'fast-check';
import { COMMITMENT_SIZE_BYTES, commitmentBytes, commitmentMatches, commitmentOf, parseCommitment } from '../../../chain/commitment.js';
import { type Hotkey, type ModelDigest, publicKeyOf } from '../../../protocol/names.js';
import { aHotkey, aModel } from '../../support/keys.js';

interface Vector {
  readonly hotkey: Hotkey;
  readonly model: ModelDigest;
  readonly commitment: string;
  readonly data: string;
}
const vectors: readonly Vector[] = JSON.parse(readFileSync(new URL('../../vectors/commitment.json', import.meta.url), 'utf8')).commitments;

describe('commitment', () => {
  it('has the golden bytes', () => {
    expect(vectors.length).to.be.greaterThan(2);
    for (const { hotkey, model, commitment, data } of vectors) {
      expect(commitmentOf(hotkey, model)).to.equal(commitment);
      expect(Buffer.from(commitmentBytes(commitment)).toString('hex')).to.equal(data);
      expect(parseCommitment({ data })).to.deep.equal({ ok: true, value: commitment });
      expect(commitmentMatches({ data }, hotkey, model)).to.equal(true);
    }
  });

  it('is the hash that the documentation says', () => {
    const preimage = Buffer.concat([Buffer.from('voxd/commit/1'), publicKeyOf(aHotkey(5)), Buffer.from(aModel(6), 'hex')]);
    expect(commitmentOf(aHotkey(5), aModel(6))).to.equal(createHash('sha256').update(preimage).digest('hex'));
  });

  it('belongs to one hotkey and one model', () => {
    const data = Buffer.from(commitmentBytes(commitmentOf(aHotkey(1), aModel(1)))).toString('hex');
    expect(commitmentMatches({ data }, aHotkey(2), aModel(1))).to.equal(false);
    expect(commitmentMatches({ data }, aHotkey(1), aModel(2))).to.equal(false);
  });

  it('is printable ASCII of 70 bytes', () => {
    const bytes = commitmentBytes(commitmentOf(aHotkey(1), aModel(1)));
    expect(bytes.length).to.equal(COMMITMENT_SIZE_BYTES).and.to.equal(70);
    expect(bytes.every((byte) => byte > 0x20 && byte < 0x7f)).to.equal(true);
  });

  it('refuses foreign, damaged and upper-case fields, and never throws', () => {
    const good = Buffer.from(commitmentBytes(commitmentOf(aHotkey(1), aModel(1)))).toString('hex');
    const text = (s: string) => Buffer.from(s).toString('hex');
    for (const data of [
      '',
      '00',
      good.slice(2),
      `${good}00`,
      text('voxd2:'.padEnd(70, '0')),
      text(`voxd1:${'G'.repeat(64)}`),
      text(`voxd1:${'A'.repeat(64)}`),
      'zz'.repeat(70),
    ]) {
      expect(parseCommitment({ data }).ok, data).to.equal(false);
    }
    expect(parseCommitment({ data: `0x${good}` }).ok).to.equal(true);
    fc.assert(fc.property(fc.string(), (data) => parseCommitment({ data }).ok === false));
  });
});
