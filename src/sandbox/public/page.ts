import type { Answer } from '../answer.ts';

const HEAD =
  '<!DOCTYPE html><html lang="en" data-sentry-component="RootLayout" data-sentry-source-file="layout.tsx">' +
  '<head><meta charSet="utf-8"/><title>Neuronpedia</title></head>';

/** A web page, as the site answers paths that no endpoint takes. */
export function page(status: number): Answer {
  const text = `${HEAD}<body><p>A page of the embedded sandbox (public kind): there is no endpoint here.</p></body></html>`;
  return { status, type: 'text/html; charset=utf-8', text };
}

/**
 * Up to three segments are a page with 200, because the site has pages at /{model}/{source}/{index}: "unknown GET path of
 * two segments: a web page with status 200", and the same for POST. More are "unknown path of four segments": 404.
 */
export function unknownPath(segments: readonly string[]): Answer {
  const given = segments.filter((segment) => segment !== '');
  return page(given.length <= 3 ? 200 : 404);
}
