/** How one endpoint of the chain does, as `voxd status` shows it. */
export interface EndpointHealth {
  readonly endpoint: string;
  /**
   * ready: may take over. failing: its last answer was a failure, and it may be asked again. resting: the same, and it waits out its back-off.
   * excluded: it serves another chain, and is never asked again.
   */
  readonly state: 'in use' | 'ready' | 'failing' | 'resting' | 'excluded';
  /** Of a small request, running mean; null: never measured. */
  readonly latencyMs: number | null;
  /** Newest finalized block it has shown. */
  readonly finalized: number | null;
  /** Below the newest finalized block that any endpoint has shown. */
  readonly behindBlocks: number | null;
  readonly failures: number;
  readonly failuresInARow: number;
  /** What the choice goes by: latency, place in the list and recent failures. Lower is better. */
  readonly costMs: number;
  readonly lastFailure: { readonly code: string; readonly message: string; readonly atMs: number } | null;
}
