/* eslint-disable import/export */
/* eslint-disable complexity */
/* eslint-disable @typescript-eslint/no-namespace */
/* eslint-disable @typescript-eslint/no-unnecessary-boolean-literal-compare */
/* eslint-disable @typescript-eslint/no-empty-interface */
/* eslint-disable import/consistent-type-specifier-style */
/* eslint-disable @typescript-eslint/no-unused-vars */

import { decodeMessage, encodeMessage, MaxLengthError, message } from 'protons-runtime'
import { alloc as uint8ArrayAlloc } from 'uint8arrays/alloc'
import type { Codec, DecodeOptions } from 'protons-runtime'
import type { Uint8ArrayList } from 'uint8arraylist'

export interface SignedEnvelope {
  body: Uint8Array
  signature: Uint8Array
}

export namespace SignedEnvelope {
  let _codec: Codec<SignedEnvelope>

  export const codec = (): Codec<SignedEnvelope> => {
    if (_codec == null) {
      _codec = message<SignedEnvelope>((obj, w, opts = {}) => {
        if (opts.lengthDelimited !== false) {
          w.fork()
        }

        if ((obj.body != null && obj.body.byteLength > 0)) {
          w.uint32(10)
          w.bytes(obj.body)
        }

        if ((obj.signature != null && obj.signature.byteLength > 0)) {
          w.uint32(18)
          w.bytes(obj.signature)
        }

        if (opts.lengthDelimited !== false) {
          w.ldelim()
        }
      }, (reader, length, opts = {}) => {
        const obj: any = {
          body: uint8ArrayAlloc(0),
          signature: uint8ArrayAlloc(0)
        }

        const end = length == null ? reader.len : reader.pos + length

        while (reader.pos < end) {
          const tag = reader.uint32()

          switch (tag >>> 3) {
            case 1: {
              obj.body = reader.bytes()
              break
            }
            case 2: {
              obj.signature = reader.bytes()
              break
            }
            default: {
              reader.skipType(tag & 7)
              break
            }
          }
        }

        return obj
      })
    }

    return _codec
  }

  export const encode = (obj: Partial<SignedEnvelope>): Uint8Array => {
    return encodeMessage(obj, SignedEnvelope.codec())
  }

  export const decode = (buf: Uint8Array | Uint8ArrayList, opts?: DecodeOptions<SignedEnvelope>): SignedEnvelope => {
    return decodeMessage(buf, SignedEnvelope.codec(), opts)
  }
}

export interface Body {
  version: number
  genesis: Uint8Array
  netuid: number
  kind: number
  hotkey: Uint8Array
  seq: bigint
  issuedMs: bigint
  expiresMs: bigint
  refBlock: bigint
  payload: Uint8Array
}

export namespace Body {
  let _codec: Codec<Body>

