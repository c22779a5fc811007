/** An account of its own for each test, on a server that all tests of its process share. */
import { atEnd } from './ends.ts'
import type { TestEngine } from './engines.ts'
import { accountOn, type Lasting, newAccount, startServer, type TestAccount, type TestServer } from './server.ts'

const shared = new Map<TestEngine, Promise<TestServer>>()

/**
 * For a test that looks at nothing but its account: a tenth of the work of a server of its own. The account's id is not 1,
 * and the store has others.
 */
export async function startAccount(t: Lasting, engine: TestEngine): Promise<TestAccount> {
  const starting = shared.get(engine) ?? startServer({ after: atEnd }, engine)
  shared.set(engine, starting)
  const { url, vault, checkAnswers } = await starting
  t.after(checkAnswers)
  return accountOn(url, vault, (await newAccount(vault)).token)
}
