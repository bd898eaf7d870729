import { configure } from '@codegenie/serverless-express';
import type { Application } from 'express';
import serverless from 'serverless-http';
import supertest, { type Response } from 'supertest';
import { describe } from 'vitest';
import { build, others, without } from './support/adapted.ts';
import { type Answer, type Ask, headersOf, type Send } from './support/answers.ts';
import { describeTrial } from './support/trial.ts';
import { type Open, overSocket } from './support/twins.ts';

// Ways to an app that make its requests and responses themselves.

/** What an API gateway of AWS sends to a function, in its second format. */
function eventOf({ path, method = 'GET', headers = {}, body }: Ask) {
  const [rawPath = '', rawQueryString = ''] = path.split('?');
  const http = { method, path: rawPath, protocol: 'HTTP/1.1', sourceIp: '127.0.0.1', userAgent: 'test' };
  const requestContext = { http, domainName: 'a.example', stage: '$default', requestId: 'one' };
  const head = { host: 'a.example', ...headers };
  return { version: '2.0', rawPath, rawQueryString, headers: head, requestContext, body, isBase64Encoded: false };
}

interface FunctionResult {
  readonly statusCode: number;
  readonly headers?: Record<string, unknown>;
  readonly cookies?: readonly string[];
  readonly body?: string;
  readonly isBase64Encoded?: boolean;
}

function answerOf({ statusCode, headers = {}, body = '', isBase64Encoded }: FunctionResult): Answer {
  return {
    status: statusCode,
    headers: headersOf(headers),
    body: Buffer.from(body, isBase64Encoded ? 'base64' : 'utf8'),
  };
}

describe('serverless-http', () => {
  const send = (app: Application): Send => {
    const handler = serverless(app, { binary: ['application/octet-stream'] });
    return async (ask) => answerOf((await handler(eventOf(ask), {})) as FunctionResult);
  };
  describeTrial('around the app', { build, others, open: without(send) });
});

describe('@codegenie/serverless-express', () => {
  const send = (app: Application): Send => {
    const handler = configure({ app, binarySettings: { contentTypes: ['application/octet-stream'] } });
    return async (ask) => answerOf((await handler(eventOf(ask), {} as never, () => {})) as FunctionResult);
  };
  describeTrial('around the app', { build, others, open: without(send) });
});

describe('supertest', () => {
  const open: Open = async (app) => {
    const { url, close } = await overSocket(app);
    const send: Send = async ({ path, method = 'GET', headers = {}, body }) => {
      const test = supertest(url)[method.toLowerCase() as 'get'](path).set(headers).buffer(true).parse(bytesOf);
      const { status, headers: got, body: bytes }: Response = await test.send(body);
      return { status, headers: headersOf(got), body: Buffer.isBuffer(bytes) ? bytes : Buffer.alloc(0) };
    };
    return { send, close };
  };
  describeTrial('on one server', { build, others, open });
});

/** Leaves a body as it is, whatever its type. */
function bytesOf(response: Response, done: (error: Error | null, body: Buffer) => void): void {
  const chunks: Buffer[] = [];
  const stream = response as unknown as NodeJS.ReadableStream;
  stream.on('data', (chunk: Buffer) => void chunks.push(chunk));
  stream.on('end', () => done(null, Buffer.concat(chunks)));
}