  export const codec = (): Codec<Body> => {
    if (_codec == null) {
      _codec = message<Body>((obj, w, opts = {}) => {
        if (opts.lengthDelimited !== false) {
          w.fork()
        }

        if ((obj.version != null && obj.version !== 0)) {
          w.uint32(8)
          w.uint32(obj.version)
        }

        if ((obj.genesis != null && obj.genesis.byteLength > 0)) {
          w.uint32(18)
          w.bytes(obj.genesis)
        }

        if ((obj.netuid != null && obj.netuid !== 0)) {
          w.uint32(24)
          w.uint32(obj.netuid)
        }

        if ((obj.kind != null && obj.kind !== 0)) {
          w.uint32(32)
          w.uint32(obj.kind)
        }

        if ((obj.hotkey != null && obj.hotkey.byteLength > 0)) {
          w.uint32(42)
          w.bytes(obj.hotkey)
        }

        if ((obj.seq != null && obj.seq !== 0n)) {
          w.uint32(48)
          w.uint64(obj.seq)
        }

        if ((obj.issuedMs != null && obj.issuedMs !== 0n)) {
          w.uint32(56)
          w.uint64(obj.issuedMs)
        }

        if ((obj.expiresMs != null && obj.expiresMs !== 0n)) {
          w.uint32(64)
          w.uint64(obj.expiresMs)
        }

        if ((obj.refBlock != null && obj.refBlock !== 0n)) {
          w.uint32(72)
          w.uint64(obj.refBlock)
        }

        if ((obj.payload != null && obj.payload.byteLength > 0)) {
          w.uint32(82)
          w.bytes(obj.payload)
        }

        if (opts.lengthDelimited !== false) {
          w.ldelim()
        }
      }, (reader, length, opts = {}) => {
        const obj: any = {
          version: 0,
          genesis: uint8ArrayAlloc(0),
          netuid: 0,
          kind: 0,
          hotkey: uint8ArrayAlloc(0),
          seq: 0n,
          issuedMs: 0n,
          expiresMs: 0n,
          refBlock: 0n,
          payload: uint8ArrayAlloc(0)
        }

        const end = length == null ? reader.len : reader.pos + length

        while (reader.pos < end) {
          const tag = reader.uint32()

          switch (tag >>> 3) {
            case 1: {
              obj.version = reader.uint32()
              break
            }
            case 2: {
              obj.genesis = reader.bytes()
              break
            }
            case 3: {
              obj.netuid = reader.uint32()
              break
            }
            case 4: {
              obj.kind = reader.uint32()
              break
            }
            case 5: {
              obj.hotkey = reader.bytes()
              break
            }
            case 6: {
              obj.seq = reader.uint64()
              break
            }
            case 7: {
              obj.issuedMs = reader.uint64()
              break
            }
            case 8: {
              obj.expiresMs = reader.uint64()
              break
            }
            case 9: {
              obj.refBlock = reader.uint64()
              break
            }
            case 10: {
              obj.payload = reader.bytes()
              break
            }
            default: {
              reader.skipType(tag & 7)
              break
            }
          }
        }

        return obj
      })
    }

    return _codec
  }

  export const encode = (obj: Partial<Body>): Uint8Array => {
    return encodeMessage(obj, Body.codec())
  }

  export const decode = (buf: Uint8Array | Uint8ArrayList, opts?: DecodeOptions<Body>): Body => {
    return decodeMessage(buf, Body.codec(), opts)
  }
}

export interface AnnouncePayload {
  model: Uint8Array
  manifestSize: number
  totalSize: bigint
  commitmentBlock: bigint
  providers: string[]
}

export namespace AnnouncePayload {
  let _codec: Codec<AnnouncePayload>

  export const codec = (): Codec<AnnouncePayload> => {
    if (_codec == null) {
      _codec = message<AnnouncePayload>((obj, w, opts = {}) => {
        if (opts.lengthDelimited !== false) {
          w.fork()
        }

        if ((obj.model != null && obj.model.byteLength > 0)) {
          w.uint32(10)
          w.bytes(obj.model)
        }

        if ((obj.manifestSize != null && obj.manifestSize !== 0)) {
          w.uint32(16)
          w.uint32(obj.manifestSize)
        }

        if ((obj.totalSize != null && obj.totalSize !== 0n)) {
          w.uint32(24)
          w.uint64(obj.totalSize)
        }

        if ((obj.commitmentBlock != null && obj.commitmentBlock !== 0n)) {
          w.uint32(32)
          w.uint64(obj.commitmentBlock)
        }

        if (obj.providers != null) {
          for (const value of obj.providers) {
            w.uint32(42)
            w.string(value)
          }
        }

        if (opts.lengthDelimited !== false) {
          w.ldelim()
        }
      }, (reader, length, opts = {}) => {
        const obj: any = {
          model: uint8ArrayAlloc(0),
          manifestSize: 0,
          totalSize: 0n,
          commitmentBlock: 0n,
          providers: []
        }

        const end = length == null ? reader.len : reader.pos + length

        while (reader.pos < end) {
          const tag = reader.uint32()

          switch (tag >>> 3) {
            case 1: {
              obj.model = reader.bytes()
              break
            }
            case 2: {
              obj.manifestSize = reader.uint32()
              break
            }
            case 3: {
              obj.totalSize = reader.uint64()
              break
            }
            case 4: {
              obj.commitmentBlock = reader.uint64()
              break
            }
            case 5: {
              if (opts.limits?.providers != null && obj.providers.length === opts.limits.providers) {
                throw new MaxLengthError('Decode error - map field "providers" had too many elements')
              }

              obj.providers.push(reader.string())
              break
            }
            default: {
              reader.skipType(tag & 7)
              break
            }
          }
        }

        return obj
      })
    }

    return _codec
  }

