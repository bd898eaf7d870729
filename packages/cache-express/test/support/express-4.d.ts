/** Under this name the version before the current one is installed; what the tests use of it has the same types. */
declare module 'express-4' {
  export { default } from 'express';
}
