import { request } from 'node:http';
import { expect } from 'chai';
import { nodeFailure } from '../../../node/failures.js';
import type { HealthReport } from '../../../node/health.js';
import { explainRoutes, type RenderExplanation } from '../../../node/http/explain-routes.js';
import { createPrometheusMetrics } from '../../../node/http/prometheus.js';
import { createHttpServer, type HttpServer } from '../../../node/http/server.js';
import { describeMetrics, METRICS } from '../../../node/metrics.js';
import { isFailure } from '../../../protocol/failure.js';
import { aHotkey } from '../../support/keys.js';
import { quiet } from '../../support/temporary.js';

describe('http server', () => {
  let server: HttpServer;
  let report: HealthReport;
  let drawn: RenderExplanation;
  const metrics = createPrometheusMetrics({ processMetrics: false });
  const signal = new AbortController().signal;

  beforeEach(async () => {
    drawn = async ({ hotkey, round }) => (hotkey === aHotkey('nobody') ? null : `<p>${hotkey} ${round}</p>`);
    const components = [{ name: 'database', status: 'ok', facts: { latencyMs: 1 } } as const];
    report = { status: 'ok', live: true, ready: true, version: '0', uptimeSeconds: 1, components };
    server = createHttpServer(
      {
        health: () => report,
        metrics,
        logger: quiet.logger,
        routes: [
          explainRoutes((of) => drawn(of)),
          (app) => {
            app.get('/fails', async () => {
              throw nodeFailure('store.unreachable', { where: 'x', reason: 'y' });
            });
            app.get('/breaks', async () => {
              throw new Error('inner detail');
            });
          },
        ],
      },
      { host: '127.0.0.1', port: 0 },
    );
    await server.start(signal);
  });
  afterEach(() => server.stop());
  const get = (path: string) => fetch(`${server.address()}${path}`);

  it('tells readiness by status, and each component in detail', async () => {
    expect((await get('/health')).status).to.equal(200);
    const detailed = await (await get('/health/detailed')).json();
    expect(detailed).to.deep.equal({ ...report });
    report = { ...report, ready: false, status: 'failing' };
    expect((await get('/health')).status).to.equal(503);
    expect((await get('/readyz')).status).to.equal(503);
    expect((await get('/livez')).status).to.equal(200);
  });

  it('serves every declared metric', async () => {
    metrics.count('voxd_gossip_messages_total', { kind: 'announce', verdict: 'reject' }, 3);
    const text = await (await get('/metrics')).text();
    for (const name of Object.keys(METRICS)) expect(text).to.contain(`# HELP ${name} `);
    expect(text).to.contain('voxd_gossip_messages_total{kind="announce",verdict="reject"} 3');
    expect(text).to.contain('voxd_gossip_messages_total{kind="scoreCommit",verdict="accept"} 0');
  });

  it('answers failures as problems, and shows nothing of unexpected errors', async () => {
    const failed = await get('/fails');
    expect(failed.status).to.equal(503);
    expect(await failed.json()).to.include({ code: 'store.unreachable' });
    const broken = await get('/breaks');
    expect(broken.status).to.equal(500);
    expect(await broken.text()).to.not.contain('inner detail');
    expect((await get('/nowhere')).status).to.equal(404);
  });

  it('shows the page about a miner to this machine alone, one at a time', async () => {
    const hotkey = aHotkey('miner');
    const page = await get(`/explain/${hotkey}?round=7`);
    expect(page.status).to.equal(200);
    expect(await page.text()).to.equal(`<p>${hotkey} 7</p>`);
    expect(page.headers.get('content-type')).to.equal('text/html; charset=utf-8');
    expect(page.headers.get('content-security-policy')).to.contain("default-src 'none'");
    expect((await get(`/explain/${aHotkey('nobody')}`)).status).to.equal(404);
    for (const wrong of ['/explain/5abc', `/explain/${hotkey}?round=x`]) expect((await get(wrong)).status, wrong).to.equal(404);
    const asked = (host: string) =>
      new Promise<number | undefined>((resolve, reject) => {
        request(`${server.address()}/explain/${hotkey}`, { headers: { host } }, (answer) => resolve(answer.resume().statusCode))
          .on('error', reject)
          .end();
      });
    expect(await asked('localhost')).to.equal(200);
    expect(await asked('elsewhere.example')).to.equal(403);
    expect(await asked('127.0.0.1.example')).to.equal(403);

    let finish = () => {};
    const begun = new Promise<void>((resolve) => {
      drawn = async () => {
        resolve();
        await new Promise<void>((done) => {
          finish = done;
        });
        return 'late';
      };
    });
    const first = get(`/explain/${hotkey}`);
    await begun;
    const second = await get(`/explain/${hotkey}`);
    expect([second.status, second.headers.get('retry-after')]).to.deep.equal([503, '5']);
    finish();
    expect((await first).status).to.equal(200);
  });

  it('says which flag helps when the port is taken', async () => {
    const port = Number(new URL(server.address()).port);
    const second = createHttpServer(
      { health: () => report, metrics, logger: quiet.logger },
      { host: '127.0.0.1', port, flag: '--metrics-port' },
    );
    const failure = await second.start(signal).catch((err: unknown) => err);
    expect(isFailure(failure) && failure.code).to.equal('node.port_taken');
    expect(isFailure(failure) && failure.hint).to.contain('--metrics-port');
  });

  it('documents each metric with its unit', () => {
    for (const [name, spec] of Object.entries(METRICS)) {
      expect(describeMetrics()).to.contain(`\`${name}\``);
      if (spec.kind === 'counter') expect(name).to.match(/_total$/);
      if (spec.kind === 'histogram') expect(name).to.match(/_(seconds|bytes)$/);
    }
  });
});