  export const encode = (obj: Partial<AnnouncePayload>): Uint8Array => {
    return encodeMessage(obj, AnnouncePayload.codec())
  }

  export const decode = (buf: Uint8Array | Uint8ArrayList, opts?: DecodeOptions<AnnouncePayload>): AnnouncePayload => {
    return decodeMessage(buf, AnnouncePayload.codec(), opts)
  }
}

export interface ScoreCommitPayload {
  round: bigint
  commitment: Uint8Array
  nextNonceDigest: Uint8Array
}

export namespace ScoreCommitPayload {
  let _codec: Codec<ScoreCommitPayload>

  export const codec = (): Codec<ScoreCommitPayload> => {
    if (_codec == null) {
      _codec = message<ScoreCommitPayload>((obj, w, opts = {}) => {
        if (opts.lengthDelimited !== false) {
          w.fork()
        }

        if ((obj.round != null && obj.round !== 0n)) {
          w.uint32(8)
          w.uint64(obj.round)
        }

        if ((obj.commitment != null && obj.commitment.byteLength > 0)) {
          w.uint32(18)
          w.bytes(obj.commitment)
        }

        if ((obj.nextNonceDigest != null && obj.nextNonceDigest.byteLength > 0)) {
          w.uint32(26)
          w.bytes(obj.nextNonceDigest)
        }

        if (opts.lengthDelimited !== false) {
          w.ldelim()
        }
      }, (reader, length, opts = {}) => {
        const obj: any = {
          round: 0n,
          commitment: uint8ArrayAlloc(0),
          nextNonceDigest: uint8ArrayAlloc(0)
        }

        const end = length == null ? reader.len : reader.pos + length

        while (reader.pos < end) {
          const tag = reader.uint32()

          switch (tag >>> 3) {
            case 1: {
              obj.round = reader.uint64()
              break
            }
            case 2: {
              obj.commitment = reader.bytes()
              break
            }
            case 3: {
              obj.nextNonceDigest = reader.bytes()
              break
            }
            default: {
              reader.skipType(tag & 7)
              break
            }
          }
        }

        return obj
      })
    }

    return _codec
  }

  export const encode = (obj: Partial<ScoreCommitPayload>): Uint8Array => {
    return encodeMessage(obj, ScoreCommitPayload.codec())
  }

  export const decode = (buf: Uint8Array | Uint8ArrayList, opts?: DecodeOptions<ScoreCommitPayload>): ScoreCommitPayload => {
    return decodeMessage(buf, ScoreCommitPayload.codec(), opts)
  }
}

export interface ScoreRevealPayload {
  round: bigint
  nonce: Uint8Array
  recordDigests: Uint8Array[]
  record: Uint8Array
}

export namespace ScoreRevealPayload {
  let _codec: Codec<ScoreRevealPayload>

  export const codec = (): Codec<ScoreRevealPayload> => {
    if (_codec == null) {
      _codec = message<ScoreRevealPayload>((obj, w, opts = {}) => {
        if (opts.lengthDelimited !== false) {
          w.fork()
        }

        if ((obj.round != null && obj.round !== 0n)) {
          w.uint32(8)
          w.uint64(obj.round)
        }

        if ((obj.nonce != null && obj.nonce.byteLength > 0)) {
          w.uint32(18)
          w.bytes(obj.nonce)
        }

        if (obj.recordDigests != null) {
          for (const value of obj.recordDigests) {
            w.uint32(26)
            w.bytes(value)
          }
        }

        if ((obj.record != null && obj.record.byteLength > 0)) {
          w.uint32(34)
          w.bytes(obj.record)
        }

        if (opts.lengthDelimited !== false) {
          w.ldelim()
        }
      }, (reader, length, opts = {}) => {
        const obj: any = {
          round: 0n,
          nonce: uint8ArrayAlloc(0),
          recordDigests: [],
          record: uint8ArrayAlloc(0)
        }

        const end = length == null ? reader.len : reader.pos + length

        while (reader.pos < end) {
          const tag = reader.uint32()

          switch (tag >>> 3) {
            case 1: {
              obj.round = reader.uint64()
              break
            }
            case 2: {
              obj.nonce = reader.bytes()
              break
            }
            case 3: {
              if (opts.limits?.recordDigests != null && obj.recordDigests.length === opts.limits.recordDigests) {
                throw new MaxLengthError('Decode error - map field "recordDigests" had too many elements')
              }

              obj.recordDigests.push(reader.bytes())
              break
            }
            case 4: {
              obj.record = reader.bytes()
              break
            }
            default: {
              reader.skipType(tag & 7)
              break
            }
          }
        }

        return obj
      })
    }

    return _codec
  }

