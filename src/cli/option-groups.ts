/** Headings of the groups of options in help. */
export const groups = {
  place: 'Where it goes',
  about: 'About it',
  reading: 'What to read',
  sending: 'How to send it',
  afterwards: 'After the upload',
  everywhere: 'Global options',
  server: 'Server',
} as const;
