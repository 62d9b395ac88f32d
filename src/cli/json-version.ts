/** Version of the JSON that this tool writes; fields are added without a new one, never changed. */
export const jsonVersion = 1;
