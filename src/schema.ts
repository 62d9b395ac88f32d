// zod with the settings that all schemas share: English messages, and no code generated at run time, which takes longer than
// it saves. zod/mini has functions where zod has methods. With the full edition, loading it and making the schemas took a
// tenth of each start.
import { config } from 'zod/mini';
import english from 'zod/v4/locales/en.js';

config({ ...english(), jitless: true });

export * from 'zod/mini';
