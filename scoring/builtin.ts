/** Profile builtin-1: from what was measured to parts and a score. Every constant of it stands here; docs/scoring.md explains them. */
import type { ContentEvidence } from './content.js';
import type { Heard } from './hearing.js';

/** 0 up to `from`, 1 from `to` on, straight between; with `from` above `to` it falls. Thousandths of the measure's unit. */
type Ramp = readonly [from: number, to: number];

export const BUILTIN = {
  weightsPercent: { content: 32, clean: 22, prosody: 15, rate: 12, spectrum: 15, padding: 4 },
  /** No part weighs less than this in the product, ppm. */
  floorPpm: 20_000,
  /** The whole score is multiplied by this ramp of the content part: what was not said cannot be made up for. */
  gate: [120, 450],
  content: { margin: [5, 40], placed: [280, 700], hardWins: [400, 950], hardShare: 400 },
  clean: {
    snrDb: [12_000, 34_000],
    clipped: [180, 5],
    harmonicityDb: [1_000, 8_000],
    modulation: [150, 360],
    decayDb: [4_000, 9_500],
    holes: [3_500, 1_200],
    repeated: [320, 180],
  },
  prosody: { spread: [300, 1_200], jumps: [350, 120], voiced: [100, 400] },
  rate: { fast: [550, 800], slow: [2_200, 1_450], pauseSeconds: [2_500, 900] },
  spectrum: { high: [-48_000, -34_000], highShare: 650, shrill: [-3_000, -9_000], mid: [-36_000, -25_000], lowMid: [-40_000, -25_000] },
  padding: { leadSeconds: [2_000, 400], trailSeconds: [3_000, 800] },
} as const;

export type PartName = keyof typeof BUILTIN.weightsPercent;

/** Shape: measures and the expected length of the text in seconds → parts, each 0..1. */
export function partsOf(heard: Heard, content: ContentEvidence, expectedSeconds: number): Readonly<Record<PartName, number>> {
  const pace = heard.speechSeconds / Math.max(0.1, expectedSeconds);
  return {
    content: contentPart(content),
    clean:
      Math.min(ramp(heard.snrDb, BUILTIN.clean.snrDb), ramp(heard.decayDb, BUILTIN.clean.decayDb)) *
      ramp(heard.clippedShare, BUILTIN.clean.clipped) *
      soft(ramp(heard.harmonicityDb, BUILTIN.clean.harmonicityDb)) *
      soft(ramp(heard.modulation, BUILTIN.clean.modulation)) *
      ramp(heard.holesPerSecond, BUILTIN.clean.holes) *
      ramp(heard.repeatedShare, BUILTIN.clean.repeated),
    prosody:
      ramp(heard.spreadSemitones, BUILTIN.prosody.spread) *
      ramp(heard.jumpShare, BUILTIN.prosody.jumps) *
      ramp(heard.voicedShare, BUILTIN.prosody.voiced),
    rate: ramp(pace, BUILTIN.rate.fast) * ramp(pace, BUILTIN.rate.slow) * ramp(heard.longestPauseSeconds, BUILTIN.rate.pauseSeconds),
    spectrum:
      partly(ramp(heard.highDb, BUILTIN.spectrum.high), BUILTIN.spectrum.highShare) *
      ramp(heard.highDb, BUILTIN.spectrum.shrill) *
      ramp(heard.midDb, BUILTIN.spectrum.mid) *
      ramp(heard.lowMidDb, BUILTIN.spectrum.lowMid),
    padding: ramp(heard.leadSeconds, BUILTIN.padding.leadSeconds) * ramp(heard.trailSeconds, BUILTIN.padding.trailSeconds),
  };
}

/** Weighted geometric mean of the parts, times the gate. Shape: parts 0..1 → 0..1. */
export function scoreOf(parts: Readonly<Record<PartName, number>>): number {
  const floor = BUILTIN.floorPpm / 1_000_000;
  let logarithm = 0;
  for (const [name, percent] of Object.entries(BUILTIN.weightsPercent)) {
    // Safety: the keys of weightsPercent are the part names.
    logarithm += (percent / 100) * Math.log(Math.max(floor, parts[name as PartName]));
  }
  return Math.exp(logarithm) * ramp(parts.content, BUILTIN.gate);
}

function contentPart({ margin, placed, hardWins }: ContentEvidence): number {
  const { content } = BUILTIN;
  return (
    Math.sqrt(ramp(margin, content.margin)) * ramp(placed, content.placed) * partly(ramp(hardWins, content.hardWins), content.hardShare)
  );
}

/** A measure that can take away half, not all. */
function soft(value: number): number {
  return partly(value, 500);
}

/** A measure that can take away so many thousandths at most. */
function partly(value: number, shareThousandths: number): number {
  return 1 - (shareThousandths / 1000) * (1 - value);
}

function ramp(value: number, [from, to]: Ramp): number {
  return Math.max(0, Math.min(1, (value * 1000 - from) / (to - from)));
}
