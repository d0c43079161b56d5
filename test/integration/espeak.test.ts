/** espeak-ng as a program outside, played by a small script: what it is asked, and what happens when it misbehaves. */
import { chmod, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect } from 'chai';
import { isFailure } from '../../protocol/failure.js';
import { createEspeak } from '../../scoring/espeak/espeak.js';
import { RUN_LIMITS } from '../../scoring/limits.js';
import { importVoice } from '../../scoring/onnx/package-import.js';
import { createVoiceRunner } from '../../scoring/onnx/runner.js';
import { publishedVoice } from '../../scoring/voices/published-voice.js';
import { META, writeFiles } from '../support/published.js';

const HONEST = `#!/bin/sh
if [ "$1" = --version ]; then echo 'eSpeak NG text-to-speech: 1.51  Data at: /nowhere'; exit 0; fi
[ "$*" = '-q --ipa -v en-us --stdin' ] || exit 9
read -r clause
case "$clause" in
  No) echo ' nˈoʊ' ;;
  *) printf ' həlˈoʊ\\n wˈɜːld\\n' ;;
esac
`;

describe('espeak-ng as a plug-in', function () {
  this.timeout(30_000);
  const cleanUps: (() => Promise<void>)[] = [];
  afterEach(async () => {
    for (const cleanUp of cleanUps.splice(0).reverse()) await cleanUp();
  });

  async function program(script: string): Promise<string> {
    const folder = await mkdtemp(join(tmpdir(), 'voxd-test-espeak-'));
    cleanUps.push(() => rm(folder, { recursive: true, force: true }));
    const path = join(folder, 'espeak-ng');
    await writeFile(path, script);
    await chmod(path, 0o755);
    return path;
  }
  const codeOf = (work: Promise<unknown>) =>
    work.then(
      () => 'ok',
      (error: unknown) => (isFailure(error) ? `${error.code} ${error.disposition}` : String(error)),
    );

  it('reads clause by clause and keeps the marks between them', async () => {
    const espeak = createEspeak({ program: await program(HONEST) });
    expect(await espeak.ipa('No, hello world.', 'en-us')).to.equal('nˈoʊ, həlˈoʊ wˈɜːld.');
  });

  it('is refused under another version, and missed by name', async () => {
    const espeak = createEspeak({ program: await program(HONEST) });
    expect(await codeOf(espeak.check({ voice: 'en-us', version: '1.51' }))).to.equal('ok');
    expect(await codeOf(espeak.check({ voice: 'en-us', version: '1.52' }))).to.equal('scoring.phonemiser_unsuitable retry');
    const none = createEspeak({ program: null });
    expect(await codeOf(none.check(null))).to.equal('ok');
    expect(await codeOf(none.check({ voice: 'en-us', version: '1.51' }))).to.equal('scoring.phonemiser_missing retry');
  });

  it('costs the model nothing when it fails, floods or is stopped', async () => {
    for (const script of ['#!/bin/sh\nexit 1\n', '#!/bin/sh\nyes\n', 'no program']) {
      expect(await codeOf(createEspeak({ program: await program(script) }).ipa('No', 'en-us')), script).to.equal(
        'scoring.phonemiser_failed retry',
      );
    }
    const hanging = createEspeak({ program: await program('#!/bin/sh\nexec sleep 60\n') });
    const stop = new AbortController();
    const asked = codeOf(hanging.ipa('No', 'en-us', stop.signal));
    stop.abort(new Error('enough'));
    expect(await asked).to.equal('Error: enough');
  });

  it('reads the prompts of a voice that asks for it, and no other', async () => {
    const { source, target } = await writeFiles(publishedVoice('piper'), cleanUps);
    const { model } = await importVoice(source, target, META, { text: 'espeak-ng', espeak: { voice: 'en-us', version: '1.51' } });
    const utterance = { phones: ['AA1', '.'], text: 'Hello world.', seed: '00'.repeat(32) };
    expect(await codeOf(createVoiceRunner({ engine: 'native' }).open(model, RUN_LIMITS.native))).to.equal(
      'scoring.phonemiser_missing retry',
    );
    const phonemiser = createEspeak({ program: await program(HONEST) });
    const session = await createVoiceRunner({ engine: 'native', phonemiser }).open(model, RUN_LIMITS.native);
    cleanUps.push(() => session.close());
    const { audio, dropped } = await session.synthesise(utterance);
    expect(dropped).to.equal(0);
    expect(audio.samples.length / audio.sampleRateHz).to.be.within(0.5, 1.5);
  });
});
