// Plain measures of sound for tests: slow, simple, and not the judge's own.

/** Power between two frequencies, averaged over a stretch of samples. Units: hertz. */
export function bandPower(samples: ArrayLike<number>, sampleRateHz: number, fromHz: number, toHz: number): number {
  const windowLength = 512;
  let total = 0;
  let windows = 0;
  for (let from = 0; from + windowLength <= samples.length; from += windowLength) {
    for (let hz = fromHz; hz < toHz; hz += sampleRateHz / windowLength) total += powerAt(samples, from, windowLength, hz / sampleRateHz);
    windows += 1;
  }
  return total / Math.max(1, windows);
}

/** The 100 Hz wide stretch with most power. Units: hertz, its middle. */
export function strongestBand(samples: ArrayLike<number>, sampleRateHz: number, fromHz: number, toHz: number): number {
  let best = { hz: fromHz, power: -1 };
  for (let hz = fromHz; hz + 150 <= toHz; hz += 50) {
    const power = bandPower(samples, sampleRateHz, hz, hz + 150);
    if (power > best.power) best = { hz: hz + 75, power };
  }
  return best.hz;
}

/** Root mean square of each 10 ms. */
export function levels(samples: ArrayLike<number>, sampleRateHz: number): readonly number[] {
  const length = sampleRateHz / 100;
  return Array.from({ length: Math.floor(samples.length / length) }, (_, index) => {
    let sum = 0;
    for (let n = index * length; n < (index + 1) * length; n += 1) sum += (samples[n] ?? 0) ** 2;
    return Math.sqrt(sum / length);
  });
}

/** Loud frames against quiet ones, dB: 90th and 5th percentile of the levels. */
export function dynamicRangeDb(samples: ArrayLike<number>, sampleRateHz: number): number {
  const sorted = [...levels(samples, sampleRateHz)].sort((a, b) => a - b);
  const at = (share: number) => sorted[Math.floor(share * (sorted.length - 1))] ?? 0;
  return 20 * Math.log10(at(0.9) / Math.max(1e-9, at(0.05)));
}

export function middle(samples: Float32Array, share = 0.3): Float32Array {
  const length = Math.floor(samples.length * share);
  const from = Math.floor((samples.length - length) / 2);
  return samples.slice(from, from + length);
}

function powerAt(samples: ArrayLike<number>, from: number, length: number, cycles: number): number {
  let real = 0;
  let imaginary = 0;
  for (let n = 0; n < length; n += 1) {
    const value = (samples[from + n] ?? 0) * (0.5 - 0.5 * Math.cos((2 * Math.PI * n) / length));
    real += value * Math.cos(2 * Math.PI * cycles * n);
    imaginary += value * Math.sin(2 * Math.PI * cycles * n);
  }
  return (real * real + imaginary * imaginary) / (length * length);
}
