// Files that the program reads at run time and that tsc does not carry into dist/.
import { cpSync } from 'node:fs';

for (const folder of ['migrations']) cpSync(folder, `dist/${folder}`, { recursive: true });
