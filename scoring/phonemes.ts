/**
 * The sounds of our prompts: ARPAbet with stress digits on vowels (`AH0`), `|` between words, `,` for a pause, and `.`, `?` or `!` at the end.
 */
export type Phone = string;
