import { plainRequest } from '../testing/relay-world.js';
import { relayContract } from './relay.contract.js';

relayContract('the relay, writing through Node', false);
relayContract('the relay, writing to sockets', true);
relayContract('the relay of requests that are read without Node', false, plainRequest);
