/** The routes for people: the page at `/` and the start-up lines print the same list. */
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
  { call: 'GET /stats', what: 'hits, misses, loads' },
] as const satisfies readonly { call: string; what: string; body?: string }[];

/** A line to paste into a shell; `-i` shows the headers that tell cache from database. */
export function curlLine(route: (typeof ROUTES)[number], url: string): string {
  const [method = 'GET', path = '/'] = route.call.split(' ');
  const verb = method === 'GET' ? '' : ` -X ${method}`;
  const body = 'body' in route ? ` -H 'content-type: application/json' -d '${route.body}'` : '';
  return `curl -i${verb} '${url}${path}'${body}`;
}

export function indexPage(): string {
  const rows = ROUTES.map((route) => {
    const [method = '', path = ''] = route.call.split(' ').map(escapeHtml);
    const call = method === 'GET' ? `${method} <a href="${path}">${path}</a>` : `${method} ${path}`;
    return `<tr><td><code>${call}</code></td><td>${escapeHtml(route.what)}</td></tr>`;
  });
  return `<!doctype html>
<html lang="en">
<meta charset="utf-8">
<title>Lead search</title>
<style>body { font: 16px/1.5 system-ui; margin: 3rem auto; max-width: 60rem } td { padding: .2rem 1rem .2rem 0 }</style>
<h1>Lead search</h1>
<p>Each answer says in <code>X-Answer-From</code> and <code>Server-Timing</code> whether the cache or the database gave it.</p>
<table>
${rows.join('\n')}
</table>
</html>
`;
}

function escapeHtml(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('"', '&quot;');
}
