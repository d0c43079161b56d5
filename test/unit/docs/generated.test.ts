import { readFileSync } from 'node:fs';
import { expect } from 'chai';
import { CONFIG_KEYS } from '../../../config/keys.js';
import { createProgram } from '../../../node/cli/program.js';
import { VERSION } from '../../../node/version.js';
import { committedPage, generatedPages } from '../../../scripts/describe.js';

describe('generated documentation', () => {
  for (const [name, text] of Object.entries(generatedPages()))
    it(`docs/${name} is what the code says (npm run build && npm run docs)`, () => {
      expect(committedPage(name)).to.equal(text);
    });

  it('has the version of package.json', () => {
    const { version } = JSON.parse(readFileSync(new URL('../../../package.json', import.meta.url), 'utf8')) as { version: string };
    expect(VERSION).to.equal(version);
  });

  it('names only flags that a command has', () => {
    const known = createProgram({}).commands.flatMap(({ options }) => options.map(({ long }) => long));
    const unknown = CONFIG_KEYS.filter(({ flag }) => flag !== undefined && !known.includes(flag)).map(
      ({ path, flag }) => `${path}: ${flag}`,
    );
    expect(unknown).to.deep.equal([]);
  });
});
