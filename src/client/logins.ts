/** An API key that a person gives a program in the portal (RFC 8628): none is needed for these calls. */
import { Connection } from './connection.ts'
import type { BegunLogin, GrantedLogin, LoginProgress, NewLogin } from './model.ts'
import { type CallOptions, keylessSettingsOf, type StrongroomOptions } from './options.ts'

type Server = Omit<StrongroomOptions, 'apiKey'>

/** Asks for a key. The code and the address of the answer are for a person; the device code is for `pollLogin` alone. */
export async function beginLogin(server: Server, input: NewLogin, options?: CallOptions): Promise<BegunLogin> {
  return (await connect(server).send('POST /v3/logins', { body: input }, options)).body
}

/** How it stands; once, the key. Wait for `interval` seconds between two calls. */
export async function pollLogin(
  server: Server,
  deviceCode: string,
  options?: CallOptions,
): Promise<LoginProgress | GrantedLogin> {
  return (await connect(server).send('POST /v3/logins/poll', { body: { device_code: deviceCode } }, options)).body
}

/** Calls it off: nobody can confirm it any more. */
export async function cancelLogin(server: Server, deviceCode: string, options?: CallOptions): Promise<void> {
  await connect(server).send('POST /v3/logins/cancel', { body: { device_code: deviceCode } }, options)
}

function connect(server: Server): Connection {
  return new Connection(keylessSettingsOf(server))
}
