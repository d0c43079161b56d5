import { fileURLToPath } from 'node:url';

/**
 * The compiled entry file of a child process or thread. From source (tests run through a loader) it is the one in dist/, because a
 * sandboxed child starts plain node.
 *
 * Shape: root-relative path without extension, such as "scoring/onnx/child" → absolute path of the .js file.
 */
export function entryPoint(path: string): string {
  const here = import.meta.url;
  const root = new URL(here.endsWith('.ts') ? '../dist/' : '../', here);
  return fileURLToPath(new URL(`${path}.js`, root));
}