  export const encode = (obj: Partial<ScoreRevealPayload>): Uint8Array => {
    return encodeMessage(obj, ScoreRevealPayload.codec())
  }

  export const decode = (buf: Uint8Array | Uint8ArrayList, opts?: DecodeOptions<ScoreRevealPayload>): ScoreRevealPayload => {
    return decodeMessage(buf, ScoreRevealPayload.codec(), opts)
  }
}

export interface HavePayload {
  models: Uint8Array[]
}

export namespace HavePayload {
  let _codec: Codec<HavePayload>

  export const codec = (): Codec<HavePayload> => {
    if (_codec == null) {
      _codec = message<HavePayload>((obj, w, opts = {}) => {
        if (opts.lengthDelimited !== false) {
          w.fork()
        }

        if (obj.models != null) {
          for (const value of obj.models) {
            w.uint32(10)
            w.bytes(value)
          }
        }

        if (opts.lengthDelimited !== false) {
          w.ldelim()
        }
      }, (reader, length, opts = {}) => {
        const obj: any = {
          models: []
        }

        const end = length == null ? reader.len : reader.pos + length

        while (reader.pos < end) {
          const tag = reader.uint32()

          switch (tag >>> 3) {
            case 1: {
              if (opts.limits?.models != null && obj.models.length === opts.limits.models) {
                throw new MaxLengthError('Decode error - map field "models" had too many elements')
              }

              obj.models.push(reader.bytes())
              break
            }
            default: {
              reader.skipType(tag & 7)
              break
            }
          }
        }

        return obj
      })
    }

    return _codec
  }

  export const encode = (obj: Partial<HavePayload>): Uint8Array => {
    return encodeMessage(obj, HavePayload.codec())
  }

  export const decode = (buf: Uint8Array | Uint8ArrayList, opts?: DecodeOptions<HavePayload>): HavePayload => {
    return decodeMessage(buf, HavePayload.codec(), opts)
  }
}

export interface BindingBody {
  genesis: Uint8Array
  netuid: number
  hotkey: Uint8Array
  peerKey: Uint8Array
  addresses: string[]
  seq: bigint
  notBeforeMs: bigint
  notAfterMs: bigint
}

export namespace BindingBody {
  let _codec: Codec<BindingBody>

