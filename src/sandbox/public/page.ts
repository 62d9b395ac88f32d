import type { Answer } from '../answer.ts';

const HEAD =
  '<!DOCTYPE html><html lang="en" data-sentry-component="RootLayout" data-sentry-source-file="layout.tsx">' +
  '<head><meta charSet="utf-8"/><title>Neuronpedia</title></head>';

/** Returns a web page, which is what the site answers to paths without an endpoint. */
function page(status: number): Answer {
  const said = 'This is a page of the embedded sandbox (public mode). There is no API endpoint at this address.';
  const text = `${HEAD}<body><p>${said}</p></body></html>`;
  return { status, type: 'text/html; charset=utf-8', text };
}

/**
 * Answers up to three segments (with `api`) with a page and 200, because the site has pages at /{model}/{source}/{index}:
 * "unknown GET path of two segments: a web page with status 200", and the same for POST. With more segments the page is
 * a 404: "unknown path of four segments".
 */
export function unknownPath(segments: readonly string[]): Answer {
  const given = segments.filter((segment) => segment !== '');
  return page(given.length <= 3 ? 200 : 404);
}
