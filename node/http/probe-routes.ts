/** `POST /probe`: peers dial our addresses now. `POST /probe {"address": "/ip4/…"}`: we dial one. `GET /probe`: the last answers. */
import { z } from 'zod';
import type { Discovery } from '../../protocol/ports.js';
import type { ReachabilityKeeper } from '../network/reachability.js';
import type { HttpRoutes } from './server.js';

const question = z.strictObject({ address: z.string().min(1).max(256) });

export function probeRoutes(of: { readonly reachability: ReachabilityKeeper; readonly discovery: Pick<Discovery, 'knock'> }): HttpRoutes {
  return (app) => {
    app.get('/probe', async () => ({ reachability: of.reachability.view() }));
    app.post('/probe', async (request, reply) => {
      const body: unknown = request.body ?? null;
      if (body === null) return { reachability: await of.reachability.check() };
      const asked = question.safeParse(body);
      if (!asked.success)
        return reply.code(400).type('application/problem+json').send({
          type: 'about:blank',
          title: 'http.bad_request',
          status: 400,
          code: 'http.bad_request',
          detail: 'an address is expected',
        });
      return { knock: await of.discovery.knock(asked.data.address) };
    });
  };
}
