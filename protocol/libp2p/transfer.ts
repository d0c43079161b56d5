/** Figures that both ends of a model transfer agree on (docs/wire.md, "Models"). */
export const FRAME_DATA_BYTES_MAX = 64 * 1024 - 64;
export const RESPONSE_SIZE_BYTES_MAX = 66_000;
export const REQUEST_SIZE_BYTES_MAX = 256;
/** One request is answered by as many frames as its bytes need. */
export const REQUEST_FRAMES_MAX = 4;
export const REQUEST_LENGTH_MAX = REQUEST_FRAMES_MAX * FRAME_DATA_BYTES_MAX;
export const CHUNK_SIZE_BYTES_MAX = 4 * 1024 * 1024;

export const WANT = { manifest: 1, chunk: 2, holdings: 3 } as const;
export const STATUS = { ok: 1, notFound: 2, busy: 3, notServed: 4, badRequest: 5, trouble: 6, quota: 7 } as const;

/** malformed: a request that nobody may send. flood: streams opened faster than anybody needs. stalled: it asks and does not read. */
export const UPLOAD_OFFENCES = ['malformed', 'flood', 'stalled'] as const;
export type UploadOffence = (typeof UPLOAD_OFFENCES)[number];
