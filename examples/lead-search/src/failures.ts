import type { ErrorRequestHandler, RequestHandler } from 'express';
import { z } from 'zod';

/** Thrown by a route where the thing asked for does not exist. */
export class NotFound extends Error {
  override readonly name = 'NotFound';
}

export type ReportFailure = (where: string, error: unknown) => void;

export const noSuchRoute: RequestHandler = (request, response) => {
  response
    .status(404)
    .json({ error: { code: 'not_found', message: `There is no ${request.method} ${request.path}.` } });
};

/** Turns what went wrong into plain JSON: the caller learns what to change, never how the inside looks. */
export function failures(report: ReportFailure): ErrorRequestHandler {
  return (error: unknown, request, response, next) => {
    if (response.headersSent) return next(error); // Express then cuts the connection: half an answer must not look whole.
    if (error instanceof z.ZodError) {
      const fields = error.issues.flatMap(describe);
      const message = fields.map(({ field, problem }) => (field === '' ? problem : `${field}: ${problem}`)).join('; ');
      return void response.status(400).json({ error: { code: 'invalid_input', message, fields } });
    }
    if (error instanceof NotFound) {
      return void response.status(404).json({ error: { code: 'not_found', message: error.message } });
    }
    const status = clientStatus(error);
    if (status !== undefined) {
      const message = status === 413 ? 'The body is too large.' : 'The request cannot be read. Is the body valid JSON?';
      return void response.status(status).json({ error: { code: 'bad_request', message } });
    }
    report(`${request.method} ${request.path}`, error);
    const message = 'The lead database did not answer. Nothing was cached; try again.';
    response.status(500).json({ error: { code: 'internal', message } });
  };
}

function describe(issue: z.core.$ZodIssue): { field: string; problem: string }[] {
  if (issue.code === 'unrecognized_keys') return issue.keys.map((field) => ({ field, problem: 'unknown' }));
  const problem = issue.message.replace(/^Invalid (input|option|string): /, '');
  return [{ field: issue.path.join('.'), problem }];
}

/** Express and its body parser mark errors that are the caller's with a status from 400 to 499. */
function clientStatus(error: unknown): number | undefined {
  if (!(error instanceof Error) || !('status' in error) || typeof error.status !== 'number') return undefined;
  return error.status >= 400 && error.status < 500 ? error.status : undefined;
}
