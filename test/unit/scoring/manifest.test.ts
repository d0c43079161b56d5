import { expect } from 'chai';
import fc from 'fast-check';
import { canonicalJson } from '../../../protocol/digest.js';
import { unwrap } from '../../../protocol/result.js';
import type { GraphInput } from '../../../scoring/contracts/inputs.js';
import * as manifests from '../../../scoring/manifest.js';
import { composeManifest } from '../../../scoring/package.js';
import { styleRow, tokenise, unmappedSymbols } from '../../../scoring/tokens.js';
import { tinyDescription } from '../../support/voice-package.js';

const DIGEST = 'a'.repeat(64);
const file = (path: string, kind: manifests.ManifestFile['kind'], sizeBytes = 10): manifests.ManifestFile => ({
  path,
  kind,
  sizeBytes,
  sha256: DIGEST,
  chunks: new Array<string>(Math.ceil(sizeBytes / manifests.CHUNK_SIZE_BYTES)).fill(DIGEST),
});
const FILES = [file('voice.onnx', 'graph'), file('voice.onnx.json', 'config')];
const MANIFEST = unwrap(composeManifest(tinyDescription(), FILES));
const GRAPH = MANIFEST.graphs[0]!;
const [TOKENS, COUNT] = GRAPH.inputs as [GraphInput, GraphInput];
const withGraph = (change: object) => ({ ...MANIFEST, graphs: [{ ...GRAPH, ...change }] });
const withInputs = (inputs: readonly object[]) => withGraph({ inputs });
const text = (value: unknown) => new TextEncoder().encode(canonicalJson(value));
const codeOf = (bytes: Uint8Array) => {
  const parsed = manifests.parseManifest(bytes);
  return parsed.ok ? 'ok' : parsed.error.code;
};

