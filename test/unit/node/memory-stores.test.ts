import { queueContract } from '../../contracts/queue.js';
import { storesContract } from '../../contracts/stores.js';
import { createMemoryQueue, createMemoryStores } from '../../support/memory-stores.js';

storesContract('memory', async () => createMemoryStores());
queueContract('memory', async () => createMemoryQueue());
