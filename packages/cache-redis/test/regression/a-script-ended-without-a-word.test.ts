import { describe, expect, it } from 'vitest';
import { runScript } from '../support/run-script.ts';

describe('a script', { timeout: 60_000 }, () => {
  it('that forgets a claim is told so when it ends', async () => {
    const { code, output } = await runScript('forgotten-claim');
    expect(code).toBe(0);
    expect(output).toContain('claimed');
    expect(output).toMatch(/The process ends while .*: lead:\*\*\*@example\.com\. /);
  });

  it('that waits for a claim which was forgotten goes on when that lapses', async () => {
    const { code, output } = await runScript('waiting-read');
    expect(output).toContain('loaded');
    expect(output).toContain('claim lapsed');
    expect(code).toBe(0);
  });

  it('whose loader never settles is told so when it ends', async () => {
    const { output } = await runScript('hanging-load');
    expect(output).toMatch(/The process ends while .*: lead:1\. /);
  });
});
