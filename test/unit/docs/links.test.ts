import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { dirname, join, normalize } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect } from 'chai';
import { generatedPages } from '../../../scripts/describe.js';

/** Pages point at pages, sections and files; code points at sections. All of that has to be there. */
const ROOT = fileURLToPath(new URL('../../..', import.meta.url));
const generated = generatedPages();
const pages = [
  ...readdirSync(ROOT).filter((name) => name.endsWith('.md')),
  ...readdirSync(join(ROOT, 'docs'))
    .filter((name) => name.endsWith('.md'))
    .map((name) => `docs/${name}`),
  ...Object.keys(generated).map((name) => `docs/${name}`),
];
const texts = new Map(
  pages.map((page) => [page, generated[page.replace(/^docs\//, '')] ?? readFileSync(join(ROOT, page), 'utf8')] as const),
);

function headings(text: string): readonly string[] {
  return [...text.matchAll(/^#+ (.+)$/gm)].map(([, title]) => title ?? '');
}

/** As a code host makes them. */
function anchorOf(title: string): string {
  return title
    .toLowerCase()
    .replace(/[^\p{L}\p{N} _-]/gu, '')
    .replaceAll(' ', '-');
}

describe('documentation', () => {
  it('has no broken link', () => {
    const broken = [...texts].flatMap(([page, text]) =>
      [...text.matchAll(/\]\((?!https?:)([^)#\s]*)(?:#([^)\s]+))?\)/g)].flatMap(([link, path = '', anchor]) => {
        const target = path === '' ? page : normalize(join(dirname(page), path));
        const there = texts.has(target) || existsSync(join(ROOT, target));
        const found = anchor === undefined || headings(texts.get(target) ?? '').some((title) => anchorOf(title) === anchor);
        return there && found ? [] : [`${page}: ${link}`];
      }),
    );
    expect(broken).to.deep.equal([]);
  });

  it('names files that are there', () => {
    const gone = [...texts]
      .filter(([page]) => page !== 'CHANGELOG.md')
      .flatMap(([page, text]) =>
        [...text.matchAll(/`((?:protocol|chain|scoring|config|node|scripts|test|migrations)\/[\w./-]*)`/g)]
          .filter(([, path = '']) => !existsSync(join(ROOT, path)) && !existsSync(join(ROOT, `${path}.ts`)))
          .map(([, path]) => `${page}: ${path}`),
      );
    expect(gone).to.deep.equal([]);
  });

  it('has the sections that the code names', () => {
    const folders = ['protocol', 'chain', 'scoring', 'config', 'node', 'scripts'];
    const missing = folders.flatMap((folder) =>
      readdirSync(join(ROOT, folder), { recursive: true, encoding: 'utf8' })
        .filter((name) => name.endsWith('.ts'))
        .flatMap((name) =>
          [...readFileSync(join(ROOT, folder, name), 'utf8').matchAll(/(docs\/[a-z]+\.md), "([^"]+)"/g)]
            .filter(([, page = '', section = '']) => !headings(texts.get(page) ?? '').includes(section))
            .map(([words]) => `${folder}/${name}: ${words}`),
        ),
    );
    expect(missing).to.deep.equal([]);
  });
});