describe('the manifest of a package', () => {
  it('has one byte form, which names the model', () => {
    const bytes = manifests.manifestBytes(MANIFEST);
    const parsed = unwrap(manifests.parseManifest(bytes));
    expect(parsed).to.deep.equal(MANIFEST);
    expect(manifests.modelDigest(parsed)).to.equal(manifests.digestOfManifestBytes(bytes));
    expect(manifests.modelDigest({ ...MANIFEST, version: '2' })).to.not.equal(manifests.modelDigest(MANIFEST));
    expect(manifests.packageSizeBytes(parsed)).to.equal(20);
    expect(manifests.fileOf(parsed, 'voice.onnx')).to.deep.equal(FILES[0]);
  });

  it('sorts the files of its author', () => {
    expect(unwrap(composeManifest(tinyDescription(), [...FILES].reverse()))).to.deep.equal(MANIFEST);
  });

  const big = file('voice.onnx', 'graph', manifests.MODEL_SIZE_BYTES_MAX);
  const broken: readonly [string, unknown, string?][] = [
    ['another schema', { ...MANIFEST, schema: 'voxd-voice/1' }],
    ['an unknown key', { ...MANIFEST, extra: 1 }],
    ['a missing key', { ...MANIFEST, licence: undefined }],
    ['another family', { ...MANIFEST, family: 'unheard-of' }],
    ['a path out of the folder', { ...MANIFEST, files: [file('../voice.onnx', 'graph')] }],
    ['a path with a folder', { ...MANIFEST, files: [file('a/voice.onnx', 'graph')] }],
    ['a hidden file', { ...MANIFEST, files: [file('.voice', 'graph')] }],
    ['a folder name', { ...MANIFEST, files: [file('..', 'graph')] }],
    ['itself in its list', { ...MANIFEST, files: [file('manifest.json', 'config'), ...FILES] }],
    ['a file twice', { ...MANIFEST, files: [FILES[0], FILES[0]] }],
    ['names that differ in case only', { ...MANIFEST, files: [file('Voice.onnx', 'config'), FILES[0]] }],
    ['files out of order', { ...MANIFEST, files: [...FILES].reverse() }],
    ['two graphs', { ...MANIFEST, files: [FILES[0], file('w.onnx', 'graph')] }],
    ['a graph that is not listed', withGraph({ file: 'other.onnx' })],
    ['no files', { ...MANIFEST, files: [] }],
    ['chunk digests that do not fit the size', { ...MANIFEST, files: [{ ...FILES[0], chunks: [DIGEST, DIGEST] }] }],
    ['a digest in capitals', { ...MANIFEST, files: [{ ...FILES[0], sha256: 'A'.repeat(64) }] }],
    ['an empty file', { ...MANIFEST, files: [{ ...FILES[0], sizeBytes: 0, chunks: [] }] }],
    ['too many bytes in all', { ...MANIFEST, files: [big, FILES[1]] }, 'model.too_large'],
    ['two inputs of one name', withInputs([TOKENS, { ...COUNT, name: 'input' }])],
    ['two inputs that want the same', withInputs([TOKENS, { ...TOKENS, name: 'again' }])],
    ['no input for the tokens', withInputs([COUNT])],
    ['an input for a mel that nobody makes', withInputs([TOKENS, { name: 'mel', bind: 'mel', type: 'float32', rank: 3, values: [] }])],
    ['scales without their values', withInputs([TOKENS, { name: 's', bind: 'scales', type: 'float32', rank: 1, values: [667] }])],
    ['tokens that are floats', withInputs([{ ...TOKENS, type: 'float32' }])],
    ['tokens of three dimensions', withInputs([{ ...TOKENS, rank: 3 }])],
    ['half a speed as an integer', withInputs([TOKENS, { name: 'speed', bind: 'speed', type: 'int32', rank: 1, values: [1500] }])],
    ['a speed of nothing', withInputs([TOKENS, { name: 'speed', bind: 'speed', type: 'float32', rank: 1, values: [0] }])],
    ['a style without a table', withInputs([TOKENS, { name: 'style', bind: 'style', type: 'float32', rank: 2, values: [] }])],
    ['a table of styles that nobody wants', { ...MANIFEST, files: [FILES[0], file('w.bin', 'style', 40)] }],
    ['no output of audio', withGraph({ outputs: [{ name: 'output', use: 'none' }] })],
    [
      'two outputs of audio',
      withGraph({
        outputs: [
          { name: 'output', use: 'audio' },
          { name: 'more', use: 'audio' },
        ],
      }),
    ],
    ['a mel at the end', withGraph({ outputs: [{ name: 'output', use: 'mel' }] })],
    ['pads without a pad', { ...MANIFEST, tokens: { ...MANIFEST.tokens, pad: [] } }],
    ['espeak-ng without a version', { ...MANIFEST, text: { ...MANIFEST.text, symbols: 'espeak-ng' } }],
    ['a version of espeak-ng for nothing', { ...MANIFEST, text: { ...MANIFEST.text, espeak: { voice: 'en-us', version: '1.51' } } }],
    [
      'an espeak-ng voice that is an option',
      { ...MANIFEST, text: { symbols: 'espeak-ng', unknown: 'drop', espeak: { voice: '--stdout', version: '1.51' } } },
    ],
    ['a sample rate of nowhere', { ...MANIFEST, audio: { ...MANIFEST.audio, sampleRateHz: 96_000 } }],
    ['a token id below zero', { ...MANIFEST, tokens: { ...MANIFEST.tokens, bos: [-1] } }],
    ['no symbols', { ...MANIFEST, tokens: { ...MANIFEST.tokens, map: {} } }],
    ['control characters in its name', { ...MANIFEST, name: 'a\u001b[2J' }],
    ['a language that is none', { ...MANIFEST, languages: ['the queen’s'] }],
  ];
  for (const [what, value, code = 'model.manifest_malformed'] of broken) {
    it(`is refused with ${what}`, () => {
      expect(codeOf(text(value))).to.equal(code);
    });
  }

  it('is refused in any other byte form', () => {
    const canonical = canonicalJson(MANIFEST);
    const others = [
      ` ${canonical}`,
      `${canonical}\n`,
      JSON.stringify(MANIFEST, null, 1),
      canonical.replace('"tiny"', '"tin\\u0079"'),
      `\ufeff${canonical}`,
    ];
    for (const other of others) expect(codeOf(new TextEncoder().encode(other))).to.equal('model.manifest_malformed');
    const map = canonical.replace('"map":{', '"map":{"__proto__":[1],');
    expect(codeOf(new TextEncoder().encode(map))).to.equal('model.manifest_malformed');
    const twice = canonical.replace('"name":"tiny"', '"name":"other","name":"tiny"');
    expect(codeOf(new TextEncoder().encode(twice))).to.equal('model.manifest_malformed');
  });

  it('is refused above its size before it is read', () => {
    expect(codeOf(new Uint8Array(manifests.MANIFEST_SIZE_BYTES_MAX + 1))).to.equal('model.manifest_too_large');
  });

  it('is parsed or refused, whatever the bytes', () => {
    const bytes = manifests.manifestBytes(MANIFEST);
    fc.assert(
      fc.property(
        fc.oneof(
          fc.uint8Array({ maxLength: 300 }),
          fc.jsonValue().map((value) => new TextEncoder().encode(JSON.stringify(value))),
        ),
        (foreign) => {
          expect(codeOf(foreign)).to.equal('model.manifest_malformed');
        },
      ),
    );
    fc.assert(
      fc.property(fc.nat(bytes.length - 1), fc.nat(255), (at, byte) => {
        const damaged = bytes.slice();
        damaged[at] = byte;
        const parsed = manifests.parseManifest(damaged);
        if (parsed.ok) expect(manifests.manifestBytes(parsed.value)).to.deep.equal(damaged);
      }),
    );
  });
});

