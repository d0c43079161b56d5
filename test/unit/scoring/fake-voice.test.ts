import type { VerifiedModel } from '../../../scoring/ports.js';
import { voiceContract } from '../../contracts/voice.js';
import { createFakeVoice } from '../../support/fake-voice.js';

// Safety: the fake never looks at its model.
const MODEL = { digest: '0'.repeat(64), manifest: {}, directory: '/nowhere' } as unknown as VerifiedModel;

voiceContract('in memory', async () => ({ runner: createFakeVoice(), model: MODEL, remove: async () => {} }));
