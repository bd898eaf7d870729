import type { Application } from 'express';
import lightMyRequest from 'light-my-request';
import { describe } from 'vitest';
import { build, others, without } from './support/adapted.ts';
import { headersOf, type Send } from './support/answers.ts';
import { describeTrial } from './support/trial.ts';

// In a file of its own: light-my-request replaces what Express builds requests and responses upon, for the whole process.

describe('light-my-request', () => {
  const send = (app: Application): Send => {
    return async ({ path, method = 'GET', headers = {}, body }) => {
      const options = { url: path, method: method as 'GET', headers, ...(body !== undefined && { payload: body }) };
      const { statusCode, headers: got, rawPayload } = await lightMyRequest(app as never, options);
      return { status: statusCode, headers: headersOf(got), body: rawPayload };
    };
  };
  describeTrial('around the app', { build, others, open: without(send), refreshes: false });
});
