import { readFileSync } from 'node:fs';
import { expect } from 'chai';
import { parse } from 'yaml';
import { CONFIG_KEYS } from '../../../config/keys.js';
import { loadConfig } from '../../../config/load.js';
import { createProgram } from '../../../node/cli/program.js';

/** Dockerfile and compose file against the program: no engine runs here, but names can be held against names. */
const textOf = (name: string) => readFileSync(new URL(`../../../${name}`, import.meta.url), 'utf8');

interface Service {
  readonly profiles: readonly string[];
  readonly command?: readonly string[];
  readonly environment: Readonly<Record<string, string>>;
  readonly secrets: readonly string[];
  readonly ports?: readonly string[];
  readonly volumes: readonly string[];
}

// Safety: the tests below look at every field they use.
const compose = parse(textOf('docker-compose.yml'), { merge: true }) as {
  readonly services: Readonly<Record<string, Service>>;
  readonly secrets: Readonly<Record<string, { readonly file: string }>>;
  readonly volumes: Readonly<Record<string, object>>;
};
const nodes = Object.entries(compose.services).filter(([name]) => name !== 'db');
const VARIABLES = new Set(CONFIG_KEYS.flatMap(({ variable, secret }) => (secret === true ? [variable, `${variable}_FILE`] : [variable])));

/** As compose does it: `${NAME:-default}`. */
const filled = (text: string, env: Readonly<Record<string, string>>) =>
  text.replace(/\$\{(\w+):-([^}]*)\}/g, (_, name: string, fallback: string) => env[name] || fallback);

const example = Object.fromEntries(
  textOf('.env.example')
    .split('\n')
    .flatMap((line) => {
      const [, name, value] = /^([A-Z0-9_]+)=(.*)$/.exec(line) ?? [];
      return name === undefined || value === undefined ? [] : [[name, value] as const];
    }),
);

describe('docker-compose.yml', () => {
  it('has a validator and a miner, each beside the database', () => {
    expect(nodes.map(([name, { profiles }]) => [name, profiles])).to.deep.equal([
      ['validator', ['validator']],
      ['miner', ['miner']],
    ]);
    expect(compose.services['db']?.profiles).to.have.members(['validator', 'miner']);
  });

  for (const [name, service] of nodes) {
    it(`${name}: sets only what is a setting`, () => {
      expect(Object.keys(service.environment).filter((variable) => !VARIABLES.has(variable))).to.deep.equal([]);
    });

    it(`${name}: runs a command there is`, () => {
      expect(createProgram({}).commands.map((command) => command.name())).to.include(service.command?.[0]);
    });

    it(`${name}: is a complete configuration with .env.example`, () => {
      const env = Object.fromEntries(Object.entries(service.environment).map(([key, value]) => [key, filled(String(value), example)]));
      const secretFiles = new Map([['/run/secrets/database_url', { text: 'postgres://voxd:x@db/voxd' }]]);
      const loaded = loadConfig({ flags: { role: service.command?.[0] }, env, file: null, secretFiles });
      expect(loaded.ok ? [] : loaded.error.map(({ message }) => message)).to.deep.equal([]);
      expect(loaded.ok && loaded.value.config.p2p.port).to.equal(Number(service.ports?.[0]?.split(':')[1]));
    });

    it(`${name}: names secrets and volumes that are there`, () => {
      expect(Object.keys(compose.secrets)).to.include.members([...service.secrets]);
      const named = service.volumes.map((volume) => volume.split(':')[0] ?? '').filter((source) => /^\w+$/.test(source));
      expect(Object.keys(compose.volumes)).to.include.members(named);
    });
  }

  it('takes from the environment only what .env.example explains', () => {
    const used = [...textOf('docker-compose.yml').matchAll(/\$\{(\w+)/g)].map(([, name]) => name);
    expect(new Set(used)).to.deep.equal(new Set(Object.keys(example)));
  });

  it('keeps secrets out of the repository and the image', () => {
    for (const file of ['.gitignore', '.dockerignore']) {
      const lines = textOf(file).split('\n');
      expect(lines.map((line) => line.replace(/\/$/, ''))).to.include.members(['secrets', '.env']);
    }
  });
});

describe('Dockerfile', () => {
  const dockerfile = textOf('Dockerfile');

  it('runs unprivileged, under an init, with a health check that is a command', () => {
    expect(dockerfile)
      .to.match(/^USER node$/m)
      .and.match(/^ENTRYPOINT \["\/usr\/bin\/tini", "--", "node"/m);
    const [, command, flag] = /CMD \["node", "dist\/node\/cli\/main\.js", "(\w+)", "(--\w+)"\]/.exec(dockerfile) ?? [];
    const found = createProgram({}).commands.find((candidate) => candidate.name() === command);
    expect(found?.options.map(({ long }) => long)).to.include(flag);
  });

  it('sets only what is a setting, and opens the port of peers', () => {
    const set = [...dockerfile.matchAll(/\b(VOXD_\w+)=/g)].map(([, name]) => name);
    expect(set.filter((name) => name === undefined || !VARIABLES.has(name))).to.deep.equal([]);
    expect(dockerfile).to.include(`EXPOSE ${CONFIG_KEYS.find(({ path }) => path === 'p2p.port')?.default}\n`);
  });
});