describe('prompts as tokens', () => {
  const map = { a: [10], b: [11, 12] };
  const manifest: manifests.Manifest = { ...MANIFEST, tokens: { map, bos: [1], eos: [2], pad: [0], pads: 'after-start' } };
  const idsWith = (tokens: Partial<manifests.Manifest['tokens']>, symbols: readonly string[]) =>
    unwrap(tokenise({ ...manifest, tokens: { ...manifest.tokens, ...tokens } }, symbols)).ids;

  it('stand in the order of each kind of voice', () => {
    expect(idsWith({}, ['a', 'b', 'a']), 'Piper').to.deep.equal([1, 0, 10, 0, 11, 12, 0, 10, 0, 2]);
    expect(idsWith({ pads: 'after-each' }, ['a']), 'the old Python runner').to.deep.equal([1, 10, 0, 2]);
    expect(idsWith({ pads: 'around' }, ['a', 'a']), 'Matcha').to.deep.equal([0, 1, 0, 10, 0, 10, 0, 2, 0]);
    expect(idsWith({ bos: [], eos: [], pads: 'around' }, ['a', 'a']), 'MMS').to.deep.equal([0, 10, 0, 10, 0]);
    expect(idsWith({ bos: [0], eos: [0], pad: [], pads: 'none' }, ['a', 'b']), 'Kokoro').to.deep.equal([0, 10, 11, 12, 0]);
  });

  it('leave out what the voice cannot say, count it, and say what that is', () => {
    expect(unwrap(tokenise(manifest, ['a', 'x', 'constructor']))).to.deep.equal({ ids: [1, 0, 10, 0, 2], spoken: 1, dropped: 2 });
    expect(unmappedSymbols(manifest, ['x', 'a', 'y', 'x', 'toString'])).to.deep.equal(['x', 'y', 'toString']);
  });

  it('are refused when nothing can be said, or too much, or all must be said and cannot', () => {
    const codeOfIds = (symbols: readonly string[], unknown: 'drop' | 'error' = 'drop') => {
      const ids = tokenise({ ...manifest, text: { ...manifest.text, unknown }, limits: { tokens: 16 } }, symbols);
      return ids.ok ? 'ok' : ids.error.code;
    };
    expect(codeOfIds(['x'])).to.equal('scoring.prompt_unspeakable');
    expect(codeOfIds([])).to.equal('scoring.prompt_unspeakable');
    expect(codeOfIds(['a', 'x'])).to.equal('ok');
    expect(codeOfIds(['a', 'x'], 'error')).to.equal('scoring.prompt_unspeakable');
    expect(codeOfIds(new Array<string>(6).fill('a'))).to.equal('ok');
    expect(codeOfIds(new Array<string>(7).fill('a'))).to.equal('scoring.prompt_too_long');
  });

  it('choose the row of the style as the runner does that the manifest names', () => {
    const style = { file: 's.bin', rows: 3, columns: 2, row: 'symbols-1' as const };
    const said = { ids: [0, 7, 8, 0], spoken: 2, dropped: 0 };
    expect(styleRow(style, said)).to.equal(1);
    expect(styleRow({ ...style, row: 'ids-2' }, said)).to.equal(2);
    expect(styleRow(style, { ...said, spoken: 99 })).to.equal(2);
    expect(styleRow({ ...style, row: 'ids-2' }, { ...said, ids: [0] })).to.equal(0);
  });
});
