import type { Secret } from '../protocol/secret.js';
import type { EngineName, RunLimits } from '../scoring/ports.js';
import type { RoundSchedule } from '../scoring/round.js';
import type { WeighingPolicy } from '../scoring/weigh.js';
import type { ChainOptions } from './compose-chain.js';
import type { HostOptions } from './compose-host.js';
import type { JudgeChoice } from './rounds/judges.js';
import type { WeightSetterOptions } from './weights/setter.js';

/** What a node is told, read from the settings by node/cli/context.ts. */
export interface DaemonOptions {
  readonly role: 'validator' | 'miner' | 'auto';
  readonly dataDir: string;
  readonly databaseUrl: Secret | null;
  readonly chain: ChainOptions & { readonly netuid: number; readonly mechanism: number };
  readonly p2p: HostOptions;
  readonly http: { readonly enabled: boolean; readonly host: string; readonly port: number };
  readonly miner: { readonly modelDir: string | null; readonly announceIntervalMs: number };
  readonly scoring: {
    readonly engine: EngineName;
    readonly judges: JudgeChoice;
    readonly strategy: 'staged' | 'full';
    readonly prompts: number;
    readonly firstPrompts: number;
    readonly incumbents: number;
    readonly concurrency: number;
    readonly limits: RunLimits;
    readonly replication: number;
    readonly audits: number;
  };
  readonly rounds: RoundSchedule;
  readonly weights: Omit<WeightSetterOptions, 'netuid' | 'mechanism'> & { readonly policy: WeighingPolicy };
  readonly cacheBytesMax: number;
  readonly evidenceBytesMax: number;
  /** Whoever shows it gets model packages over HTTP. Null: nobody. */
  readonly workerToken: Secret | null;
  readonly syncEveryBlocks: number;
}
