import { expect } from 'chai';
import { castOf, MEMBERS_MAX } from '../../../node/devnet/cast.js';
import type { CheckedFacts } from '../../../node/devnet/checks.js';
import { foundOut, gauntletChecks, TELLS } from '../../../node/devnet/gauntlet.js';
import type { Footprint, LeaderboardRow } from '../../../node/devnet/result.js';
import { HONEST_VOICES, isCheat, type OfferedVoice } from '../../../node/devnet/voices.js';
import { CHEATS } from '../../../scoring/voices/cheats.js';
import { aHotkey } from '../../support/keys.js';

const SCORES: Partial<Readonly<Record<OfferedVoice, number>>> = { 'sherpa-noisy': 670_000, 'kokoro-muffled': 540_000, mms: 920_000 };
const FOOTPRINT: Footprint = { processes: 90, models: 2, resident_bytes: 3 * 1024 ** 3 };
const PROMPTS = 6;

function row(voice: OfferedVoice, more: Partial<LeaderboardRow> = {}): LeaderboardRow {
  const tell = isCheat(voice) ? TELLS[voice] : null;
  const faults = tell === null || !('faults' in tell) ? {} : { [tell.faults[0]!]: tell.at === 'every prompt' ? PROMPTS : 2 };
  const content = tell !== null && 'contentMaxPpm' in tell ? 0 : 1_000_000;
  const honest = tell === null && voice !== 'copy';
  return {
    hotkey: aHotkey(voice),
    name: `miner-${voice}`,
    voice,
    uid: 3,
    model: '',
    score_ppm: tell === null ? (SCORES[voice] ?? 990_000) : voice === 'crash-on-hard' ? 280_000 : 0,
    prompts: PROMPTS,
    faults,
    parts: { content },
    standing_ppm: 0,
    weights: { v: honest ? 100 : 0 },
    incentive: honest ? 100 : 0,
    emission_rao: honest ? 5n : 0n,
    copy_of: voice === 'copy' ? aHotkey('piper') : null,
    copy_evidence: voice === 'copy' ? 'same tensors' : null,
    ...more,
  };
}

const BOARD = [...HONEST_VOICES, ...CHEATS, 'copy' as const].map((voice) => row(voice));
const hotkeys = Object.fromEntries(BOARD.map(({ hotkey, score_ppm }) => [hotkey, score_ppm ?? 0]));
const validator = (name: string, scores = hotkeys) => ({
  hotkey: aHotkey(name),
  name,
  scores_ppm: scores,
  prompts_ppm: Object.fromEntries(Object.entries(scores).map(([hotkey, ppm]) => [hotkey, [ppm, ppm]])),
  weights: { uids: [3], values: [1] },
  block: 9,
  replay_equal: true,
});
const facts = (more: Partial<CheckedFacts & { readonly footprint: Footprint | null }> = {}) => ({
  roundsWanted: 1,
  rounds: [{ round: 1, opened_at: 1, seed: '', models: BOARD.length, validators: [validator('a'), validator('b')] }],
  leaderboard: BOARD,
  chainRows: [{ validator: 'a', onChain: { uids: [3], values: [1] }, stored: { uids: [3], values: [1] } }],
  footprint: FOOTPRINT,
  ...more,
});
const failing = (more: Parameters<typeof facts>[0]) =>
  gauntletChecks(facts(more))
    .filter(({ ok }) => !ok)
    .map(({ name }) => name);
const withRow = (voice: OfferedVoice, more: Partial<LeaderboardRow>) => ({
  leaderboard: BOARD.map((each) => (each.voice === voice ? row(voice, more) : each)),
});

