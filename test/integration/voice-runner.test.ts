/** Needs the compiled child: `npx tsc -p tsconfig.build.json`. */
import { createVoiceRunner } from '../../scoring/onnx/runner.js';
import type { EngineName, VerifiedModel } from '../../scoring/ports.js';
import { voiceContract } from '../contracts/voice.js';
import { noiseVoice } from '../support/onnx-attacks.js';
import { importPublished } from '../support/published.js';
import { sealTinyVoice } from '../support/voice-package.js';

type Make = (cleanUps: (() => Promise<void>)[]) => Promise<VerifiedModel>;

const VOICES: Readonly<Record<string, Make>> = {
  'a tiny voice': (cleanUps) => sealTinyVoice(noiseVoice(), cleanUps),
  ...Object.fromEntries(
    (['piper-speakers', 'sherpa', 'mms', 'kokoro', 'matcha'] as const).map((contract): [string, Make] => [
      contract,
      async (cleanUps) => (await importPublished(contract, cleanUps)).model,
    ]),
  ),
};

for (const engine of ['native', 'wasm'] as const) for (const [name, make] of Object.entries(VOICES)) runContract(engine, name, make);

function runContract(engine: EngineName, name: string, make: Make): void {
  voiceContract(`${name} in ONNX Runtime, ${engine}`, async () => {
    const cleanUps: (() => Promise<void>)[] = [];
    const model = await make(cleanUps);
    return {
      runner: createVoiceRunner({ engine }),
      model,
      async remove() {
        for (const cleanUp of cleanUps) await cleanUp();
      },
    };
  });
}