  export const codec = (): Codec<BindingBody> => {
    if (_codec == null) {
      _codec = message<BindingBody>((obj, w, opts = {}) => {
        if (opts.lengthDelimited !== false) {
          w.fork()
        }

        if ((obj.genesis != null && obj.genesis.byteLength > 0)) {
          w.uint32(10)
          w.bytes(obj.genesis)
        }

        if ((obj.netuid != null && obj.netuid !== 0)) {
          w.uint32(16)
          w.uint32(obj.netuid)
        }

        if ((obj.hotkey != null && obj.hotkey.byteLength > 0)) {
          w.uint32(26)
          w.bytes(obj.hotkey)
        }

        if ((obj.peerKey != null && obj.peerKey.byteLength > 0)) {
          w.uint32(34)
          w.bytes(obj.peerKey)
        }

        if (obj.addresses != null) {
          for (const value of obj.addresses) {
            w.uint32(42)
            w.string(value)
          }
        }

        if ((obj.seq != null && obj.seq !== 0n)) {
          w.uint32(48)
          w.uint64(obj.seq)
        }

        if ((obj.notBeforeMs != null && obj.notBeforeMs !== 0n)) {
          w.uint32(56)
          w.uint64(obj.notBeforeMs)
        }

        if ((obj.notAfterMs != null && obj.notAfterMs !== 0n)) {
          w.uint32(64)
          w.uint64(obj.notAfterMs)
        }

        if (opts.lengthDelimited !== false) {
          w.ldelim()
        }
      }, (reader, length, opts = {}) => {
        const obj: any = {
          genesis: uint8ArrayAlloc(0),
          netuid: 0,
          hotkey: uint8ArrayAlloc(0),
          peerKey: uint8ArrayAlloc(0),
          addresses: [],
          seq: 0n,
          notBeforeMs: 0n,
          notAfterMs: 0n
        }

        const end = length == null ? reader.len : reader.pos + length

        while (reader.pos < end) {
          const tag = reader.uint32()

          switch (tag >>> 3) {
            case 1: {
              obj.genesis = reader.bytes()
              break
            }
            case 2: {
              obj.netuid = reader.uint32()
              break
            }
            case 3: {
              obj.hotkey = reader.bytes()
              break
            }
            case 4: {
              obj.peerKey = reader.bytes()
              break
            }
            case 5: {
              if (opts.limits?.addresses != null && obj.addresses.length === opts.limits.addresses) {
                throw new MaxLengthError('Decode error - map field "addresses" had too many elements')
              }

              obj.addresses.push(reader.string())
              break
            }
            case 6: {
              obj.seq = reader.uint64()
              break
            }
            case 7: {
              obj.notBeforeMs = reader.uint64()
              break
            }
            case 8: {
              obj.notAfterMs = reader.uint64()
              break
            }
            default: {
              reader.skipType(tag & 7)
              break
            }
          }
        }

        return obj
      })
    }

    return _codec
  }

  export const encode = (obj: Partial<BindingBody>): Uint8Array => {
    return encodeMessage(obj, BindingBody.codec())
  }

  export const decode = (buf: Uint8Array | Uint8ArrayList, opts?: DecodeOptions<BindingBody>): BindingBody => {
    return decodeMessage(buf, BindingBody.codec(), opts)
  }
}

export interface SignedBinding {
  body: Uint8Array
  hotkeySignature: Uint8Array
  peerSignature: Uint8Array
}

export namespace SignedBinding {
  let _codec: Codec<SignedBinding>

  export const codec = (): Codec<SignedBinding> => {
    if (_codec == null) {
      _codec = message<SignedBinding>((obj, w, opts = {}) => {
        if (opts.lengthDelimited !== false) {
          w.fork()
        }

        if ((obj.body != null && obj.body.byteLength > 0)) {
          w.uint32(10)
          w.bytes(obj.body)
        }

        if ((obj.hotkeySignature != null && obj.hotkeySignature.byteLength > 0)) {
          w.uint32(18)
          w.bytes(obj.hotkeySignature)
        }

        if ((obj.peerSignature != null && obj.peerSignature.byteLength > 0)) {
          w.uint32(26)
          w.bytes(obj.peerSignature)
        }

        if (opts.lengthDelimited !== false) {
          w.ldelim()
        }
      }, (reader, length, opts = {}) => {
        const obj: any = {
          body: uint8ArrayAlloc(0),
          hotkeySignature: uint8ArrayAlloc(0),
          peerSignature: uint8ArrayAlloc(0)
        }

        const end = length == null ? reader.len : reader.pos + length

        while (reader.pos < end) {
          const tag = reader.uint32()

          switch (tag >>> 3) {
            case 1: {
              obj.body = reader.bytes()
              break
            }
            case 2: {
              obj.hotkeySignature = reader.bytes()
              break
            }
            case 3: {
              obj.peerSignature = reader.bytes()
              break
            }
            default: {
              reader.skipType(tag & 7)
              break
            }
          }
        }

        return obj
      })
    }

    return _codec
  }

  export const encode = (obj: Partial<SignedBinding>): Uint8Array => {
    return encodeMessage(obj, SignedBinding.codec())
  }

  export const decode = (buf: Uint8Array | Uint8ArrayList, opts?: DecodeOptions<SignedBinding>): SignedBinding => {
    return decodeMessage(buf, SignedBinding.codec(), opts)
  }
}
