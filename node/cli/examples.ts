/** What stands under "Examples" in the help of a command, by its path. */
export const EXAMPLES: Readonly<Record<string, readonly string[]>> = {
  init: ['voxd init --role validator --chain finney --netuid 58 --wallet W --hotkey H'],
  validator: [
    'voxd validator --chain finney --netuid 58 --wallet W --hotkey H --announce-ip 203.0.113.7',
    'voxd validator --dry-run        (after voxd init: everything but sending weights)',
  ],
  miner: ['voxd miner --model ./voice --chain finney --netuid 58 --wallet W --hotkey H --announce-ip 203.0.113.8'],
  devnet: ['voxd devnet', 'voxd devnet --keep --data-dir /tmp/demo --rounds 3'],
  devchain: ['voxd devchain --port 9944 --tempo 20', 'voxd devchain --port 0 --json       (any free port, told as JSON)'],
  status: ['voxd status', 'voxd status --quick && echo ready', 'voxd status --data-dir /var/lib/voxd --json'],
  registry: ['voxd registry --chain finney --netuid 58', 'voxd registry --chain ws://127.0.0.1:9944 --netuid 1 --json'],
  'weights plan': ['voxd weights plan --data-dir /var/lib/voxd'],
  'weights status': ['voxd weights status', 'voxd weights status --chain finney --netuid 58 --wallet W --hotkey H'],
  'weights history': ['voxd weights history --limit 5', 'voxd weights history --json'],
  'model check': ['voxd model check ./voice'],
  'model score': ['voxd model score ./voice --seed 00', 'voxd model score ./voice --seed 00 --prompts 24 --engine wasm --audio ./heard'],
  'model generate': ['voxd model generate --kind good --out ./voice'],
  'model seal': ['voxd model seal ./my-piper-voice --name "my voice" --licence MIT'],
  explain: ['voxd explain 5F…           (voxd registry --json lists hotkeys)', 'voxd explain 5F… --round 12 --json'],
  replay: ['voxd replay 12 && echo "the same, bit for bit"'],
  'config show': ['voxd config show --origin', 'voxd config show --set scoring.prompts=16 --json'],
  'wallet show': ['voxd wallet show --wallet W --hotkey H'],
};
