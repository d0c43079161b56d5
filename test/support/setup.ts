// Loaded before every test file.
import '../../protocol/libp2p/node20.js';
