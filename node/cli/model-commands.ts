import { existsSync, readdirSync } from 'node:fs';
import { mkdir, readdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { type Command, Option } from 'commander';
import { packageSizeBytes } from '../../scoring/manifest.js';
import { generateVoicePackage, VOICE_KINDS, type VoiceKind } from '../../scoring/voices/onnx-voice.js';
import { checkPackage, missingSymbols, sealVoice } from '../compose-models.js';
import { sayDryRun } from './dry-run.js';
import type { Environment } from './environment.js';
import { cliFailure, folderUnwritable } from './failures.js';
import { addImport, addSeal } from './model-import.js';
import { addScore } from './model-score.js';
import { createOutput } from './output.js';

export function addModelCommands(program: Command, env: Environment): void {
  const model = program.command('model').description('Check, score and generate voice models, on this machine, without a chain');
  addCheck(model);
  addScore(model, env);
  addGenerate(model);
  addImport(model);
  addSeal(model);
}

function addCheck(model: Command): void {
  model
    .command('check <dir>')
    .description('Verify a model package: manifest, digests, graph; what a validator does before it runs a model')
    .option('--json', 'print JSON')
    .action(async (dir: string, options: { json?: boolean }) => {
      const out = createOutput({ json: options.json === true });
      const { model: verified, facts } = await checkPackage(dir);
      const { manifest, digest } = verified;
      const missing = missingSymbols(verified);
      out.result(
        {
          ok: true,
          model: digest,
          name: manifest.name,
          version: manifest.version,
          licence: manifest.licence,
          size_bytes: packageSizeBytes(manifest),
          files: manifest.files.map(({ path, sizeBytes, sha256 }) => ({ path, size_bytes: sizeBytes, sha256 })),
          family: manifest.family,
          text: manifest.text,
          missing_symbols: missing,
          graphs: facts.map(({ nodes, operators, randomNodes, tensorDigests }, at) => ({
            file: manifest.graphs[at]?.file,
            inputs: manifest.graphs[at]?.inputs,
            nodes,
            operators,
            random_nodes: randomNodes,
            tensors: tensorDigests.length,
          })),
        },
        () =>
          [
            `${manifest.name} ${manifest.version} is a valid package`,
            `  digest    ${digest}`,
            `  size      ${packageSizeBytes(manifest)} bytes in ${manifest.files.length} files, licence ${manifest.licence}`,
            `  voice     ${manifest.family}, ${manifest.audio.sampleRateHz} Hz, reads ${manifest.text.symbols}, ${symbolsSaid(missing, manifest.text.unknown)}`,
            ...facts.map(
              ({ nodes, operators, randomNodes }, at) =>
                `  graph     ${manifest.graphs[at]?.file}: ${nodes} nodes, ${Object.keys(operators).length} operators, ${randomNodes} random nodes (seeded before it runs)`,
            ),
            `  next      voxd model score ${dir} --seed ${'0'.repeat(8)}`,
          ].join('\n'),
      );
    });
}

function symbolsSaid(missing: readonly string[] | null, unknown: 'drop' | 'error'): string {
  if (missing === null) return 'by espeak-ng';
  if (missing.length === 0) return 'every symbol of our prompts';
  return `without ${missing.join(' ')} (${unknown === 'drop' ? 'left out' : 'such prompts score 0'})`;
}

function addGenerate(model: Command): void {
  model
    .command('generate')
    .description('Write a small formant voice as a model package, to try things with')
    .addOption(new Option('--kind <kind>', 'how it sounds').choices([...VOICE_KINDS]).makeOptionMandatory())
    .requiredOption('--out <dir>', 'new or empty folder')
    .option('--dry-run', 'say what would be done, do nothing')
    .option('--json', 'print JSON')
    .action(async (options: { kind: VoiceKind; out: string; dryRun?: boolean; json?: boolean }) => {
      const out = createOutput({ json: options.json === true });
      const voice = generateVoicePackage(options.kind, { name: `demo-${options.kind}` });
      if (options.dryRun === true) {
        if (existsSync(options.out) && readdirSync(options.out).length > 0)
          throw cliFailure('cli.folder_not_empty', { folder: options.out });
        const files = Object.entries(voice).map(([path, bytes]) => ({ path, size_bytes: bytes.length }));
        return sayDryRun(out, { kind: options.kind, dir: options.out, files }, [
          `a ${options.kind} voice would be written to ${options.out}`,
          ...files.map(({ path, size_bytes }) => `${path}  ${size_bytes} bytes`),
          'and its manifest',
        ]);
      }
      await newFolder(options.out);
      for (const [path, bytes] of Object.entries(voice)) await writeFile(join(options.out, path), bytes);
      const verified = await sealVoice(options.out);
      const sizeBytes = packageSizeBytes(verified.manifest);
      out.result({ ok: true, kind: options.kind, dir: options.out, model: verified.digest, size_bytes: sizeBytes }, () =>
        [
          `wrote ${options.kind} voice to ${options.out} (${sizeBytes} bytes)`,
          `  digest    ${verified.digest}`,
          `  next      voxd model score ${options.out} --seed 00`,
        ].join('\n'),
      );
    });
}

/** Errors: cli.folder_not_empty, cli.folder_unwritable. */
async function newFolder(folder: string): Promise<void> {
  const found = await mkdir(folder, { recursive: true })
    .then(() => readdir(folder))
    .catch((error: unknown) => {
      throw folderUnwritable(folder, error);
    });
  if (found.length > 0) throw cliFailure('cli.folder_not_empty', { folder });
}
