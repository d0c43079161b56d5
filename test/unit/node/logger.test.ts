import { expect } from 'chai';
import { nodeFailure } from '../../../node/failures.js';
import { createLogger, LOG_TEXT_MAX, moduleLogger, parseLogLevels } from '../../../node/logger.js';
import { Secret } from '../../../protocol/secret.js';

function capture(options: Parameters<typeof createLogger>[0] = {}) {
  const lines: string[] = [];
  const logger = createLogger({ ...options, destination: { write: (line: string) => void lines.push(line) } });
  return { logger, lines, last: () => JSON.parse(lines.at(-1) ?? '{}') };
}

describe('logger', () => {
  it('shows no secret, wherever it hides', () => {
    const { logger, lines } = capture();
    const cause = new Error('connect postgres://user:hunter2@db/voxd failed');
    logger.info(
      {
        secret: new Secret('hunter2'),
        password: 'hunter2',
        nested: { list: [{ privateKey: 'hunter2', wallet: new Secret({ seed: 'hunter2' }) }] },
        databaseUrl: 'hunter2',
        err: nodeFailure('store.unreachable', { where: 'x', reason: 'y' }, cause),
      },
      'A line',
    );
    logger.child({ token: 'hunter2' }).warn('Another');
    expect(lines).to.have.length(2);
    expect(lines.join('')).to.not.contain('hunter2');
  });

  it('keeps the facts of a failure and the chain of causes', () => {
    const { logger, last } = capture();
    logger.error(
      { err: nodeFailure('node.port_taken', { port: 9615, host: 'h', flag: '--http-port' }, new Error('EADDRINUSE')) },
      'Failed',
    );
    expect(last().err).to.include({ code: 'node.port_taken' });
    expect(last().err.facts).to.deep.equal({ port: 9615, host: 'h', flag: '--http-port' });
    expect(last().err.cause.message).to.equal('EADDRINUSE');
  });

  it('is bounded: text, depth, circles, bytes, big numbers', () => {
    const { logger, lines, last } = capture();
    const circle: Record<string, unknown> = { stake: 2n ** 64n, bytes: new Uint8Array(100_000), text: 'x'.repeat(1_000_000) };
    circle['self'] = circle;
    logger.info({ circle }, 'A line');
    expect(lines[0]?.length).to.be.lessThan(LOG_TEXT_MAX + 1_000);
    expect(last().circle).to.include({ stake: '18446744073709551616', self: '[circular]' });
  });

  it('has levels by module', () => {
    const { logger, lines } = capture({ level: 'warn', modules: { p2p: 'debug' } });
    moduleLogger(logger, 'chain').debug('hidden');
    moduleLogger(logger, 'p2p').debug({ peers: 3 }, 'shown');
    expect(lines.map((line) => JSON.parse(line).module)).to.deep.equal(['p2p']);
    expect(parseLogLevels('warn,p2p=debug')).to.deep.equal({ level: 'warn', modules: { p2p: 'debug' } });
    expect(parseLogLevels('loud')).to.have.property('error');
  });
});
