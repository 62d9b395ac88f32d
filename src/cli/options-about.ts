import { parseLicense } from '../upload/licenses.ts';
import { parseEntries } from './entries.ts';
import { explanationNames, explanationType, scoreNames, scoreType } from './explaining-names.ts';
import { groups } from './option-groups.ts';
import type { OptionSpec } from './option-spec.ts';
import { each, flag, oneOf, parsed, parsedAll, text, whole, type Zod } from './option-values.ts';

/** Options that describe an upload or do something with it once it is there: for every upload (`interpLimit`: for SAEs). */
export const aboutOptions = {
  description: { value: 'TEXT', group: groups.about, help: 'what it does or how it was found', schema: text },
  tag: {
    value: 'TAG',
    group: groups.about,
    help: 'a tag (repeatable)',
    repeatable: true,
    schema: each(text),
  },
  paperUrl: {
    value: 'URL',
    group: groups.about,
    help: 'URL of the paper or page that describes it',
    schema: (z: Zod) =>
      z.url({ protocol: /^https?$/, error: 'expected an address such as https://arxiv.org/abs/2406.11717' }),
  },
  license: {
    value: 'SPDX',
    group: groups.about,
    help: 'licence, for example MIT or CC0-1.0 (default: CC-BY-4.0)',
    schema: parsed(parseLicense, 'an SPDX identifier such as CC-BY-4.0, CC0-1.0, MIT or Apache-2.0'),
  },
  visibility: {
    value: 'WHO',
    group: groups.about,
    help: 'public, or private: visible to you alone, with a paid plan (default: public)',
    ...oneOf('public', 'private'),
  },
  metadata: {
    value: 'KEY=VALUE',
    group: groups.about,
    help: 'a fact about the whole upload, such as l0=50; parsed as JSON where possible (repeatable)',
    repeatable: true,
    schema: parsedAll(parseEntries, 'KEY=VALUE, each key once'),
  },
  list: {
    value: 'NAME',
    group: groups.afterwards,
    help: 'add it to this list of yours, which is created if needed',
    schema: text,
  },
  autoInterp: {
    group: groups.afterwards,
    help: 'have a language model explain it, and show the explanation',
    schema: flag,
  },
  interpMethod: {
    value: 'METHOD',
    group: groups.afterwards,
    help: 'how to explain it: max-act, max-act-logits, token-act-pair or eleuther (default: max-act)',
    choices: explanationNames,
    schema: parsed(
      explanationType,
      'max-act, max-act-logits, token-act-pair, eleuther, or the name a server has for one',
    ),
  },
  explainerModel: {
    value: 'MODEL',
    group: groups.afterwards,
    help: 'language model that explains and scores (default: gpt-4o-mini)',
    schema: text,
  },
  interpLimit: {
    value: 'N',
    group: groups.afterwards,
    help: 'explain the first N features of each SAE: each explanation is a paid model call',
    schema: whole(1, 100_000),
  },
  score: {
    value: 'METHOD',
    group: groups.afterwards,
    help: 'have its explanations scored: recall, fuzz, detection or embedding',
    choices: scoreNames,
    schema: parsed(scoreType, 'recall, fuzz, detection, embedding, or the name a server has for one'),
  },
} as const satisfies Record<string, OptionSpec>;
