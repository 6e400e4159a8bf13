// What a TypeScript client does with the fixture app, told as one JSON object on standard output.
// Read from standard input by `node --input-type=module`, in the folder where the client is installed.
// URL, TOKEN, GENERATION (1: @modelcontextprotocol/sdk, 2: @modelcontextprotocol/client), MODE (legacy, auto).
const { URL: url, TOKEN: token, GENERATION: generation, MODE: mode } = process.env;

const capabilities = { elicitation: {}, sampling: {}, roots: {} };
const info = { name: 'typescript', version: '1' };
const filled = { name: 'Ada', username: 'yes', email: 'ada@example.com', color: 'blue', ok: true };
const handlers = {
  'elicitation/create': ({ params }) => {
    const names = Object.keys(params.requestedSchema.properties);
    return { action: 'accept', content: Object.fromEntries(names.map((name) => [name, filled[name]])) };
  },
  'sampling/createMessage': () => ({
    role: 'assistant', content: { type: 'text', text: 'Paris' }, model: 'm', stopReason: 'endTurn',
  }),
  'roots/list': () => ({ roots: [{ uri: 'file:///srv/data' }] }),
};

async function connect() {
  let client, Transport;
  if (generation === '1') {
    const { Client } = await import('@modelcontextprotocol/sdk/client/index.js');
    const types = await import('@modelcontextprotocol/sdk/types.js');
    ({ StreamableHTTPClientTransport: Transport } = await import('@modelcontextprotocol/sdk/client/streamableHttp.js'));
    client = new Client(info, { capabilities });
    client.setRequestHandler(types.ElicitRequestSchema, handlers['elicitation/create']);
    client.setRequestHandler(types.CreateMessageRequestSchema, handlers['sampling/createMessage']);
    client.setRequestHandler(types.ListRootsRequestSchema, handlers['roots/list']);
  } else {
    const module = await import('@modelcontextprotocol/client');
    Transport = module.StreamableHTTPClientTransport;
    client = new module.Client(info, { capabilities, versionNegotiation: { mode } });
    for (const [method, handler] of Object.entries(handlers)) client.setRequestHandler(method, handler);
  }
  await client.connect(new Transport(new URL(url), { requestInit: { headers: { Authorization: `Bearer ${token}` } } }));
  return client;
}

const text = (result) => result.content[0].text;
const failure = async (promise) => promise.then(() => null, (error) => error.code ?? String(error));

const client = await connect();
const call = (name, args = {}, options = undefined) =>
  generation === '1'
    ? client.callTool({ name, arguments: args }, undefined, options)
    : client.callTool({ name, arguments: args }, options);
const cancelled = async () => Number((await client.readResource({ uri: 'ours://cancelled' })).contents[0].text);

const told = { server: client.getServerVersion().name };
told.tools = (await client.listTools()).tools.map((tool) => tool.name);
told.simple = text(await call('test_simple_text'));
told.whoami = (await call('ours_whoami')).structuredContent.sub;
told.header = text(await call('test_x_mcp_header', { region: 'Łódź' }));
told.error = (await call('test_error_handling')).isError;
told.unknown = await failure(call('there_is_none'));
told.resources = (await client.listResources()).resources.map((resource) => resource.uri);
told.templates = (await client.listResourceTemplates()).resourceTemplates.map((one) => one.uriTemplate);
told.read = (await client.readResource({ uri: 'test://template/123/data' })).contents[0].text;
told.prompts = (await client.listPrompts()).prompts.map((prompt) => prompt.name);
const prompt = { name: 'test_prompt_with_arguments', arguments: { arg1: 'x', arg2: 'y' } };
told.prompt = (await client.getPrompt(prompt)).messages[0].content.text;
const ref = { type: 'ref/prompt', name: prompt.name };
told.completed = (await client.complete({ ref, argument: { name: 'arg1', value: 'test' } })).completion.values;

told.progress = [];
await call('test_tool_with_progress', {}, { onprogress: ({ progress }) => told.progress.push(progress) });

if (process.env.QUESTIONS !== '0') {
  told.asked = text(await call('test_elicitation', { message: 'Well?' }));
  told.rounds = text(await call('test_input_required_result_multi_round'));
  told.several = text(await call('test_input_required_result_multiple_inputs'));

  const before = await cancelled();
  const controller = new AbortController();
  told.aborted = await failure(
    call('ours_slow', { seconds: 30 }, { signal: controller.signal, onprogress: () => controller.abort() }),
  );
  const end = Date.now() + 20_000;
  do told.cancelled = (await cancelled()) - before; while (told.cancelled === 0 && Date.now() < end);
} else {
  told.asked = text(await call('test_elicitation', { message: 'Well?' }));
}

await client.close();
console.log(JSON.stringify(told));
process.exit(0);
