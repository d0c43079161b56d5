/**
 * A published voice becomes the description of its package: Piper by its configuration, sherpa-onnx by the ONNX metadata, Kokoro and MMS by
 * the names of the inputs. Whatever is found out is said with its source; what cannot be is refused by name and never guessed.
 */
import type { Failure } from '../../protocol/failure.js';
import { ok, type Result } from '../../protocol/result.js';
import type { PackageDescription } from '../package.js';
import { bindsOf, describeGraph, type GraphDescription, layoutOf } from './bind.js';
import { type FamilyFacts, kokoroFacts, mmsFacts, sherpaFacts } from './families.js';
import { piperFacts } from './piper.js';
import {
  type Derived,
  type Finding,
  type GraphSource,
  type ImportChoices,
  incomplete,
  metadataOf,
  usesLoops,
  type VoiceSources,
} from './sources.js';

/** Errors: model.import_incomplete, model.config_malformed. */
export function deriveVoice(sources: VoiceSources, choices: ImportChoices = {}): Result<Derived, Failure> {
  const order = orderGraphs(sources.graphs);
  if (!order.ok) return order;
  const { acoustic, vocoder } = order.value;
  const known = factsOf(acoustic, sources);
  if (!known.ok) return known;
  const facts = known.value;
  const settled = settle(facts, choices);
  if (!settled.ok) return settled;
  const { language, sampleRateHz, text, speaker } = settled.value;
  const values = { noise: 667, length: 1000, noiseW: 800, speed: 1000, language: 0, ...facts.values, speaker };
  const graphs: GraphDescription[] = [];
  for (const [source, use] of stagesOf(acoustic, vocoder)) {
    const described = describeGraph(source, values, use);
    if (!described.ok) return described;
    graphs.push(described.value);
  }
  const last = vocoder ?? acoustic;
  const layout = layoutOf(last, graphs.at(-1)?.outputs.find(({ use }) => use === 'audio')?.name);
  const style = styleOf(facts, sources, choices, speaker);
  if (!style.ok) return style;
  const loops = [acoustic, ...(vocoder ? [vocoder] : [])].some(({ model }) => usesLoops(model.graph));
  const findings: Finding[] = [
    { what: 'family', value: facts.family, from: facts.from },
    { what: 'language', value: language, from: choices.language === undefined ? (facts.told?.language ?? facts.from) : 'you' },
    {
      what: 'sample rate',
      value: `${sampleRateHz} Hz`,
      from: choices.sampleRateHz === undefined ? (facts.told?.sampleRateHz ?? facts.from) : 'you',
    },
    { what: 'text', value: text.symbols, from: choices.text === undefined ? (facts.told?.text ?? facts.from) : 'you' },
    {
      what: 'tokens',
      value: `${Object.keys(facts.tokens.map).length} symbols, pads ${facts.tokens.pads}`,
      from: facts.files[0] ?? facts.from,
    },
    ...graphs.map(({ file, inputs }) => ({
      what: 'inputs',
      value: inputs.map(({ name, bind }) => `${name}=${bind}`).join(' '),
      from: file,
    })),
    ...(facts.speakers > 1
      ? [{ what: 'speaker', value: `${speaker} of ${facts.speakers}`, from: choices.speaker === undefined ? 'the first' : 'you' }]
      : []),
    ...(layout === null ? [{ what: 'layout', value: facts.layout, from: 'the family; the graph does not say' }] : []),
    ...(loops ? [{ what: 'operators', value: 'loops', from: 'the nodes of the graph' }] : []),
    ...facts.assumed,
    ...style.value.findings,
  ];
  return ok({
    description: {
      languages: [language],
      family: facts.family,
      operators: loops ? 'loops' : 'plain',
      graphs,
      audio: { layout: layout ?? facts.layout, sampleRateHz },
      text,
      tokens: facts.tokens,
      style: style.value.table,
      limits: { tokens: facts.tokensMax },
    },
    findings,
    files: [...graphs.map(({ file }) => file), ...facts.files, ...(style.value.file === null ? [] : [style.value.file])],
    cut: style.value.cut,
  });
}

function stagesOf(acoustic: GraphSource, vocoder: GraphSource | null): readonly (readonly [GraphSource, 'audio' | 'mel'])[] {
  return vocoder === null
    ? [[acoustic, 'audio']]
    : [
        [acoustic, 'mel'],
        [vocoder, 'audio'],
      ];
}

function orderGraphs(
  graphs: readonly GraphSource[],
): Result<{ readonly acoustic: GraphSource; readonly vocoder: GraphSource | null }, Failure> {
  const speaking = graphs.filter((graph) => bindsOf(graph).has('tokens'));
  const vocoders = graphs.filter((graph) => bindsOf(graph).has('mel'));
  const [acoustic] = speaking;
  if (acoustic === undefined || speaking.length > 1 || vocoders.length > 1 || speaking.length + vocoders.length < graphs.length) {
    const names = graphs.map(({ path }) => path).join(', ') || 'none';
    return incomplete(`there must be one graph that reads tokens, and at most one vocoder beside it; there is: ${names}`);
  }
  return ok({ acoustic, vocoder: vocoders[0] ?? null });
}

