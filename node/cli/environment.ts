/** Variables of the process that runs the command line. */
export type Environment = Readonly<Record<string, string | undefined>>;
