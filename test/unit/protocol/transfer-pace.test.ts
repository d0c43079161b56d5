/** How often one peer is asked for a stream: never so often that it takes us for a flood. */
import type { Connection } from '@libp2p/interface';
import { expect } from 'chai';
import { STREAM_OPENS } from '../../../protocol/libp2p/artifact-server.js';
import { createTransfers, TRANSFER_DEFAULTS } from '../../../protocol/libp2p/transfers.js';
import { peerIdFromKey } from '../../../protocol/peer-id.js';
import { createRateLimiter } from '../../../protocol/rate.js';
import { aModel } from '../../support/keys.js';
import { createSteppedClock } from '../../support/manual-clock.js';
import { memorySink, parseTestManifest } from '../../support/package.js';
import { quiet } from '../../support/temporary.js';

describe('many models wanted of one peer', () => {
  const WANTED = 40;
  const peer = peerIdFromKey(new Uint8Array(32).fill(1));

  it('are asked for no faster than it lets us open streams, though each is refused at once', async () => {
    const clock = createSteppedClock();
    // The peer's own count.
    const server = createRateLimiter(STREAM_OPENS, 1);
    const opened: boolean[] = [];
    const newStream = async () => {
      opened.push(server.take(peer, clock.nowMs()));
      throw new Error('refused');
    };
    const transfers = createTransfers(
      {
        clock,
        logger: quiet.logger,
        metrics: {},
        hotkeyOf: () => null,
        memberOf: () => null,
        // Safety: nothing else of it is used to open a stream.
        connectionTo: () => ({ newStream }) as unknown as Connection,
        penalize: () => {},
        random: () => 0,
        accuse: () => {},
        isResting: () => false,
      },
      { ...TRANSFER_DEFAULTS, protocols: { artifact: 'artifact', have: 'have' } },
    );
    const ends = Array.from({ length: WANTED }, (_, n) =>
      transfers
        .fetchModel({
          model: aModel(n),
          providers: () => [peer],
          sink: memorySink(),
          parseManifest: parseTestManifest,
          limits: { manifestSizeBytesMax: 1_000, totalSizeBytesMax: 1_000, filesMax: 1 },
        })
        .catch(({ code }: { code: string }) => code),
    );
    await clock.advance(WANTED * STREAM_OPENS.intervalMs);
    expect(new Set(await Promise.all(ends))).to.deep.equal(new Set(['p2p.stream_failed']));
    expect(opened).to.deep.equal(Array<boolean>(WANTED).fill(true));
  });
});
