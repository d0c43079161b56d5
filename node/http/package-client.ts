/** The other end of node/http/package-routes.ts: a worker brings a model's package from its node. */
import { createWriteStream } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { isFailure } from '../../protocol/failure.js';
import type { ModelDigest } from '../../protocol/names.js';
import type { Secret } from '../../protocol/secret.js';
import { MANIFEST_FILE_NAME, type Manifest, manifestBytes, packageSizeBytes } from '../../scoring/manifest.js';
import { nodeFailure } from '../failures.js';
import type { ModelCache } from '../model-cache.js';

/** Between two bytes, and for an answer. */
export const PACKAGE_ANSWER_TIMEOUT_MS = 15_000;
/** For one file. */
export const PACKAGE_FILE_TIMEOUT_MS = 10 * 60_000;

export interface PackageClient {
  /** Is the node there, and the token right. Errors: worker.node_unreachable, worker.token_refused. */
  check(): Promise<void>;
  /** Shape: the directory in the cache; null when the node does not have it either. Errors: as `check`, model.*, store.*. */
  fetch(model: ModelDigest, manifest: Manifest): Promise<string | null>;
}

export function createPackageClient(cache: ModelCache, of: { readonly node: string; readonly token: Secret }): PackageClient {
  const base = of.node.replace(/\/+$/, '');

  async function get(path: string, timeoutMs: number): Promise<Response> {
    let response: Response;
    try {
      const headers = { authorization: `Bearer ${of.token.reveal()}` };
      response = await fetch(`${base}${path}`, { headers, redirect: 'error', signal: AbortSignal.timeout(timeoutMs) });
    } catch (error) {
      throw nodeFailure('worker.node_unreachable', { node: base, reason: reasonOf(error) }, error);
    }
    if (response.status === 401) throw nodeFailure('worker.token_refused', { node: base });
    if (!response.ok && response.status !== 404)
      throw nodeFailure('worker.node_unreachable', { node: base, reason: `HTTP ${response.status}` });
    return response;
  }

  /** False: the node does not have it. */
  async function bring(path: string, into: string, sizeBytes: number): Promise<boolean> {
    const { status, body } = await get(path, PACKAGE_FILE_TIMEOUT_MS);
    if (status === 404 || body === null) return false;
    const reader = body.getReader();
    const bounded = async function* () {
      for (let left = sizeBytes; ; ) {
        const { done, value } = await reader.read();
        if (done) return;
        left -= value.length;
        if (left < 0) throw nodeFailure('worker.node_unreachable', { node: base, reason: `more than ${sizeBytes} bytes of ${path}` });
        yield value;
      }
    };
    await pipeline(bounded, createWriteStream(into, { flags: 'wx', mode: 0o600 })).catch(async (error: unknown) => {
      await reader.cancel().catch(() => {});
      if (isFailure(error)) throw error;
      throw nodeFailure('worker.node_unreachable', { node: base, reason: reasonOf(error) }, error);
    });
    return true;
  }

  return {
    async check() {
      const { status } = await get('/packages', PACKAGE_ANSWER_TIMEOUT_MS);
      if (status === 404) throw nodeFailure('worker.token_refused', { node: base });
    },
    async fetch(model, manifest) {
      const bytes = manifestBytes(manifest);
      const pending = await cache.begin(model, packageSizeBytes(manifest) + bytes.length);
      try {
        await writeFile(join(pending.directory, MANIFEST_FILE_NAME), bytes);
        for (const { path, sizeBytes } of manifest.files)
          if (!(await bring(`/packages/${model}/${encodeURIComponent(path)}`, join(pending.directory, path), sizeBytes))) return null;
        return await pending.commit();
      } finally {
        await pending.discard();
      }
    },
  };
}

function reasonOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  return error.cause instanceof Error ? error.cause.message : error.message;
}
