import { gossipContract } from '../../contracts/gossip.js';
import { createMemoryBus } from '../../support/memory-gossip.js';

const LINE = ['a-b', 'b-a', 'b-c', 'c-b'];

gossipContract('in memory', async () => {
  const bus = createMemoryBus((a, b) => LINE.includes(`${a}-${b}`));
  return { a: bus.join('a'), b: bus.join('b'), c: bus.join('c'), lonely: async () => bus.join('lonely'), close: async () => {} };
});
