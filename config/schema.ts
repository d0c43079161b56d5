/** Every setting: its form, default, unit and description, in one schema. docs/config.md is written from it. */
import { z } from 'zod';
import { type Hash, parseHash } from '../protocol/names.js';
import { Secret } from '../protocol/secret.js';
import { SOURCE_FORM } from '../scoring/neural/source.js';

/** What is said about a setting beside its form. */
export interface KeyNote {
  readonly description: string;
  readonly unit?: string;
  /** Never shown; may come from the file that the variable with suffix _FILE names. */
  readonly secret?: boolean;
  /** Can change in a running node without harm. */
  readonly reloadable?: boolean;
  /** The flag of the command line; otherwise `--set key=value`. */
  readonly flag?: string;
}

const text = () => z.string().min(1, 'it must not be empty');
const whole = (min: number, max: number) =>
  z.int('a whole number is expected').min(min, `at least ${min} is expected`).max(max, `at most ${max} is expected`);
const oneOf = <const T extends readonly string[]>(...words: T) => z.enum(words, `one of ${words.join(', ')} is expected`);
/** Slower than 128 KiB per second a provider counts as too slow. */
const rate = () => whole(128 * 1024, 1024 ** 4);
const percent = () => whole(0, 100);
const port = (min = 1) => whole(min, 65_535);
const optional = <T extends z.ZodType>(form: T) => form.nullable().default(null as never);
const secret = () => text().transform((value) => new Secret(value));
const ENDPOINTS_MAX = 16;
const BOOTSTRAP_MAX = 32;
const MEBI = 1024 ** 2;
/** Limits decide who fails, so they are the same for everybody unless an operator has a reason. */
const BY_ENGINE = 'Unset: what scoring/limits.ts has for the engine.';

const PINNED = 'A path or https address, #sha256= and 64 hex digits.';
const judge = () => optional(z.string().regex(SOURCE_FORM, 'a path or https address, #sha256= and 64 hex digits are expected'));

const endpoint = () => z.string().regex(/^wss?:\/\/[^\s/]+/, 'a ws:// or wss:// address is expected');
const ip = () => z.union([z.ipv4(), z.ipv6()], 'an IP address is expected');
const hash = () =>
  z.string().transform((value, context): Hash => {
    const parsed = parseHash(value);
    if (parsed.ok) return parsed.value;
    context.addIssue({ code: 'custom', message: parsed.error });
    return z.NEVER;
  });

function key<T extends z.ZodType>(form: T, note: KeyNote): T {
  return form.meta({ ...note });
}

