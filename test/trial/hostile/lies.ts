/** A provider that says it has every model, and serves nonsense or one byte at a time. */
import { setTimeout as delay } from 'node:timers/promises';
import type { Connection, Stream } from '@libp2p/interface';
import { encodeAnswer } from '../../../protocol/libp2p/artifact-frames.js';
import { answerOnce } from '../../../protocol/libp2p/frames.js';
import { decodeHaveRequest, encodeHaveAnswer } from '../../../protocol/libp2p/have-frames.js';
import type { NetworkId } from '../../../protocol/topics.js';
import { OK, openAttacker } from '../../support/transfer-attackers.js';
import { report, type Target } from './attack.js';

const VISIT_MS = 5_000;
const QUESTION_BYTES_MAX = 4_096;
/** Of the manifest that it pretends to have. */
const PRETENDED_BYTES = 600;

export async function lieAboutModels(of: {
  readonly network: NetworkId;
  readonly from: string;
  readonly targets: readonly Target[];
  readonly person: string;
  readonly signal: AbortSignal;
}): Promise<void> {
  const liar = await openAttacker(of.person, { network: of.network, listenIp: of.from });
  let asked = 0;
  await liar.answerHave((stream) =>
    answerOnce(stream, { questionSizeMax: QUESTION_BYTES_MAX, timeoutMs: 5_000 }, (question) => {
      const models = decodeHaveRequest(question);
      const count = models.ok ? models.value.length : 1;
      return Promise.resolve(encodeHaveAnswer({ outcome: 'holdings', holdings: Array<'whole'>(count).fill('whole') }));
    }),
  );
  await liar.serve(async (stream) => {
    asked += 1;
    const attack = asked % 2 === 1 ? 'provider of wrong bytes' : 'provider of one byte a second';
    const beganAtMs = performance.now();
    await serve(stream, asked % 2 === 1).catch(() => undefined);
    report({ attack, target: '', outcome: 'closed', afterMs: Math.round(performance.now() - beganAtMs) });
  });
  const connections = new Map<string, Connection>();
  while (!of.signal.aborted) {
    for (const target of of.targets) {
      if (connections.get(target.name)?.status === 'open') continue;
      const connection = await liar.visit({ address: `/ip4/${target.ip}/tcp/${target.port}` }).catch(() => null);
      if (connection !== null) connections.set(target.name, connection);
    }
    await delay(VISIT_MS, undefined, { signal: of.signal }).catch(() => undefined);
  }
  await liar.stop();
}

/** Ends when the other side has had enough. */
async function serve(stream: Stream, nonsense: boolean): Promise<void> {
  await stream.sink(
    (async function* () {
      if (nonsense) yield encodeAnswer({ id: 1, status: OK, total: PRETENDED_BYTES }, new Uint8Array(PRETENDED_BYTES));
      for (let byte = 0; byte < PRETENDED_BYTES && stream.status === 'open'; byte += 1) {
        if (!nonsense) yield encodeAnswer({ id: 1, status: OK, total: PRETENDED_BYTES }, Uint8Array.of(byte & 0xff));
        await delay(1_000);
      }
    })(),
  );
}
