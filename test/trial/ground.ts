/**
 * The ground a trial stands on: a host for every node. With network namespaces two sites, a bridge each, and a router between them that stops forwarding when
 * told to: nothing passes and nobody is told, as on a line that is cut. Without them loopback aliases, which cannot be cut. Nothing has a route outside.
 */
import { execFileSync } from 'node:child_process';
import { connect, createServer, type Server } from 'node:net';

export const SITES = ['a', 'b'] as const;
export type Site = (typeof SITES)[number];

export interface Place {
  readonly name: string;
  readonly site: Site;
  readonly ip: string;
  /** Words in front of a command that is to run there. */
  readonly within: readonly string[];
}

export interface Ground {
  readonly kind: 'namespaces' | 'aliases';
  readonly canBeCut: boolean;
  place(name: string, site: Site): Place;
  /** Makes a port of 127.0.0.1 reachable from every place. */
  offer(port: number): Promise<void>;
  /** Under which address it is there. */
  hostFor(site: Site): string;
  cut(): void;
  heal(): void;
  /** Takes everything away again; may be called twice. */
  remove(): void;
}

const SPACE = 'voxd-trial';
const LINK = 'vxt';
const ROUTER = `${SPACE}-router`;
const THIRD: Readonly<Record<Site, number>> = { a: 1, b: 2 };
/** Last numbers of the addresses of a site: the machine that carries all this, and the router. */
const [CARRIER, GATE] = [254, 253];

const ip = (...words: readonly string[]) => execFileSync('ip', words, { stdio: ['ignore', 'pipe', 'pipe'] }).toString();

/** False: not root, or the system has none. */
export function hasNamespaces(): boolean {
  const probe = `${SPACE}-probe`;
  try {
    ip('netns', 'add', probe);
    ip('-n', probe, 'link', 'set', 'lo', 'up');
    return true;
  } catch {
    return false;
  } finally {
    quietly('netns', 'del', probe);
  }
}

function quietly(...words: readonly string[]): void {
  try {
    ip(...words);
  } catch {
    // It was not there.
  }
}

function spaces(): readonly string[] {
  return ip('netns', 'list')
    .split('\n')
    .map((line) => line.split(' ')[0] ?? '')
    .filter((name) => name.startsWith(`${SPACE}-`));
}

/** Throws where another trial runs. What an earlier one left behind is taken away. */
export function namespaces(): Ground {
  const busy = spaces().filter((name) => ip('netns', 'pids', name).trim() !== '');
  if (busy.length > 0) throw new Error(`another trial runs on this machine: processes in ${busy.join(', ')}`);
  removeAll();
  const servers: Server[] = [];
  const taken: Record<Site, number> = { a: 0, b: 0 };
  const address = (site: Site, last: number) => `10.77.${THIRD[site]}.${last}`;
  const forward = (on: boolean) => void ip('netns', 'exec', ROUTER, 'sh', '-c', `echo ${on ? 1 : 0} > /proc/sys/net/ipv4/ip_forward`);

  function wire(space: string, site: Site, last: number, device: string): void {
    const outer = `${LINK}-${site}${last}`;
    ip('link', 'add', outer, 'type', 'veth', 'peer', 'name', device, 'netns', space);
    ip('link', 'set', outer, 'master', `${LINK}-${site}`, 'up');
    ip('-n', space, 'addr', 'add', `${address(site, last)}/24`, 'dev', device);
    ip('-n', space, 'link', 'set', device, 'up');
  }

  ip('netns', 'add', ROUTER);
  for (const site of SITES) {
    ip('link', 'add', `${LINK}-${site}`, 'type', 'bridge');
    ip('addr', 'add', `${address(site, CARRIER)}/24`, 'dev', `${LINK}-${site}`);
    ip('link', 'set', `${LINK}-${site}`, 'up');
    wire(ROUTER, site, GATE, `to-${site}`);
  }
  forward(true);

  return {
    kind: 'namespaces',
    canBeCut: true,
    place(name, site) {
      const space = `${SPACE}-${name}`;
      taken[site] += 1;
      ip('netns', 'add', space);
      ip('-n', space, 'link', 'set', 'lo', 'up');
      wire(space, site, taken[site], 'eth0');
      ip('-n', space, 'route', 'add', '10.77.0.0/16', 'via', address(site, GATE));
      return { name, site, ip: address(site, taken[site]), within: ['ip', 'netns', 'exec', space] };
    },
    hostFor: (site) => address(site, CARRIER),
    async offer(port) {
      for (const site of SITES) servers.push(await relay(address(site, CARRIER), port));
    },
    cut: () => forward(false),
    heal: () => forward(true),
    remove() {
      for (const server of servers.splice(0)) server.close();
      removeAll();
    },
  };
}

function removeAll(): void {
  for (const name of spaces()) quietly('netns', 'del', name);
  for (const site of SITES) quietly('link', 'del', `${LINK}-${site}`);
}

export function aliases(): Ground {
  const taken: Record<Site, number> = { a: 0, b: 0 };
  const cannot = () => {
    throw new Error('loopback cannot be cut in two');
  };
  return {
    kind: 'aliases',
    canBeCut: false,
    place(name, site) {
      taken[site] += 1;
      return { name, site, ip: `127.77.${THIRD[site]}.${taken[site]}`, within: [] };
    },
    hostFor: () => '127.0.0.1',
    offer: () => Promise.resolve(),
    cut: cannot,
    heal: cannot,
    remove: () => {},
  };
}

/** From `host:port` to the same port of 127.0.0.1. */
async function relay(host: string, port: number): Promise<Server> {
  const server = createServer((near) => {
    const far = connect({ host: '127.0.0.1', port });
    for (const [from, to] of [
      [near, far],
      [far, near],
    ] as const) {
      from.setNoDelay(true).on('error', () => to.destroy());
      from.on('close', () => to.destroy());
      from.pipe(to);
    }
  });
  await new Promise<void>((resolve, reject) => server.once('error', reject).listen(port, host, resolve));
  server.unref();
  return server;
}
