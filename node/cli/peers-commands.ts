import type { Command } from 'commander';
import { type PeerRule, type PeerSubject, parseSubject, RULE_REASON_LENGTH_MAX } from '../../protocol/peer-rules.js';

import type { NetworkView } from '../http/network-routes.js';
import { createPeerAccess, type PeerAccess } from '../network/peer-access.js';
import { addConfigOptions, createClock, loadSettings, withStores } from './context.js';
import { addDryRun, isDryRun, sayDryRun } from './dry-run.js';
import type { Environment } from './environment.js';
import { cliFailure } from './failures.js';
import { createOutput, duration, type Output, short, table } from './output.js';
import { durationArgument } from './parsers.js';
import { askNode } from './running-node.js';

export function addPeersCommands(program: Command, env: Environment): void {
  const peers = program
    .command('peers')
    .description('Who is connected to the running node; whom it does not speak with, and whom it always does')
    .option('--http-port <port>', 'HTTP port of the node');
  addConfigOptions(peers).action(async (flags: Record<string, unknown>) => {
    const out = createOutput({ json: flags['json'] === true });
    const config = await loadSettings(flags, env, 'no chain');
    const view = await askNode<NetworkView>(config, '/v1/peers');
    out.result({ ok: true, ...view }, () => asText(view, Date.now()));
  });

  rule(peers, env, 'ban', 'Speak no more with a peer id, a hotkey, an address or a range of addresses');
  rule(peers, env, 'allow', 'Always take a peer id, a hotkey, an address or a range: no ban and no share of places counts for it');

  const forget = peers.command('forget').argument('<who>', 'as it was banned or allowed').description('Take a ban or an allowance back');
  addDryRun(forget);
  addConfigOptions(forget).action(async (who: string, _own: object, command: Command) => {
    await withAccess(command, env, async (access, out, flags) => {
      const subject = subjectOf(who);
      if (isDryRun(flags)) {
        const rule = (await access.list()).find((each) => each.subject.type === subject.type && each.subject.value === subject.value);
        if (rule === undefined) throw cliFailure('cli.no_such_rule', { who: subject.value });
        return sayDryRun(out, { rule }, [`the ${rule.rule === 'deny' ? 'ban' : 'allowance'} of ${subject.value} would be taken back`]);
      }
      const forgotten = await access.forget(subject);
      if (!forgotten) throw cliFailure('cli.no_such_rule', { who: subject.value });
      out.result({ ok: true, forgotten: subject }, () => `${subject.value}: no rule any more; in force within half a minute`);
    });
  });

  const rules = peers.command('rules').description('The bans and allowances in force, with who made them and why');
  addConfigOptions(rules).action(async (_own: object, command: Command) => {
    await withAccess(command, env, async (access, out) => {
      const all = await access.list();
      out.result({ ok: true, rules: all }, () => rulesAsText(all, Date.now()));
    });
  });
}

function rule(peers: Command, env: Environment, verb: 'ban' | 'allow', description: string): void {
  const command = peers
    .command(verb)
    .argument('<who>', 'peer id, hotkey, address, or range such as 192.0.2.0/24')
    .description(description)
    .option('--for <duration>', 'such as 30m, 24h or 7d (default: until it is taken back)', durationArgument)
    .option('--reason <text>', `for whoever reads the list later; at most ${RULE_REASON_LENGTH_MAX} characters`, '');
  addDryRun(command);
  addConfigOptions(command).action(async (who: string, _own: object, given: Command) => {
    await withAccess(given, env, async (access, out, flags) => {
      const forMs = typeof flags['for'] === 'number' ? flags['for'] : null;
      if (isDryRun(flags)) {
        const subject = subjectOf(who);
        const before = (await access.list()).find((each) => each.subject.type === subject.type && each.subject.value === subject.value);
        return sayDryRun(out, { subject, rule: verb === 'ban' ? 'deny' : 'allow', for_ms: forMs, before: before ?? null }, [
          `${subject.value} would be ${verb === 'ban' ? 'banned' : 'allowed'} ${forMs === null ? 'until it is taken back' : `for ${duration(forMs)}`}`,
          ...(before === undefined ? [] : [`now ${before.rule === 'deny' ? 'banned' : 'allowed'}: that rule would be replaced`]),
        ]);
      }
      const made = await access[verb](subjectOf(who), forMs, String(flags['reason'] ?? ''));
      out.result({ ok: true, rule: made }, () => {
        const until = made.untilMs === null ? 'until it is taken back' : `for ${duration(made.untilMs - made.madeAtMs)}`;
        return `${made.subject.value}: ${verb === 'ban' ? 'banned' : 'allowed'} ${until}; in force within half a minute`;
      });
    });
  });
}

/** Rules are in the database, so they can be made whether the node runs or not. */
async function withAccess(
  command: Command,
  env: Environment,
  work: (access: PeerAccess, out: Output, flags: Record<string, unknown>) => Promise<void>,
): Promise<void> {
  const flags: Record<string, unknown> = command.optsWithGlobals();
  const out = createOutput({ json: flags['json'] === true });
  const config = await loadSettings(flags, env, 'no chain');
  await withStores(config, (stores) => work(createPeerAccess({ store: stores.peerRules, clock: createClock() }), out, flags));
}

/** Errors: throws cli.bad_subject. */
function subjectOf(text: string): PeerSubject {
  const subject = parseSubject(text);
  if (!subject.ok) throw cliFailure('cli.bad_subject', { given: text.slice(0, 80), problem: subject.error });
  return subject.value;
}

function asText({ peerId, addresses, peers }: NetworkView, nowMs: number): string {
  const us = [`we are ${peerId}`, ...addresses.map((address) => `  ${address}`)];
  if (peers.length === 0) return [...us, 'nobody is connected; `voxd probe` tells whether others can reach this node'].join('\n');
  const rows = [...peers]
    .sort((a, b) => b.score - a.score)
    .map((peer) => [
      peer.hotkey === null ? '(not proved)' : short(peer.hotkey),
      short(peer.peerId),
      peer.direction === 'inbound' ? 'in' : 'out',
      peer.address.replace(/\/p2p\/.*$/, ''),
      duration(nowMs - peer.connectedAtMs),
      Math.round(peer.score),
    ]);
  return [...us, table(['hotkey', 'peer id', 'dialled', 'address', 'since', 'score'], rows)].join('\n');
}

function rulesAsText(rules: readonly PeerRule[], nowMs: number): string {
  if (rules.length === 0) return 'nobody is banned and nobody is always allowed';
  return table(
    ['who', 'rule', 'for', 'made by', 'ago', 'reason'],
    rules.map((of) => [
      of.subject.value,
      of.rule === 'deny' ? 'ban' : 'allow',
      of.untilMs === null ? 'ever' : duration(of.untilMs - nowMs),
      of.madeBy,
      duration(nowMs - of.madeAtMs),
      of.reason,
    ]),
  );
}
