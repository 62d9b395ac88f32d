// zod for all that is checked here, with what holds for all of it: messages in English, and no code made at run time, which
// takes longer than it saves. The small edition has functions where the other has methods: of that one, loading and
// making schemas was a tenth of each start.
import { config } from 'zod/mini';
import english from 'zod/v4/locales/en.js';

config({ ...english(), jitless: true });

export * from 'zod/mini';
