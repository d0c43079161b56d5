/**
 * Every metric of the daemon, declared once: kind, help, closed label sets. What is not here cannot be counted.
 * A hotkey, peer id, digest or address is never a label: those go into the log line.
 */
import { MESSAGE_REASONS } from '../protocol/failures.js';
import { MESSAGE_KINDS } from '../protocol/kinds.js';
import { EXCHANGE_FAULTS } from './network/exchange-faults.js';

const VERDICTS = ['accept', 'ignore', 'reject'] as const;
const OUTCOMES = ['ok', 'retry', 'skip', 'fatal'] as const;
/** Why a gossip message is not accepted: the `message.*` code without its domain, or what kept it from being judged at all. */
export const REFUSAL_REASONS = [
  ...MESSAGE_REASONS.map((code) => code.slice('message.'.length)),
  'queue_full',
  'shut_out',
  'no_handler',
  'own_trouble',
] as const;

export function refusalReasonOf(reason: string): string {
  const bare = reason.replace(/^message\./, '');
  return REFUSAL_REASONS.includes(bare) ? bare : 'own_trouble';
}

/** Why a provider is dropped from a transfer: the `p2p.*` code without its domain, others together. */
export const DROP_REASONS = [
  'wrong_manifest',
  'wrong_bytes',
  'protocol_violation',
  'timeout',
  'too_slow',
  'truncated',
  'stream_failed',
  'model_not_found',
  'peer_busy',
  'other',
] as const;
export type DropReason = (typeof DROP_REASONS)[number];

export function dropReasonOf(code: string): DropReason {
  return DROP_REASONS.find((reason) => code === `p2p.${reason}`) ?? 'other';
}

const DIRECTIONS = ['in', 'out'] as const;
const SECONDS = [0.005, 0.025, 0.1, 0.5, 1, 2.5, 5, 10, 30, 60, 120, 300, 600];
const QUICK_SECONDS = [0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 5];

export type LabelSets = Readonly<Record<string, readonly string[]>>;

export interface MetricSpec {
  readonly kind: 'counter' | 'gauge' | 'histogram';
  readonly help: string;
  readonly labels: LabelSets;
  /** Histograms only. */
  readonly buckets?: readonly number[];
}

