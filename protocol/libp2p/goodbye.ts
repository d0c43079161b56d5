/** Leaving in order: whoever stops says so, and is neither dialled for a while nor taken for broken. */
import type { Connection, Stream } from '@libp2p/interface';
import { Goodbye, GoodbyeReply } from '../discovery.pb.js';
import type { Logger } from '../ports.js';
import { type NetworkId, streamProtocolOf } from '../topics.js';
import { answerOnce, askOnce } from './frames.js';

export const GOODBYE_TIMEOUT_MS = 1_000;
export const GOODBYE_SIZE_BYTES_MAX = 16;
/** A peer that said goodbye is not dialled for so long; it dials us when it is back. */
export const GOODBYE_REST_MS = 60_000;
/** It stops. Other reasons are taken as this one. */
const REASON_STOPPING = 1;
const STATUS_OK = 1;

export interface GoodbyeProtocol {
  readonly protocol: string;
  readonly onStream: (data: { readonly stream: Stream; readonly connection: Connection }) => void;
  /** Tells one peer; resolves when it knows, or after GOODBYE_TIMEOUT_MS. Never rejects. */
  say(connection: Connection): Promise<boolean>;
}

export function createGoodbye(
  deps: { readonly logger: Logger; readonly onGoodbye: (peer: string) => void },
  options: { readonly network: NetworkId },
): GoodbyeProtocol {
  const protocol = streamProtocolOf(options.network, 'goodbye');
  return {
    protocol,
    onStream({ stream, connection }) {
      const peer = connection.remotePeer.toString();
      answerOnce(stream, { questionSizeMax: GOODBYE_SIZE_BYTES_MAX, timeoutMs: GOODBYE_TIMEOUT_MS }, async (question) => {
        Goodbye.decode(question);
        deps.onGoodbye(peer);
        return GoodbyeReply.encode({ status: STATUS_OK });
      }).catch((error: unknown) => deps.logger.debug({ err: error, peer }, 'a goodbye was not understood'));
    },
    async say(connection) {
      const limits = { answerSizeMax: GOODBYE_SIZE_BYTES_MAX, timeoutMs: GOODBYE_TIMEOUT_MS };
      return askOnce(connection, protocol, Goodbye.encode({ reason: REASON_STOPPING }), limits).then(
        () => true,
        () => false,
      );
    },
  };
}
