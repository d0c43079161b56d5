import type { Command } from 'commander';
import { judgesOf } from '../rounds/judges.js';
import { addConfigOptions, type Flags, loadSettings } from './context.js';
import { isDryRun, sayDryRun } from './dry-run.js';
import type { Environment } from './environment.js';
import { createOutput } from './output.js';

/** The models that judge under profile neural-1. */
export function addProfileCommand(program: Command, env: Environment): void {
  const profile = program.command('profile').description('The models that a judge of profile neural-1 listens with');
  addConfigOptions(
    profile
      .command('fetch')
      .description('Fetch the models that have an address, and hold all of them against the digests they are pinned to')
      .option('--dry-run', 'say what would be done, do nothing'),
  ).action(async (flags: Flags) => {
    const out = createOutput({ json: flags['json'] === true });
    const config = await loadSettings(flags, env, 'no chain');
    const { composeRunner } = await import('../compose-scoring.js');
    const { fetchJudges, judgesHere, scorerOf } = await import('../compose-judges.js');
    if (isDryRun(flags)) {
      const models = await judgesHere(config);
      const missing = models.filter(({ here }) => !here).length;
      return sayDryRun(out, { models: models.map(({ sizeBytes, ...model }) => ({ ...model, size_bytes: sizeBytes })) }, [
        missing === 0 ? 'nothing would be fetched: every model is here' : `${missing} of ${models.length} models would be fetched`,
        ...models.map(
          ({ model, here, location, path }) => `${model.padEnd(17)} ${here ? `here     ${path}` : `missing  ${location} → ${path}`}`,
        ),
      ]);
    }
    const rows: { model: string; path: string; sha256: string; size_bytes: number; fetched: boolean }[] = [];
    await fetchJudges(config, ({ model, path, sha256, sizeBytes, fetched }) => {
      rows.push({ model, path, sha256, size_bytes: sizeBytes, fetched });
    });
    const neural = { ...config, scoring: { ...config.scoring, profile: 'neural-1' as const } };
    const scorer = scorerOf(composeRunner(config.scoring.engine).engineId, judgesOf(neural));
    out.result({ ok: true, scorer, models: rows }, () =>
      [
        ...rows.map(
          ({ model, path, size_bytes, fetched }) => `${model.padEnd(17)} ${fetched ? 'fetched' : 'here'}  ${size_bytes} bytes  ${path}`,
        ),
        `scorer ${scorer}`,
        ...(config.scoring.profile === 'neural-1' ? [] : ['next: set scoring.profile to neural-1, on every validator of the subnet']),
      ].join('\n'),
    );
  });
}
