/** What a run of the development network ends with, for people and machines. */
import type { Hotkey } from '../../protocol/names.js';
import type { CastName } from './cast.js';
import type { OfferedVoice } from './voices.js';

export interface Check {
  readonly name: string;
  readonly ok: boolean;
  readonly detail: string;
}

export interface LeaderboardRow {
  readonly hotkey: Hotkey;
  readonly name: string;
  readonly voice: OfferedVoice;
  readonly uid: number;
  readonly model: string;
  readonly score_ppm: number | null;
  /** Prompts of the record, and how many of them each fault took. */
  readonly prompts: number;
  readonly faults: Readonly<Record<string, number>>;
  /** Mean of each part over the prompts, ppm. */
  readonly parts: Readonly<Record<string, number>>;
  readonly standing_ppm: number;
  readonly weights: Readonly<Record<string, number>>;
  /** u16 as the chain stores it. */
  readonly incentive: number;
  /** Last epoch's, read back from the chain. */
  readonly emission_rao: bigint;
  readonly copy_of: Hotkey | null;
  readonly copy_evidence: string | null;
}

export interface RoundSummary {
  readonly round: number;
  readonly opened_at: number;
  readonly seed: string;
  readonly models: number;
  readonly validators: readonly {
    readonly hotkey: Hotkey;
    readonly name: string;
    readonly scores_ppm: Readonly<Record<string, number>>;
    /** What each prompt scored; a contender is heard further than the others. */
    readonly prompts_ppm: Readonly<Record<string, readonly number[]>>;
    readonly weights: { readonly uids: readonly number[]; readonly values: readonly number[] } | null;
    readonly block: number | null;
    readonly replay_equal: boolean;
  }[];
}

/** What all processes of the network took together at the worst moment seen; shared pages count for each. Null: this system does not tell. */
export interface Footprint {
  readonly processes: number;
  readonly models: number;
  readonly resident_bytes: number;
}

export interface DevnetResult {
  readonly ok: boolean;
  readonly cast: CastName;
  readonly checks: readonly Check[];
  readonly rounds: readonly RoundSummary[];
  readonly leaderboard: readonly LeaderboardRow[];
  readonly chain: { readonly endpoint: string; readonly genesis: string; readonly block: number; readonly epochs: number };
  readonly evidence: readonly string[];
  readonly data_dir: string;
  readonly elapsed_seconds: number;
  readonly restarts: Readonly<Record<string, number>>;
  readonly footprint: Footprint | null;
}
