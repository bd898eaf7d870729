export {
  type AsyncMethodName,
  createDecorators,
  type Decorators,
  type FunctionWrappers,
  type OptionalInvalidateDecorator,
} from './create-decorators.ts';
export type {
  AnyCache,
  AnyMethod,
  Asynchronous,
  Cacheable,
  CachedHandle,
  InvalidatingHandle,
  MethodContext,
  MethodDecorator,
} from './method-types.ts';
export type {
  InvalidateOptions,
  KeyedInvalidateOptions,
  KeyedResultOptions,
  KeyFunction,
  ResultOptions,
} from './options.ts';
