import type { Command } from 'commander';
import type { StoredAnnouncement } from '../ports.js';
import { addConfigOptions, loadSettings, withStores } from './context.js';
import type { Environment } from './environment.js';
import { createOutput, duration, size, table } from './output.js';

export function addAnnouncementsCommand(program: Command, env: Environment): void {
  const command = program
    .command('announcements')
    .description('Models that are on offer, as this node heard: who, which, since and until when');
  addConfigOptions(command).action(async (flags: Record<string, unknown>) => {
    const out = createOutput({ json: flags['json'] === true });
    const config = await loadSettings(flags, env, 'no chain');
    await withStores(config, async (stores) => {
      const nowMs = Date.now();
      const offers = await stores.announcements.active(nowMs);
      out.result({ ok: true, announcements: offers.map(asJson) }, () => asText(offers, nowMs));
    });
  });
}

function asText(offers: readonly StoredAnnouncement[], nowMs: number): string {
  if (offers.length === 0) return 'no announcement is in force here';
  return table(
    ['hotkey', 'model', 'size', 'claimed at block', 'announced', 'expires', 'also to be had from'],
    offers.map((offer) => [
      offer.hotkey,
      // Whole: `voxd fetch` takes it.
      offer.model,
      size(offer.sizeBytes),
      offer.commitmentBlock,
      `${duration(nowMs - offer.issuedAtMs)} ago`,
      `in ${duration(offer.expiresAtMs - nowMs)}`,
      offer.providers.join(' '),
    ]),
  );
}

function asJson({ envelope, sequence, ...offer }: StoredAnnouncement): object {
  return { ...offer, sequence: String(sequence), envelope: Buffer.from(envelope).toString('base64') };
}
