import type { BlockRef } from '../../chain/snapshot.js';
import { toHex } from '../../protocol/digest.js';
import { isFailure } from '../../protocol/failure.js';
import type { Hotkey, ModelDigest } from '../../protocol/names.js';
import type { Clock } from '../../protocol/ports.js';
import { digestOfNonce } from '../../protocol/score-exchange.js';
import { comparable } from '../../scoring/agreement.js';
import {
  type AuditedPrompt,
  type AuditFinding,
  type AuditTask,
  auditedPrompts,
  auditSeed,
  contradictionOf,
  disputedPrompts,
  drawAudits,
  judgeAudit,
  taskKey,
} from '../../scoring/audit.js';
import { FINGERPRINT_UTTERANCES, joinFingerprints } from '../../scoring/fingerprint.js';
import type { EngineName } from '../../scoring/ports.js';
import { drawPrivatePrompts } from '../../scoring/private-slice.js';
import type { PromptScore } from '../../scoring/profile.js';
import { type Prompt, promptSetDigest } from '../../scoring/prompts.js';
import { recordDigest, type ScoreRecord } from '../../scoring/record.js';
import { phaseAt, type RoundSchedule, revealsLateAt, roundOf, roundWindow } from '../../scoring/round.js';
import type { Logger } from '../logger.js';
import type { Metrics } from '../metrics.js';
import type { RoundRow, Stores } from '../ports.js';
import { disbelievedIn } from './beliefs.js';
import type { AuditHearing } from './ports.js';

/** Times that trouble of ours may stop an audit before it is left as it is. */
export const AUDIT_ATTEMPTS_MAX = 3;

export interface AuditorDeps {
  readonly stores: Pick<Stores, 'rounds' | 'scores' | 'audits'>;
  readonly clock: Clock;
  readonly log: Logger;
  readonly metrics: Metrics;
  /** The prompts of a round, as the scorer draws them; records hold the first of them. */
  readonly publicPrompts: (seed: string) => { readonly prompts: readonly Prompt[]; readonly digest: string };
  /** Default: `drawPrivatePrompts`. */
  readonly drawPrivate?: typeof drawPrivatePrompts;
  /** What a model makes of prompts on one engine. Rejects with a failure when the trouble is ours. */
  readonly hear: (hearing: AuditHearing) => Promise<readonly PromptScore[]>;
}

export interface AuditorOptions {
  readonly self: Hotkey;
  readonly scorer: string;
  readonly engine: EngineName;
  readonly schedule: RoundSchedule;
  /** Records of others that are heard again in a round, by lot. */
  readonly count: number;
}

export interface Auditor {
  /** Makes the audits that the current round asks for; safe to repeat, safe to be killed in. */
  turn(head: BlockRef, signal: AbortSignal): Promise<void>;
  /** Audits of a round that are still to be made; one more while reveals may still come. */
  outstanding(row: RoundRow, head: BlockRef): Promise<number>;
}

