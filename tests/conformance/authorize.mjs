// Loaded by `node --import`: gives every request to MCP_TEST_ORIGIN the token in MCP_TEST_TOKEN, unless it
// carries one. Host, Origin and all other headers stay as the program under test wrote them.
import { subscribe } from 'node:diagnostics_channel';

const { port } = new URL(process.env.MCP_TEST_ORIGIN);
const value = `Bearer ${process.env.MCP_TEST_TOKEN}`;
const loopback = new Set(['localhost', '127.0.0.1']);

// Node's own fetch and the undici package publish here; headers are [name, value, name, value, …].
subscribe('undici:request:create', ({ request }) => {
  const url = new URL(request.origin);
  const names = request.headers.filter((_, index) => index % 2 === 0).map((name) => String(name).toLowerCase());
  if (loopback.has(url.hostname) && url.port === port && !names.includes('authorization')) {
    request.addHeader('authorization', value);
  }
});

// A node:http request does not tell its port; nothing else on loopback is spoken to with node:http.
subscribe('http.client.request.created', ({ request }) => {
  if (loopback.has(request.host) && !request.headersSent && !request.hasHeader('authorization')) {
    request.setHeader('authorization', value);
  }
});
