/** The `have` stream: one peer is asked which of some models it holds, before a transfer is begun with it. */
import type { Connection, Stream } from '@libp2p/interface';
import { fromHex, toHex } from '../digest.js';
import { isFailure } from '../failure.js';
import { protocolFailures } from '../failures.js';
import { type ModelDigest, parseModelDigest } from '../names.js';
import type { ArtifactSource, Clock, Holding, Logger } from '../ports.js';
import { createRateLimiter } from '../rate.js';
import { HaveReply, HaveRequest } from '../streams.pb.js';
import { answerOnce, askOnce } from './frames.js';
import { STATUS } from './transfer.js';

/** Models in one question. */
export const HAVE_MODELS_MAX = 64;
/** 64 digests of 34 bytes with their tags. */
export const HAVE_REQUEST_BYTES_MAX = 2_304;
export const HAVE_REPLY_BYTES_MAX = 128;
export const HAVE_TIMEOUT_MS = 5_000;
/** Questions of one peer at once, and one in two seconds after that; further ones are refused as busy. */
export const HAVE_QUESTIONS = { intervalMs: 2_000, burst: 30 } as const;
const ASKERS_KEPT_MAX = 512;

const HOLDINGS = ['none', 'part', 'whole'] as const satisfies readonly Holding[];

export interface HaveDeps {
  readonly isMember: (peerId: string) => boolean;
  readonly source: () => ArtifactSource | null;
  readonly clock: Clock;
  readonly logger: Logger;
}

export interface HaveProtocol {
  readonly onStream: (data: { readonly stream: Stream; readonly connection: Connection }) => void;
  /** Shape: as many answers as models. Errors: p2p.*. */
  ask(connection: Connection, models: readonly ModelDigest[]): Promise<readonly Holding[]>;
}

export function createHave(deps: HaveDeps, protocol: string): HaveProtocol {
  const questions = createRateLimiter(HAVE_QUESTIONS, ASKERS_KEPT_MAX);

  async function answer(peer: string, question: Uint8Array): Promise<Uint8Array> {
    if (!deps.isMember(peer)) return HaveReply.encode({ status: STATUS.notServed });
    if (!questions.take(peer, deps.clock.nowMs())) return HaveReply.encode({ status: STATUS.busy });
    const models = readQuestion(question);
    if (models === null) return HaveReply.encode({ status: STATUS.badRequest });
    const holdings = (await deps.source()?.holds(models)) ?? models.map(() => 'none' as const);
    return HaveReply.encode({ status: STATUS.ok, holdings: Uint8Array.from(holdings, (holding) => HOLDINGS.indexOf(holding)) });
  }

  return {
    onStream({ stream, connection }) {
      const peer = connection.remotePeer.toString();
      answerOnce(stream, { questionSizeMax: HAVE_REQUEST_BYTES_MAX, timeoutMs: HAVE_TIMEOUT_MS }, (question) =>
        answer(peer, question),
      ).catch((error: unknown) => deps.logger.debug({ err: error, peer }, 'a question about models failed'));
    },
    async ask(connection, models) {
      const peer = connection.remotePeer.toString();
      const question = HaveRequest.encode({ models: models.slice(0, HAVE_MODELS_MAX).map(fromHex) });
      const limits = { answerSizeMax: HAVE_REPLY_BYTES_MAX, timeoutMs: HAVE_TIMEOUT_MS };
      try {
        const reply = readReply(await askOnce(connection, protocol, question, limits));
        if (reply?.status === STATUS.notServed) throw protocolFailures('p2p.not_served', { peer });
        if (reply?.status === STATUS.busy) throw protocolFailures('p2p.peer_busy', { peer });
        const holdings = [...(reply?.holdings ?? [])].flatMap((code) => HOLDINGS[code] ?? []);
        if (reply?.status !== STATUS.ok || holdings.length !== Math.min(models.length, HAVE_MODELS_MAX)) {
          throw protocolFailures('p2p.protocol_violation', { peer, problem: 'an answer about other models' });
        }
        return holdings;
      } catch (cause) {
        throw isFailure(cause) ? cause : protocolFailures('p2p.stream_failed', { peer }, cause);
      }
    },
  };
}

function readQuestion(bytes: Uint8Array): readonly ModelDigest[] | null {
  try {
    const { models } = HaveRequest.decode(bytes, { limits: { models: HAVE_MODELS_MAX } });
    const parsed = models.map((model) => parseModelDigest(toHex(model)));
    return parsed.every((each) => each.ok) ? parsed.map(({ value }) => value) : null;
  } catch {
    return null;
  }
}

function readReply(bytes: Uint8Array): HaveReply | null {
  try {
    return HaveReply.decode(bytes);
  } catch {
    return null;
  }
}
