// One login with the official TypeScript client. Environment: URL, MODULE. Writes the address to open as a line of
// JSON, reads the address that the browser was sent back to, writes the token response.
import { createInterface } from "node:readline";

const { auth } = await import(process.env.MODULE);
const kept = {};
const provider = {
  redirectUrl: "http://localhost:1234/callback",
  clientMetadata: {
    client_name: "The official TypeScript client",
    redirect_uris: ["http://localhost:1234/callback"],
    grant_types: ["authorization_code", "refresh_token"],
    token_endpoint_auth_method: "none",
  },
  state: () => "of-the-client",
  clientInformation: () => kept.client,
  saveClientInformation: (client) => { kept.client = client; },
  tokens: () => kept.tokens,
  saveTokens: (tokens) => { kept.tokens = tokens; },
  redirectToAuthorization: (url) => { console.log(JSON.stringify({ open: url.href })); },
  saveCodeVerifier: (verifier) => { kept.verifier = verifier; },
  codeVerifier: () => kept.verifier,
  discoveryState: () => kept.discovery,
  saveDiscoveryState: (state) => { kept.discovery = state; },
};

const scope = "tool:report offline_access"; // version 1 asks for no refresh token by itself
await auth(provider, { serverUrl: process.env.URL, scope });
for await (const line of createInterface({ input: process.stdin })) {
  const query = new URL(line).searchParams;
  await auth(provider, {
    serverUrl: process.env.URL,
    authorizationCode: query.get("code"),
    iss: query.get("iss") ?? undefined,
  });
  const first = kept.tokens;
  // With a refresh token in hand the client refreshes.
  await auth(provider, { serverUrl: process.env.URL });
  console.log(JSON.stringify({ first, second: kept.tokens }));
  break;
}
