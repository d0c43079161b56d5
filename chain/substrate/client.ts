import type { Clock, Logger } from '../../protocol/ports.js';
import type { ChainReader, ChainWriter } from '../ports.js';
import { type ConnectionOptions, type ConnectionStatus, createConnection } from './connection.js';
import { type CrossCheck, crossCheck } from './cross-check.js';
import { createReader, type ReaderOptions } from './reader.js';
import { createSubmitter, type SubmitterOptions } from './submitter.js';

export interface ChainClientOptions extends ConnectionOptions, ReaderOptions, SubmitterOptions {}

export interface ChainClient {
  readonly reader: ChainReader;
  readonly writer: ChainWriter;
  /** Resolves when connected to a chain of the expected genesis. */
  start(signal: AbortSignal): Promise<void>;
  /** Ends everything; transactions under way are left to the chain and their callers get chain.stopped. */
  stop(): Promise<void>;
  status(): ConnectionStatus;
  /** Asks the runtime about the same seats by its own call, at one block. */
  crossCheck(netuid: number): Promise<CrossCheck>;
}

/** The chain over JSON-RPC: one connection for the whole process. Opens nothing until started. */
export function createChainClient(
  deps: { readonly clock?: Clock; readonly logger?: Logger; readonly random?: () => number },
  options: ChainClientOptions,
): ChainClient {
  const connection = createConnection(deps, options);
  const reader = createReader({ connection }, options);
  const writer = createSubmitter({ ...deps, connection, reader }, options);
  return {
    reader,
    writer,
    start: connection.start,
    stop: connection.stop,
    status: connection.status,
    crossCheck: async (netuid) => {
      const snapshot = await reader.snapshot(netuid);
      return connection.read((session) => crossCheck(session, snapshot));
    },
  };
}
