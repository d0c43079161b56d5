import { readdirSync, readFileSync } from 'node:fs';
import { expect } from 'chai';
import { CONFIG_KEYS } from '../../../config/keys.js';
import { createProgram } from '../../../node/cli/program.js';
import { METRICS } from '../../../node/metrics.js';
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

  it('promises no metric that nothing counts', () => {
    const node = new URL('../../../node/', import.meta.url);
    const sources = readdirSync(node, { recursive: true, encoding: 'utf8' })
      .filter((name) => name.endsWith('.ts') && name !== 'metrics.ts')
      .map((name) => readFileSync(new URL(name, node), 'utf8'))
      .join('\n');
    expect(Object.keys(METRICS).filter((name) => !sources.includes(`'${name}'`))).to.deep.equal([]);
  });

  it('names only flags that a command has', () => {
    const known = createProgram({}).commands.flatMap(({ options }) => options.map(({ long }) => long));
    const unknown = CONFIG_KEYS.filter(({ flag }) => flag !== undefined && !known.includes(flag)).map(
      ({ path, flag }) => `${path}: ${flag}`,
    );
    expect(unknown).to.deep.equal([]);
  });

  it('names only commands that there are', () => {
    const program = createProgram({});
    const isCommand = (words: readonly string[]) => {
      const command = program.commands.find((found) => found.name() === words[0]);
      const sub = command !== undefined && command.commands.length > 0;
      return command !== undefined && (!sub || words[1] === undefined || command.commands.some((found) => found.name() === words[1]));
    };
    const texts = [...Object.keys(generatedPages()), 'operating.md', '../README.md', '../SECURITY.md'].map(
      (name) => [name, generatedPages()[name] ?? committedPage(name)] as const,
    );
    const unknown = texts.flatMap(([name, text]) =>
      [...text.matchAll(/`voxd ([a-z]+)(?: ([a-z]+))?/g)]
        .filter(([, first = '', second]) => !isCommand([first, ...(second === undefined ? [] : [second])]))
        .map(([words]) => `${name}: ${words}`),
    );
    expect(unknown).to.deep.equal([]);
  });
});
