/** The known peers in one file of the data directory: readable before the database runs, and worth little when lost. */
import { readFile, rename, writeFile } from 'node:fs/promises';
import { z } from 'zod';
import { type Hotkey, parseHotkey } from '../../protocol/names.js';
import { type PeerId, parsePeerId } from '../../protocol/peer-id.js';
import type { Logger, PeerStore } from '../../protocol/ports.js';
import { diskFailure, errorCode } from './disk-failures.js';

const FORMAT = 'voxd-peers/1';
/** A larger file is not ours. */
export const PEER_FILE_BYTES_MAX = 1024 * 1024;
const PEERS_IN_FILE_MAX = 512;

const schema = z.strictObject({
  format: z.literal(FORMAT),
  peers: z
    .array(
      z.strictObject({
        hotkey: z.string().refine((text) => parseHotkey(text).ok),
        peerId: z.string().refine((text) => parsePeerId(text).ok),
        addresses: z.array(z.string().max(200)).min(1).max(8),
        metAtMs: z.number().int().min(0),
      }),
    )
    .max(PEERS_IN_FILE_MAX),
});

export function createPeerFile(deps: { readonly log: Logger }, path: string): PeerStore {
  return {
    async load() {
      let bytes: Buffer;
      try {
        bytes = await readFile(path);
      } catch (err) {
        if (errorCode(err) === 'ENOENT') return [];
        throw diskFailure(err, path) ?? err;
      }
      const parsed = bytes.length > PEER_FILE_BYTES_MAX ? null : read(bytes.toString('utf8'));
      if (parsed !== null) return parsed;
      deps.log.warn({ path }, 'the file of known peers is damaged: it is begun anew');
      return [];
    },
    async save(peers) {
      const text = `${JSON.stringify({ format: FORMAT, peers }, null, 1)}\n`;
      try {
        // The old file stays whole until the new one is.
        await writeFile(`${path}.new`, text, { mode: 0o600, flush: true });
        await rename(`${path}.new`, path);
      } catch (err) {
        throw diskFailure(err, path) ?? err;
      }
    },
  };
}

function read(text: string) {
  let json: unknown;
  try {
    json = JSON.parse(text);
  } catch {
    return null;
  }
  const parsed = schema.safeParse(json);
  if (!parsed.success) return null;
  // Safety: the schema has parsed both names.
  return parsed.data.peers.map((peer) => ({ ...peer, hotkey: peer.hotkey as Hotkey, peerId: peer.peerId as PeerId }));
}
