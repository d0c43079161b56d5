/** Figures that both ends of a model transfer agree on (docs/wire.md, "Models"). */
export const FRAME_DATA_BYTES_MAX = 64 * 1024 - 64;
export const RESPONSE_SIZE_BYTES_MAX = 66_000;
export const REQUEST_SIZE_BYTES_MAX = 256;
/** Requests without an answer yet: what is in flight delays gossip on the same connection. */
export const REQUESTS_OUTSTANDING_MAX = 8;
export const CHUNK_SIZE_BYTES_MAX = 4 * 1024 * 1024;

export const WANT = { manifest: 1, chunk: 2 } as const;
export const STATUS = { ok: 1, notFound: 2, busy: 3, notServed: 4, badRequest: 5, trouble: 6 } as const;
