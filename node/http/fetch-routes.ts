/** Fetching a model on request, and what is being fetched: for `voxd fetch` on the same machine. */
import { PassThrough } from 'node:stream';
import { isFailure } from '../../protocol/failure.js';
import { type ModelDigest, parseModelDigest } from '../../protocol/names.js';
import type { TransferProgress } from '../../protocol/ports.js';
import type { HttpRoutes } from './server.js';

/** Fetches on request at one time; the next is refused. */
export const FETCH_REQUESTS_MAX = 8;

export interface FetchRoutesDeps {
  /** Shape: the folder in the cache. */
  readonly fetch: (model: ModelDigest, signal: AbortSignal, onProgress: (progress: TransferProgress) => void) => Promise<string>;
  readonly running: () => readonly { readonly model: ModelDigest; readonly progress: TransferProgress | null }[];
}

/**
 * `POST /v1/models/<digest>/fetch`: lines of JSON, `progress` while it comes, at the end `done` or `refused`. `GET /v1/transfers`: what comes now.
 * No page in a browser may start one: their requests name an origin, or are of no JSON.
 */
export function fetchRoutes({ fetch, running }: FetchRoutesDeps): HttpRoutes {
  let requests = 0;
  return (app) => {
    app.get('/v1/transfers', async () => ({ transfers: running() }));
    app.post<{ Params: { model: string } }>('/v1/models/:model/fetch', async (request, reply) => {
      const refuse = (status: number, code: string, detail: string) =>
        reply.code(status).type('application/problem+json').send({ type: 'about:blank', title: code, status, code, detail });
      const model = parseModelDigest(request.params.model);
      if (!model.ok) return refuse(400, 'http.bad_request', model.error);
      if (request.headers.origin !== undefined || !/^application\/json\b/.test(request.headers['content-type'] ?? ''))
        return refuse(403, 'http.origin_refused', 'Only programs on this machine may ask for this, with JSON.');
      if (requests >= FETCH_REQUESTS_MAX) return refuse(503, 'http.busy', `${FETCH_REQUESTS_MAX} models are being fetched on request.`);
      const gone = new AbortController();
      const lines = new PassThrough();
      const say = (line: object) => lines.write(`${JSON.stringify(line)}\n`);
      requests += 1;
      reply.raw.once('close', () => gone.abort(new Error('the asker has gone')));
      fetch(model.value, gone.signal, (progress) => say({ type: 'progress', ...progress }))
        .then(
          (directory) => say({ type: 'done', directory }),
          (error: unknown) => {
            const failure = isFailure(error)
              ? error.toJSON()
              : { code: 'http.internal', message: 'An unexpected error', facts: {}, hint: 'See the log.' };
            say({ type: 'refused', ...failure });
          },
        )
        .finally(() => {
          requests -= 1;
          lines.end();
        });
      return reply.type('application/x-ndjson').send(lines);
    });
  };
}