export const configSchema = z.strictObject({
  role: key(oneOf('validator', 'miner', 'auto').default('auto'), {
    description: 'What the node does. auto: what the chain says the hotkey is; with a model it mines.',
    flag: '--role',
  }),
  dataDir: key(text().default('~/.local/share/voxd'), {
    description: 'Folder of everything the node keeps: database, models, transport key. Backups go here too.',
    flag: '--data-dir',
  }),
  chain: z.strictObject({
    network: key(optional(oneOf('finney', 'test', 'local', 'devnet')), {
      description: 'A known network: sets endpoints and genesis.',
      flag: '--chain',
    }),
    endpoints: key(z.array(endpoint(), 'a list is expected').min(1).max(ENDPOINTS_MAX), {
      description:
        'Addresses of subtensor nodes, best first. When one fails the best of the others takes over; the first is returned to after it has been well for some minutes.',
    }),
    genesis: key(optional(hash()), {
      description: 'Genesis hash that the endpoints must have; unset: that of the network, or none is asked for.',
    }),
    beacon: key(optional(oneOf('quicknet')), {
      description:
        'Randomness beacon that the chain must follow, for weights locked until their time. Another is refused. Unset: that of the network, or whatever the chain says.',
    }),
    netuid: key(whole(1, 65_535), { description: 'Number of the subnet.', flag: '--netuid' }),
    mechanism: key(whole(0, 15).default(0), { description: 'Mechanism of the subnet that weights are set for.' }),
    syncEveryBlocks: key(whole(1, 1_000).default(5), { description: 'How often the subnet is read again.', unit: 'blocks' }),
  }),
  wallet: z.strictObject({
    path: key(text().default('~/.bittensor/wallets'), { description: 'Folder of the wallets.', flag: '--wallet-path' }),
    name: key(text().default('default'), { description: 'Name of the wallet.', flag: '--wallet' }),
    hotkey: key(text().default('default'), { description: 'Name of the hotkey in the wallet.', flag: '--hotkey' }),
    password: key(optional(secret()), {
      description: 'Password of an encrypted hotkey file. Opening it takes seconds and 512 MiB of memory, once at the start.',
      secret: true,
    }),
    signer: key(optional(z.string().regex(/^unix:\/.+/, 'unix: and an absolute path is expected, such as unix:/run/voxd/signer.sock')), {
      description: 'Socket of a `voxd signer` that holds the hotkey, instead of a wallet file. See docs/wallets.md.',
      flag: '--signer',
    }),
    uri: key(optional(secret()), {
      description: 'Development key such as //Alice, instead of a wallet file. Refused on finney and test.',
      secret: true,
    }),
  }),
  p2p: z.strictObject({
    listenIp: key(ip().default('0.0.0.0'), { description: 'Address that peers may connect to on this machine.' }),
    port: key(port().default(4010), { description: 'TCP port for peers.', flag: '--p2p-port' }),
    announceIp: key(optional(ip()), {
      description: 'Address under which others reach this node, written to the chain. Unset: the node only dials out.',
      flag: '--announce-ip',
    }),
    bootstrap: key(
      z
        .array(
          z
            .string()
            .regex(
              /^\/(ip[46]|dns[46]?)\/.+\/tcp\/\d+/,
              'a multiaddress such as /ip4/192.0.2.1/tcp/4010 or /dns4/peer.example/tcp/4010 is expected',
            ),
        )
        .max(BOOTSTRAP_MAX)
        .default([]),
      {
        description: 'Peers to dial beside those the chain lists.',
      },
    ),
    maxConnections: key(whole(4, 1_000).default(96), { description: 'Connections to peers at most.' }),
    dialOnly: key(z.boolean().default(false), {
      description: 'Open no port for peers: for a machine that nobody can reach. It still takes part in everything.',
    }),
    allowPrivateAddresses: key(z.boolean().default(false), {
      description: 'Dial private and loopback addresses as well: for development networks.',
    }),
    mdns: key(z.boolean().default(false), {
      description:
        'Find peers on the local network by multicast DNS; it needs p2p.allowPrivateAddresses, and shows this node to everybody there.',
    }),
    uploadBytesPerSecond: key(optional(rate()), {
      description: 'Model bytes sent to all peers together. Unset: as fast as it goes.',
      unit: 'bytes per second',
    }),
    uploadBytesPerSecondPerPeer: key(optional(rate()), {
      description: 'Model bytes sent to one hotkey. Unset: as fast as it goes.',
      unit: 'bytes per second',
    }),
    uploadBytesPerDayPerPeer: key(whole(MEBI, 1024 * 1024 * MEBI).default(64 * 1024 * MEBI), {
      description: 'Model bytes that one hotkey gets in a day.',
      unit: 'bytes',
    }),
    downloadBytesPerSecond: key(optional(rate()), {
      description: 'Model bytes taken from all peers together. Unset: as fast as they come.',
      unit: 'bytes per second',
    }),
    downloadBytesPerSecondPerPeer: key(optional(rate()), {
      description: 'Model bytes taken from one hotkey. Unset: as fast as they come.',
      unit: 'bytes per second',
    }),
  }),
  http: z.strictObject({
    enabled: key(z.boolean().default(true), { description: 'Serve health, metrics and the API.' }),
    host: key(text().default('127.0.0.1'), {
      description: 'Address of the HTTP server. It has no login: keep it local or behind a proxy.',
    }),
    port: key(port(0).default(4011), { description: 'Port of the HTTP server; 0: any free one.', flag: '--http-port' }),
  }),
  worker: z.strictObject({
    nodeUrl: key(optional(z.string().regex(/^https?:\/\/[^\s/]+/, 'an http:// or https:// address is expected')), {
      description: 'Of a worker: HTTP address of its node, to fetch models from. Unset: models are read from the data directory alone.',
      flag: '--node',
    }),
    token: key(optional(secret()), {
      description: 'Password of workers, the same on the node and on them. A node without one gives its models to nobody.',
      secret: true,
    }),
  }),
  evidence: z.strictObject({
    bytesMax: key(whole(MEBI, 1024 * 1024 * MEBI).default(1024 * MEBI), {
      description: 'Disk for audio and reports of the newest rounds; the oldest make room.',
      unit: 'bytes',
    }),
  }),
  database: z.strictObject({
    url: key(optional(secret()), {
      description:
        'PostgreSQL server, postgres://user:password@host/database (14 or newer). Unset: the node runs one of its own. DATABASE_URL works too.',
      secret: true,
      flag: '--database-url',
    }),
  }),
  miner: z.strictObject({
    modelDir: key(optional(text()), { description: 'Folder of the model package to commit to and serve.', flag: '--model' }),
    announceIntervalMs: key(whole(10_000, 6 * 3_600_000).default(600_000), {
      description: 'Time between two announcements of the model.',
      unit: 'ms',
      reloadable: true,
    }),
  }),
  scoring: z.strictObject({
    engine: key(oneOf('native', 'wasm').default('native'), {
      description: 'What runs the models. wasm gives the same bits on every processor and is three times slower.',
    }),
    profile: key(oneOf('builtin-1', 'neural-1').default('builtin-1'), {
      description: 'How speech is judged; the same on all validators of a subnet. neural-1 needs every model of scoring.neural.',
    }),
    neural: z.strictObject({
      silero: key(judge(), { description: `Silero voice activity detection, v5 or v6. ${PINNED}` }),
      whisperEncoder: key(judge(), { description: `Whisper's encoder. ${PINNED}` }),
      whisperDecoder: key(judge(), { description: `Whisper's decoder, decoder_model_merged or decoder_model. ${PINNED}` }),
      whisperTokenizer: key(judge(), { description: `tokenizer.json of the same Whisper. ${PINNED}` }),
      dnsmos: key(judge(), { description: `DNSMOS P.835. ${PINNED}` }),
      utmos: key(judge(), { description: `UTMOS22, a wave at 16 kHz in, one score out. ${PINNED}` }),
      speaker: key(judge(), { description: `Speaker embedding over 80 filterbanks: ECAPA, ResNet34 or CAM++. ${PINNED}` }),
      sets: key(whole(1, 16).default(1), { description: 'Utterances judged at the same time, each by networks of its own.' }),
    }),
    strategy: key(oneOf('staged', 'full').default('staged'), {
      description:
        'How much of each model is heard. staged: firstPrompts of every one, all prompts of contenders; full: all prompts of every one. The same on all validators of a subnet.',
    }),
    prompts: key(whole(1, 128).default(64), {
      description: 'Prompts that a contender speaks in a round; the same on all validators of a subnet.',
    }),
    firstPrompts: key(whole(2, 128).default(8), {
      description: 'Prompts that every model speaks in a round; the same on all validators of a subnet.',
    }),
    incumbents: key(whole(1, 256).default(8), {
      description: 'Best standings that are contenders without question; the same on all validators of a subnet.',
    }),
    concurrency: key(optional(whole(1, 64)), {
      description: 'Models scored at the same time. Unset: one less than there are processors, as far as the memory reaches.',
    }),
    replication: key(whole(1, 64).default(3), { description: 'Validators that score each model.' }),
    audits: key(whole(0, 64).default(2), {
      description: 'Records of other validators that are heard again in a round, by lot. What is disputed is heard again in any case.',
    }),
    memoryBytes: key(optional(whole(128 * MEBI, 64 * 1024 * MEBI)), { description: `Memory a model may use. ${BY_ENGINE}`, unit: 'bytes' }),
    cpuSeconds: key(optional(whole(1, 86_400)), { description: `Processor time a model may use in a round. ${BY_ENGINE}`, unit: 's' }),
    loadTimeoutMs: key(optional(whole(1_000, 600_000)), { description: `Time a model may take to load. ${BY_ENGINE}`, unit: 'ms' }),
    utteranceTimeoutMs: key(optional(whole(100, 600_000)), {
      description: `Time a model may take for one prompt. ${BY_ENGINE}`,
      unit: 'ms',
    }),
    audioSecondsMax: key(optional(whole(1, 60)), { description: `Longest answer to one prompt. ${BY_ENGINE}`, unit: 's' }),
  }),
  rounds: z.strictObject({
    cadenceBlocks: key(whole(4, 50_400).default(360), {
      description: 'Length of a round; the same on all validators of a subnet.',
      unit: 'blocks',
    }),
    commitPercent: key(whole(10, 95).default(60), {
      description: 'Part of the round after which no more score commitments count.',
      unit: '%',
    }),
    revealPercent: key(whole(15, 99).default(75), { description: 'Part of the round after which scores are revealed.', unit: '%' }),
  }),
  weights: z.strictObject({
    enabled: key(z.boolean().default(true), { description: 'Set weights on chain.', flag: '--no-weights', reloadable: true }),
    dryRun: key(z.boolean().default(false), { description: 'Decide everything, send nothing.', flag: '--dry-run', reloadable: true }),
    commitReveal: key(oneOf('auto', 'timelocked', 'hash').default('auto'), {
      description:
        'How weights are committed where the subnet demands it. timelocked: encrypted, the chain opens them by itself; hash: this node reveals them; auto: timelocked where the runtime has it.',
      reloadable: true,
    }),
    burnPercent: key(percent().default(0), {
      description:
        "Part of the weights for the subnet owner's hotkey, whose miner incentive the chain burns. Nothing is sent while the owner has no seat.",
      unit: '%',
      reloadable: true,
    }),
    minCoveragePercent: key(percent().default(60), {
      description: 'Least part of the models of a round that must have been heard.',
      unit: '%',
    }),
    epsilonPpm: key(whole(0, 1_000_000).default(20_000), {
      description: 'Lead that a newcomer needs over a fresh incumbent.',
      unit: 'ppm',
    }),
    epsilonFloorPpm: key(whole(0, 1_000_000).default(2_000), {
      description: 'Lead that is needed at last, over an old incumbent.',
      unit: 'ppm',
    }),
    epsilonDecayBlocks: key(whole(1, 10_000_000).default(50_400), {
      description: 'Age of an incumbent at which the lead has sunk to its floor.',
      unit: 'blocks',
    }),
    standardErrors: key(whole(0, 10).default(2), { description: 'Standard errors that a lead must exceed.' }),
    thresholdPpm: key(whole(0, 1_000_000).default(50_000), { description: 'Standings below this earn nothing.', unit: 'ppm' }),
    emaAlphaPercent: key(whole(1, 100).default(30), { description: 'How far a new score moves a standing.', unit: '%' }),
    curve: key(z.array(whole(0, 1_000)).min(1).max(256).default([600, 200, 100, 60, 40]), {
      description: 'What each place earns, the best first.',
      unit: 'permille',
    }),
  }),
  cache: z.strictObject({
    bytesMax: key(whole(64 * MEBI, 2 ** 50).default(20_480 * MEBI), {
      description: 'Disk space for models of others.',
      unit: 'bytes',
      reloadable: true,
    }),
  }),
  log: z.strictObject({
    level: key(oneOf('debug', 'info', 'warn', 'error', 'silent').default('info'), {
      description: 'Least important lines that are written.',
      flag: '--log-level',
      reloadable: true,
    }),
    format: key(oneOf('auto', 'json', 'pretty').default('auto'), {
      description: 'Form of the lines. auto: pretty on a terminal, else json.',
      flag: '--log-format',
    }),
  }),
});

/** The settings of a node, complete and checked. */
export type Config = z.output<typeof configSchema>;
