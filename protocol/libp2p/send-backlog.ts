/** What the streams of a connection have said and the socket has not taken: bounded here, because a peer may say that its windows are as large as it likes. */

/** Then streams wait for the socket. An honest peer's windows, ours among them, are mostly smaller. */
export const SEND_BACKLOG_BYTES_MAX = 8 * 1024 * 1024;

export interface SendBacklog {
  readonly isFull: boolean;
  /** Until there is room. Rejects when the signal aborts, as that of a stream does when it or its connection ends. */
  room(signal?: AbortSignal): Promise<void>;
  /** The socket has taken something. */
  taken(): void;
}

export function createSendBacklog(waitingBytes: () => number): SendBacklog {
  const waiting = new Set<() => void>();
  const isFull = () => waitingBytes() > SEND_BACKLOG_BYTES_MAX;

  function turn(signal?: AbortSignal): Promise<void> {
    return new Promise((resolve, reject) => {
      const wake = () => {
        signal?.removeEventListener('abort', abort);
        resolve();
      };
      const abort = () => {
        waiting.delete(wake);
        reject(new Error('the stream was aborted while it waited for the socket'));
      };
      if (signal?.aborted) return abort();
      signal?.addEventListener('abort', abort, { once: true });
      waiting.add(wake);
    });
  }

  return {
    get isFull() {
      return isFull();
    },
    async room(signal) {
      while (isFull()) await turn(signal);
    },
    taken() {
      if (waiting.size === 0 || isFull()) return;
      for (const wake of waiting) wake();
      waiting.clear();
    },
  };
}
