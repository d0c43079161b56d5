import { expect } from 'chai';
import { GENERATION_NAMES } from '../../../chain/devchain/generation.js';
import { GENERATIONS } from '../../../node/cli/devchain-command.js';

describe('voxd devchain --generation', () => {
  it('offers what the chain has', () => {
    expect(GENERATIONS).to.deep.equal(GENERATION_NAMES);
  });
});
