/**
 * libp2p's peer store reaches `Promise.withResolvers` (through it-queue), which Node 20 lacks; without this shim the process dies on stop or on a
 * failed dial. Imported first by every entry point. Delete it when Node 22 is the oldest supported version.
 */
interface Resolvers<T> {
  promise: Promise<T>;
  resolve: (value: T | PromiseLike<T>) => void;
  reject: (reason?: unknown) => void;
}

const promiseClass = Promise as unknown as { withResolvers?: <T>() => Resolvers<T> };

promiseClass.withResolvers ??= <T>(): Resolvers<T> => {
  let resolve!: Resolvers<T>['resolve'];
  let reject!: Resolvers<T>['reject'];
  const promise = new Promise<T>((res, rej) => {
    resolve = res;
    reject = rej;
  });
  return { promise, resolve, reject };
};
