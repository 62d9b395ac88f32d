/** Name of the file that keys are stored in. */
export const keyFile = 'keys.json';
