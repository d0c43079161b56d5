import type { ApiContext, ApiMethod } from '../runtime-api.js';
import { type ByteReader, encode, option, type Type, u16 } from '../scale.js';

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
