import type { ApiPromise } from '@polkadot/api';
import type { ApiOptions } from '@polkadot/api/types';
import { chainFailure } from '../failures.js';

type ExtensionDefinitions = NonNullable<ApiOptions['signedExtensions']>;

const EMPTY = { extrinsic: {}, payload: {} } as const;

/**
 * Transaction extensions of subtensor runtimes, old and new, that put nothing into an extrinsic and nothing into what is signed.
 * Unless they are named here the library warns about each on every connection.
 */
const WITHOUT_BYTES = [
  'SubtensorSignedExtension',
  'CommitmentsSignedExtension',
  'SubtensorTransactionExtension',
  'CommitmentsTransactionExtension',
  'SudoTransactionExtension',
  'CheckShieldedTxValidity',
  'ShieldedTxExtension',
  'DrandPriority',
] as const;

/** The runtime calls its wrapper of `ChargeTransactionPayment` by another name in some versions; its bytes are the same. */
const TIP = { extrinsic: { tip: 'Compact<Balance>' }, payload: {} } as const;

export const SUBTENSOR_EXTENSIONS: ExtensionDefinitions = {
  ...Object.fromEntries(WITHOUT_BYTES.map((name) => [name, EMPTY])),
  ChargeTransactionPaymentWrapper: TIP,
};

/** Extensions whose bytes the library knows. */
const UNDERSTOOD = new Set([
  'CheckNonZeroSender',
  'CheckSpecVersion',
  'CheckTxVersion',
  'CheckGenesis',
  'CheckMortality',
  'CheckEra',
  'CheckNonce',
  'CheckWeight',
  'ChargeTransactionPayment',
  'CheckMetadataHash',
  'StorageWeightReclaim',
  ...Object.keys(SUBTENSOR_EXTENSIONS),
]);

/**
 * Refuses to sign for a runtime with a transaction extension that carries bytes we do not know: the signature would be wrong and the
 * node's answer ("bad signature") would not say why.
 *
 * Errors: throws chain.unknown_extension.
 */
export function assertExtensionsUnderstood(api: ApiPromise): void {
  const { lookup } = api.registry;
  const unknown = extensionsOf(api).filter(({ identifier, type, implicit }) => {
    if (UNDERSTOOD.has(identifier.toString())) return false;
    return !isEmptyType(lookup.getTypeDef(type).type) || !isEmptyType(lookup.getTypeDef(implicit).type);
  });
  if (unknown.length === 0) return;
  throw chainFailure('chain.unknown_extension', {
    extensions: unknown.map(({ identifier }) => identifier.toString()),
    specVersion: api.runtimeVersion.specVersion.toNumber(),
  });
}

/** Metadata before version 16 has another name for what is signed and not sent, and the library drops it on the way to the newest version. */
function extensionsOf({ runtimeMetadata }: Pick<ApiPromise, 'runtimeMetadata'>) {
  if (runtimeMetadata.version >= 16) return [...runtimeMetadata.asLatest.extrinsic.transactionExtensions];
  return runtimeMetadata.asV15.extrinsic.signedExtensions.map(({ identifier, type, additionalSigned }) => ({
    identifier,
    type,
    implicit: additionalSigned,
  }));
}

function isEmptyType(type: string): boolean {
  return type === 'Null' || type === '()' || type === 'ITuple<[]>';
}
