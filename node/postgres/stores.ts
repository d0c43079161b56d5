import type { Stores } from '../ports.js';
import { createAuditStore, createFlagStore } from './audit-stores.js';
import { createEquivocationStore } from './equivocation-store.js';
import { createAnnouncementStore, createSequenceStore } from './message-stores.js';
import { createPeerRuleStore } from './peer-rule-store.js';
import { createProgressStore } from './progress-store.js';
import { createRegistryStore } from './registry-store.js';
import { createModelStore, createRoundStore, createStandingStore } from './round-stores.js';
import { createScoreStore } from './score-store.js';
import type { TransactionalSql } from './sql.js';
import { createSubmissionStore } from './submission-store.js';

/** All stores of the daemon over one migrated database. */
export function createStores(sql: TransactionalSql): Stores {
  return {
    registry: createRegistryStore(sql),
    announcements: createAnnouncementStore(sql),
    sequences: createSequenceStore(sql),
    equivocations: createEquivocationStore(sql),
    peerRules: createPeerRuleStore(sql),
    models: createModelStore(sql),
    rounds: createRoundStore(sql),
    scores: createScoreStore(sql),
    progress: createProgressStore(sql),
    audits: createAuditStore(sql),
    flags: createFlagStore(sql),
    standings: createStandingStore(sql),
    submissions: createSubmissionStore(sql),
  };
}
