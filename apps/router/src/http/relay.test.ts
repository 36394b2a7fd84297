import { relayContract } from './relay.contract.js';

relayContract('the relay, writing through Node', false);
relayContract('the relay, writing to sockets', true);
