/** The node's HTTP server on loopback: health, metrics, and the routes given to it. */
import Fastify, { type FastifyInstance, type FastifyReply } from 'fastify';
import { isFailure } from '../../protocol/failure.js';
import { nodeFailure } from '../failures.js';
import type { HealthReport } from '../health.js';
import type { Logger } from '../logger.js';
import type { Service } from '../service.js';
import type { PrometheusMetrics } from './prometheus.js';

export const HTTP_BODY_BYTES_MAX = 256 * 1024;
export const HTTP_REQUEST_TIMEOUT_MS = 30_000;
export const HTTP_CONNECTIONS_MAX = 256;

/** Adds routes to the server before it listens. */
export type HttpRoutes = (app: FastifyInstance) => void | Promise<void>;

export interface HttpServerOptions {
  readonly host: string;
  /** 0: any free port. */
  readonly port: number;
  /** The flag that sets the port, for the hint when it is taken. */
  readonly flag?: string;
}

export interface HttpServer extends Service {
  /** Where it listens, such as http://127.0.0.1:9615. Throws before `start`. */
  address(): string;
}

export function createHttpServer(
  deps: {
    readonly health: () => HealthReport | Promise<HealthReport>;
    readonly metrics: PrometheusMetrics;
    readonly logger: Logger;
    readonly routes?: readonly HttpRoutes[];
  },
  options: HttpServerOptions,
): HttpServer {
  let app: FastifyInstance | null = null;
  let address = '';

  async function start(): Promise<void> {
    const server = Fastify({
      logger: false,
      bodyLimit: HTTP_BODY_BYTES_MAX,
      requestTimeout: HTTP_REQUEST_TIMEOUT_MS,
      forceCloseConnections: true,
    });
    server.server.maxConnections = HTTP_CONNECTIONS_MAX;
    server.addHook('onResponse', async (_request, reply) => {
      deps.metrics.count('voxd_http_requests_total', { status: statusClass(reply.statusCode) });
      deps.metrics.observe('voxd_http_request_seconds', {}, reply.elapsedTime / 1000);
    });
    server.setErrorHandler((err, request, reply) => answerError(err, request.url, reply, deps.logger));
    server.setNotFoundHandler((_request, reply) => problem(reply, 404, 'http.not_found', 'There is nothing at this address.'));
    healthRoutes(server, deps);
    try {
      for (const routes of deps.routes ?? []) await routes(server);
      address = await server.listen({ host: options.host, port: options.port });
    } catch (err) {
      await server.close();
      throw listenFailure(err, options);
    }
    app = server;
    deps.logger.debug({ address }, 'HTTP server listens');
  }

  return {
    name: 'http',
    start,
    async stop() {
      const server = app;
      app = null;
      await server?.close();
    },
    address() {
      if (app === null) throw new Error('the HTTP server has not been started');
      return address;
    },
  };
}

function healthRoutes(
  app: FastifyInstance,
  deps: { readonly health: () => HealthReport | Promise<HealthReport>; readonly metrics: PrometheusMetrics },
): void {
  const brief = (report: HealthReport) => ({
    status: report.status,
    live: report.live,
    ready: report.ready,
    version: report.version,
    uptimeSeconds: report.uptimeSeconds,
  });
  app.get('/health', async (_request, reply) => {
    const report = await deps.health();
    return reply.code(report.ready ? 200 : 503).send(brief(report));
  });
  app.get('/livez', async (_request, reply) => {
    const report = await deps.health();
    return reply.code(report.live ? 200 : 503).send({ live: report.live });
  });
  app.get('/readyz', async (_request, reply) => {
    const report = await deps.health();
    return reply.code(report.ready ? 200 : 503).send({ ready: report.ready });
  });
  app.get('/health/detailed', async (_request, reply) => {
    const report = await deps.health();
    return reply.code(report.ready ? 200 : 503).send({ ...brief(report), components: report.components });
  });
  app.get('/metrics', async (_request, reply) => reply.type(deps.metrics.contentType).send(await deps.metrics.render()));
}

function statusClass(code: number): '2xx' | '3xx' | '4xx' | '5xx' {
  if (code >= 500) return '5xx';
  if (code >= 400) return '4xx';
  return code >= 300 ? '3xx' : '2xx';
}

/** An error as RFC 9457 has it. */
export function problem(reply: FastifyReply, status: number, code: string, detail: string, extra: object = {}): FastifyReply {
  return reply
    .code(status)
    .type('application/problem+json')
    .send({ type: 'about:blank', title: code, status, code, detail, ...extra });
}

const STATUS_OF = { retry: 503, skip: 422, fatal: 500 } as const;

function answerError(err: unknown, url: string, reply: FastifyReply, logger: Logger): FastifyReply {
  if (isFailure(err)) return problem(reply, STATUS_OF[err.disposition], err.code, err.message, { facts: err.facts, hint: err.hint });
  const status = err instanceof Error && 'statusCode' in err && typeof err.statusCode === 'number' ? err.statusCode : 500;
  if (status < 500 && err instanceof Error) return problem(reply, status, 'http.bad_request', err.message);
  logger.error({ url, err }, 'An HTTP request failed unexpectedly');
  return problem(reply, 500, 'http.internal', 'An unexpected error; the log has the details.');
}

function listenFailure(err: unknown, options: HttpServerOptions): unknown {
  const code = err instanceof Error && 'code' in err ? err.code : null;
  const facts = { port: options.port, host: options.host, flag: options.flag ?? '--http-port' };
  if (code === 'EADDRINUSE') return nodeFailure('node.port_taken', facts, err);
  if (code === 'EACCES' || code === 'EADDRNOTAVAIL') return nodeFailure('node.port_denied', { ...facts, reason: String(code) }, err);
  return err;
}
