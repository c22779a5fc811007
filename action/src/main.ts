/** The GitHub Action: who asks, what is fetched, what later steps get. Nothing is handed on unless all of it is. */
import { Strongroom, StrongroomError } from '../../src/client/index.ts'
import { append, error, mask, say } from './commands.ts'
import { Fault } from './fault.ts'
import { find, read } from './fetched.ts'
import { requestToken, tradeToken } from './identity.ts'
import { type Environment, type Inputs, readInputs } from './inputs.ts'
import { formsOf } from './masks.ts'

async function run(environment: Environment): Promise<void> {
  const inputs = readInputs(environment)
  const outputFile = fileOf(environment, 'GITHUB_OUTPUT')
  const variablesFile = inputs.isExported ? fileOf(environment, 'GITHUB_ENV') : undefined
  const apiKey = await apiKeyFor(inputs, environment)
  const { secrets } = new Strongroom({ url: inputs.url, apiKey })
  const found = await find(secrets, inputs.wanted, inputs.isExported)
  const pairs = await read(secrets, found, inputs.isExported, hide)
  append(outputFile, pairs)
  if (variablesFile !== undefined) append(variablesFile, pairs)
  const where = inputs.isExported ? 'outputs and environment variables' : 'outputs'
  say(`Fetched ${pairs.length} as ${where}: ${pairs.map(({ name }) => name).join(', ')}`)
}

function fileOf(environment: Environment, name: string): string {
  const path = environment[name]
  if (path === undefined || path === '') throw new Fault(`The runner names no file as ${name}.`)
  return path
}

async function apiKeyFor(inputs: Inputs, environment: Environment): Promise<string> {
  if (inputs.apiKey !== undefined) {
    mask(inputs.apiKey)
    return inputs.apiKey
  }
  const token = await requestToken(environment, inputs.audience)
  mask(token)
  const apiKey = await tradeToken(inputs, token)
  mask(apiKey)
  return apiKey
}

function hide(value: string): void {
  for (const form of formsOf(value)) mask(form)
}

try {
  await run(process.env)
} catch (reason) {
  const isTold = reason instanceof Fault || reason instanceof StrongroomError || reason instanceof TypeError
  error(isTold ? reason.message : 'The action failed in a way that it does not know.')
  process.exitCode = 1
}
