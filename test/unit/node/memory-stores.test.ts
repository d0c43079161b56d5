import { queueContract } from '../../contracts/queue.js';
import { storesContract } from '../../contracts/stores.js';
import { createMemoryQueue } from '../../support/memory-queue.js';
import { createMemoryStores } from '../../support/memory-stores.js';

storesContract('memory', async () => createMemoryStores());
queueContract('memory', async () => createMemoryQueue());