export const METRICS = {
  voxd_chain_finalized_block: { kind: 'gauge', help: 'Number of the newest finalized block seen.', labels: {} },
  voxd_chain_head_age_seconds: { kind: 'gauge', help: 'Seconds since the newest finalized block was seen.', labels: {} },
  voxd_chain_reconnects: { kind: 'gauge', help: 'Connections to a chain endpoint that had to be made anew since the start.', labels: {} },
  voxd_registry_neurons: { kind: 'gauge', help: 'Neurons in the registry.', labels: { role: ['validator', 'miner'] } },
  voxd_registry_changes_total: {
    kind: 'counter',
    help: 'Changes between snapshots.',
    labels: { kind: ['registered', 'deregistered', 'renumbered', 'axon', 'permit', 'stake', 'commitment', 'coldkey'] },
  },
  voxd_p2p_peers: { kind: 'gauge', help: 'Open peer connections.', labels: { direction: DIRECTIONS } },
  voxd_p2p_rules: { kind: 'gauge', help: 'Rules about peers in force.', labels: { rule: ['deny', 'allow'] } },
  voxd_p2p_exiles_total: { kind: 'counter', help: 'Peers sent away because they misbehaved too often.', labels: {} },
  voxd_p2p_silent_total: { kind: 'counter', help: 'Connections closed because nothing was heard of the peer any more.', labels: {} },
  voxd_p2p_records: { kind: 'gauge', help: 'Hotkeys whose signed node record is known and valid.', labels: {} },
  voxd_p2p_probes_total: {
    kind: 'counter',
    help: 'Answers of peers that were asked to dial us.',
    labels: { outcome: ['reached', 'failed', 'refused', 'no_answer'] },
  },
  voxd_gossip_messages_total: {
    kind: 'counter',
    help: 'Gossip messages by what became of them.',
    labels: { kind: MESSAGE_KINDS, verdict: VERDICTS },
  },
  voxd_gossip_refusals_total: {
    kind: 'counter',
    help: 'Gossip messages that were ignored or rejected, by reason.',
    labels: { kind: MESSAGE_KINDS, reason: REFUSAL_REASONS },
  },
  voxd_gossip_mesh_peers: {
    kind: 'gauge',
    help: 'Neighbours that what is published is handed to at once.',
    labels: { kind: MESSAGE_KINDS },
  },
  voxd_offers_messages_total: {
    kind: 'counter',
    help: 'Announcements of before that peers handed on, by what became of them.',
    labels: { verdict: VERDICTS },
  },
  voxd_equivocations_total: {
    kind: 'counter',
    help: 'Times a hotkey said two things under one sequence number.',
    labels: { kind: MESSAGE_KINDS },
  },
  voxd_gossip_published_total: {
    kind: 'counter',
    help: 'Gossip messages of this node that went to at least one neighbour.',
    labels: { kind: MESSAGE_KINDS },
  },
  voxd_transfer_bytes_total: { kind: 'counter', help: 'Model bytes moved between peers.', labels: { direction: DIRECTIONS } },
  voxd_transfer_providers_dropped_total: {
    kind: 'counter',
    help: 'Providers dropped from a transfer, by what they did.',
    labels: { reason: DROP_REASONS },
  },
  voxd_transfer_offences_total: {
    kind: 'counter',
    help: 'Askers that broke the rules of transfer.',
    labels: { offence: ['malformed', 'flood', 'stalled'] },
  },
  voxd_transfer_models_total: { kind: 'counter', help: 'Model fetches finished.', labels: { outcome: OUTCOMES } },
  voxd_model_cache_bytes: { kind: 'gauge', help: 'Size of the models in the cache.', labels: {} },
  voxd_model_cache_evictions_total: { kind: 'counter', help: 'Models dropped from the cache for room.', labels: {} },
  voxd_scoring_queue_depth: { kind: 'gauge', help: 'Scoring jobs by state.', labels: { state: ['waiting', 'running', 'dead'] } },
  voxd_scoring_jobs_total: { kind: 'counter', help: 'Scoring jobs finished.', labels: { outcome: OUTCOMES } },
  voxd_scoring_model_seconds: { kind: 'histogram', help: 'Duration of scoring one model.', labels: {}, buckets: SECONDS },
  voxd_scoring_stage_seconds: {
    kind: 'histogram',
    help: 'Duration of one stage of scoring one model.',
    labels: { stage: ['precheck', 'first', 'private', 'contenders', 'full', 'audit'] },
    buckets: SECONDS,
  },
  voxd_round_current: { kind: 'gauge', help: 'Number of the open round.', labels: {} },
  voxd_rounds_total: { kind: 'counter', help: 'Rounds closed.', labels: { outcome: ['weighed', 'skipped'] } },
  voxd_audits_total: {
    kind: 'counter',
    help: "Records of other validators heard again, by what came of it; ours_wrong: this node's own engine was off.",
    labels: { verdict: ['reproduced', 'not_reproduced', 'ours_wrong', 'unheard'] },
  },
  voxd_exchange_faults_total: {
    kind: 'counter',
    help: 'Faults of other validators in the exchange of scores, once per validator and round.',
    labels: { fault: EXCHANGE_FAULTS },
  },
  voxd_validators_disbelieved: { kind: 'gauge', help: 'Validators whose records count for nothing here.', labels: {} },
  voxd_agreement_difference_ppm: {
    kind: 'gauge',
    help: "Largest difference between this node's scores and another validator's in the newest weighed round; more than 5000 is too much.",
    labels: {},
  },
  voxd_agreement_tau_ppm: {
    kind: 'gauge',
    help: "Least Kendall tau-b between this node's ranking and another validator's in the newest weighed round; less than 950000 is too little.",
    labels: {},
  },
  voxd_weights_submissions_total: {
    kind: 'counter',
    help: 'Weight submissions settled, by how they were to get on chain.',
    labels: { outcome: ['finalized', 'refused', 'abandoned', 'lost'], way: ['open', 'hash', 'timelocked'] },
  },
  voxd_weights_commits_total: { kind: 'counter', help: 'Weight commits that are final.', labels: { way: ['hash', 'timelocked'] } },
  voxd_weights_reveals_refused_total: {
    kind: 'counter',
    help: 'Reveals the chain did not take, or whose outcome is unknown; each is tried again in its epoch.',
    labels: {},
  },
  voxd_weights_reveals_waiting: { kind: 'gauge', help: 'Commits whose weights are not on chain yet.', labels: {} },
  voxd_weights_blocks_since_last: { kind: 'gauge', help: 'Blocks since this validator last set weights.', labels: {} },
  voxd_store_query_seconds: { kind: 'histogram', help: 'Duration of database statements.', labels: {}, buckets: QUICK_SECONDS },
  voxd_store_failures_total: {
    kind: 'counter',
    help: 'Database statements that failed.',
    labels: { code: ['unreachable', 'full', 'read_only', 'too_slow', 'other'] },
  },
  voxd_store_restarts_total: { kind: 'counter', help: 'Times the embedded database server had to be started again.', labels: {} },
  voxd_http_requests_total: { kind: 'counter', help: 'HTTP answers by class.', labels: { status: ['2xx', '3xx', '4xx', '5xx'] } },
  voxd_http_request_seconds: { kind: 'histogram', help: 'Duration of HTTP requests.', labels: {}, buckets: QUICK_SECONDS },
} as const satisfies Readonly<Record<string, MetricSpec>>;

