import { expect } from 'chai';
import { defineFailures } from '../../../protocol/failure.js';
import { exactTao } from '../../../protocol/tao.js';

describe('the words of a failure', () => {
  const make = defineFailures({
    'demo.price': { disposition: 'retry', message: 'It costs {priceRao:tao} TAO, {seats} are left.', hint: 'Wait {blocks}.' },
  });

  it('take facts by name, and rao as TAO', () => {
    const { message, hint } = make('demo.price', { priceRao: '1500000000', seats: [1, 2], blocks: 3 });
    expect(message).to.equal('It costs 1.5 TAO, 1, 2 are left.');
    expect(hint).to.equal('Wait 3.');
  });

  it('show what is missing, or no amount, as it is', () => {
    expect(make('demo.price', { priceRao: 'much' }).message).to.equal('It costs much TAO, {seats} are left.');
    expect(make('demo.price').message).to.equal('It costs {priceRao:tao} TAO, {seats} are left.');
  });

  it('lose no rao', () => {
    const texts = [0n, 1n, 100n, 500_000n, 1_000_000_000n, 1_234_000_000_001n].map(exactTao);
    expect(texts).to.deep.equal(['0', '0.000000001', '0.0000001', '0.0005', '1', '1,234.000000001']);
  });
});
