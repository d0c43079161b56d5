/** A report as a folder: the page, and beside it every sound and picture of it as a file of its own. */
import { mkdir, rename, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { PageUtterance } from '../explain/page.js';
import { utteranceName } from '../explain/utterances.js';

export const REPORT_PAGE = 'index.html';

/** Shape: a folder, new or not → the path of its page. Files of the same names are replaced. Errors: rejects as the file system does. */
export async function writeReport(
  directory: string,
  report: { readonly html: string; readonly utterances: readonly PageUtterance[]; readonly data: string },
): Promise<string> {
  await mkdir(directory, { recursive: true });
  for (const utterance of report.utterances) {
    const name = join(directory, utteranceName(utterance));
    await writeFile(`${name}.wav`, utterance.wav);
    await writeFile(`${name}.svg`, utterance.svg);
  }
  await writeFile(join(directory, 'report.json'), report.data);
  // The page last, and whole: where it stands the rest is there too.
  const page = join(directory, REPORT_PAGE);
  await writeFile(`${page}.part`, report.html);
  await rename(`${page}.part`, page);
  return page;
}
