/** Baseline, partition, restart: what is done, what is measured, what must hold. */
import type { Check } from '../../node/devnet/result.js';
import type { Node } from './cast.js';
import { SAID } from './log-tail.js';
import { meshOf } from './look.js';
import { weightsText } from './rounds.js';
import { connected, equalRound, isWhole, type PhaseResult, roundFigures, seconds, type Trial, waitUntil, within } from './trial.js';
import { NETUID } from './world.js';

type Body = Omit<PhaseResult, 'phase' | 'ok' | 'seconds'>;

const START_MS_MAX = 180_000;
/** An operator expects a network that was in two to be one again by then. */
const KNIT_MS_MAX = 120_000;
/** Silence is noticed after 60 to 65 s, one peer a second; the rest is for a busy machine. */
const APART_MS_MAX = 120_000;
const RESTART_MS_MAX = 120_000;
const ROUNDS_TRIED = 4;

export async function baseline(trial: Trial): Promise<Body> {
  const { world } = trial;
  for (const node of world.cast.nodes) if (node.entrance === 'start' || (node.entrance === 'partition' && !trial.cuts)) trial.enter(node);
  const miners = trial.running().filter(({ role }) => role === 'miner');
  const committedAfterMs = await waitUntil(trial, () => areCommitted(trial, miners), START_MS_MAX);
  trial.tell(`${miners.length} models committed`);
  const wholeAfterMs = await waitUntil(trial, () => isWhole(trial, trial.running()), START_MS_MAX);
  trial.tell('everybody is connected with everybody');
  const { rounds } = await equalRound(trial, await trial.rounds.next(), ROUNDS_TRIED);
  const last = rounds.at(-1)!;
  return {
    figures: [
      ['models committed after, s', seconds(committedAfterMs)],
      ['network whole after further, s', seconds(wholeAfterMs)],
      ...roundFigures(rounds),
    ],
    checks: [
      within('network whole', wholeAfterMs, START_MS_MAX),
      { name: 'a round weighed by all', ok: last.weighedByAll, detail: `round ${last.round}` },
      { name: 'weights equal', ok: last.equal, detail: weightsText(last.verdicts[0]?.weights ?? null) },
    ],
  };
}

export async function partition(trial: Trial): Promise<Body> {
  const { world, ground } = trial;
  const before = trial.running();
  const siteOf = (node: Node) => node.place.site;
  const across = (node: Node) => before.filter((other) => siteOf(other) !== siteOf(node));
  const newcomer = world.cast.nodes.find(({ entrance }) => entrance === 'partition')!;

  const cutAtMs = Date.now();
  ground.cut();
  trial.tell(
    `the network is in two: ${before.map((node) => `${node.name} ${siteOf(node)}`).join(', ')}; ${newcomer.name} joins in half ${siteOf(newcomer)}`,
  );
  const firstRound = await trial.rounds.next();
  trial.enter(newcomer);
  const apartAfterMs = await waitUntil(
    trial,
    async () => {
      const views = await Promise.all(before.map((node) => connected(trial, node, across(node))));
      return views.every(({ length }) => length === 0);
    },
    APART_MS_MAX,
  );
  trial.tell(`nobody is connected across any more, after ${seconds(apartAfterMs)} s`);
  const heardBy = (node: Node) =>
    world.said(node.name).find(({ msg, facts }) => msg === SAID.heard && facts['hotkey'] === world.hotkeyOf(newcomer))?.atMs ?? null;
  const announcedAfterMs = await waitUntil(
    trial,
    () => before.some((node) => siteOf(node) === siteOf(newcomer) && heardBy(node) !== null),
    APART_MS_MAX,
  );
  const apart = await trial.rounds.seen(firstRound);
  trial.tell(
    `in two, ${firstRound}: ${apart.verdicts.map(({ validator, weights, note }) => `${validator} ${weights === null ? `did not weigh (${note})` : 'weighed'}`).join(', ')}`,
  );
  await waitUntil(trial, () => Date.now() - cutAtMs >= trial.apartMsMin, trial.apartMsMin);
  const leaked = before.filter((node) => siteOf(node) !== siteOf(newcomer) && heardBy(node) !== null);

  const healedAtMs = Date.now();
  ground.heal();
  trial.tell(`healed after ${seconds(healedAtMs - cutAtMs)} s`);
  const all = trial.running();
  const firstAcrossMs = new Map<string, number>();
  const meshAcrossMs = new Map<string, number>();
  const wholeAfterMs = await waitUntil(
    trial,
    async () => {
      for (const node of all) {
        const own = all.filter((other) => other !== node && siteOf(other) === siteOf(node)).length;
        const far = (
          await connected(
            trial,
            node,
            all.filter((other) => siteOf(other) !== siteOf(node)),
          )
        ).length;
        if (far > 0 && !firstAcrossMs.has(node.name)) firstAcrossMs.set(node.name, Date.now() - healedAtMs);
        // More neighbours than its half has: some are of the other one.
        if (!meshAcrossMs.has(node.name) && ((await meshOf(node)) ?? 0) > own) meshAcrossMs.set(node.name, Date.now() - healedAtMs);
      }
      return meshAcrossMs.size === all.length && (await isWhole(trial, all));
    },
    2 * KNIT_MS_MAX,
  );
  const knownAfterMs = await waitUntil(trial, () => before.every((node) => heardBy(node) !== null), KNIT_MS_MAX);
  const knownAtMs = knownAfterMs === null ? null : Math.max(...before.map((node) => (heardBy(node) ?? 0) - healedAtMs));
  trial.tell(`whole after ${seconds(wholeAfterMs)} s, ${newcomer.name} known everywhere after ${seconds(knownAtMs)} s`);
  const { rounds } = await equalRound(trial, await trial.rounds.next(), ROUNDS_TRIED);
  const last = rounds.at(-1)!;
  const worst = (times: ReadonlyMap<string, number>) => (times.size === all.length ? Math.max(...times.values()) : null);
  return {
    figures: [
      ['in two for, s', seconds(healedAtMs - cutAtMs)],
      ['cut noticed by all after, s', seconds(apartAfterMs)],
      ['newcomer announced in its half after further, s', seconds(announcedAfterMs)],
      ...roundFigures([apart]),
      ['healed: last node with a peer across after, s', seconds(worst(firstAcrossMs))],
      ['healed: last mesh with members of the other half after, s', seconds(worst(meshAcrossMs))],
      ['healed: everybody with everybody after, s', seconds(wholeAfterMs)],
      ['healed: announcement of meanwhile known everywhere after, s', seconds(knownAtMs)],
      ...roundFigures(rounds),
      ['rounds after healing until weights are equal', last.weighedByAll && last.equal ? rounds.length : null],
    ],
    checks: [
      within('cut noticed', apartAfterMs, APART_MS_MAX),
      {
        name: 'nothing came through',
        ok: leaked.length === 0,
        detail: leaked.map(({ name }) => name).join(', ') || 'no announcement crossed',
      },
      { name: 'both halves weighed', ok: apart.weighedByAll, detail: `round ${apart.round}` },
      within('each mesh has members of the other half', worst(meshAcrossMs), KNIT_MS_MAX),
      within('announcement of meanwhile known everywhere', knownAtMs, KNIT_MS_MAX),
      { name: 'weights equal again', ok: last.weighedByAll && last.equal, detail: `after ${rounds.length} rounds` },
    ],
  };
}

