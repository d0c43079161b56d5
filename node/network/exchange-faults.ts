/**
 * What a validator did wrong in the exchange of scores. late: it revealed after the deadline. mismatch: what it revealed does not open its
 * commitment. uncommitted: it revealed without a commitment in time. unreadable: the record is none. foreign: it is about another round or seed.
 * scorer: another scorer made it; that is no offence, only not comparable. silent: it committed and revealed nothing.
 */
export const EXCHANGE_FAULTS = ['late', 'mismatch', 'uncommitted', 'unreadable', 'foreign', 'scorer', 'silent'] as const;
export type ExchangeFault = (typeof EXCHANGE_FAULTS)[number];
