import { expect } from 'chai';
import Fastify from 'fastify';
import { equivocationRoutes, PROOFS_SHOWN_MAX } from '../../../node/http/equivocation-routes.js';
import { aHotkey } from '../../support/keys.js';
import { createMemoryStores } from '../../support/memory-stores.js';
import { anEquivocation } from '../../support/store-samples.js';

describe('proofs of equivocation over HTTP', () => {
  const [app, stores] = [Fastify(), createMemoryStores()];
  const proof = anEquivocation();
  const other = { ...anEquivocation(), hotkey: aHotkey('another'), sequence: 2n ** 63n, first: null };
  before(async () => {
    await equivocationRoutes(stores.equivocations)(app);
    for (const each of [proof, other]) await stores.equivocations.put(each);
  });
  after(() => app.close());
  const get = (path: string) => app.inject({ method: 'GET', url: `/v1/equivocations${path}` });
  const pathOf = (of: typeof proof, which: string) => `/${of.hotkey}/${of.kind}/${of.sequence}/${which}`;

  it('lists the newest first, all or those of one hotkey, with whole sequence numbers', async () => {
    const list = async (path: string) => (await get(path)).json<{ equivocations: { hotkey: string; sequence: string }[] }>().equivocations;
    expect((await list('')).map(({ hotkey }) => hotkey)).to.deep.equal([other.hotkey, proof.hotkey]);
    expect((await list(`/${other.hotkey}`)).map(({ sequence }) => sequence)).to.deep.equal(['9223372036854775808']);
    expect(await list(`/${aHotkey('honest')}`)).to.deep.equal([]);
  });

  it('gives the signed bytes as they came, so that anybody can check them', async () => {
    for (const [which, bytes] of [
      ['first', proof.first],
      ['second', proof.second],
    ] as const) {
      const answer = await get(pathOf(proof, which));
      expect(answer.statusCode, which).to.equal(200);
      expect(answer.headers['content-type']).to.equal('application/octet-stream');
      expect(answer.rawPayload).to.deep.equal(Buffer.from(bytes ?? []));
    }
  });

  it('says what is not there, and what is no such address', async () => {
    expect((await get(pathOf(other, 'first'))).json()).to.include({ status: 404, detail: 'The first envelope was not held.' });
    expect((await get(pathOf({ ...proof, sequence: 1n }, 'second'))).json()).to.include({ status: 404, detail: 'There is no such proof.' });
    for (const wrong of [
      '/nobody',
      '/nobody/announce/1/first',
      `/${proof.hotkey}/gossip/1/first`,
      pathOf(proof, 'third'),
      `/${proof.hotkey}/announce/-1/first`,
    ]) {
      const answer = await get(wrong);
      expect(answer.statusCode, wrong).to.equal(400);
      expect(answer.json()).to.include({ code: 'http.bad_request' });
    }
    expect((await get(`/${proof.hotkey}/${proof.kind}`)).statusCode).to.equal(404);
  });

  it('shows no more than its bound', async () => {
    for (let n = 0; n < PROOFS_SHOWN_MAX; n += 1) await stores.equivocations.put({ ...proof, sequence: BigInt(1_000 + n) });
    expect((await get('')).json<{ equivocations: unknown[] }>().equivocations).to.have.length(PROOFS_SHOWN_MAX);
    const ofOther = (await get(`/${other.hotkey}`)).json<{ equivocations: unknown[] }>().equivocations;
    expect(ofOther, 'nobody hides the proofs of another behind his own').to.have.length(1);
    expect((await get(pathOf(other, 'second'))).statusCode).to.equal(200);
  });
});
