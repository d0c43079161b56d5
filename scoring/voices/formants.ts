/**
 * What each sound of English sounds like, as data: for an adult male tract, keyed by IPA code point.
 * Source: formant values after Peterson & Barney (1952) and Klatt (1980), moved where our synthesiser was clearer with it.
 */

/** One steady piece of a sound. Between pieces the synthesiser glides. */
export interface Piece {
  readonly ms: number;
  /** F1 to F4, Hz. */
  readonly formantsHz: readonly [number, number, number, number];
  /** Their bandwidths, Hz. */
  readonly widthsHz: readonly [number, number, number, number];
  /** Amplitude of the voice, 0..1. */
  readonly voicing: number;
  /** Amplitude of breath through the formants, 0..1. */
  readonly breath: number;
  /** Amplitude of turbulence at a constriction, 0..1, with the centre and the width of its band. */
  readonly hiss: number;
  readonly hissHz: number;
  readonly hissWidthHz: number;
}

export interface Sound {
  readonly ipa: string;
  readonly group: 'vowel' | 'consonant' | 'pause' | 'mark';
  /** At most PIECES_MAX. */
  readonly pieces: readonly Piece[];
}

export const PIECES_MAX = 3;
export const FORMANTS = 4;
/** A fifth resonance that never moves keeps the upper spectrum up. */
export const FIFTH_FORMANT = { hz: 4500, widthHz: 350 } as const;

export const MARK = { primary: 'ˈ', secondary: 'ˌ', long: 'ː' } as const;

const VOWEL_WIDTHS = [70, 90, 140, 220] as const;
const NEUTRAL = [500, 1500, 2500, 3500] as const;
const SILENT = { voicing: 0, breath: 0, hiss: 0, hissHz: 4000, hissWidthHz: 2000 } as const;

type Four = readonly [number, number, number, number];
interface Hiss {
  readonly level: number;
  readonly hz: number;
  readonly widthHz: number;
}

export const SOUNDS: readonly Sound[] = [
  vowel('ɑ', 80, [750, 1150, 2450, 3400]),
  vowel('æ', 135, [690, 1720, 2430, 3450]),
  vowel('ʌ', 90, [640, 1220, 2400, 3400]),
  vowel('ə', 60, [500, 1400, 2450, 3450]),
  vowel('ɔ', 85, [580, 880, 2450, 3350]),
  vowel('a', 100, [740, 1300, 2450, 3400]),
  vowel('ʊ', 75, [440, 1150, 2250, 3350]),
  vowel('ɪ', 72, [400, 1980, 2570, 3500]),
  vowel('ɛ', 100, [540, 1830, 2500, 3450]),
  vowel('ɜ', 75, [490, 1340, 1690, 3300]),
  vowel('ɚ', 90, [470, 1330, 1680, 3300]),
  vowel('e', 75, [460, 2050, 2600, 3500]),
  vowel('i', 65, [300, 2200, 2980, 3600]),
  vowel('o', 85, [500, 880, 2350, 3350]),
  vowel('u', 65, [320, 1150, 2250, 3300]),

  glide('l', 65, [350, 1050, 2800, 3450], 0.8),
  glide('ɹ', 70, [330, 1080, 1420, 3200], 0.65),
  glide('w', 70, [290, 640, 2200, 3250], 0.6),
  glide('j', 65, [260, 2250, 3050, 3600], 0.6),

  nasal('m', 72, [260, 1000, 2200, 3300]),
  nasal('n', 68, [280, 1450, 2600, 3400]),
  nasal('ŋ', 78, [260, 2150, 2600, 3300]),

  fricative('f', 95, 0, { level: 0.2, hz: 6000, widthHz: 6000 }, [340, 1000, 2150, 3400]),
  fricative('θ', 92, 0, { level: 0.18, hz: 6500, widthHz: 3500 }, [330, 1400, 2550, 3500]),
  fricative('s', 105, 0, { level: 0.8, hz: 5500, widthHz: 3500 }, [320, 1550, 2550, 3500]),
  fricative('ʃ', 110, 0, { level: 0.7, hz: 3100, widthHz: 2000 }, [310, 1900, 2500, 3400]),
  fricative('v', 65, 0.4, { level: 0.04, hz: 6000, widthHz: 6000 }, [300, 1000, 2150, 3400]),
  fricative('ð', 55, 0.45, { level: 0.03, hz: 6500, widthHz: 4500 }, [300, 1400, 2550, 3500]),
  fricative('z', 80, 0.35, { level: 0.4, hz: 5500, widthHz: 3500 }, [290, 1550, 2550, 3500]),
  fricative('ʒ', 85, 0.35, { level: 0.25, hz: 2900, widthHz: 1400 }, [290, 1900, 2500, 3400]),
  {
    ipa: 'h',
    group: 'consonant',
    pieces: [{ ...SILENT, ms: 60, formantsHz: NEUTRAL, widthsHz: [250, 160, 200, 280], breath: 0.35 }],
  },

  stop('p', [350, 850, 2150, 3350], { closureMs: 60, burst: { level: 0.22, hz: 1100, widthHz: 1600 }, breathMs: 30, voicing: 0 }),
  stop('t', [330, 1750, 2650, 3500], { closureMs: 50, burst: { level: 0.6, hz: 4600, widthHz: 2600 }, breathMs: 28, voicing: 0 }),
  stop('k', [310, 1850, 2250, 3350], { closureMs: 58, burst: { level: 0.55, hz: 2000, widthHz: 900 }, breathMs: 32, voicing: 0 }),
  stop('b', [280, 850, 2150, 3350], { closureMs: 55, burst: { level: 0.14, hz: 1000, widthHz: 1600 }, breathMs: 0, voicing: 0.2 }),
  stop('d', [270, 1750, 2650, 3500], { closureMs: 48, burst: { level: 0.35, hz: 4200, widthHz: 2600 }, breathMs: 0, voicing: 0.2 }),
  stop('ɡ', [260, 1850, 2250, 3350], { closureMs: 52, burst: { level: 0.35, hz: 2000, widthHz: 900 }, breathMs: 0, voicing: 0.2 }),

  pause(',', 170),
  pause('.', 110),
  pause('?', 110),
  pause('!', 110),
  mark(' '),
  mark(MARK.primary),
  mark(MARK.secondary),
  mark(MARK.long),
];

