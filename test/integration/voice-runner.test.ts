/** Needs the compiled child: `npx tsc -p tsconfig.build.json`. */
import { createVoiceRunner } from '../../scoring/onnx/runner.js';
import { voiceContract } from '../contracts/voice.js';
import { noiseVoice } from '../support/onnx-attacks.js';
import { sealTinyVoice } from '../support/voice-package.js';

for (const engine of ['native', 'wasm'] as const) {
  voiceContract(`ONNX Runtime, ${engine}`, async () => {
    const cleanUps: (() => Promise<void>)[] = [];
    const model = await sealTinyVoice(noiseVoice(), cleanUps);
    return {
      runner: createVoiceRunner({ engine }),
      model,
      async remove() {
        for (const cleanUp of cleanUps) await cleanUp();
      },
    };
  });
}
