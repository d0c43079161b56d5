/** Proofs that hotkeys said two things under one number, for whoever wants to check them without this node's word. */
import { KINDS, MESSAGE_KINDS } from '../../protocol/kinds.js';
import { parseHotkey } from '../../protocol/names.js';
import type { EquivocationStore, StoredEquivocation } from '../network/ports.js';
import { proofAsJson } from '../network/proof-json.js';
import { type HttpRoutes, problem } from './server.js';

/** Proofs shown, newest first: of all hotkeys, or of one. */
export const PROOFS_SHOWN_MAX = 100;

interface Place {
  readonly hotkey: string;
  readonly kind: string;
  readonly sequence: string;
  readonly which: string;
}

/**
 * `GET /v1/equivocations`: the newest. `GET /v1/equivocations/<hotkey>`: those of one hotkey. `GET /v1/equivocations/<hotkey>/<kind>/<sequence>/first`
 * and `…/second`: the signed bytes as they were received, which anybody can check against the hotkey (docs/wire.md).
 */
export function equivocationRoutes(store: Pick<EquivocationStore, 'list'>): HttpRoutes {
  const asJson = (proofs: readonly StoredEquivocation[]) => ({ equivocations: proofs.map(proofAsJson) });

  return (app) => {
    app.get('/v1/equivocations', async () => asJson(await store.list(PROOFS_SHOWN_MAX)));

    app.get<{ Params: Pick<Place, 'hotkey'> }>('/v1/equivocations/:hotkey', async (request, reply) => {
      const hotkey = parseHotkey(request.params.hotkey);
      if (!hotkey.ok) return problem(reply, 400, 'http.bad_request', hotkey.error);
      return asJson(await store.list(PROOFS_SHOWN_MAX, hotkey.value));
    });

    app.get<{ Params: Place }>('/v1/equivocations/:hotkey/:kind/:sequence/:which', async (request, reply) => {
      const { hotkey, kind, sequence, which } = request.params;
      const speaker = parseHotkey(hotkey);
      const known = MESSAGE_KINDS.some((each) => each === kind) && /^\d{1,20}$/.test(sequence) && /^(first|second)$/.test(which);
      if (!known || !speaker.ok)
        return problem(reply, 400, 'http.bad_request', `<hotkey>/<${Object.keys(KINDS).join('|')}>/<sequence>/<first|second> is expected`);
      const proof = (await store.list(PROOFS_SHOWN_MAX, speaker.value)).find((of) => of.kind === kind && String(of.sequence) === sequence);
      const envelope = which === 'first' ? proof?.first : proof?.second;
      if (envelope == null)
        return problem(reply, 404, 'http.not_found', proof === undefined ? 'There is no such proof.' : 'The first envelope was not held.');
      return reply.type('application/octet-stream').send(Buffer.from(envelope));
    });
  };
}
