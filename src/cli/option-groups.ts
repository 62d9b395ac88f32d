/** Headings that options stand under in help. */
export const groups = {
  place: 'Where it belongs',
  about: 'What is said of it',
  reading: 'What is read',
  sending: 'How it is sent',
  afterwards: 'Once it is there',
  everywhere: 'Everywhere',
  server: 'Server',
} as const;
