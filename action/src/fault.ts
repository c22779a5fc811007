/** What stops the action for a reason that whoever wrote the workflow can read and mend. */
export class Fault extends Error {
  override readonly name = 'Fault'
}
