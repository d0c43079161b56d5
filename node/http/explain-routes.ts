/** What this node has on record about a miner, as a page for whoever sits at this machine. */
import { isIP } from 'node:net';
import type { FastifyRequest } from 'fastify';
import type { Hotkey } from '../../protocol/names.js';
import { parseHotkey } from '../../protocol/names.js';
import { PAGE_POLICY } from '../explain/page.js';
import { type HttpRoutes, problem } from './server.js';

const ROUND = /^\d{1,9}$/;

export type RenderExplanation = (of: { readonly hotkey: Hotkey; readonly round: number | null }) => Promise<string | null>;

/**
 * `GET /explain/<hotkey>`, `?round=<n>`: a page without scripts. It holds what is not told to others before a round is over, so it is given only to
 * this machine, under a name of this machine: a page of somebody else in the browser cannot read it. One is drawn at a time.
 */
export function explainRoutes(render: RenderExplanation): HttpRoutes {
  let drawing = false;

  return (app) => {
    app.get<{ Params: { hotkey: string }; Querystring: { round?: string } }>('/explain/:hotkey', async (request, reply) => {
      if (!isLocal(request))
        return problem(reply, 403, 'http.local_only', 'This page is given to this machine only. Use `voxd explain --report`.');
      const hotkey = parseHotkey(request.params.hotkey);
      const { round } = request.query;
      if (!hotkey.ok || (round !== undefined && !ROUND.test(round))) {
        return problem(
          reply,
          404,
          'http.not_found',
          'The address is /explain/<hotkey>, with ?round=<number> for another round than the newest.',
        );
      }
      if (drawing) return problem(reply.header('retry-after', 5), 503, 'http.busy', 'A page is being drawn; try again in a moment.');
      drawing = true;
      try {
        const page = await render({ hotkey: hotkey.value, round: round === undefined ? null : Number(round) });
        if (page === null) return await problem(reply, 404, 'http.not_found', 'Nothing is on record about this hotkey in this round.');
        return await reply
          .type('text/html; charset=utf-8')
          .headers({ 'content-security-policy': PAGE_POLICY, 'x-content-type-options': 'nosniff', 'cache-control': 'no-store' })
          .send(page);
      } finally {
        drawing = false;
      }
    });
  };
}

function isLocal({ ip, hostname }: FastifyRequest): boolean {
  const name = hostname.replace(/^\[|\]$/g, '');
  return isLoopback(ip) && (name === 'localhost' || isLoopback(name));
}

function isLoopback(address: string): boolean {
  const plain = address.replace(/^::ffff:/, '');
  return isIP(plain) === 4 ? plain.startsWith('127.') : plain === '::1';
}
