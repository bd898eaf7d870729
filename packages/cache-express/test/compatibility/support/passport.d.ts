/** As much of passport as the trials use: its own types say of every `req.user` in a program what it is. */
declare module 'passport' {
  import type { Request, RequestHandler } from 'express';

  export class Strategy {
    readonly name: string;
    authenticate(req: Request): void;
    success(user: object): void;
    fail(status: number): void;
  }
  export class Passport {
    use(strategy: Strategy): this;
    authenticate(name: string, options: { readonly session: boolean }): RequestHandler;
  }
}
