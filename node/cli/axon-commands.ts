import { type Command, InvalidArgumentError } from 'commander';
import type { AxonEndpoint } from '../../chain/ports.js';
import type { Axon, Neuron, SubnetSnapshot } from '../../chain/snapshot.js';
import type { Hotkey } from '../../protocol/names.js';
import { addChainOptions, addConfigOptions, addWalletOptions, type Flags, loadSettings, openSigner, withChain } from './context.js';
import type { Environment } from './environment.js';
import { inclusionJson, inclusionLines } from './inclusion.js';
import { createOutput, short, table } from './output.js';
import { hotkeyArgument, wholeNumber } from './parsers.js';
import { seatOf } from './seats.js';

const PROTOCOL = 4;
const VERSION = 1;
const PEER_KEY_DIGITS = 64;

export function addAxonCommands(program: Command, env: Environment): void {
  const axon = program.command('axon').description('Where neurons say that they can be reached');
  addShow(axon, env);
  addServe(axon, env);
}

function addShow(axon: Command, env: Environment): void {
  const command = axon
    .command('show')
    .argument('[hotkey]', 'one neuron; without it everybody', hotkeyArgument)
    .description('The addresses on chain: of one hotkey, or of the whole subnet');
  addChainOptions(addConfigOptions(command)).action(async (hotkey: Hotkey | undefined, flags: Flags) => {
    const out = createOutput({ json: flags['json'] === true });
    const config = await loadSettings(flags, env);
    await withChain(config, async ({ chain }) => {
      const snapshot = await chain.snapshot(config.chain.netuid);
      const shown = hotkey === undefined ? snapshot.neurons.filter((neuron) => neuron.axon !== null) : [seatOf(snapshot, hotkey)];
      out.result(
        {
          ok: true,
          netuid: snapshot.netuid,
          block: snapshot.block.number,
          axons: shown.map((neuron) => ({ uid: neuron.uid, hotkey: neuron.hotkey, axon: axonJson(neuron.axon) })),
        },
        () => axonsText(snapshot, shown),
      );
    });
  });
}

function axonJson(axon: Axon | null): object | null {
  return (
    axon && { ip: axon.ip, port: axon.port, protocol: axon.protocol, version: axon.version, block: axon.block, peer_key: axon.peerKey }
  );
}

function axonsText(snapshot: SubnetSnapshot, shown: readonly Neuron[]): string {
  return [
    `netuid ${snapshot.netuid} at block ${snapshot.block.number}: ${snapshot.neurons.filter(({ axon }) => axon !== null).length} of ${snapshot.neurons.length} neurons serve`,
    ...(shown.length === 0
      ? []
      : [
          table(
            ['uid', 'hotkey', 'address', 'protocol', 'version', 'served at', 'peer key'],
            shown.map(({ uid, hotkey, axon }) => [
              uid,
              short(hotkey),
              axon === null ? '–' : addressOf(axon),
              axon?.protocol ?? null,
              axon?.version ?? null,
              axon?.block ?? null,
              axon?.peerKey ? short(axon.peerKey) : '–',
            ]),
          ),
        ]),
  ].join('\n');
}

function addressOf({ ip, port }: Pick<Axon, 'ip' | 'port'>): string {
  return ip.includes(':') ? `[${ip}]:${port}` : `${ip}:${port}`;
}

function addServe(axon: Command, env: Environment): void {
  const command = axon
    .command('serve')
    .description('Write the address of a hotkey to the chain; a running node does this by itself')
    .requiredOption('--ip <ip>', 'IPv4 or IPv6 address under which others reach the node')
    .requiredOption('--port <port>', 'TCP port', wholeNumber(1, 65_535))
    .option('--peer-key <hex>', 'Ed25519 transport key of the node, 64 hex digits, where the runtime keeps one', peerKey)
    .option('--protocol <n>', 'protocol number, free to choose', wholeNumber(0, 255), PROTOCOL)
    .option('--axon-version <n>', 'version number, free to choose', wholeNumber(0, 2 ** 32 - 1), VERSION)
    .option('--dry-run', 'say what would be sent, send nothing');
  addWalletOptions(addChainOptions(addConfigOptions(command))).action(async (flags: Flags) => {
    const out = createOutput({ json: flags['json'] === true });
    const config = await loadSettings(flags, env);
    const signer = await openSigner(config, env);
    const endpoint: AxonEndpoint = {
      ip: String(flags['ip']),
      port: Number(flags['port']),
      protocol: Number(flags['protocol']),
      version: Number(flags['axonVersion']),
      peerKey: flags['peerKey'] === undefined ? null : Uint8Array.from(Buffer.from(String(flags['peerKey']), 'hex')),
    };
    await withChain(config, async ({ chain }) => {
      const { netuid } = config.chain;
      const { uid, axon: before } = seatOf(await chain.snapshot(netuid), signer.hotkey);
      const said = { netuid, uid, hotkey: signer.hotkey, before: axonJson(before), axon: axonJson(asAxon(endpoint)) };
      if (flags['dryRun'] === true) {
        return out.result({ ok: true, dry_run: true, ...said }, () =>
          [
            `dry run: uid ${uid} would serve ${addressOf(endpoint)} on netuid ${netuid}`,
            `  now        ${before === null ? 'nothing' : addressOf(before)}`,
          ].join('\n'),
        );
      }
      const inclusion = await chain.serveAxon(signer, netuid, endpoint);
      out.result({ ok: true, ...inclusionJson(inclusion), ...said }, () =>
        [
          `uid ${uid} serves ${addressOf(endpoint)} since finalized block ${inclusion.block.number}`,
          ...inclusionLines(inclusion, signer.hotkey),
        ].join('\n'),
      );
    });
  });
}

function asAxon({ peerKey: key, ...endpoint }: AxonEndpoint): Axon {
  return { ...endpoint, block: 0, peerKey: key === null ? null : Buffer.from(key).toString('hex') };
}

function peerKey(text: string): string {
  const digits = text.replace(/^0x/, '');
  if (digits.length !== PEER_KEY_DIGITS || !/^[0-9a-fA-F]+$/.test(digits)) {
    throw new InvalidArgumentError(`give ${PEER_KEY_DIGITS} hex digits`);
  }
  return digits.toLowerCase();
}
