/** What a prompt can be like; scoring/sentences.ts has the patterns of each. */
export const PROMPT_KINDS = ['plain', 'question', 'numbers', 'list', 'clusters', 'minimal-pair', 'long', 'expressive'] as const;
export type PromptKind = (typeof PROMPT_KINDS)[number];
