/** What can be seen of a node from outside: its pages. */
import type { NetworkView } from '../../node/http/network-routes.js';
import type { TopicView } from '../../node/network/topic-view.js';
import type { Node } from './cast.js';

const PAGE_TIMEOUT_MS = 4_000;

async function page(node: Node, path: string): Promise<Response | null> {
  try {
    const answer = await fetch(`http://${node.ip}:${node.httpPort}${path}`, { signal: AbortSignal.timeout(PAGE_TIMEOUT_MS) });
    return answer.ok ? answer : null;
  } catch {
    return null;
  }
}

/** Null: it does not answer. */
export async function networkOf(node: Node): Promise<NetworkView | null> {
  const answer = await page(node, '/v1/peers');
  // Safety: the page of our own program.
  return answer === null ? null : ((await answer.json().catch(() => null)) as NetworkView | null);
}

/** Peers that announcements are handed to at once. */
export async function meshOf(node: Node): Promise<number | null> {
  const answer = await page(node, '/v1/topics');
  const view = (await answer?.json().catch(() => null)) as { readonly topics: readonly TopicView[] } | null | undefined;
  return view?.topics.find(({ kind }) => kind === 'announce')?.neighbours ?? null;
}

export interface Vitals {
  readonly atMs: number;
  readonly lagP99Ms: number;
  /** Since the last look. */
  readonly lagMaxMs: number;
  readonly residentBytes: number;
  /** Of the main thread: what lives there and what was not collected yet. */
  readonly heapUsedBytes: number;
  /** Of the main thread: buffers outside its heap. */
  readonly externalBytes: number;
  readonly exiles: number;
  readonly ignored: number;
  readonly rejected: number;
}

export async function vitalsOf(node: Node): Promise<Vitals | null> {
  const text = await (await page(node, '/metrics'))?.text().catch(() => null);
  if (text == null) return null;
  const lines = text.split('\n');
  const sum = (start: string, holds = '') =>
    lines
      .filter((line) => line.startsWith(start) && line.includes(holds))
      .reduce((total, line) => total + Number(line.slice(line.lastIndexOf(' ') + 1)), 0);
  return {
    atMs: Date.now(),
    lagP99Ms: 1_000 * sum('nodejs_eventloop_lag_p99_seconds '),
    lagMaxMs: 1_000 * sum('nodejs_eventloop_lag_max_seconds '),
    residentBytes: sum('process_resident_memory_bytes '),
    heapUsedBytes: sum('nodejs_heap_size_used_bytes '),
    externalBytes: sum('nodejs_external_memory_bytes '),
    exiles: sum('voxd_p2p_exiles_total'),
    ignored: sum('voxd_gossip_messages_total', 'verdict="ignore"'),
    rejected: sum('voxd_gossip_messages_total', 'verdict="reject"'),
  };
}
