import { expect } from 'chai';
import fc from 'fast-check';
import {
  DecodeError,
  ipv4Text,
  ipv6Text,
  parseIp,
  toAxon,
  toBigInt,
  toCommitment,
  toNumber,
  toPeerKey,
} from '../../../../chain/substrate/decode.js';

describe('decoding storage values', () => {
  it('reads integers as numbers or hex, and nothing else', () => {
    expect(toBigInt('0x6400000000000000')).to.equal(0x6400000000000000n);
    expect(toNumber('0xff')).to.equal(255);
    for (const wrong of [1.5, '12px', '', null, undefined, {}, true]) expect(() => toBigInt(wrong)).to.throw(DecodeError);
    expect(() => toNumber('0x20000000000000')).to.throw(DecodeError);
  });

  it('brings every address back from its text', () => {
    fc.assert(
      fc.property(fc.bigInt({ min: 0n, max: 2n ** 32n - 1n }), (address) => {
        expect(parseIp(ipv4Text(address))).to.deep.equal({ address, type: 4 });
      }),
    );
    const groups = fc.array(fc.oneof(fc.constant(0n), fc.bigInt({ min: 0n, max: 0xffffn })), { minLength: 8, maxLength: 8 });
    fc.assert(
      fc.property(groups, (parts) => {
        const address = parts.reduce((sum, part) => (sum << 16n) | part, 0n);
        expect(parseIp(ipv6Text(address))).to.deep.equal({ address, type: 6 });
      }),
    );
  });

  it('writes IPv6 addresses as RFC 5952 does', () => {
    const texts = ['::', '::1', '2001:db8::1', '1:0:2:3:4:5:6:7', 'fe80::1:0:0:1', '1::'];
    for (const text of texts) expect(ipv6Text(parseIp(text)?.address ?? -1n)).to.equal(text);
  });

  it('takes no address that is none', () => {
    for (const text of ['', '1.2.3', '1.2.3.256', '1::2::3', '1:2:3:4:5:6:7', '12345::', 'example.org', '1:2:3:4:5:6:7:8::']) {
      expect(parseIp(text), text).to.equal(null);
    }
  });

  it('has no axon where nothing is served', () => {
    const info = { block: 5, version: 1, ip: 0x0a000001, port: 80, ipType: 4, protocol: 4 };
    expect(toAxon(info, null)).to.deep.equal({ ip: '10.0.0.1', port: 80, protocol: 4, version: 1, block: 5, peerKey: null });
    expect(toAxon({ ...info, port: 0 }, null)).to.equal(null);
    expect(toAxon({ ...info, ip: 0 }, null)).to.equal(null);
    expect(toAxon(null, null)).to.equal(null);
  });

  it('takes Ed25519 keys of 32 bytes as transport keys, no others', () => {
    const key = `0x${'07'.repeat(32)}`;
    expect(toPeerKey({ algorithm: 0xed, publicKey: key })).to.equal('07'.repeat(32));
    expect(toPeerKey({ algorithm: 1, publicKey: key })).to.equal(null);
    expect(toPeerKey({ algorithm: 0xed, publicKey: '0x0707' })).to.equal(null);
  });

  it('reads the first field of a commitment where it is bytes', () => {
    const committed = (field: unknown) => toCommitment({ deposit: 0, block: 9, info: { fields: [field] } });
    expect(committed({ raw2: '0x6869' })).to.deep.equal({ block: 9, data: '6869' });
    expect(committed({ bigRaw: '0x6869' })?.data).to.equal('6869');
    expect(committed({ sha256: `0x${'ab'.repeat(32)}` })?.data).to.equal('ab'.repeat(32));
    expect(committed({ timelockEncrypted: { encrypted: '0x00', revealRound: 1 } })).to.equal(null);
    expect(committed({ none: null })).to.equal(null);
    expect(toCommitment({ deposit: 0, block: 9, info: { fields: [] } })).to.equal(null);
  });
});
