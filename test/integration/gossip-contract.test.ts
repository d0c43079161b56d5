import { gossipContract } from '../contracts/gossip.js';
import { connect, createVillage, keepApart, until } from '../support/network.js';

gossipContract('between hosts', async () => {
  const village = createVillage();
  const [a, b, c] = [await village.host('Alice'), await village.host('Bob'), await village.host('Charlie')];
  keepApart(a, c);
  await connect(a, b);
  await connect(b, c);
  const mesh = () => (['announce', 'record'] as const).map((kind) => [a, b, c].map(({ host }) => host.neighbours(kind)).join('')).join();
  await until('the mesh', () => mesh() === '121,121');
  return {
    a: a.host,
    b: b.host,
    c: c.host,
    lonely: async () => (await village.host('Dave')).host,
    close: village.stop,
  };
});
