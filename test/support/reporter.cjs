// Mocha's spec output, closed by one line that a machine can read; beside that in a file, where several runs are to be added up.
const { appendFileSync } = require('node:fs');
const { reporters } = require('mocha');

module.exports = class extends reporters.Spec {
  constructor(runner, options) {
    super(runner, options);
    runner.once('end', () => {
      const { passes, failures, pending } = runner.stats;
      const counts = process.env.VOXD_TEST_COUNTS;
      if (counts) appendFileSync(counts, `${passes} ${failures} ${pending}\n`);
      else process.stdout.write(`${passes} passed, ${failures} failed${pending > 0 ? `, ${pending} skipped` : ''}\n`);
    });
  }
};
