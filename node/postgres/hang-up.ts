import type { Socket } from 'node:net';
import type pg from 'pg';

/** A server that does not answer the farewell within this is left without it. */
export const FAREWELL_TIMEOUT_MS = 1_000;

/** Ends a connection, also one whose other end is gone without a word. Never rejects. */
export async function hangUp(client: pg.Client): Promise<void> {
  let late: NodeJS.Timeout | undefined;
  const given = new Promise<void>((resolve) => {
    late = setTimeout(resolve, FAREWELL_TIMEOUT_MS);
  });
  await Promise.race([client.end().catch(() => {}), given]);
  clearTimeout(late);
  // Safety: what pg has under this name; its types leave it out.
  (client as unknown as { readonly connection: { readonly stream: Socket } }).connection.stream.destroy();
}
