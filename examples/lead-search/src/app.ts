import { fileURLToPath } from 'node:url';
import type { CacheManager } from '@huntly/cache-core';
import express, { type Express } from 'express';
import { failures, noSuchRoute, type ReportFailure } from './failures.ts';
import { LeadService } from './lead-service.ts';
import { tellOrigin } from './origin.ts';
import { leadRoutes } from './routes/leads.ts';
import { listRoutes } from './routes/lists.ts';
import { operationRoutes } from './routes/operations.ts';
import { preferenceRoutes } from './routes/preferences.ts';
import { searchRoutes } from './routes/search.ts';
import type { SearchEngine } from './search-engine.ts';

export interface AppParts {
  manager: CacheManager;
  engine: SearchEngine;
  /** Told of every failure that is not the caller's. @default writes to standard error */
  report?: ReportFailure;
}

/** The page at `/`: plain files, nothing to build. */
const PAGE = fileURLToPath(new URL('../public', import.meta.url));

/** The HTTP side: routes bring a cache and an engine together; neither knows the other. */
export function createApp({ manager, engine, report = logFailure }: AppParts): Express {
  const service = new LeadService(manager, engine);
  const app = express();
  app.disable('x-powered-by');
  app.use(express.json({ limit: '32kb' }));
  app.use(express.static(PAGE));
  app.use(operationRoutes(service));
  app.use(tellOrigin);
  app.use(searchRoutes(service));
  app.use(leadRoutes(service));
  app.use(listRoutes(service));
  app.use(preferenceRoutes(service));
  app.use(noSuchRoute);
  app.use(failures(report));
  return app;
}

function logFailure(where: string, error: unknown): void {
  console.error(`${where} failed:`, error);
}