export async function restart(trial: Trial): Promise<Body> {
  const { world } = trial;
  const nodes = trial.running();
  const [survivor, ...others] = nodes as [Node, ...Node[]];
  const during = await trial.rounds.current();
  await world.forgetStores();
  const killedAtMs = Date.now();
  const restartsBefore = others.map((node) => world.restartsOf(node));
  for (const node of others) world.kill(node);
  trial.tell(`kill -9 of all but ${survivor.name}`);
  const downMs = await waitUntil(
    trial,
    () => others.every((node, index) => world.restartsOf(node) > (restartsBefore[index] ?? 0)),
    RESTART_MS_MAX,
  );
  const firstPeer = new Map<string, number>();
  const wholeMs = await waitUntil(
    trial,
    async () => {
      for (const node of nodes)
        if (!firstPeer.has(node.name) && (await connected(trial, node, nodes)).length > 0)
          firstPeer.set(node.name, Date.now() - killedAtMs);
      return isWhole(trial, nodes);
    },
    RESTART_MS_MAX,
  );
  const wholeAfterMs = wholeMs === null ? null : Date.now() - killedAtMs;
  trial.tell(`whole again after ${seconds(wholeAfterMs)} s`);
  const interrupted = await trial.rounds.seen(during);
  trial.tell(`interrupted: ${interrupted.round} ${interrupted.weighedByAll ? 'weighed by all' : 'not weighed by all'}`);
  const { rounds } = await equalRound(trial, during + 1, ROUNDS_TRIED);
  const last = rounds.at(-1)!;
  return {
    figures: [
      ['nodes killed', others.length],
      ['last node has a peer again after, s', firstPeer.size === nodes.length ? seconds(Math.max(...firstPeer.values())) : null],
      ['everybody with everybody after, s', seconds(wholeAfterMs)],
      ...roundFigures([interrupted, ...rounds]),
    ],
    checks: [
      { name: 'all were started again', ok: downMs !== null, detail: `${others.length} processes` } satisfies Check,
      within('network whole', wholeAfterMs, RESTART_MS_MAX),
      { name: 'next round weighed by all', ok: rounds[0]?.weighedByAll === true, detail: `round ${rounds[0]?.round}` },
      { name: 'weights equal', ok: last.weighedByAll && last.equal, detail: `after ${rounds.length} rounds` },
    ],
  };
}

async function areCommitted(trial: Trial, miners: readonly Node[]): Promise<boolean> {
  const { neurons } = await trial.world.chain.snapshot(NETUID);
  const committed = new Set(neurons.flatMap(({ hotkey, commitment }) => (commitment === null ? [] : [hotkey])));
  return miners.every((miner) => committed.has(trial.world.hotkeyOf(miner)));
}
