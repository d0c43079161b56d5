/** What every gossip promises. `open` gives three members in a line: a – b – c. */
import { expect } from 'chai';
import { isFailure } from '../../protocol/failure.js';
import type { MessageKind } from '../../protocol/kinds.js';
import type { Gossip } from '../../protocol/ports.js';
import { accept, ignore, reject, type Verdict } from '../../protocol/verdict.js';
import { until } from '../support/network.js';

export interface GossipLine {
  readonly a: Gossip;
  readonly b: Gossip;
  readonly c: Gossip;
  /** A member without neighbours. */
  lonely(): Promise<Gossip>;
  close(): Promise<void>;
}

const KIND: MessageKind = 'announce';
const text = (bytes: Uint8Array) => new TextDecoder().decode(bytes);

export function gossipContract(name: string, open: () => Promise<GossipLine>): void {
  describe(`gossip contract: ${name}`, function () {
    this.timeout(60_000);
    let line: GossipLine;
    let serial = 0;
    beforeEach(async () => {
      line = await open();
    });
    afterEach(() => line.close());

    const bytes = (words: string) => new TextEncoder().encode(`${words} #${++serial}`);

    function listen(gossip: Gossip, verdict: (words: string) => Verdict<unknown> | Promise<Verdict<unknown>> = () => accept(null)) {
      const heard: string[] = [];
      const remove = gossip.onMessage(KIND, async (envelope) => {
        heard.push(text(envelope));
        return verdict(text(envelope));
      });
      return { heard, remove };
    }

    it('reaches every other member along the line, once, and not the sender', async () => {
      const [atA, atB, atC] = [listen(line.a), listen(line.b), listen(line.c)];
      const hello = bytes('hello');
      expect(await line.a.publish(KIND, hello)).to.deep.equal({ recipients: 1 });
      await until('c to hear it', () => atC.heard.length === 1);
      const back = bytes('and back');
      await line.c.publish(KIND, back);
      await until('a to hear it', () => atA.heard.length === 1);
      expect(atA.heard).to.deep.equal([text(back)]);
      expect(atB.heard).to.deep.equal([text(hello), text(back)]);
      expect(atC.heard).to.deep.equal([text(hello)]);
    });

    it('counts the neighbours it was handed to: none when alone, and then the same bytes may be tried again', async () => {
      expect(await line.b.publish(KIND, bytes('to both'))).to.deep.equal({ recipients: 2 });
      const lonely = await line.lonely();
      const words = bytes('anybody?');
      expect(await lonely.publish(KIND, words)).to.deep.equal({ recipients: 0 });
      expect(await lonely.publish(KIND, words)).to.deep.equal({ recipients: 0 });
    });

    it('sends the same bytes once', async () => {
      const atB = listen(line.b);
      const [once, last] = [bytes('once'), bytes('last')];
      await line.a.publish(KIND, once);
      expect(await line.a.publish(KIND, once)).to.deep.equal({ recipients: 0 });
      await line.a.publish(KIND, last);
      await until('the last one', () => atB.heard.includes(text(last)));
      expect(atB.heard).to.deep.equal([text(once), text(last)]);
    });

    it('asks the handler in order of arrival', async () => {
      const begun: string[] = [];
      const words = [1, 2, 3].map((n) => bytes(`message ${n}`));
      line.b.onMessage(KIND, async (envelope) => {
        begun.push(text(envelope));
        await new Promise((resolve) => setTimeout(resolve, 20));
        return accept(null);
      });
      await Promise.all(words.map((each) => line.a.publish(KIND, each)));
      await until('all three', () => begun.length === 3);
      expect(begun).to.deep.equal(words.map(text));
    });

    it('passes on what the middle accepts, and nothing that it ignores, rejects or cannot judge', async () => {
      const atB = listen(line.b, (words) => {
        if (words.startsWith('ignore')) return ignore('test');
        if (words.startsWith('reject')) return reject('test');
        if (words.startsWith('fail')) throw new Error('test');
        return accept(null);
      });
      const atC = listen(line.c);
      const sent = ['ignore me', 'fail on me', 'take me', 'reject me', 'and me'].map(bytes);
      for (const each of sent) await line.a.publish(KIND, each);
      await until('the last at the end of the line', () => atC.heard.includes(text(sent.at(-1)!)));
      expect(atB.heard).to.deep.equal(sent.map(text));
      expect(atC.heard).to.deep.equal([text(sent[2]!), text(sent[4]!)]);
    });

    it('asks nobody once the handler is removed, and then passes nothing on', async () => {
      const [atB, atC] = [listen(line.b), listen(line.c)];
      await line.a.publish(KIND, bytes('first'));
      await until('c to hear it', () => atC.heard.length === 1);
      atB.remove();
      await line.a.publish(KIND, bytes('into the void'));
      const again = listen(line.b);
      atB.remove();
      const last = bytes('last');
      // What came while nobody listened is lost, so ask until the new handler has one.
      await until('the new handler', async () => {
        await line.a.publish(KIND, bytes('any'));
        return again.heard.length > 0;
      });
      await line.a.publish(KIND, last);
      await until('the last at the end of the line', () => atC.heard.includes(text(last)));
      expect(atB.heard).to.have.length(1);
      expect(atC.heard.filter((words) => words.startsWith('first'))).to.have.length(1);
    });

    it('keeps kinds apart', async () => {
      const atB = listen(line.b);
      const other: string[] = [];
      line.b.onMessage('record', async (envelope) => {
        other.push(text(envelope));
        return accept(null);
      });
      const [one, two] = [bytes('one'), bytes('two')];
      await line.a.publish(KIND, one);
      await line.a.publish('record', two);
      await until('both', () => atB.heard.length + other.length === 2);
      expect([atB.heard, other]).to.deep.equal([[text(one)], [text(two)]]);
    });

    it('refuses to publish more than a kind allows', async () => {
      const error: unknown = await line.a.publish(KIND, new Uint8Array(8 * 1024 + 1)).catch((caught: unknown) => caught);
      expect(isFailure(error) && error.code).to.equal('message.too_large');
    });
  });
}
