/** The end of the action, when the job is over: revokes the key that the step got, if that is still to be done. */
import { mask } from './commands.ts'
import { revoke } from './revoke.ts'
import { whatIsLeft } from './state.ts'

const left = whatIsLeft(process.env)
if (left !== undefined) {
  mask(left.apiKey)
  await revoke(left)
}
