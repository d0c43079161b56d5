import type { Rules } from '../pallet.js';
import { type ByteReader, encode, option, type Type, u16 } from '../scale.js';
import type { StoreView } from '../storage-item.js';

export interface ApiContext {
  /** The state after the block that is asked about. */
  readonly store: StoreView;
  readonly block: number;
  readonly rules: Rules;
}

export interface ApiMethod {
  readonly api: string;
  readonly name: string;
  readonly inputs: readonly { readonly name: string; readonly type: Type<unknown> | 'extrinsic' }[];
  readonly output: Type<unknown>;
  /** The answer is an `Option`. */
  readonly isOption: boolean;
  /** Shape: the encoded arguments → the encoded answer. Errors: RangeError on foreign bytes. */
  answer(context: ApiContext, args: ByteReader): Uint8Array;
}

interface Declaration<T> {
  readonly api: string;
  readonly name: string;
  readonly inputs: ApiMethod['inputs'];
  readonly output: Type<T>;
  readonly answer: (context: ApiContext, args: ByteReader) => T;
}

export function method<T>({ answer, ...rest }: Declaration<T>): ApiMethod {
  return { ...rest, isOption: false, answer: (context, args) => encode(rest.output, answer(context, args)) };
}

/** A method that answers `Option<T>`. */
export function optionalMethod<T>(declaration: Declaration<T | null> & { readonly output: Type<T> }): ApiMethod {
  return { ...method<T | null>({ ...declaration, output: option(declaration.output) }), isOption: true };
}

export const NETUID = { name: 'netuid', type: u16 } as const;
