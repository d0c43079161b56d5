import { readdirSync, readFileSync } from 'node:fs';
import { dirname, join, normalize, relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect } from 'chai';

/**
 * The arrows of ARCHITECTURE.md, as a test: protocol ← chain ← scoring ← node. I/O and foreign packages live in the folder named after the
 * technology; the rest of protocol/, chain/ and scoring/ is pure.
 */
const ROOT = fileURLToPath(new URL('../..', import.meta.url));
const LINES_MAX = 400;

/** Folders with I/O, and the foreign packages at home in each. */
const ADAPTERS: Readonly<Record<string, readonly RegExp[]>> = {
  'protocol/libp2p': [/^libp2p$/, /^@libp2p\//, /^@chainsafe\//, /^@multiformats\//, /^it-/, /^uint8arraylist$/],
  'protocol/threads': [/^@polkadot\/wasm-crypto$/, /^@polkadot-labs\/schnorrkel-wasm$/],
  'chain/substrate': [/^@polkadot\//],
  'chain/devchain': [/^@polkadot\//, /^@polkadot-api\//, /^ws$/],
  'chain/wallet': [/^@polkadot\//, /^hash-wasm$/],
  'scoring/espeak': [],
  'scoring/onnx': [/^onnxruntime-/],
  'scoring/threads': [],
  'node/postgres': [/^pg$/, /^graphile-worker$/],
  'node/files': [],
  'node/http': [/^fastify/, /^@fastify\//, /^prom-client$/],
  'node/cli': [/^commander$/, /^cli-table3$/],
  'node/devnet': [],
};
/** Foreign packages that a single file or any file may use. */
const ELSEWHERE: Readonly<Record<string, readonly RegExp[]>> = {
  'chain/substrate/socket.ts': [/^ws$/],
  'node/logger.ts': [/^pino/],
  'node/metrics.ts': [/^prom-client$/],
  'scripts/describe.ts': [/^commander$/],
};
const ANYWHERE = [
  /^node:/,
  /^@scure\/base$/,
  /^@noble\/(curves|hashes)\//,
  /^zod$/,
  /^protons-runtime$/,
  /^uint8arraylist$/,
  /^cockatiel$/,
  /^fft\.js$/,
  /^yaml$/,
];
const MAY_IMPORT: Readonly<Record<string, readonly string[]>> = {
  protocol: ['protocol'],
  chain: ['chain', 'protocol'],
  scoring: ['scoring', 'chain', 'protocol'],
  config: ['config', 'protocol', 'scoring', 'chain'],
  node: ['node', 'config', 'scoring', 'chain', 'protocol'],
  scripts: ['scripts', 'node', 'config', 'scoring', 'chain', 'protocol'],
};
/** The only places that put adapters together. */
const COMPOSERS = [/^node\/compose(-\w+)?\.ts$/, /^node\/cli\//, /^node\/devnet\//, /^scripts\//];
/** Words that a pure file has no use for. */
const IMPURE = [
  /\basync\b/,
  /\bDate\.now\b/,
  /\bnew Date\(\)/,
  /\bMath\.random\b/,
  /\bprocess\./,
  /\bsetTimeout\b/,
  /\bsetInterval\b/,
  /\bconsole\./,
];
/** Files of a pure folder that orchestrate ports, or that the word list would misread. */
const PURE_BUT = new Set(['protocol/ports.ts', 'chain/ports.ts', 'scoring/ports.ts', 'scoring/evaluate.ts', 'protocol/entry.ts']);

interface Source {
  readonly path: string;
  readonly text: string;
  readonly code: string;
  readonly imports: readonly string[];
}

const files = ['protocol', 'chain', 'scoring', 'config', 'node', 'scripts'].flatMap(sourcesIn);

function sourcesIn(folder: string): Source[] {
  return readdirSync(join(ROOT, folder), { recursive: true, encoding: 'utf8' })
    .filter((name) => name.endsWith('.ts') && !name.endsWith('.pb.ts'))
    .map((name) => {
      const path = join(folder, name);
      const text = readFileSync(join(ROOT, path), 'utf8');
      const code = text.replace(/\/\*[\s\S]*?\*\//g, '').replace(/(^|\s)\/\/.*$/gm, '');
      const imports = [...code.matchAll(/(?:^|\n)\s*(?:import|export)\b[^'";]*?from\s*'([^']+)'|import\s*\(?\s*'([^']+)'/g)].map(
        (m) => m[1] ?? m[2]!,
      );
      return { path, text, code, imports };
    });
}

function adapterOf(path: string): string | undefined {
  return Object.keys(ADAPTERS).find((folder) => path.startsWith(`${folder}/`));
}

function localImports(file: Source): string[] {
  return file.imports
    .filter((name) => name.startsWith('.'))
    .map((name) => relative('.', normalize(join(dirname(file.path), name))).replace(/\.js$/, '.ts'));
}

describe('architecture', () => {
  it('has sources to look at', () => {
    expect(files.length).to.be.greaterThan(30);
  });

  it('lets imports follow the arrows only', () => {
    const against = files.flatMap((file) =>
      localImports(file)
        .filter((target) => !MAY_IMPORT[file.path.split('/')[0]!]!.includes(target.split('/')[0]!))
        .map((target) => `${file.path} → ${target}`),
    );
    expect(against, 'imports against the arrows').to.deep.equal([]);
  });

  it('goes round in no circle', () => {
    const targets = new Map(files.map((file) => [file.path, localImports(file)]));
    const done = new Set<string>();
    const circleFrom = (path: string, way: readonly string[]): readonly string[] | null => {
      if (way.includes(path)) return [...way.slice(way.indexOf(path)), path];
      if (done.has(path)) return null;
      for (const target of targets.get(path) ?? []) {
        const circle = circleFrom(target, [...way, path]);
        if (circle !== null) return circle;
      }
      done.add(path);
      return null;
    };
    expect(
      files
        .map(({ path }) => circleFrom(path, []))
        .find((circle) => circle !== null)
        ?.join(' → '),
    ).to.equal(undefined);
  });

  it('keeps adapters apart: only the composition root and the commands import them', () => {
    const crossing = files.flatMap((file) =>
      localImports(file)
        .filter((target) => {
          const adapter = adapterOf(target);
          return adapter !== undefined && adapter !== adapterOf(file.path) && !COMPOSERS.some((place) => place.test(file.path));
        })
        .filter((target) => target !== 'protocol/libp2p/node20.ts')
        .map((target) => `${file.path} → ${target}`),
    );
    expect(crossing, 'adapters imported from outside node/compose.ts').to.deep.equal([]);
  });

  it('keeps foreign packages at home', () => {
    const strays = files.flatMap((file) =>
      file.imports
        .filter((name) => !name.startsWith('.'))
        .filter((name) => {
          const home = [...ANYWHERE, ...(ADAPTERS[adapterOf(file.path) ?? ''] ?? []), ...(ELSEWHERE[file.path] ?? [])];
          return !home.some((pattern) => pattern.test(name));
        })
        .map((name) => `${file.path}: ${name}`),
    );
    expect(strays, 'foreign packages away from home').to.deep.equal([]);
  });

  it('keeps the core pure: no clock, no chance, no waiting, no printing', () => {
    const impure = files
      .filter(({ path }) => /^(protocol|chain|scoring)\//.test(path) && !adapterOf(path) && !PURE_BUT.has(path))
      .flatMap((file) => IMPURE.filter((word) => word.test(file.code)).map((word) => `${file.path}: ${word.source}`));
    expect(impure, 'impure words in pure files').to.deep.equal([]);
  });

  it('reads process.env in one place', () => {
    const readers = files.filter(({ code }) => /process\.env\b/.test(code)).map(({ path }) => path);
    expect(readers.filter((path) => !/^(config\/|node\/cli\/main\.ts|scripts\/)/.test(path))).to.deep.equal([]);
  });

  it(`has no default export and no file over ${LINES_MAX} lines`, () => {
    const bad = files.flatMap(({ path, text, code }) => [
      ...(/\bexport default\b/.test(code) ? [`${path}: export default`] : []),
      ...(text.split('\n').length > LINES_MAX && !/^scoring\/bank\//.test(path) ? [`${path}: ${text.split('\n').length} lines`] : []),
    ]);
    expect(bad).to.deep.equal([]);
  });
});
