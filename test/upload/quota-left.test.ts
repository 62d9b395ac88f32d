import { expect, it } from 'vitest';
import { quotaText } from '../../src/cli/quota-plan.ts';
import { isLimited, leftToday } from '../../src/upload/quota.ts';

const quota = (limit: number | null, used: number) => ({
  ...{ tier: 'free', limit, used },
  ...{ resetsAt: undefined, asOf: new Date(0) },
});

it('a limit of 0 a day is a limit, and null is none', () => {
  expect([isLimited(quota(0, 0)), leftToday(quota(0, 0)), quotaText(quota(0, 0))]).toEqual([
    ...[true, 0, '0 of 0 features left today'],
  ]);
  expect([isLimited(quota(null, 7)), leftToday(quota(null, 7)), quotaText(quota(null, 7))]).toEqual([
    ...[false, Number.POSITIVE_INFINITY, 'no daily limit'],
  ]);
  expect([isLimited(undefined), leftToday(undefined)]).toEqual([false, Number.POSITIVE_INFINITY]);
  expect([leftToday(quota(1000, 1200)), leftToday(quota(1000, 400))]).toEqual([0, 600]);
});
