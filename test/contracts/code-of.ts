import { isFailure } from '../../protocol/failure.js';

/** Shape: the code of the failure it ends with; "none": it does not. */
export async function codeOf(work: Promise<unknown>): Promise<string> {
  try {
    await work;
    return 'none';
  } catch (err) {
    return isFailure(err) ? err.code : String(err);
  }
}
