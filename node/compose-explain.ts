/** A miner explained, with what was heard: for the command and for the node's own pages. */
import { hostname } from 'node:os';
import { setImmediate } from 'node:timers/promises';
import type { Hash, Hotkey } from '../protocol/names.js';
import { type RoundSchedule, roundWindow } from '../scoring/round.js';
import { decodeWav } from '../scoring/wav.js';
import { type Explanation, explain } from './explain/explain.js';
import { explanationPage, type NextRound } from './explain/explain-page.js';
import { type Page, type PageUtterance, renderPage } from './explain/page.js';
import { pageUtterance } from './explain/utterances.js';
import { readSamples } from './files/evidence.js';
import type { RenderExplanation } from './http/explain-routes.js';
import type { Stores } from './ports.js';
import { leaseEvidence } from './postgres/evidence-index.js';
import { readChainPace } from './postgres/pace.js';
import type { Sql } from './postgres/sql.js';
import { counted, duration } from './words.js';

export interface Explained {
  readonly said: Explanation;
  readonly next: NextRound;
  /** Where its audio lies. */
  readonly evidence: { readonly host: string; readonly directory: string } | null;
}

/** Whose record it is, and by which clock. */
export interface ExplainingNode {
  readonly self: Hotkey;
  readonly genesis: Hash;
  readonly netuid: number;
  readonly schedule: RoundSchedule;
}

export interface ExplanationDeps {
  readonly stores: Stores;
  readonly sql: Sql;
}

/** Null: nothing is on record. */
export async function composeExplanation(
  deps: ExplanationDeps,
  node: ExplainingNode,
  of: { readonly hotkey: Hotkey; readonly round: number | null },
): Promise<Explained | null> {
  const said = await explain(deps.stores, { ...of, self: node.self });
  if (said === null) return null;
  const [pace, lease] = await Promise.all([readChainPace(deps.sql, node), leaseEvidence(deps.sql, said.round, of.hotkey)]);
  await lease?.release();
  // The newest round may still be open while the newest weighed one is explained.
  let window = roundWindow(said.round + 1, node.schedule);
  while (pace !== null && window.opensAt <= pace.block) window = roundWindow(window.round + 1, node.schedule);
  const inBlocks = pace === null ? null : window.opensAt - pace.block;
  const inMs = inBlocks === null || pace?.blockTimeMs == null ? null : inBlocks * pace.blockTimeMs;
  return {
    said,
    next: { block: window.opensAt, inBlocks, inMs },
    evidence: lease === null ? null : { host: lease.host, directory: lease.directory },
  };
}

/** Shape: when the next round opens → words; nothing where it is not known. */
export function whenText({ inBlocks, inMs }: NextRound): string {
  if (inBlocks === null) return '';
  if (inBlocks <= 0) return 'it is open';
  return `in ${counted(inBlocks, 'block')}${inMs === null ? '' : `, about ${duration(inMs)}`}`;
}

/** The page of an explanation, with the utterances that lie on this machine, the worst first. */
export async function pageOf(sql: Sql, { said, next }: Explained): Promise<Page> {
  return explanationPage(said, next, whenText(next), await heardOf(sql, said));
}

async function heardOf(sql: Sql, { round, hotkey }: Pick<Explanation, 'round' | 'hotkey'>): Promise<readonly PageUtterance[]> {
  const lease = await leaseEvidence(sql, round, hotkey);
  if (lease === null) return [];
  try {
    if (lease.host !== hostname()) return [];
    const utterances: PageUtterance[] = [];
    for (const { wav, ...sample } of await readSamples(lease.directory)) {
      const audio = decodeWav(wav);
      if (audio.ok) utterances.push(pageUtterance(sample, audio.value, wav));
      // A picture takes a tenth of a second: whatever else this process does gets its turn.
      await setImmediate();
    }
    return utterances.sort((a, b) => a.scorePpm - b.scorePpm || a.prompt - b.prompt);
  } finally {
    await lease.release();
  }
}

/** What the node's own page is drawn by. */
export function renderExplanation(deps: ExplanationDeps, node: ExplainingNode): RenderExplanation {
  return async (of) => {
    const explained = await composeExplanation(deps, node, of);
    return explained === null ? null : renderPage(await pageOf(deps.sql, explained));
  };
}
