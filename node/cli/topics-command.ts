import type { Command } from 'commander';
import type { TopicView } from '../network/topic-view.js';
import { addConfigOptions, loadSettings } from './context.js';
import type { Environment } from './environment.js';
import { createOutput, duration, table } from './output.js';
import { askNode } from './running-node.js';

export function addTopicsCommand(program: Command, env: Environment): void {
  const command = program
    .command('topics')
    .description('What the running node gossips about, and with how many neighbours')
    .option('--http-port <port>', 'HTTP port of the node');
  addConfigOptions(command).action(async (flags: Record<string, unknown>) => {
    const out = createOutput({ json: flags['json'] === true });
    const config = await loadSettings(flags, env, 'no chain');
    const { topics } = await askNode<{ readonly topics: readonly TopicView[] }>(config, '/v1/topics');
    out.result({ ok: true, topics }, () =>
      table(
        ['topic', 'neighbours', 'who may publish', 'at most', 'one per'],
        topics.map((of) => [
          of.topic,
          of.neighbours,
          of.publishers === 'validator' ? 'permit holders' : 'registered',
          `${of.sizeBytesMax / 1024} KiB`,
          duration(of.intervalMs),
        ]),
      ),
    );
  });
}
