import type { Command } from 'commander';
import type { Hotkey } from '../../protocol/names.js';
import type { PairAgreement } from '../../scoring/agreement.js';
import { CLEAN_AUDITS_WANTED } from '../../scoring/audit.js';
import { type AgreementReport, readAgreement } from '../audit/agreement.js';
import { addConfigOptions, loadSettings, nodeIdentity, nothingRecorded, roundsKnown, withStores } from './context.js';
import type { Environment } from './environment.js';
import { createOutput, percent, short, table } from './output.js';
import { roundNumber } from './parsers.js';

/** Validators in one picture; further ones are in the tables. */
const MATRIX_MAX = 24;

export function addAgreementCommand(program: Command, env: Environment): void {
  const command = program
    .command('agreement')
    .argument('[round]', 'number of the round; the newest one with scores when left out', roundNumber)
    .description('How far the validators of a round agree: rank, largest difference, equal audio, who is not believed and why');
  addConfigOptions(command).action(async (round: number | undefined, flags: Record<string, unknown>) => {
    const out = createOutput({ json: flags['json'] === true });
    const config = await loadSettings(flags, env, 'no chain');
    await withStores(config, async (stores) => {
      const { hotkey: self } = await nodeIdentity(stores, config);
      const wanted = round === undefined ? (await stores.rounds.list(ROUNDS_LOOKED_THROUGH)).map((row) => row.round) : [round];
      let report: AgreementReport | null = null;
      for (const number of wanted) report ??= compared(await readAgreement(stores, { round: number, self }), round !== undefined);
      if (report === null)
        throw nothingRecorded(
          round === undefined ? 'scores of other validators' : `scores of round ${round}`,
          config.dataDir,
          await roundsKnown(stores),
        );
      const said = report;
      out.result(agreementJson(said), () => agreementText(said));
    });
  });
}

/** Rounds that are tried for one in which anybody revealed anything. */
const ROUNDS_LOOKED_THROUGH = 8;

/** The newest round is often one in which only we have scores yet. */
function compared(report: AgreementReport | null, asItIs: boolean): AgreementReport | null {
  return report !== null && (asItIs || report.validators.filter(({ records }) => records > 0).length > 1) ? report : null;
}

export function agreementText(report: AgreementReport): string {
  const { round, validators, pairs, audits, flags } = report;
  const letters = new Map(validators.map(({ hotkey }, at) => [hotkey, letterOf(at)]));
  const name = (hotkey: Hotkey) => `${letters.get(hotkey) ?? ''} ${short(hotkey)}${hotkey === report.self ? ' (this node)' : ''}`;
  const blocks = [
    `round ${round}: ${validators.length} validators, ${pairs.length} pairs with models in common`,
    table(
      ['validator', 'records', 'private', 'believed', 'why not'],
      validators.map((one) => [name(one.hotkey), one.records, one.privateRecords, believed(one), whyNot(report, one)]),
    ),
    ...(validators.length > 1 && validators.length <= MATRIX_MAX ? [matrix(report)] : []),
    table(
      ['pair', 'models', 'tau-b', 'largest difference', 'audio equal', ''],
      pairs.map((pair) => [
        `${letters.get(pair.a)} – ${letters.get(pair.b)}`,
        pair.incomparable === 0 ? pair.models : `${pair.models} (${pair.incomparable} of other scorers)`,
        tau(pair),
        `${pair.differencePpmMax} ppm`,
        equalShare(pair),
        pair.alarm ? 'too far apart' : '',
      ]),
    ),
    audits.length === 0
      ? 'no record of another validator was heard again by this node'
      : table(
          ['heard again', 'model of', 'cause', 'verdict', 'reason'],
          audits.map((audit) => [
            name(audit.validator),
            short(audit.hotkey),
            audit.cause,
            audit.verdict.replaceAll('_', ' '),
            audit.reason,
          ]),
        ),
    ...(flags.length === 0
      ? []
      : [
          table(
            ['fault in the exchange', 'kind', 'block', 'reason'],
            flags.map((flag) => [name(flag.validator), flag.fault, flag.block, flag.reason]),
          ),
        ]),
    verdictOf(report),
  ];
  return blocks.join('\n\n');
}

function believed({ disbelieved, leftOut }: AgreementReport['validators'][number]): string {
  if (disbelieved !== null) return 'no';
  return leftOut === true ? 'not in this round' : 'yes';
}

