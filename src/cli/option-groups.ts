/** Headings that options stand under in help. */
export const groups = {
  place: 'Where it belongs',
  reading: 'What is read',
  sending: 'How it is sent',
  everywhere: 'Everywhere',
  server: 'Server',
} as const;