/** Silence at both ends of an utterance. */
export const EDGE_MS = 50;

export function silence(ms: number): Piece {
  return { ...SILENT, ms, formantsHz: NEUTRAL, widthsHz: [90, 110, 170, 250] };
}

function vowel(ipa: string, ms: number, formantsHz: Four): Sound {
  return { ipa, group: 'vowel', pieces: [{ ...SILENT, ms, formantsHz, widthsHz: VOWEL_WIDTHS, voicing: 1 }] };
}

function glide(ipa: string, ms: number, formantsHz: Four, voicing: number): Sound {
  return { ipa, group: 'consonant', pieces: [{ ...SILENT, ms, formantsHz, widthsHz: [70, 100, 150, 240], voicing }] };
}

/** The nose adds zeros above F1; wide upper resonances stand in for them. */
function nasal(ipa: string, ms: number, formantsHz: Four): Sound {
  return { ipa, group: 'consonant', pieces: [{ ...SILENT, ms, formantsHz, widthsHz: [60, 220, 280, 350], voicing: 0.8 }] };
}

function fricative(ipa: string, ms: number, voicing: number, hiss: Hiss, formantsHz: Four): Sound {
  const piece: Piece = {
    ms,
    formantsHz,
    widthsHz: [100, 130, 190, 280],
    voicing,
    breath: 0,
    hiss: hiss.level,
    hissHz: hiss.hz,
    hissWidthHz: hiss.widthHz,
  };
  return { ipa, group: 'consonant', pieces: [piece] };
}

interface StopShape {
  readonly closureMs: number;
  readonly burst: Hiss;
  readonly breathMs: number;
  readonly voicing: number;
}

/** Closure (with a murmur where voiced), burst, and breath before the next vowel. */
function stop(ipa: string, formantsHz: Four, shape: StopShape): Sound {
  const widthsHz = [100, 130, 180, 260] as const;
  const murmur: Piece = { ...SILENT, ms: shape.closureMs, formantsHz, widthsHz: [80, 700, 900, 1200], voicing: shape.voicing };
  const burst: Piece = {
    ...SILENT,
    ms: 12,
    formantsHz,
    widthsHz,
    hiss: shape.burst.level,
    hissHz: shape.burst.hz,
    hissWidthHz: shape.burst.widthHz,
  };
  const breath: Piece = { ...SILENT, ms: shape.breathMs, formantsHz, widthsHz: [200, 150, 200, 280], breath: 0.3 };
  return { ipa, group: 'consonant', pieces: shape.breathMs > 0 ? [murmur, burst, breath] : [murmur, burst] };
}

function pause(ipa: string, ms: number): Sound {
  return { ipa, group: 'pause', pieces: [silence(ms)] };
}

function mark(ipa: string): Sound {
  return { ipa, group: 'mark', pieces: [] };
}
