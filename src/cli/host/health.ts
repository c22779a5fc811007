/** `strongroom health`: asks the server of this host, as its settings say, whether it is ready. */
import { type RequestOptions, request as requestPlain } from 'node:http'
import { request as requestOverTls, type RequestOptions as TlsOptions } from 'node:https'
import { type Config, readConfig } from '../../config.ts'
import { type Address, isSocketPath } from '../../listen.ts'
import { certificateOfVariables, certificateReader } from '../client-certificate.ts'
import { Fault, print } from '../output.ts'

const patienceMs = 3_000
const loopbacks: Readonly<Record<string, string>> = { '0.0.0.0': '127.0.0.1', '::': '::1' }

/** Whether the server of these settings answers, and is ready. */
export async function isReady(config: Config): Promise<boolean> {
  return ask(config).then(
    ({ status }) => status === 200,
    () => false,
  )
}

/** @throws Fault when it is not ready, or does not answer */
export async function health(): Promise<void> {
  const { status, text } = await ask(readConfig()).catch((error: unknown) => {
    throw new Fault('unreachable', `The server does not answer: ${error instanceof Error ? error.message : 'unknown'}.`)
  })
  if (status !== 200) throw new Fault('unreachable', `The server is not ready: ${text}`)
  print('ready')
}

interface Answer {
  readonly status: number
  readonly text: string
}

function ask({ listen, metricsListen, tls }: Config): Promise<Answer> {
  // Where nobody has to show a certificate, if there is such a place.
  if (metricsListen !== undefined) return get(requestPlain, at(metricsListen))
  if (isSocketPath(listen)) return get(requestPlain, { socketPath: listen.path })
  if (tls === undefined) return get(requestPlain, at(listen))
  const files = certificateOfVariables()
  const { cert, key } = files === undefined ? {} : certificateReader(files)()
  // It is this host that is asked, by its address, and nothing is told it.
  return get(requestOverTls, { ...at(listen), rejectUnauthorized: false, cert, key })
}

function at({ host, port }: Address): RequestOptions {
  return { host: loopbacks[host] ?? host, port }
}

function get(
  send: typeof requestPlain | typeof requestOverTls,
  where: RequestOptions & Pick<TlsOptions, 'rejectUnauthorized' | 'cert' | 'key'>,
): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const asked = send({ ...where, path: '/readyz', agent: false, timeout: patienceMs }, (answer) => {
      let text = ''
      answer.setEncoding('utf8')
      answer.on('data', (part: string) => {
        text = (text + part).slice(0, 1000)
      })
      answer.once('end', () => resolve({ status: answer.statusCode ?? 0, text }))
      answer.once('error', reject)
    })
    asked.once('timeout', () => asked.destroy(new Error(`nothing came for ${patienceMs / 1000} seconds`)))
    asked.once('error', reject)
    asked.end()
  })
}
