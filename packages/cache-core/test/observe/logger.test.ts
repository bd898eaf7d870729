import { afterEach, describe, expect, it, vi } from 'vitest';
import { createCache, createCacheManager } from '../../src/index.ts';
import { defaultLogger } from '../../src/observe/logger.ts';

const pinoLines: [level: string, fields: object, message: string][] = [];
const pinoOptions = vi.fn();
vi.mock('pino', () => ({
  pino: (options: { level: string }) => {
    pinoOptions(options);
    const line = (level: string) => (fields: object, message: string) => pinoLines.push([level, fields, message]);
    return { ...options, debug: line('debug'), info: line('info'), warn: line('warn'), error: line('error') };
  },
}));
afterEach(() => {
  pinoLines.length = 0;
  pinoOptions.mockClear();
});

/** A logger as pino is one: asked for its level first. */
function recorder(level: string) {
  const lines: [fields: object, message: string][] = [];
  const levels = ['debug', 'info', 'warn', 'error'];
  const logger = {
    level,
    isLevelEnabled: (asked: string) => levels.indexOf(asked) >= levels.indexOf(logger.level),
    debug: vi.fn((fields: object, message: string) => lines.push([fields, message])),
    info: vi.fn(),
    warn: vi.fn(),
    error: vi.fn(),
  };
  return { logger, lines };
}

describe('debug lines', () => {
  it('are one for each hit, miss and operation', async () => {
    const { logger, lines } = recorder('debug');
    const leads = createCache({ types: { lead: { ttl: '1h' } }, logger }).type('lead');
    await leads.getOrSet(42, () => 'Ada');
    await leads.getOrSet(42, () => 'Ada');
    await leads.set(43, 'Bob');
    await leads.invalidate(42);
    await leads.get(42);
    expect(lines.map(([, message]) => message)).toEqual([
      'miss',
      'load began',
      'stored',
      'hit',
      'stored',
      'invalidated',
      'miss',
    ]);
    expect(lines[0]?.[0]).toEqual({ type: 'lead', key: 'lead:42' });
  });

  it('can be switched on and off while running, and are not built while off', async () => {
    const { logger, lines } = recorder('info');
    const leads = createCache({ types: { lead: { ttl: '1h' } }, logger }).type('lead');
    await leads.get(1);
    expect(logger.debug).not.toHaveBeenCalled();
    logger.level = 'debug';
    await leads.get(1);
    logger.level = 'info';
    await leads.get(1);
    expect(lines).toHaveLength(1);
  });

  it('show neither values nor the person in an e-mail address', async () => {
    const { logger, lines } = recorder('debug');
    const manager = createCacheManager({ env: {}, logger });
    await manager.cacheUserPrefs('ada.lovelace@example.com', { secret: 'hunter2' });
    await manager.getCachedUserPrefs('ada.lovelace@example.com');
    expect(JSON.stringify(lines)).not.toMatch(/ada|hunter2/);
    expect(JSON.stringify(lines)).toContain('user_prefs:***@example.com');
  });
});

describe('a logger that throws', () => {
  it('costs no read its value, and is said once', async () => {
    const emitWarning = vi.spyOn(process, 'emitWarning').mockImplementation(() => {});
    const broken = () => {
      throw new Error('disk full');
    };
    const leads = createCache({
      types: { lead: { ttl: '1h' } },
      logger: { debug: broken, info: broken, warn: broken, error: broken },
    }).type('lead');
    expect(await leads.getOrSet(1, () => 5n)).toBe(5n);
    expect(await leads.getOrSet(1, () => 6)).toBe(6);
    expect(await leads.invalidate(1)).toEqual({ applied: true, removed: 1 });
    expect(emitWarning).toHaveBeenCalledTimes(1);
    vi.restoreAllMocks();
  });
});

describe('the default logger', () => {
  it('loads pino before there is a line to write: the first warning would hold up a request', async () => {
    createCache({ types: { lead: { ttl: '1h' } } });
    await vi.waitFor(() => expect(pinoOptions).toHaveBeenCalledTimes(1));
    expect(pinoLines).toHaveLength(0);
  });

  it('loses no line while it loads pino', async () => {
    const logger = defaultLogger('info');
    logger.debug({}, 'too quiet');
    logger.info({ a: 1 }, 'first');
    logger.warn({}, 'second');
    await vi.waitFor(() => expect(pinoLines).toHaveLength(2));
    logger.error({}, 'third');
    expect(pinoLines.map(([level, , message]) => `${level} ${message}`)).toEqual([
      'info first',
      'warn second',
      'error third',
    ]);
    expect(pinoOptions).toHaveBeenCalledTimes(1);
    logger.level = 'error';
    logger.info({}, 'not any more');
    expect(pinoLines).toHaveLength(3);
  });

  it('writes nothing at the level silent', async () => {
    const logger = defaultLogger('silent');
    logger.error({}, 'nothing');
    await new Promise((resolve) => setImmediate(resolve));
    expect(pinoOptions).not.toHaveBeenCalled();
    expect(logger.isLevelEnabled?.('fatal')).toBe(false);
    logger.level = 'warn';
    logger.warn({}, 'something');
    await vi.waitFor(() => expect(pinoLines).toEqual([['warn', {}, 'something']]));
  });
});
