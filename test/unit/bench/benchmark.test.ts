import { expect } from 'chai';
import { type BenchReport, figure, median, percentile, reportJson, reportText, rowBeside } from '../../../bench/benchmark.js';

const REPORT: BenchReport = {
  machine: { cpu: 'A CPU', cores: 2, memoryGiB: 3.7, node: '20.19.0', platform: 'linux x64', load: 0.5 },
  quick: false,
  results: [
    {
      name: 'demo',
      what: 'a thing',
      rows: [
        rowBeside({ measure: 'fast', value: 1500, unit: 'x/s', limit: 'light' }, { name: 'bare', value: 3000 }),
        { measure: 'alone', value: 0.12345, unit: 's', limit: 'sound' },
      ],
    },
  ],
};

describe('the figures of benchmarks', () => {
  it('takes the middle value, or the mean of the two middle ones', () => {
    expect(median([9, 1, 5])).to.equal(5);
    expect(median([1, 100, 3, 5])).to.equal(4);
    expect(median([7])).to.equal(7);
    expect(() => median([])).to.throw(RangeError);
  });

  it('takes the value that a share of them do not exceed', () => {
    const hundred = Array.from({ length: 100 }, (_, n) => 100 - n);
    expect([0, 0.5, 0.99, 1].map((share) => percentile(hundred, share))).to.deep.equal([1, 51, 100, 100]);
    expect(percentile([], 0.5)).to.be.NaN;
  });

  it('divides by the peer, and by nothing when the peer did nothing', () => {
    expect(rowBeside({ measure: 'm', value: 3, unit: 's', limit: '' }, { name: 'p', value: 4 }).ratio).to.equal(0.75);
    expect(rowBeside({ measure: 'm', value: 3, unit: 's', limit: '' }, { name: 'p', value: 0 })).to.not.have.property('ratio');
  });

  it('shows three digits', () => {
    expect([1234.5, 123.45, 12.345, 0.0012345, 0, Number.NaN].map(figure)).to.deep.equal(['1,235', '123', '12.3', '0.00123', '0', '–']);
  });

  it('prints a table whose columns line up, under the machine it was measured on', () => {
    expect(reportText(REPORT).split('\n')).to.deep.equal([
      'A CPU, 2 cores, 3.7 GiB; Node 20.19.0, linux x64; load 0.50 at the start',
      '',
      '### demo — a thing',
      '',
      '| measure | value     | peer in the same run | ratio | limit |',
      '|---------|-----------|----------------------|-------|-------|',
      '| fast    | 1,500 x/s | bare: 3,000          | 0.5 × | light |',
      '| alone   | 0.123 s   |                      |       | sound |',
      '',
    ]);
    expect(reportText({ ...REPORT, quick: true })).to.contain('QUICK run');
  });

  it('prints JSON that loses nothing', () => {
    expect(JSON.parse(reportJson(REPORT))).to.deep.equal(REPORT);
  });
});
