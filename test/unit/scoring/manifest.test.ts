import { expect } from 'chai';
import fc from 'fast-check';
import { canonicalJson } from '../../../protocol/digest.js';
import { unwrap } from '../../../protocol/result.js';
import * as manifests from '../../../scoring/manifest.js';
import { composeManifest } from '../../../scoring/package.js';
import { tokenIds, unmappedSymbols } from '../../../scoring/tokens.js';
import { tinyDescription } from '../../support/voice-package.js';

const DIGEST = 'a'.repeat(64);
const file = (path: string, kind: 'graph' | 'config', sizeBytes = 10): manifests.ManifestFile => ({
  path,
  kind,
  sizeBytes,
  sha256: DIGEST,
  chunks: new Array<string>(Math.ceil(sizeBytes / manifests.CHUNK_SIZE_BYTES)).fill(DIGEST),
});
const FILES = [file('voice.onnx', 'graph'), file('voice.onnx.json', 'config')];
const MANIFEST = unwrap(composeManifest(tinyDescription(), FILES));
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
    expect(manifests.graphFile(parsed).path).to.equal('voice.onnx');
  });

  it('sorts the files of its author', () => {
    expect(unwrap(composeManifest(tinyDescription(), [...FILES].reverse()))).to.deep.equal(MANIFEST);
  });

  const big = file('voice.onnx', 'graph', manifests.MODEL_SIZE_BYTES_MAX);
  const broken: readonly [string, unknown, string?][] = [
    ['another schema', { ...MANIFEST, schema: 'voxd-voice/2' }],
    ['an unknown key', { ...MANIFEST, extra: 1 }],
    ['a missing key', { ...MANIFEST, licence: undefined }],
    ['another family', { ...MANIFEST, family: 'kokoro' }],
    ['a path out of the folder', { ...MANIFEST, graph: '../voice.onnx', files: [file('../voice.onnx', 'graph')] }],
    ['a path with a folder', { ...MANIFEST, graph: 'a/voice.onnx', files: [file('a/voice.onnx', 'graph')] }],
    ['a hidden file', { ...MANIFEST, graph: '.voice', files: [file('.voice', 'graph')] }],
    ['a folder name', { ...MANIFEST, graph: '..', files: [file('..', 'graph')] }],
    ['itself in its list', { ...MANIFEST, files: [file('manifest.json', 'config'), ...FILES] }],
    ['a file twice', { ...MANIFEST, files: [FILES[0], FILES[0]] }],
    ['names that differ in case only', { ...MANIFEST, files: [file('Voice.onnx', 'config'), FILES[0]] }],
    ['files out of order', { ...MANIFEST, files: [...FILES].reverse() }],
    ['two graphs', { ...MANIFEST, files: [FILES[0], file('w.onnx', 'graph')] }],
    ['a graph that is not listed', { ...MANIFEST, graph: 'other.onnx' }],
    ['no files', { ...MANIFEST, files: [] }],
    ['chunk digests that do not fit the size', { ...MANIFEST, files: [{ ...FILES[0], chunks: [DIGEST, DIGEST] }] }],
    ['a digest in capitals', { ...MANIFEST, files: [{ ...FILES[0], sha256: 'A'.repeat(64) }] }],
    ['an empty file', { ...MANIFEST, files: [{ ...FILES[0], sizeBytes: 0, chunks: [] }] }],
    ['too many bytes in all', { ...MANIFEST, files: [big, FILES[1]] }, 'model.too_large'],
    ['two inputs of one name', { ...MANIFEST, inputs: { ...MANIFEST.inputs, scales: 'input' } }],
    ['a speaker without an input', { ...MANIFEST, speaker: 1 }],
    ['an input for a speaker without one', { ...MANIFEST, inputs: { ...MANIFEST.inputs, speaker: 'sid' } }],
    ['a sample rate of nowhere', { ...MANIFEST, sampleRateHz: 96_000 }],
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
  const manifest: manifests.Manifest = { ...MANIFEST, tokens: { map, bos: [1], eos: [2], pad: [0], padAfterBos: true } };

  it('stand in Piper’s order', () => {
    expect(unwrap(tokenIds(manifest, ['a', 'b', 'a']))).to.deep.equal([1, 0, 10, 0, 11, 12, 0, 10, 0, 2]);
    const old: manifests.Manifest = { ...manifest, tokens: { ...manifest.tokens, padAfterBos: false } };
    expect(unwrap(tokenIds(old, ['a']))).to.deep.equal([1, 10, 0, 2]);
  });

  it('leave out what the voice cannot say, and say what that is', () => {
    expect(unwrap(tokenIds(manifest, ['a', 'x', 'constructor']))).to.deep.equal([1, 0, 10, 0, 2]);
    expect(unmappedSymbols(manifest, ['x', 'a', 'y', 'x', 'toString'])).to.deep.equal(['x', 'y', 'toString']);
  });

  it('are refused when nothing can be said, or too much', () => {
    const codeOfIds = (symbols: readonly string[]) => {
      const ids = tokenIds({ ...manifest, limits: { tokens: 16 } }, symbols);
      return ids.ok ? 'ok' : ids.error.code;
    };
    expect(codeOfIds(['x'])).to.equal('scoring.prompt_unspeakable');
    expect(codeOfIds([])).to.equal('scoring.prompt_unspeakable');
    expect(codeOfIds(new Array<string>(6).fill('a'))).to.equal('ok');
    expect(codeOfIds(new Array<string>(7).fill('a'))).to.equal('scoring.prompt_too_long');
  });
});
