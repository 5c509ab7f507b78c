// Leads Node's TLS connections to the lab that `labkit serve` runs, under Azure's own host names:
//   NODE_EXTRA_CA_CERTS=CA_FILE node --require THIS_FILE program.js
// The server name stays what the program asked for, and is checked. Any other host is refused, and a tunnel that
// is open already (a proxy's) is not used. What goes out without TLS is not looked at.
'use strict';
const hosts = new Set(/* HOSTS */);
const address = /* ADDRESS */;
const tls = require('tls');
const net = require('net');
const connect = tls.connect;

tls.connect = function (...given) {
  const [options, listener] = net._normalizeArgs(given);
  const host = options.host || options.servername || 'localhost';
  const own = host === 'localhost' || net.isIP(host) && /^(127\.|::1$)/.test(host);
  if (!hosts.has(host) && !own) {
    throw new Error(`${host} is outside of the lab. The lab answers for: ${[...hosts].join(', ')}`);
  }
  if (own) return connect.apply(tls, given);
  const own_way = { servername: options.servername || host, socket: undefined, path: undefined };
  const led = Object.assign({}, options, address, own_way);
  return listener ? connect.call(tls, led, listener) : connect.call(tls, led);
};
