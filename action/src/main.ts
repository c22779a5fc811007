/** The GitHub Action: who asks, what is fetched, what later steps get. Nothing is handed on unless all of it is. */
import { Strongroom, StrongroomError } from '../../src/client/index.ts'
import { formsOf } from '../../src/formats/forms.ts'
import { append, error, mask, say } from './commands.ts'
import { Fault } from './fault.ts'
import { find, read } from './fetched.ts'
import { requestToken, tradeToken } from './identity.ts'
import { type Environment, type Inputs, readInputs } from './inputs.ts'
import { revoke } from './revoke.ts'
import { leave } from './state.ts'

/** Where the runner looks for what the step says. */
interface Files {
  readonly outputFile: string
  readonly variablesFile: string | undefined
}

async function run(environment: Environment): Promise<void> {
  const inputs = readInputs(environment)
  const files = {
    outputFile: fileOf(environment, 'GITHUB_OUTPUT'),
    variablesFile: inputs.isExported ? fileOf(environment, 'GITHUB_ENV') : undefined,
  }
  if (inputs.apiKey === undefined) return withKeyOfJob(inputs, environment, (apiKey) => fetchAll(inputs, apiKey, files))
  mask(inputs.apiKey)
  await fetchAll(inputs, inputs.apiKey, files)
}

async function fetchAll(inputs: Inputs, apiKey: string, { outputFile, variablesFile }: Files): Promise<void> {
  const { secrets } = new Strongroom({ url: inputs.url, apiKey })
  const found = await find(secrets, inputs.wanted, inputs.isExported)
  const pairs = await read(secrets, found, inputs.isExported, hide)
  append(variablesFile === undefined ? [outputFile] : [outputFile, variablesFile], pairs)
  const where = inputs.isExported ? 'outputs and environment variables' : 'outputs'
  say(`Fetched ${pairs.length} as ${where}: ${pairs.map(({ name }) => name).join(', ')}`)
}

function fileOf(environment: Environment, name: string): string {
  const path = environment[name]
  if (path === undefined || path === '') throw new Fault(`The runner names no file as ${name}.`)
  return path
}

/** Gets a key for the work, and revokes it right after. The end of the job sees to what is not revoked by then. */
async function withKeyOfJob(
  inputs: Inputs,
  environment: Environment,
  work: (apiKey: string) => Promise<void>,
): Promise<void> {
  const apiKey = await tradeToken(inputs, async () => {
    const token = await requestToken(environment, inputs.audience)
    mask(token)
    return token
  })
  mask(apiKey)
  if (!inputs.isRevoked) return work(apiKey)
  const left = { url: inputs.url, apiKey }
  leave(environment, left)
  try {
    await work(apiKey)
  } finally {
    if (await revoke(left)) leave(environment, undefined)
  }
}

function hide(value: string | Buffer): void {
  for (const form of formsOf(value)) mask(form)
}

try {
  await run(process.env)
} catch (reason) {
  const isTold = reason instanceof Fault || reason instanceof StrongroomError || reason instanceof TypeError
  error(isTold ? reason.message : 'The action failed in a way that it does not know.')
  process.exitCode = 1
}
