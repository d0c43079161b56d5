import type { Config } from '../../config/schema.js';
import { cliFailure } from './failures.js';

const ANSWER_TIMEOUT_MS = 3_000;

/**
 * What the running node says at this path of its HTTP server, whatever the status of the answer; `post` is sent as JSON, null as nothing.
 *
 * Errors: cli.not_running where nobody answers in time or the answer is no JSON; cli.node_refused where it is a problem.
 */
export async function askNode<T>(
  { http }: Pick<Config, 'http'>,
  path: string,
  how: { readonly post?: object | null; readonly timeoutMs?: number } = {},
): Promise<T> {
  const url = `http://${http.host.includes(':') ? `[${http.host}]` : http.host}:${http.port}`;
  let answer: Response;
  let said: unknown;
  try {
    answer = await fetch(`${url}${path}`, { signal: AbortSignal.timeout(how.timeoutMs ?? ANSWER_TIMEOUT_MS), ...requestOf(how.post) });
    said = await answer.json();
  } catch (cause) {
    throw cliFailure('cli.not_running', { url }, cause);
  }
  if (answer.headers.get('content-type')?.startsWith('application/problem+json')) {
    const { code, detail } = said as { readonly code?: string; readonly detail?: string };
    throw cliFailure('cli.node_refused', { url: `${url}${path}`, code: code ?? 'unknown', detail: detail ?? '' });
  }
  // Safety: our own server answers with its own types.
  return said as T;
}

function requestOf(post: object | null | undefined): RequestInit {
  if (post === undefined) return {};
  if (post === null) return { method: 'POST' };
  return { method: 'POST', body: JSON.stringify(post), headers: { 'content-type': 'application/json' } };
}
