import { statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect } from 'chai';
import { createSubmissionFile } from '../../../node/files/submission-file.js';
import { codeOf } from '../../contracts/code-of.js';
import { storesContract } from '../../contracts/stores.js';
import { createMemoryStores } from '../../support/memory-stores.js';
import { aHashCommit } from '../../support/store-samples.js';
import { temporaryDirectory } from '../../support/temporary.js';

describe('the journal of submissions in a file', () => {
  const place = temporaryDirectory();
  let files = 0;
  after(() => place.remove());
  const fresh = () => {
    files += 1;
    return join(place.path, `${files}.json`);
  };

  storesContract('submissions in a file', async () => ({ ...createMemoryStores(), submissions: createSubmissionFile(fresh()) }));
  storesContract('submissions in no file', async () => ({ ...createMemoryStores(), submissions: createSubmissionFile(null) }));

  it('outlives the process, salt and all, and only its owner can read it', async () => {
    const path = fresh();
    const row = await createSubmissionFile(path).plan(aHashCommit());
    const again = createSubmissionFile(path);
    const [kept] = await again.list(1);
    expect(kept?.salt?.reveal()).to.deep.equal(row?.salt?.reveal());
    expect({ ...kept, salt: null }).to.deep.equal({ ...row, salt: null });
    expect(statSync(path).mode & 0o777).to.equal(0o600);
    expect(await again.plan(aHashCommit())).to.equal(null);
  });

  it('refuses a file that is none', async () => {
    const path = fresh();
    writeFileSync(path, '{"format":"something else"}');
    expect(await codeOf((async () => createSubmissionFile(path))())).to.equal('store.row_damaged');
    expect(await codeOf(createSubmissionFile(join(place.path, 'no', 'where.json')).plan(aHashCommit()))).to.equal('store.read_only');
  });
});
