/** Power spectra of frames whose length is no power of two. */
import FFT from 'fft.js';

/**
 * Bluestein's transform: a frame of any length by three transforms whose length is a power of two.
 * Shape: frame length → (frame, powers): writes `⌊length / 2⌋ + 1` powers. Source: Bluestein 1970.
 */
export function createPowerSpectrum(length: number): (frame: Float64Array, powers: Float64Array) => void {
  let size = 1;
  while (size < 2 * length - 1) size *= 2;
  const fft = new FFT(size);
  const bins = (length >> 1) + 1;
  const cos = new Float64Array(length);
  const sin = new Float64Array(length);
  for (let n = 0; n < length; n++) {
    // The square is taken modulo its period first, so that the angle stays small and exact.
    const angle = (Math.PI * ((n * n) % (2 * length))) / length;
    cos[n] = Math.cos(angle);
    sin[n] = Math.sin(angle);
  }
  const chirp = new Float64Array(2 * size);
  for (let n = 0; n < length; n++) {
    for (const at of n === 0 ? [0] : [n, size - n]) {
      chirp[2 * at] = cos[n]!;
      chirp[2 * at + 1] = sin[n]!;
    }
  }
  const response = new Float64Array(2 * size);
  fft.transform(response, chirp);
  const input = new Float64Array(2 * size);
  const spectrum = new Float64Array(2 * size);
  return (frame, powers) => {
    input.fill(0);
    for (let n = 0; n < length; n++) {
      input[2 * n] = frame[n]! * cos[n]!;
      input[2 * n + 1] = -frame[n]! * sin[n]!;
    }
    fft.transform(spectrum, input);
    for (let k = 0; k < size; k++) {
      const [a, b, c, d] = [spectrum[2 * k]!, spectrum[2 * k + 1]!, response[2 * k]!, response[2 * k + 1]!];
      input[2 * k] = a * c - b * d;
      input[2 * k + 1] = a * d + b * c;
    }
    fft.inverseTransform(spectrum, input);
    // The last chirp only turns the phase: powers do without it.
    for (let k = 0; k < bins; k++) powers[k] = spectrum[2 * k]! ** 2 + spectrum[2 * k + 1]! ** 2;
  };
}
