import { expect } from 'chai';
import { countEvents } from '../../../node/compose-host.js';
import { createPrometheusMetrics } from '../../../node/http/prometheus.js';
import { METRICS, type MetricSpec } from '../../../node/metrics.js';
import { MESSAGE_REASONS } from '../../../protocol/failures.js';
import { MESSAGE_KINDS } from '../../../protocol/kinds.js';

const ACTIONS = ['accept', 'ignore', 'reject'] as const;
const REASONS: readonly string[] = MESSAGE_REASONS;
/** What gossip says of messages that no gate has seen. */
const UNJUDGED = ['queue_full', 'shut_out', 'no_handler', 'own_trouble'];

/** Shape: a name with its labels → value. */
async function valuesOf(metrics: ReturnType<typeof createPrometheusMetrics>): Promise<Map<string, number>> {
  const lines = (await metrics.render()).split('\n').filter((line) => line !== '' && !line.startsWith('#'));
  return new Map(lines.map((line) => [line.slice(0, line.lastIndexOf(' ')), Number(line.slice(line.lastIndexOf(' ') + 1))]));
}

describe('metrics', () => {
  it('show every label of every counter and gauge from the start, at 0', async () => {
    const values = await valuesOf(createPrometheusMetrics({ processMetrics: false }));
    for (const [name, { kind, labels }] of Object.entries<MetricSpec>(METRICS)) {
      if (kind === 'histogram') continue;
      const rows = Object.entries(labels).reduce<string[][]>(
        (made, [label, of]) => made.flatMap((row) => of.map((value) => [...row, `${label}="${value}"`])),
        [[]],
      );
      for (const row of rows) expect(values.get(row.length === 0 ? name : `${name}{${row.join(',')}}`), `${name} ${row}`).to.equal(0);
    }
  });

  it('have every topic with every verdict and every reason', async () => {
    const values = await valuesOf(createPrometheusMetrics({ processMetrics: false }));
    for (const kind of MESSAGE_KINDS) {
      for (const verdict of ACTIONS) expect(values.get(`voxd_gossip_messages_total{kind="${kind}",verdict="${verdict}"}`)).to.equal(0);
      for (const reason of [...REASONS.map((code) => code.slice('message.'.length)), ...UNJUDGED])
        expect(values.get(`voxd_gossip_refusals_total{kind="${kind}",reason="${reason}"}`), `${kind} ${reason}`).to.equal(0);
      expect(values.get(`voxd_gossip_mesh_peers{kind="${kind}"}`)).to.equal(0);
    }
  });

  it('count a verdict of gossip once, with its reason where it is a refusal, and make no label of their own', async () => {
    const metrics = createPrometheusMetrics({ processMetrics: false });
    const before = (await valuesOf(metrics)).size;
    const events = countEvents(metrics);
    for (const kind of MESSAGE_KINDS) {
      events.verdict?.(kind, 'accept', '');
      for (const reason of [...REASONS, ...UNJUDGED]) events.verdict?.(kind, 'ignore', reason);
      events.verdict?.(kind, 'reject', 'something that a peer made up');
    }
    const values = await valuesOf(metrics);
    expect(values.size).to.equal(before);
    for (const kind of MESSAGE_KINDS) {
      expect(values.get(`voxd_gossip_messages_total{kind="${kind}",verdict="accept"}`)).to.equal(1);
      expect(values.get(`voxd_gossip_messages_total{kind="${kind}",verdict="ignore"}`)).to.equal(REASONS.length + UNJUDGED.length);
      expect(values.get(`voxd_gossip_refusals_total{kind="${kind}",reason="bad_signature"}`)).to.equal(1);
      expect(values.get(`voxd_gossip_refusals_total{kind="${kind}",reason="queue_full"}`)).to.equal(1);
      expect(values.get(`voxd_gossip_refusals_total{kind="${kind}",reason="own_trouble"}`)).to.equal(2);
    }
  });
});
