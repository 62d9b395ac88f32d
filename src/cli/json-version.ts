/** Version of the JSON that this tool writes. New fields do not raise it; existing fields never change within it. */
export const jsonVersion = 1;
