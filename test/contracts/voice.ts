/** What every voice runner promises. `create` gives one whose voice speaks properly, and the model it speaks for. */
import { expect } from 'chai';
import { InvariantError, isFailure } from '../../protocol/failure.js';
import type { RunLimits, Utterance, VerifiedModel, VoiceRunner, VoiceSession } from '../../scoring/ports.js';

export const VOICE_CONTRACT_LIMITS: RunLimits = {
  memoryBytes: 1024 * 1024 * 1024,
  cpuSeconds: 60,
  loadTimeoutMs: 30_000,
  utteranceTimeoutMs: 30_000,
  audioSecondsMax: 30,
};

const PHONES = ['HH', 'AH0', 'L', 'OW1', '|', 'W', 'ER1', 'L', 'D', '.'] as const;
const HELLO: Utterance = { phones: PHONES, text: 'hello world.', seed: 'ab'.repeat(32) };

const outcomeOf = (work: Promise<unknown>) =>
  work.then(
    () => 'done',
    (error: unknown) => (isFailure(error) ? error.code : error instanceof InvariantError ? 'invariant' : String(error)),
  );

export function voiceContract(
  name: string,
  create: () => Promise<{ readonly runner: VoiceRunner; readonly model: VerifiedModel; remove(): Promise<void> }>,
): void {
  describe(`voice contract: ${name}`, function () {
    this.timeout(60_000);
    let made: Awaited<ReturnType<typeof create>>;
    const sessions: VoiceSession[] = [];
    before(async () => {
      made = await create();
    });
    afterEach(async () => {
      await Promise.all(sessions.splice(0).map((session) => session.close()));
    });
    after(() => made.remove());

    async function open(limits: Partial<RunLimits> = {}): Promise<VoiceSession> {
      const session = await made.runner.open(made.model, { ...VOICE_CONTRACT_LIMITS, ...limits });
      sessions.push(session);
      return session;
    }

    it('names its engine', () => {
      expect(['native', 'wasm']).to.include(made.runner.engine);
      expect(made.runner.engineId).to.be.a('string').and.not.equal('');
    });

    it('says the same samples for the same seed, in one session and in the next, and others for another seed', async () => {
      const session = await open();
      const { audio, elapsedMs } = await session.synthesise(HELLO);
      expect(audio.sampleRateHz).to.be.within(8_000, 48_000);
      expect(audio.samples.length).to.be.greaterThan(0);
      expect(audio.samples.every(Number.isFinite)).to.equal(true);
      expect(elapsedMs).to.be.at.least(0);
      expect((await session.synthesise(HELLO)).audio).to.deep.equal(audio);
      expect((await (await open()).synthesise(HELLO)).audio).to.deep.equal(audio);
      expect((await session.synthesise({ ...HELLO, seed: 'cd'.repeat(32) })).audio.samples).to.not.deep.equal(audio.samples);
    });

    it('refuses audio longer than the limit as the fault of the model', async () => {
      const session = await open({ audioSecondsMax: 0.01 });
      const error: unknown = await session.synthesise(HELLO).catch((caught: unknown) => caught);
      expect(isFailure(error) && `${error.code} ${error.disposition}`).to.equal('scoring.audio_too_long skip');
    });

    it('speaks one utterance at a time', async () => {
      const session = await open();
      const first = session.synthesise(HELLO);
      expect(await outcomeOf(session.synthesise(HELLO))).to.equal('invariant');
      expect(await outcomeOf(first)).to.equal('done');
      expect(await outcomeOf(session.synthesise(HELLO))).to.equal('done');
    });

    it('stops at the signal with its reason, and may be asked again', async () => {
      const session = await open();
      const stop = new AbortController();
      const asked = outcomeOf(session.synthesise(HELLO, stop.signal));
      stop.abort(new Error('enough'));
      expect(await asked).to.equal('Error: enough');
      expect(await outcomeOf(session.synthesise(HELLO))).to.equal('done');
    });

    it('opens nothing at a signal that has gone off', async () => {
      const opening = made.runner.open(made.model, VOICE_CONTRACT_LIMITS, AbortSignal.abort(new Error('enough')));
      expect(await outcomeOf(opening)).to.equal('Error: enough');
    });

    it('says nothing once it is closed, gives up what it was saying, and closes twice', async () => {
      const session = await open();
      const asked = outcomeOf(session.synthesise(HELLO));
      await Promise.all([session.close(), session.close()]);
      expect(await asked).to.equal('scoring.session_closed');
      expect(await outcomeOf(session.synthesise(HELLO))).to.equal('scoring.session_closed');
    });
  });
}
