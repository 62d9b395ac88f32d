/** The largest number of features in one batch. */
export const MAX_FEATURES_PER_BATCH = 128;

/** The largest request body, in bytes. */
export const MAX_BODY_BYTES = 4_500_000;

/** The largest number of rows in one look-up. */
export const MAX_ROWS_PER_READ = 1_024;
