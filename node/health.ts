/** How the daemon feels, component by component. */
export type HealthStatus = 'ok' | 'degraded' | 'failing';

export interface ComponentHealth {
  readonly name: string;
  readonly status: HealthStatus;
  /** One sentence for a person; what to do when not ok. */
  readonly detail?: string;
  readonly facts?: Readonly<Record<string, string | number | boolean | null>>;
}

export interface HealthReport {
  readonly status: HealthStatus;
  /** False: only a restart helps. */
  readonly live: boolean;
  /** True: started, and no component that work depends on is failing. */
  readonly ready: boolean;
  readonly version: string;
  readonly uptimeSeconds: number;
  readonly components: readonly ComponentHealth[];
}

/** The worst of the components. */
export function worstHealth(components: readonly ComponentHealth[]): HealthStatus {
  if (components.some((component) => component.status === 'failing')) return 'failing';
  return components.some((component) => component.status === 'degraded') ? 'degraded' : 'ok';
}