function whyNot({ round }: AgreementReport, { disbelieved, leftOut }: AgreementReport['validators'][number]): string {
  if (disbelieved !== null) {
    const since = disbelieved.round === round ? '' : `round ${disbelieved.round}: `;
    return `${since}${disbelieved.reason}; ${disbelieved.cleanRounds} of ${CLEAN_AUDITS_WANTED} clean rounds since`;
  }
  return leftOut === true ? 'it differs from this node, and no audit has settled it' : '';
}

/** Lower left: largest difference; upper right: rank. One character each, so that a bad row shows. */
function matrix({ validators, pairs }: AgreementReport): string {
  const rows = validators.map(({ hotkey: a }, row) => {
    const cells = validators.map(({ hotkey: b }, column) => {
      const pair = pairs.find((one) => (one.a === a && one.b === b) || (one.a === b && one.b === a));
      if (row === column) return '\\';
      if (pair === undefined || pair.models === 0) return ' ';
      return column > row ? rankMark(pair) : differenceMark(pair);
    });
    return `  ${letterOf(row)} ${cells.join(' ')}`;
  });
  const head = `    ${validators.map((_, at) => letterOf(at)).join(' ')}`;
  const legend =
    'below the line the largest difference: . none, + within 1000 ppm, o within 5000 ppm, # more; above it the rank: = the same, ~ 0.95, ! less';
  return [head, ...rows, `  ${legend}`].join('\n');
}

function differenceMark({ differencePpmMax }: PairAgreement): string {
  if (differencePpmMax === 0) return '.';
  if (differencePpmMax <= 1_000) return '+';
  return differencePpmMax <= 5_000 ? 'o' : '#';
}

function rankMark({ tauPpm }: PairAgreement): string {
  if (tauPpm === null) return '-';
  if (tauPpm === 1_000_000) return '=';
  return tauPpm >= 950_000 ? '~' : '!';
}

function letterOf(at: number): string {
  return at < 26 ? String.fromCharCode(65 + at) : String(at + 1);
}

function tau({ tauPpm }: PairAgreement): string {
  return tauPpm === null ? '–' : (tauPpm / 1_000_000).toFixed(3);
}

function equalShare({ digestsEqual, digestsCompared }: PairAgreement): string {
  return digestsCompared === 0 ? '–' : percent(Math.round((digestsEqual * 1_000_000) / digestsCompared));
}

function verdictOf({ alarm, oursWrong, validators }: AgreementReport): string {
  const doubted = validators.filter((one) => one.disbelieved !== null || one.leftOut === true).length;
  const said = [
    ...(oursWrong > 0 ? [`OUR OWN ENGINE WAS WRONG about ${oursWrong} models: run voxd doctor, check memory and processor`] : []),
    ...(doubted > 0 ? [`${doubted} validators count for nothing in this round`] : []),
    ...(alarm ? ['validators that are believed differ by more than 5000 ppm, or rank models differently (tau-b below 0.95)'] : []),
  ];
  return said.length === 0 ? 'agreed: every difference is within 5000 ppm, and the ranks are the same' : said.join('\n');
}

function agreementJson({ round, self, validators, pairs, audits, flags, oursWrong, alarm }: AgreementReport): object {
  return {
    ok: true,
    round,
    self,
    alarm,
    ours_wrong: oursWrong,
    validators: validators.map((one) => ({
      hotkey: one.hotkey,
      committed: one.committed,
      records: one.records,
      private_records: one.privateRecords,
      disbelieved: one.disbelieved && {
        round: one.disbelieved.round,
        reason: one.disbelieved.reason,
        clean_rounds: one.disbelieved.cleanRounds,
      },
      left_out: one.leftOut,
    })),
    pairs: pairs.map((pair) => ({
      a: pair.a,
      b: pair.b,
      models: pair.models,
      incomparable: pair.incomparable,
      tau_ppm: pair.tauPpm,
      difference_ppm_max: pair.differencePpmMax,
      digests_equal: pair.digestsEqual,
      digests_compared: pair.digestsCompared,
      alarm: pair.alarm,
    })),
    audits: audits.map((audit) => ({
      validator: audit.validator,
      hotkey: audit.hotkey,
      model: audit.model,
      record_digest: audit.recordDigest,
      cause: audit.cause,
      verdict: audit.verdict,
      reason: audit.reason,
      ours_wrong: audit.oursWrong,
      prompts: audit.prompts.map((prompt) => ({
        at: prompt.at,
        private: prompt.private,
        theirs_ppm: prompt.theirsPpm,
        ours_ppm: prompt.oursPpm,
        wasm_ppm: prompt.wasmPpm,
      })),
    })),
    flags: flags.map(({ validator, fault, block, reason }) => ({ validator, fault, block, reason })),
  };
}
