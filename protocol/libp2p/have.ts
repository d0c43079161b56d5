/** The `have` stream: one peer is asked which of some models it holds, before a transfer is begun with it. */
import type { Connection, Stream } from '@libp2p/interface';
import { isFailure } from '../failure.js';
import { protocolFailures } from '../failures.js';
import type { ModelDigest } from '../names.js';
import type { ArtifactSource, Clock, Holding, Logger } from '../ports.js';
import { createRateLimiter } from '../rate.js';
import { answerOnce, askOnce } from './frames.js';
import {
  decodeHaveAnswer,
  decodeHaveRequest,
  encodeHaveAnswer,
  encodeHaveRequest,
  HAVE_MODELS_MAX,
  type HaveAnswer,
} from './have-frames.js';

/** 64 digests of 34 bytes with their tags. */
export const HAVE_REQUEST_BYTES_MAX = 2_304;
export const HAVE_REPLY_BYTES_MAX = 128;
export const HAVE_TIMEOUT_MS = 5_000;
/** Questions of one peer at once, and one in two seconds after that; further ones are refused as busy. */
export const HAVE_QUESTIONS = { intervalMs: 2_000, burst: 30 } as const;
const ASKERS_KEPT_MAX = 512;

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

  async function answer(peer: string, question: Uint8Array): Promise<HaveAnswer> {
    if (!deps.isMember(peer)) return { outcome: 'refused', why: 'notServed' };
    if (!questions.take(peer, deps.clock.nowMs())) return { outcome: 'refused', why: 'busy' };
    const models = decodeHaveRequest(question);
    if (!models.ok) return { outcome: 'refused', why: 'badRequest' };
    return { outcome: 'holdings', holdings: (await deps.source()?.holds(models.value)) ?? models.value.map(() => 'none') };
  }

  return {
    onStream({ stream, connection }) {
      const peer = connection.remotePeer.toString();
      answerOnce(stream, { questionSizeMax: HAVE_REQUEST_BYTES_MAX, timeoutMs: HAVE_TIMEOUT_MS }, async (question) =>
        encodeHaveAnswer(await answer(peer, question)),
      ).catch((error: unknown) => deps.logger.debug({ err: error, peer }, 'a question about models failed'));
    },
    async ask(connection, models) {
      const peer = connection.remotePeer.toString();
      if (models.length === 0) return [];
      const limits = { answerSizeMax: HAVE_REPLY_BYTES_MAX, timeoutMs: HAVE_TIMEOUT_MS };
      try {
        const answered = decodeHaveAnswer(await askOnce(connection, protocol, encodeHaveRequest(models), limits));
        const violation = (problem: string) => protocolFailures('p2p.protocol_violation', { peer, problem });
        if (!answered.ok) throw violation('an answer of no known form');
        if (answered.value.outcome === 'refused') {
          if (answered.value.why === 'notServed') throw protocolFailures('p2p.not_served', { peer });
          if (answered.value.why === 'busy') throw protocolFailures('p2p.peer_busy', { peer });
          throw violation('a question of ours called wrong');
        }
        const { holdings } = answered.value;
        if (holdings.length !== Math.min(models.length, HAVE_MODELS_MAX)) throw violation('an answer about other models');
        return holdings;
      } catch (cause) {
        throw isFailure(cause) ? cause : protocolFailures('p2p.stream_failed', { peer }, cause);
      }
    },
  };
}
