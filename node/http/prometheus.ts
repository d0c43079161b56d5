/** The declared metrics as Prometheus text. */
import { Counter, collectDefaultMetrics, Gauge, Histogram, Registry } from 'prom-client';
import { METRICS, type MetricSpec, type Metrics } from '../metrics.js';

export interface PrometheusMetrics extends Metrics {
  readonly contentType: string;
  render(): Promise<string>;
}

/** `processMetrics`: also the `process_*` and `nodejs_*` families. */
export function createPrometheusMetrics(options: { readonly processMetrics: boolean }): PrometheusMetrics {
  const registry = new Registry();
  if (options.processMetrics) collectDefaultMetrics({ register: registry });
  const counters = new Map<string, Counter<string>>();
  const gauges = new Map<string, Gauge<string>>();
  const histograms = new Map<string, Histogram<string>>();
  for (const [name, spec] of Object.entries<MetricSpec>(METRICS)) {
    const shared = { name, help: spec.help, labelNames: Object.keys(spec.labels), registers: [registry] };
    if (spec.kind === 'counter') counters.set(name, withZeros(new Counter(shared), spec));
    else if (spec.kind === 'gauge') gauges.set(name, withZeros(new Gauge(shared), spec));
    else histograms.set(name, new Histogram({ ...shared, ...(spec.buckets === undefined ? {} : { buckets: [...spec.buckets] }) }));
  }
  return {
    contentType: registry.contentType,
    render: () => registry.metrics(),
    count: (name, labels, by = 1) => counters.get(name)?.inc(plain(labels), by),
    set: (name, labels, value) => gauges.get(name)?.set(plain(labels), value),
    observe: (name, labels, value) => histograms.get(name)?.observe(plain(labels), value),
  };
}

/** What never counted still shows as 0, so that an alert on its rate can see the first step. */
function withZeros<M extends Counter<string> | Gauge<string>>(metric: M, spec: MetricSpec): M {
  let rows: Record<string, string>[] = [{}];
  for (const [label, values] of Object.entries(spec.labels))
    rows = rows.flatMap((row) => values.map((value) => ({ ...row, [label]: value })));
  for (const row of rows) metric.inc(row, 0);
  return metric;
}

function plain(labels: object): Record<string, string> {
  return { ...labels };
}
