import { describe, expect, it, vi } from 'vitest';
import * as one from '../../src/errors.ts';

describe('two copies of the package', () => {
  it('had errors that were no instances for each other', async () => {
    vi.resetModules();
    const two = await import('../../src/errors.ts');
    expect(two.KeyError).not.toBe(one.KeyError);
    const error = new two.KeyError('no');
    expect(error).toBeInstanceOf(one.KeyError);
    expect(error).toBeInstanceOf(one.CacheError);
    expect(error).not.toBeInstanceOf(one.CacheConfigError);
    expect(new Error('no')).not.toBeInstanceOf(one.CacheError);
    expect(null).not.toBeInstanceOf(one.KeyError);
  });

  it('a subclass of the caller is told as ever', () => {
    class Mine extends one.KeyError {}
    expect(new Mine('no')).toBeInstanceOf(Mine);
    expect(new Mine('no')).toBeInstanceOf(one.KeyError);
    expect(new one.KeyError('no')).not.toBeInstanceOf(Mine);
  });
});
