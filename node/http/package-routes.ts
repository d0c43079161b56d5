/** Model packages for workers on other machines. Served only where a token is set; integrity comes from the digest, not from the line. */
import { timingSafeEqual } from 'node:crypto';
import { constants } from 'node:fs';
import { open } from 'node:fs/promises';
import { join } from 'node:path';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { sha256 } from '../../protocol/digest.js';
import { type ModelDigest, parseModelDigest } from '../../protocol/names.js';
import type { Secret } from '../../protocol/secret.js';
import type { HttpRoutes } from './server.js';

/** Names of files in a package: nothing that leads anywhere. */
const FILE_NAME = /^[A-Za-z0-9_][A-Za-z0-9_.-]{0,254}$/;

/** `GET /packages`: is the token right. `GET /packages/<digest>/<file>`: the bytes of one file. */
export function packageRoutes(of: { readonly token: Secret; readonly find: (model: ModelDigest) => Promise<string | null> }): HttpRoutes {
  const expected = sha256('voxd/worker-token/1', of.token.reveal());

  const isAllowed = (request: FastifyRequest): boolean => {
    const [, given = ''] = /^Bearer (.+)$/.exec(request.headers.authorization ?? '') ?? [];
    return timingSafeEqual(sha256('voxd/worker-token/1', given), expected);
  };
  const refuse = (reply: FastifyReply, status: number, code: string) =>
    reply.code(status).type('application/problem+json').send({ type: 'about:blank', title: code, status, code });

  return (app) => {
    app.get('/packages', async (request, reply) =>
      isAllowed(request) ? reply.code(204).send() : refuse(reply, 401, 'http.token_refused'),
    );
    app.get<{ Params: { model: string; file: string } }>('/packages/:model/:file', async (request, reply) => {
      if (!isAllowed(request)) return refuse(reply, 401, 'http.token_refused');
      const model = parseModelDigest(request.params.model);
      const { file } = request.params;
      const directory = model.ok && FILE_NAME.test(file) ? await of.find(model.value) : null;
      if (directory === null) return refuse(reply, 404, 'http.not_found');
      const handle = await open(join(directory, file), constants.O_RDONLY | constants.O_NOFOLLOW).catch(() => null);
      if (handle === null) return refuse(reply, 404, 'http.not_found');
      const { size } = await handle.stat();
      return reply.type('application/octet-stream').header('content-length', size).send(handle.createReadStream());
    });
  };
}
