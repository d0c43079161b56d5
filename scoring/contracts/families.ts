/** The families of voices that are not Piper's: what their files and metadata say, with the rules of the runner they were published for. */
import { z } from 'zod';
import type { Failure } from '../../protocol/failure.js';
import { ok, type Result } from '../../protocol/result.js';
import type { PackageDescription } from '../package.js';
import { bindsOf, type InputValues } from './bind.js';
import { type Finding, type GraphSource, incomplete, metadataOf, parseJson, type VoiceSources } from './sources.js';
import { findTokens } from './token-files.js';

/** What is known of a voice beside its ports. Null: the files do not say. */
export interface FamilyFacts {
  readonly family: PackageDescription['family'];
  /** File or place that told most of it. */
  readonly from: string;
  /** What another place told. */
  readonly told?: { readonly language?: string; readonly sampleRateHz?: string; readonly text?: string };
  readonly files: readonly string[];
  readonly language: string | null;
  readonly sampleRateHz: number | null;
  readonly text: PackageDescription['text']['symbols'] | null;
  readonly tokens: PackageDescription['tokens'];
  readonly values: Partial<InputValues>;
  readonly speakers: number;
  readonly speaker: number;
  readonly tokensMax: number;
  /** Shape of one voice's table of styles. */
  readonly style: { readonly rows: number; readonly columns: number } | null;
  /** Where the graph itself does not say. */
  readonly layout: PackageDescription['audio']['layout'];
  /** What stands in no file and is the rule of the runner. */
  readonly assumed: readonly Finding[];
}

const SHERPA = { noise: 667, length: 1000, noiseW: 800 } as const;
const KOKORO = { sampleRateHz: 24_000, contextTokens: 512, rows: 510, columns: 256 } as const;
const TOKENS = 4096;

/** Kokoro, by its inputs: tokens, style, speed. Wrapped in zeros, no pads. */
export function kokoroFacts(acoustic: GraphSource, sources: VoiceSources): Result<FamilyFacts, Failure> {
  const found = tokensOf(sources, 'config.json, tokenizer.json or tokens.txt');
  if (!found.ok) return found;
  const props = metadataOf(acoustic.model);
  const stated = numberOf(props['sample_rate']);
  const metadata = `the metadata of ${acoustic.path}`;
  const columns = acoustic.model.graph.inputs.find(({ name }) => name === 'style')?.tensor?.dims?.at(-1);
  return ok({
    family: 'kokoro',
    from: `the inputs of ${acoustic.path}`,
    told: { language: metadata, sampleRateHz: stated === null ? 'all Kokoro voices have it' : metadata, text: 'all Kokoro voices read it' },
    files: [found.value.path],
    language: props['voice'] ?? null,
    sampleRateHz: stated ?? KOKORO.sampleRateHz,
    text: 'misaki',
    tokens: { map: without(found.value.map, ['$']), bos: [0], eos: [0], pad: [], pads: 'none' },
    values: { speed: 1000 },
    speakers: numberOf(props['n_speakers']) ?? 1,
    speaker: 0,
    tokensMax: KOKORO.contextTokens,
    style: { rows: KOKORO.rows, columns: typeof columns === 'number' ? columns : KOKORO.columns },
    layout: 'T',
    assumed: [],
  });
}

const mmsConfig = z.object({ sampling_rate: z.number().int() });
const mmsTokenizer = z.object({ add_blank: z.boolean().optional(), is_uroman: z.boolean().optional(), language: z.string().nullish() });

/** MMS and other VITS of transformers: characters, with the blank of id 0 around each. */
export function mmsFacts(acoustic: GraphSource, sources: VoiceSources): Result<FamilyFacts, Failure> {
  const found = tokensOf(sources, 'vocab.json or tokenizer.json');
  if (!found.ok) return found;
  const config = readAs(sources, 'config.json', mmsConfig);
  const tokenizer = readAs(sources, 'tokenizer_config.json', mmsTokenizer);
  if (tokenizer?.is_uroman === true) return incomplete('tokenizer_config.json asks for romanised text, which no front end here makes');
  const blank = tokenizer?.add_blank ?? true;
  const assumed: Finding[] = [];
  if (tokenizer?.add_blank === undefined)
    assumed.push({ what: 'blanks', value: 'id 0 around every character', from: 'the default of the family' });
  return ok({
    family: 'mms',
    from: `the inputs of ${acoustic.path}`,
    told: { language: 'tokenizer_config.json', sampleRateHz: 'config.json', text: 'all voices of this family read them' },
    files: [
      found.value.path,
      ...['config.json', 'tokenizer_config.json'].filter((path) => sources.texts.has(path) && path !== found.value.path),
    ],
    language: tokenizer?.language ?? null,
    sampleRateHz: config?.sampling_rate ?? null,
    text: 'characters',
    tokens: { map: without(found.value.map, ['<pad>', '<unk>']), bos: [], eos: [], pad: [0], pads: blank ? 'around' : 'none' },
    values: {},
    speakers: 1,
    speaker: 0,
    tokensMax: TOKENS,
    style: null,
    layout: 'BT',
    assumed,
  });
}