function factsOf(acoustic: GraphSource, sources: VoiceSources): Result<FamilyFacts, Failure> {
  const configPath = `${acoustic.path}.json`;
  const config = sources.texts.get(configPath);
  if (config !== undefined) return piperFacts(acoustic, configPath, config);
  const binds = bindsOf(acoustic);
  if (binds.has('style')) return kokoroFacts(acoustic, sources);
  const { model_type: type } = metadataOf(acoustic.model);
  if (type === 'vits') return sherpaFacts(acoustic, sources, 'vits');
  if (type === 'matcha-tts') {
    if (sources.graphs.length > 1) return sherpaFacts(acoustic, sources, 'matcha');
    return incomplete('a Matcha voice needs its vocoder beside it: put the .onnx of a HiFi-GAN vocoder into the folder');
  }
  if (binds.has('attentionMask')) return mmsFacts(acoustic, sources);
  return incomplete(
    `${acoustic.path} has neither ${configPath} (Piper) beside it, nor metadata of sherpa-onnx, nor the inputs of Kokoro or MMS: ${[...acoustic.model.graph.inputs].map(({ name }) => name).join(', ')}`,
  );
}

interface Settled {
  readonly language: string;
  readonly sampleRateHz: number;
  readonly text: PackageDescription['text'];
  readonly speaker: number;
}

/** What a person says counts before what the files say. */
function settle(facts: FamilyFacts, choices: ImportChoices): Result<Settled, Failure> {
  const language = choices.language ?? facts.language;
  if (language === null) return incomplete('its language stands in no file: say it with --language');
  const sampleRateHz = choices.sampleRateHz ?? facts.sampleRateHz;
  if (sampleRateHz === null) return incomplete('its sample rate stands in no file: say it with --sample-rate');
  const symbols = choices.text ?? facts.text;
  if (symbols === null) return incomplete('whether it reads IPA or letters stands in no file: say it with --text');
  const espeak = symbols === 'espeak-ng' ? (choices.espeak ?? null) : null;
  if (symbols === 'espeak-ng' && espeak === null) return incomplete('--text espeak-ng needs --espeak-voice and --espeak-version');
  const speaker = choices.speaker ?? facts.speaker;
  if (speaker >= facts.speakers) return incomplete(`it has ${facts.speakers} speakers, there is no speaker ${speaker}`);
  return ok({ language, sampleRateHz, text: { symbols, unknown: choices.unknown ?? 'drop', espeak }, speaker });
}

interface StyleFacts {
  readonly table: PackageDescription['style'];
  readonly file: string | null;
  readonly cut: Derived['cut'];
  readonly findings: readonly Finding[];
}

/** One voice's file is taken as it is; of a file with the tables of all speakers the speaker's own is cut out. */
function styleOf(facts: FamilyFacts, { tables }: VoiceSources, choices: ImportChoices, speaker: number): Result<StyleFacts, Failure> {
  if (facts.style === null) return ok({ table: null, file: null, cut: null, findings: [] });
  const { rows, columns } = facts.style;
  const sizeBytes = rows * columns * Float32Array.BYTES_PER_ELEMENT;
  const fitting = tables.filter((table) => table.sizeBytes >= sizeBytes && table.sizeBytes % sizeBytes === 0);
  const wanted = choices.styleFile === undefined ? fitting : fitting.filter(({ path }) => path === choices.styleFile);
  const [found] = wanted;
  if (found === undefined || wanted.length > 1) {
    const names = fitting.map(({ path }) => path).join(', ') || `none of ${sizeBytes} bytes (${rows} × ${columns} float32)`;
    return incomplete(`which table of styles (.bin) is the voice is not known: ${names}; say it with --style`);
  }
  const row = choices.styleRow ?? 'symbols-1';
  const from = choices.styleRow === undefined ? "the model author's runner; --style-row ids-2 is that of the others" : 'you';
  const findings: readonly Finding[] = [
    { what: 'style', value: found.path, from: choices.styleFile === undefined ? 'the only table that fits the graph' : 'you' },
    { what: 'row of the style', value: row, from },
  ];
  if (found.sizeBytes === sizeBytes) return ok({ table: { file: found.path, rows, columns, row }, file: found.path, cut: null, findings });
  const count = found.sizeBytes / sizeBytes;
  if (speaker >= count) return incomplete(`${found.path} holds ${count} voices, there is no speaker ${speaker}`);
  const path = `style-${speaker}.bin`;
  const cut = { path, from: found.path, startByte: speaker * sizeBytes, sizeBytes };
  const own = { what: 'style table', value: `${path}, cut out of ${count}`, from: found.path };
  return ok({ table: { file: path, rows, columns, row }, file: null, cut, findings: [...findings, own] });
}