describe('the gauntlet', () => {
  it('has every contract, every cheat and a copy, on ports and addresses of their own', () => {
    const cast = castOf(40_000, 'gauntlet');
    expect(cast.flatMap(({ voice }) => voice ?? [])).to.have.members([...HONEST_VOICES, ...CHEATS, 'copy']);
    const ports = cast.flatMap(({ p2pPort, httpPort }) => [p2pPort, httpPort]);
    expect(new Set(ports).size).to.equal(ports.length);
    expect(Math.max(...ports)).to.be.below(40_050);
    expect(cast.length).to.be.at.most(MEMBERS_MAX);
  });

  it('is passed when all is as it should be', () => {
    expect(gauntletChecks(facts()).filter(({ ok }) => !ok)).to.deep.equal([]);
  });

  it('fails for a voice out of order', () => {
    expect(failing(withRow('sherpa', { score_ppm: 600_000 }))).to.deep.equal(['ranking']);
    expect(failing(withRow('kokoro-muffled', { score_ppm: 700_000 }))).to.deep.equal(['ranking']);
    expect(failing(withRow('mms', { score_ppm: 540_000 }))).to.deep.equal(['ranking']);
    expect(failing(withRow('piper', { score_ppm: null }))).to.include('ranking');
  });

  it('fails for a cheat that is not found out, or for another reason than its own', () => {
    expect(failing(withRow('silence', { faults: {} }))).to.deep.equal(['cheats_named']);
    expect(failing(withRow('silence', { faults: { 'scoring.audio_silent': PROMPTS - 1 } }))).to.deep.equal(['cheats_named']);
    expect(failing(withRow('hour', { faults: { 'scoring.memory_exceeded': PROMPTS } }))).to.deep.equal(['cheats_named']);
    expect(failing(withRow('crash-on-hard', { faults: {} }))).to.deep.equal(['cheats_named']);
    expect(failing(withRow('prompt-table', { parts: { content: 400_000 } }))).to.deep.equal(['cheats_named']);
    expect(failing(withRow('noise', { prompts: 0, parts: {} }))).to.deep.equal(['cheats_named']);
    expect(failing(withRow('copy', { copy_of: null }))).to.include.members(['cheats_named', 'copy_earns_nothing']);
    expect(failing({ leaderboard: BOARD.filter(({ voice }) => voice !== 'endless') })).to.include('cheats_named');
  });

  it('fails for a cheat that earns, and for one that beats an honest voice', () => {
    expect(failing(withRow('wrong-text', { weights: { v: 1 } }))).to.deep.equal(['cheats_earn_nothing']);
    expect(failing(withRow('slow', { emission_rao: 1n }))).to.deep.equal(['cheats_earn_nothing']);
    expect(failing(withRow('crash-on-hard', { score_ppm: 800_000 }))).to.deep.equal(['cheats_below']);
  });

  it('compares the prompts that both validators heard', () => {
    const further = Object.fromEntries(Object.entries(validator('b').prompts_ppm).map(([hotkey, heard]) => [hotkey, [...heard, 0, 1]]));
    const validators = [validator('a'), { ...validator('b'), prompts_ppm: further }];
    expect(failing({ rounds: [{ round: 1, opened_at: 1, seed: '', models: BOARD.length, validators }] })).to.deep.equal([]);
  });

  it('fails for validators that differ by one ppm, and for too many processes', () => {
    const scores = { ...hotkeys, [aHotkey('mms')]: 920_001 };
    const rounds = [{ round: 1, opened_at: 1, seed: '', models: BOARD.length, validators: [validator('a'), validator('b', scores)] }];
    expect(failing({ rounds })).to.deep.equal(['validators_agree']);
    expect(failing({ footprint: { ...FOOTPRINT, models: 30 } })).to.deep.equal(['bounded']);
    expect(failing({ footprint: null })).to.deep.equal([]);
  });

  it('says in words what a record says', () => {
    const said = (voice: OfferedVoice, more: Partial<LeaderboardRow> = {}) => foundOut(row(voice, more), () => 'miner-piper');
    expect(said('piper')).to.equal('said the text');
    expect(said('copy')).to.equal('copy of miner-piper: same tensors');
    expect(said('noise')).to.equal('did not say the text: content 0.00');
    expect(said('crash-on-hard')).to.equal('scoring.run_failed at 2 of 6 prompts');
    expect(said('hour', { faults: {}, prompts: 0 })).to.equal('not heard');
  });
});