/** VITS and Matcha as published for sherpa-onnx: the ONNX metadata tells the kind, `tokens.txt` the ids. */
export function sherpaFacts(acoustic: GraphSource, sources: VoiceSources, kind: 'vits' | 'matcha'): Result<FamilyFacts, Failure> {
  const found = tokensOf(sources, 'tokens.txt');
  if (!found.ok) return found;
  const props = metadataOf(acoustic.model);
  const { map } = found.value;
  const characters = props['frontend'] === 'characters';
  const reads = characters
    ? 'characters'
    : props['has_espeak'] === '1' || props['voice'] !== undefined || props['comment'] === 'piper'
      ? 'espeak'
      : null;
  const rule = kind === 'matcha' ? matchaTokens(map, props) : vitsTokens(map, props);
  if (!rule.ok) return rule;
  return ok({
    family: kind,
    from: `the metadata of ${acoustic.path}`,
    files: [found.value.path],
    language: props['voice'] ?? null,
    sampleRateHz: numberOf(props['sample_rate']),
    text: reads,
    tokens: rule.value.tokens,
    values: SHERPA,
    speakers: bindsOf(acoustic).has('speaker') ? Math.max(2, numberOf(props['n_speakers']) ?? 2) : 1,
    speaker: 0,
    tokensMax: TOKENS,
    style: null,
    layout: kind === 'matcha' ? 'BT' : 'B1T',
    assumed: [
      { what: 'scales', value: 'noise 0.667, length 1, noise of durations 0.8', from: 'the defaults of sherpa-onnx' },
      ...rule.value.assumed,
    ],
  });
}

type Tokens = Result<{ readonly tokens: FamilyFacts['tokens']; readonly assumed: readonly Finding[] }, Failure>;
type TokenMap = Readonly<Record<string, readonly number[]>>;
type Properties = Readonly<Record<string, string>>;

/** `^ _ p _ … $` as for Piper's own; Coqui and characters by what the metadata says of blank, start and end. */
function vitsTokens(map: TokenMap, props: Properties): Tokens {
  const byPiper = props['comment'] === 'piper' || props['comment'] === 'icefall';
  if (byPiper) {
    const { _: pad, '^': bos, $: eos } = map;
    if (pad === undefined || bos === undefined || eos === undefined) return incomplete('tokens.txt lacks _, ^ or $');
    return ok({ tokens: plain({ map: without(map, ['_', '^', '$']), bos, eos, pad, pads: 'after-start' }), assumed: [] });
  }
  const blank = numberOf(props['add_blank']);
  if (blank === null) return incomplete('the metadata does not say add_blank, so where the blanks stand is not known');
  const edges = props['use_eos_bos'] === '1';
  const [bos, eos] = [numberOf(props['bos_id']), numberOf(props['eos_id'])];
  if (edges && (bos === null || eos === null))
    return incomplete('the metadata asks for start and end symbols and does not say bos_id and eos_id');
  const pad = numberOf(props['blank_id']) ?? 0;
  const assumed =
    props['blank_id'] === undefined && blank === 1 ? [{ what: 'blank', value: 'id 0', from: 'the default of sherpa-onnx' }] : [];
  const tokens = {
    map,
    bos: edges ? [bos ?? 0] : [],
    eos: edges ? [eos ?? 0] : [],
    pad: blank === 1 ? [pad] : [],
    pads: blank === 1 ? 'after-start' : 'none',
  } as const;
  return ok({ tokens: plain(tokens), assumed });
}

/** Blanks around everything, start and end symbols unless the metadata says no. */
function matchaTokens(map: TokenMap, props: Properties): Tokens {
  const { '^': bos, $: eos } = map;
  const edges = (props['use_eos_bos'] ?? '1') === '1';
  if (edges && (bos === undefined || eos === undefined)) return incomplete('tokens.txt lacks ^ or $');
  const assumed: Finding[] = [];
  if (props['use_eos_bos'] === undefined) assumed.push({ what: 'start and end', value: '^ and $', from: 'the default of sherpa-onnx' });
  const pad = numberOf(props['pad_id']);
  if (pad === null) assumed.push({ what: 'blank', value: 'id 0', from: 'the default of sherpa-onnx' });
  const ends = { bos: edges ? (bos ?? []) : [], eos: edges ? (eos ?? []) : [] };
  return ok({ tokens: plain({ map: without(map, ['_', '^', '$']), ...ends, pad: [pad ?? 0], pads: 'around' }), assumed });
}

interface ReadonlyTokens {
  readonly map: TokenMap;
  readonly bos: readonly number[];
  readonly eos: readonly number[];
  readonly pad: readonly number[];
  readonly pads: FamilyFacts['tokens']['pads'];
}

function plain({ map, bos, eos, pad, pads }: ReadonlyTokens): FamilyFacts['tokens'] {
  return { map: without(map, []), bos: [...bos], eos: [...eos], pad: [...pad], pads };
}

/** Special symbols are no text: nobody's prompt may speak them. */
function without(map: TokenMap, special: readonly string[]): Record<string, number[]> {
  return Object.fromEntries(Object.entries(map).flatMap(([symbol, ids]) => (special.includes(symbol) ? [] : [[symbol, [...ids]]])));
}

function tokensOf(sources: VoiceSources, wanted: string): Result<{ readonly path: string; readonly map: TokenMap }, Failure> {
  const found = findTokens(sources);
  if (!found.ok) return found;
  return found.value === null ? incomplete(`there is no file of its tokens (${wanted}) beside the graph`) : ok(found.value);
}

function readAs<T>({ texts }: VoiceSources, path: string, schema: z.ZodType<T>): T | null {
  const bytes = texts.get(path);
  const json = bytes === undefined ? null : parseJson(bytes);
  const parsed = json?.ok ? schema.safeParse(json.value) : null;
  return parsed?.success ? parsed.data : null;
}

function numberOf(text: string | undefined): number | null {
  const value = Number(text);
  return text === undefined || text.trim() === '' || !Number.isInteger(value) || value < 0 ? null : value;
}
