const RAO_PER_TAO = 1_000_000_000n;

/** Shape: rao, a whole number → TAO to the last rao: `1,000`, `0.0000001`. */
export function exactTao(rao: bigint): string {
  const rest = (rao % RAO_PER_TAO).toString().padStart(9, '0').replace(/0+$/, '');
  return `${(rao / RAO_PER_TAO).toLocaleString('en-US')}${rest === '' ? '' : `.${rest}`}`;
}