/** Hears records of other validators again, and lets the wasm engine decide where two of us differ. Source: docs/scoring.md, "Audits". */
export function createAuditor(deps: AuditorDeps, options: AuditorOptions): Auditor {
  const { stores, log } = deps;
  const attempts = new Map<string, number>();

  async function tasksOf(
    row: RoundRow,
    head: BlockRef,
  ): Promise<{ readonly ready: boolean; readonly seed: string; readonly tasks: readonly AuditTask[] }> {
    const window = roundWindow(row.round, options.schedule);
    const late = head.number >= revealsLateAt(window, options.schedule);
    const early = { ready: false, seed: '', tasks: [] };
    if (!late && phaseAt(head.number, window) === 'scoring') return early;
    const [scores, commits, done, marked, nonce] = await Promise.all([
      stores.scores.ofRound(row.round),
      stores.scores.commitsOf(row.round),
      stores.audits.ofRound(row.round),
      disbelievedIn(stores, row.round - 1),
      stores.scores.nonce(row.round),
    ]);
    const here = new Set(scores.map(({ validator, record }) => `${validator}/${recordDigest(record)}`));
    const allRevealed = commits.every(
      ({ validator, recordDigests }) => recordDigests.length > 0 && recordDigests.every((digest) => here.has(`${validator}/${digest}`)),
    );
    if (!late && !allRevealed) return early;
    const seed = auditSeed({ roundSeed: row.seed, self: options.self, secret: toHex(nonce) });
    const records = scores.filter(({ record }) => record.scorer === options.scorer);
    const drawn = drawAudits({
      seed,
      self: options.self,
      records,
      disbelieved: new Set(marked.map(({ validator }) => validator)),
      count: options.count,
    });
    const known = new Set(done.map(({ validator, hotkey, model }) => `${validator}/${hotkey}/${model}`));
    return { ready: true, seed, tasks: drawn.filter((task) => !known.has(taskKey(task))) };
  }

  async function audit(row: RoundRow, task: AuditTask, seed: string, signal: AbortSignal): Promise<void> {
    const { validator, record } = task;
    const examined = await examine(row, task, seed, signal);
    const { prompts, finding } = examined;
    await stores.audits.put({
      round: row.round,
      validator,
      hotkey: record.hotkey,
      model: record.model,
      recordDigest: recordDigest(record),
      cause: task.cause,
      verdict: finding.verdict,
      reason: finding.reason,
      prompts,
      oursWrong: finding.oursWrong,
      auditedAtMs: deps.clock.nowMs(),
    });
    deps.metrics.count('voxd_audits_total', { verdict: finding.verdict });
    const facts = { round: row.round, validator, hotkey: record.hotkey, cause: task.cause, reason: finding.reason };
    if (finding.verdict === 'not_reproduced')
      log.error(facts, 'a record of this validator does not reproduce: it is no longer believed here');
    else log.debug({ ...facts, verdict: finding.verdict }, 'record of another validator heard again');
    if (finding.oursWrong) log.error(facts, 'our own native engine was wrong about this model; is this machine sound?');
  }

  interface Examined {
    readonly prompts: readonly AuditedPrompt[];
    readonly finding: AuditFinding;
  }

  const refused = (reason: string): Examined => ({ prompts: [], finding: { verdict: 'not_reproduced', reason, oursWrong: false } });

  async function examine(row: RoundRow, { validator, record }: AuditTask, seed: string, signal: AbortSignal): Promise<Examined> {
    const contradiction = contradictionOf(record);
    if (contradiction !== null) return refused(contradiction);
    const open = deps.publicPrompts(row.seed);
    if (open.digest !== record.promptSet || record.prompts.length > open.prompts.length)
      return refused('its prompts are not those of the round');
    const slice = await privatePrompts(row, validator, record);
    if (typeof slice === 'string') return refused(slice);

    const own = (await stores.scores.ofRound(row.round)).find(
      (score) => score.validator === options.self && comparable(score.record, record),
    )?.record;
    const places = own === undefined ? auditedPrompts(seed, record) : own.prompts.slice(0, record.prompts.length).map((_, at) => at);
    const toHear = [...(own === undefined ? places.flatMap((at) => open.prompts[at] ?? []) : []), ...slice];
    const { hotkey, model } = record;
    const heard = toHear.length === 0 ? [] : await deps.hear({ hotkey, model, prompts: toHear, engine: options.engine, signal });
    const ofPublic = own === undefined ? heard.slice(0, places.length) : own.prompts;
    const ofPrivate = heard.slice(heard.length - slice.length);
    const pairs = [
      ...places.map((at, n) => pairOf(at, false, record.prompts[at], ofPublic[n])),
      ...slice.map((_, at) => pairOf(at, true, record.private?.prompts[at], ofPrivate[at])),
    ];
    const prompts = await settle(pairs, (pair) => (pair.private ? slice[pair.at] : open.prompts[pair.at]), { hotkey, model, signal });
    const fingerprint = own?.fingerprint ?? joinFingerprints(heard.slice(0, FINGERPRINT_UTTERANCES).map((one) => one.fingerprint));
    const fingerprints = { theirs: record.fingerprint, ours: fingerprint };
    return { prompts, finding: judgeAudit({ prompts, engine: options.engine, fingerprints }) };
  }

  /** Both engines are asked the same; the wasm one says the same everywhere. */
  async function settle(
    pairs: readonly AuditedPrompt[],
    promptOf: (pair: AuditedPrompt) => Prompt | undefined,
    of: { readonly hotkey: Hotkey; readonly model: ModelDigest; readonly signal: AbortSignal },
  ): Promise<readonly AuditedPrompt[]> {
    const disputed = options.engine === 'wasm' ? [] : disputedPrompts(pairs);
    if (disputed.length === 0) return pairs;
    const heard = await deps.hear({ ...of, prompts: disputed.flatMap((pair) => promptOf(pair) ?? []), engine: 'wasm' });
    const wasm = new Map(disputed.map((pair, n) => [pair, heard[n]?.scorePpm ?? null]));
    return pairs.map((pair) => ({ ...pair, wasmPpm: wasm.get(pair) ?? null }));
  }

  /** In words: why the private part cannot be right. What we cannot check, because we were away when it was promised, is not looked at. */
  async function privatePrompts(row: RoundRow, validator: Hotkey, record: ScoreRecord): Promise<readonly Prompt[] | string> {
    if (record.private === undefined) return [];
    const promised =
      (await stores.scores.commitsOf(row.round - 1)).find((commit) => commit.validator === validator)?.nextNonceDigest ?? null;
    const nonce = (await stores.scores.commitsOf(row.round)).find((commit) => commit.validator === validator)?.nonce ?? null;
    if (promised === null || nonce === null) return [];
    if (digestOfNonce(row.round, Buffer.from(nonce, 'hex')) !== promised) return 'its secret is not the one it promised a round before';
    const prompts = (deps.drawPrivate ?? drawPrivatePrompts)({ roundSeed: row.seed, secret: nonce, validator, model: record.model });
    if (record.private.prompts.length !== prompts.length || record.private.promptSet !== promptSetDigest(prompts))
      return 'its private prompts are not those of its secret';
    return prompts;
  }

  /** Trouble of ours comes again a few times; then the record stays unheard, which is nobody's fault. */
  async function patiently(row: RoundRow, task: AuditTask, seed: string, signal: AbortSignal): Promise<void> {
    try {
      await audit(row, task, seed, signal);
    } catch (error) {
      if (signal.aborted || !isFailure(error)) throw error;
      const key = `${row.round}/${taskKey(task)}`;
      const count = (attempts.get(key) ?? 0) + 1;
      attempts.set(key, count);
      log.debug({ round: row.round, validator: task.validator, code: error.code, attempts: count }, 'audit put off');
      if (count < AUDIT_ATTEMPTS_MAX) return;
      const { record, validator, cause } = task;
      const { hotkey, model } = record;
      const about = { round: row.round, validator, hotkey, model, recordDigest: recordDigest(record), cause };
      await stores.audits.put({
        ...about,
        verdict: 'unheard',
        reason: error.code,
        prompts: [],
        oursWrong: false,
        auditedAtMs: deps.clock.nowMs(),
      });
      deps.metrics.count('voxd_audits_total', { verdict: 'unheard' });
    }
  }

  return {
    async turn(head, signal) {
      const round = roundOf(head.number, options.schedule);
      for (const key of attempts.keys()) if (!key.startsWith(`${round}/`)) attempts.delete(key);
      const row = await stores.rounds.get(round);
      if (row === null) return;
      const { ready, seed, tasks } = await tasksOf(row, head);
      if (!ready) return;
      signal.throwIfAborted();
      // Side by side: as many are heard at once as there are workers. None is left behind when one fails.
      const made = await Promise.allSettled(tasks.map((task) => patiently(row, task, seed, signal)));
      for (const outcome of made) if (outcome.status === 'rejected') throw outcome.reason;
    },
    async outstanding(row, head) {
      const { ready, tasks } = await tasksOf(row, head);
      return tasks.length + (ready ? 0 : 1);
    },
  };
}

function pairOf(
  at: number,
  isPrivate: boolean,
  theirs: { readonly scorePpm: number } | undefined,
  ours: { readonly scorePpm: number } | undefined,
): AuditedPrompt {
  return { at, private: isPrivate, theirsPpm: theirs?.scorePpm ?? 0, oursPpm: ours?.scorePpm ?? 0, wasmPpm: null };
}