type Table = typeof METRICS;
export type MetricName = keyof Table;
type NameOf<K extends MetricSpec['kind']> = { [N in MetricName]: Table[N]['kind'] extends K ? N : never }[MetricName];
export type CounterName = NameOf<'counter'>;
export type GaugeName = NameOf<'gauge'>;
export type HistogramName = NameOf<'histogram'>;

/** One value out of each closed label set; `{}` where a metric has no labels. */
export type LabelsOf<N extends MetricName> = {
  readonly [L in keyof Table[N]['labels']]: Table[N]['labels'][L] extends readonly (infer V)[] ? V : never;
};

export interface Metrics {
  /** `by` defaults to 1. */
  count<N extends CounterName>(name: N, labels: LabelsOf<N>, by?: number): void;
  set<N extends GaugeName>(name: N, labels: LabelsOf<N>, value: number): void;
  observe<N extends HistogramName>(name: N, labels: LabelsOf<N>, value: number): void;
}

/** Counts nothing: for commands and tests. */
export const NO_METRICS: Metrics = { count: () => {}, set: () => {}, observe: () => {} };

/** Shape: the markdown of docs/metrics.md. */
export function describeMetrics(): string {
  const rows = Object.entries<MetricSpec>(METRICS).map(([name, spec]) => {
    const labels = Object.entries(spec.labels).map(([label, values]) => `\`${label}\`: ${values.join(', ')}`);
    return `| \`${name}\` | ${spec.kind} | ${spec.help} | ${labels.join('; ') || '–'} |`;
  });
  return [
    '# Metrics',
    '',
    'Served as Prometheus text at `/metrics` (loopback by default). Label values are closed sets: what is listed here is all there is.',
    'Beside these come the usual `process_*` and `nodejs_*` families.',
    '',
    '| name | kind | what it says | labels |',
    '|---|---|---|---|',
    ...rows,
    '',
  ].join('\n');
}
