/** The routes for people, as the start-up lines print them; the page at `/` uses most of them. */
export const ROUTES = [
  { call: 'GET /search?q=solar&country=Germany&minScore=50', what: 'full-text search; also industry, page, pageSize' },
  { call: 'GET /leads/7', what: 'one lead' },
  { call: 'PATCH /leads/7', body: '{"employees":120}', what: 'changes a lead' },
  { call: 'GET /suggestions?prefix=be', what: 'companies and people by prefix' },
  { call: 'GET /analytics/industry', what: 'leads and average score; also /analytics/country' },
  { call: 'GET /users/ann@acme.example/preferences', what: 'preferences of a user' },
  {
    call: 'PUT /users/ann@acme.example/preferences',
    body: '{"pageSize":50,"industries":["Energy"],"digest":"daily"}',
    what: 'saves them',
  },
  { call: 'GET /popular', what: 'most frequent searches' },
  { call: 'GET /health', what: 'database and cache' },
  { call: 'GET /health/cache', what: 'the cache alone, in detail' },
  { call: 'GET /stats', what: 'hits, misses, loads' },
  { call: 'GET /metrics', what: 'the same for Prometheus' },
] as const satisfies readonly { call: string; what: string; body?: string }[];

/** A line to paste into a shell; `-i` shows the headers that tell cache from database. */
export function curlLine(route: (typeof ROUTES)[number], url: string): string {
  const [method = 'GET', path = '/'] = route.call.split(' ');
  const verb = method === 'GET' ? '' : ` -X ${method}`;
  const body = 'body' in route ? ` -H 'content-type: application/json' -d '${route.body}'` : '';
  return `curl -i${verb} '${url}${path}'${body}`;
}
